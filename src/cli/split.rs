//! Cutting argv into the pieces of a chain, before clap sees it.

use std::ffi::OsString;

use crate::units;

/// A command line that has an empty place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SplitError {
    /// `+` came first, last or twice.
    #[error(
        "there is no handler on one side of a +; write a \"+\" that is no separator as --opt=+"
    )]
    NoHandler,
    /// Nothing stands behind `--`.
    #[error("there is no command behind --")]
    NoCommand,
    /// Nothing stands before `--`.
    #[error(
        "there is no handler before --: lh HANDLER [OPTIONS] -- COMMAND, as in lh file app.log -- myapp"
    )]
    OnlyCommand,
}

/// The parts of a command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// The chain's, each with the program's name before it.
    pub pieces: Vec<Vec<OsString>>,
    /// What stands behind `--`: a program and its arguments.
    pub command: Option<Vec<OsString>>,
}

/// `lh help rotate` as `lh rotate --help`, and `lh help` as `lh --help`.
pub fn help(mut argv: Vec<OsString>) -> Vec<OsString> {
    if argv.get(1).is_some_and(|word| word == "help") {
        argv.remove(1);
        argv.push("--help".into());
    }
    argv
}

/// Cuts the arguments at each lone `+`, up to the first `--`.
///
/// `--dedup 5m` becomes `--dedup=5m` on the way. An option whose value may be
/// left out would take a handler's name for it.
pub fn split(argv: Vec<OsString>) -> Result<Split, SplitError> {
    let mut argv = argv.into_iter().peekable();
    let program = argv.next().unwrap_or_else(|| "lh".into());
    let mut pieces = vec![vec![program.clone()]];
    let mut command = None;
    while let Some(argument) = argv.next() {
        if argument == "--" {
            command = Some(argv.by_ref().collect::<Vec<_>>());
        } else if argument == "+" {
            pieces.push(vec![program.clone()]);
        } else if let Some(piece) = pieces.last_mut() {
            let mut argument = argument;
            if argument == "--dedup"
                && let Some(value) = argv.next_if(is_duration)
            {
                argument.push("=");
                argument.push(value);
            }
            piece.push(argument);
        }
    }
    if pieces.len() > 1 && pieces.iter().any(|piece| piece.len() == 1) {
        return Err(SplitError::NoHandler);
    }
    if command.as_ref().is_some_and(Vec::is_empty) {
        return Err(SplitError::NoCommand);
    }
    if command.is_some() && pieces[0].len() == 1 {
        return Err(SplitError::OnlyCommand);
    }
    Ok(Split { pieces, command })
}

fn is_duration(argument: &OsString) -> bool {
    argument
        .to_str()
        .is_some_and(|text| units::duration(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces, and the command as the last of them behind `--`.
    fn split(line: &str) -> Result<Vec<String>, SplitError> {
        let argv = line.split(' ').map(OsString::from).collect();
        let join = |piece: &Vec<OsString>| {
            let words: Vec<_> = piece.iter().map(|word| word.to_string_lossy()).collect();
            words.join(" ")
        };
        let Split { pieces, command } = super::split(argv)?;
        let command = command.iter().map(|words| format!("-- {}", join(words)));
        Ok(pieces.iter().map(join).chain(command).collect())
    }

    #[test]
    fn chains_are_cut_at_a_lone_plus() {
        assert_eq!(split("lh file a"), Ok(vec!["lh file a".into()]));
        assert_eq!(
            split("lh -q file a + rotate b + null"),
            Ok(vec![
                "lh -q file a".into(),
                "lh rotate b".into(),
                "lh null".into()
            ])
        );
        assert_eq!(split("lh file a+b"), Ok(vec!["lh file a+b".into()]));
        assert_eq!(
            split("lh file a + null -- grep -- + x"),
            Ok(vec![
                "lh file a".into(),
                "lh null".into(),
                "-- grep -- + x".into()
            ])
        );
        assert_eq!(split("lh"), Ok(vec!["lh".into()]));
    }

    #[test]
    fn a_value_that_may_be_left_out_is_told_from_a_handler() {
        for (line, want) in [
            ("lh --dedup 5m file a", "lh --dedup=5m file a"),
            ("lh --dedup file a", "lh --dedup file a"),
            ("lh --dedup=1s file a", "lh --dedup=1s file a"),
            ("lh file a --dedup", "lh file a --dedup"),
            ("lh file --dedup 10 a", "lh file --dedup=10 a"),
        ] {
            assert_eq!(split(line), Ok(vec![want.into()]), "{line}");
        }
    }

    #[test]
    fn an_empty_place_is_an_error() {
        for line in ["lh +", "lh + file a", "lh file a +", "lh file a + + null"] {
            assert_eq!(split(line), Err(SplitError::NoHandler), "{line}");
        }
        assert_eq!(split("lh file a --"), Err(SplitError::NoCommand));
        assert_eq!(split("lh -- ls"), Err(SplitError::OnlyCommand));
    }

    #[test]
    fn help_is_asked_for_by_its_name_as_well() {
        for (line, want) in [
            ("lh help", "lh --help"),
            ("lh help rotate", "lh rotate --help"),
            ("lh help spool ls", "lh spool ls --help"),
            ("lh rotate help", "lh rotate help"),
            ("lh", "lh"),
        ] {
            let words = |line: &str| -> Vec<OsString> { line.split(' ').map(Into::into).collect() };
            assert_eq!(help(words(line)), words(want), "{line}");
        }
    }
}
