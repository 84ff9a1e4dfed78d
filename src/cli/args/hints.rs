//! What was most likely meant by a word that does not belong where it stands.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

use super::Piece;

/// The handlers that stand before another one.
pub const WRAPPERS: [&str; 2] = ["buffer", "queue"];

/// What is no handler, and has options of its own.
const TOOLS: [&str; 6] = ["check", "spool", "cat", "tail", "completions", "man"];

/// Handlers that take no word but options; logger(1) takes a text there.
const FILELESS: [&str; 5] = ["stream", "null", "syslog", "smtp", "eventlog"];

/// How many handlers a hint names, at most.
const MOST: usize = 4;

/// Puts a hint of lh's in the place of clap's, which knows another `--`: what
/// stands behind that is a command here, and never a value.
pub(super) fn with_hint(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let word = word.clone();
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let resembles = error.get(ContextKind::SuggestedArg).is_some();
    error.remove(ContextKind::Suggested);
    if let Some(hint) = hint(&word, subcommand(&usage), resembles) {
        error.remove(ContextKind::SuggestedArg);
        let hint = ContextValue::StyledStrs(vec![hint.into()]);
        error.insert(ContextKind::Suggested, hint);
    }
    error
}

/// The name behind that of the program in `Usage: lh NAME ...`, if there is one.
fn subcommand(usage: &str) -> Option<&str> {
    let name = usage
        .split_whitespace()
        .skip_while(|word| *word != "lh")
        .nth(1)?;
    name.starts_with(|c: char| c.is_ascii_lowercase())
        .then_some(name)
}

/// `resembles`: clap has found an option that is spelled much like it.
fn hint(word: &str, subcommand: Option<&str>, resembles: bool) -> Option<String> {
    if ["--version", "-V"].contains(&word) {
        return Some("the version is that of all of it: lh --version".into());
    }
    // Of -20, clap names the first digit alone.
    if subcommand == Some("tail") && is_negative(word) {
        return Some("how many lines is told by -n, without another -: lh tail -n 20".into());
    }
    if subcommand == Some("cat") && ["-f", "-F", "--follow"].contains(&word) {
        return Some(
            "what follows a file is lh tail -f; its -n says how far back it begins".into(),
        );
    }
    if subcommand == Some("check") && is_of_the_input(word) {
        return Some(format!(
            "{word} is an option of the input, and stands before that name: lh {word} … check"
        ));
    }
    let owners = owners(word);
    if let Some(wrapper) = subcommand.filter(|name| WRAPPERS.contains(name))
        && word.starts_with('-')
    {
        return Some(format!(
            "the options of a handler stand behind its own name: \
             lh {wrapper} [OPTIONS] HANDLER {word}"
        ));
    }
    match owners.first() {
        Some(first) if owners.len() > MOST => Some(format!(
            "{word} is an option of a handler, and stands behind the name of one: lh {first} {word}"
        )),
        Some(first) => Some(format!(
            "{word} is an option of {}, and stands behind that name: lh {first} {word}",
            owners.join(" and ")
        )),
        None if resembles => None,
        None if is_negative(word) => Some(format!(
            "a value that begins with - stands behind an =, as in --option={word}"
        )),
        None if word.starts_with('-') || subcommand.is_none_or(|name| TOOLS.contains(&name)) => {
            None
        }
        None => Some(format!(
            "{}another handler stands behind a + with blanks around it, and a command behind --",
            match subcommand.is_some_and(|name| FILELESS.contains(&name)) {
                true => "a record is given with -m TEXT, ",
                false => "",
            }
        )),
    }
}

fn has(command: &Command, word: &str) -> bool {
    let mut options = command.get_arguments();
    options.any(|option| match word.strip_prefix("--") {
        Some(long) => option.get_long() == Some(long),
        None => {
            let short = option.get_short().map(|short| format!("-{short}"));
            short.as_deref() == Some(word)
        }
    })
}

/// Whether the program itself has this option.
fn is_of_the_input(word: &str) -> bool {
    let mut root = Piece::command();
    root.build();
    has(&root, word)
}

/// The subcommands that have this option, none if the program itself has it.
fn owners(word: &str) -> Vec<String> {
    let mut root = Piece::command();
    root.build();
    if has(&root, word) {
        return Vec::new();
    }
    let owners = root.get_subcommands().filter(|command| has(command, word));
    owners
        .map(|command| command.get_name().to_owned())
        .collect()
}

fn is_negative(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    fn told(line: &str) -> String {
        let words = line.split(' ').map(Into::into).collect();
        match super::super::parse(words) {
            Err(crate::cli::exit::Failure::Clap(error)) => error.to_string(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn whoever_errs_is_told_where_the_word_belongs() {
        for (line, hint) in [
            (
                "lh file --max-bytes 10 a",
                "option of rotate and timed, and stands",
            ),
            (
                "lh --max-bytes 10 rotate a",
                "stands behind that name: lh rotate --max-bytes",
            ),
            (
                "lh --min-level error file a",
                "option of a handler, and stands behind",
            ),
            ("lh stream -t x", "-t is an option of syslog and eventlog"),
            (
                "lh buffer --max-bytes 10 rotate a",
                "lh buffer [OPTIONS] HANDLER --max-bytes",
            ),
            (
                "lh rotate --max-byte 10 a",
                "a similar argument exists: '--max-bytes'",
            ),
            (
                "lh rotate --max-bytes -1 --backups 5 a",
                "stands behind an =, as in --option=-1",
            ),
            (
                "lh file a myapp",
                "a + with blanks around it, and a command behind --",
            ),
            ("lh file a +file b", "a + with blanks around it"),
            ("lh syslog text", "a record is given with -m TEXT, another"),
            ("lh file a+file b", "a + with blanks around it"),
            ("lh cat -f a", "what follows a file is lh tail -f"),
            ("lh cat -F a", "what follows a file is lh tail -f"),
            ("lh tail -20 a", "lh tail -n 20"),
            ("lh tail -n -5 a", "lh tail -n 20"),
            ("lh rotate --version", "lh --version"),
            ("lh tail -V", "lh --version"),
            ("lh check --level error file a", "lh --level … check"),
            ("lh check -m x file a", "lh -m … check"),
        ] {
            let told = told(line);
            assert!(told.contains(hint), "{line}: {told}");
            assert_eq!(told.matches("tip:").count(), 1, "{line}: {told}");
        }
    }

    /// What would run a command of that name is never advised.
    #[test]
    fn nobody_is_sent_behind_two_dashes_with_a_value() {
        for line in [
            "lh file --nonsuch a",
            "lh rotate --backups -1 a",
            "lh http -x http://localhost",
            "lh cat -x a",
            "lh spool ls --max-bytes 1 sp",
        ] {
            let told = told(line);
            assert!(!told.contains("use '--"), "{line}: {told}");
        }
    }
}
