//! Command lines as they may be shown: without the secrets that stand in them.

use std::ffi::OsString;

/// What stands where a secret was.
const VEIL: &str = "***";

/// The words of a command line without what may prove who sends: the values of
/// headers, and the user and the query of a URL; for Slack its path, too.
pub fn veiled(words: &[OsString]) -> Vec<OsString> {
    let mut before = "";
    let secret_path = words.iter().any(|word| {
        let word = word.to_str().unwrap_or_default();
        let value = match before {
            "--preset" => Some(word),
            _ => word.strip_prefix("--preset="),
        };
        before = word;
        value.is_some_and(|value| value.eq_ignore_ascii_case("slack"))
    });
    let mut is_header = false;
    let veil = |word: &OsString| {
        let text = word.to_string_lossy();
        let begin = if is_header { "" } else { "--header=" };
        is_header = text == "--header";
        if let Some(header) = text.strip_prefix(begin) {
            return format!("{begin}{}", veiled_header(header)).into();
        }
        match text.split_once("://") {
            Some((scheme, rest)) => format!("{scheme}://{}", veiled_rest(rest, secret_path)).into(),
            None => word.clone(),
        }
    };
    words.iter().map(veil).collect()
}

fn veiled_header(header: &str) -> String {
    match header.split_once(':') {
        // The secret is in the file.
        _ if header.starts_with('@') => header.to_owned(),
        Some((name, _)) => format!("{name}: {VEIL}"),
        None => VEIL.to_owned(),
    }
}

/// What stands behind the scheme of a URL.
fn veiled_rest(rest: &str, secret_path: bool) -> String {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{VEIL}@{host}"),
        None => authority.to_owned(),
    };
    let (path, query) = match rest.split_once(['?', '#']) {
        Some((path, _)) => (path, format!("?{VEIL}")),
        None => (rest, String::new()),
    };
    let path = match secret_path && path.len() > 1 {
        true => format!("/{VEIL}"),
        false => path.to_owned(),
    };
    format!("{authority}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, want: &str) {
        let words: Vec<OsString> = words.split('|').map(OsString::from).collect();
        let shown: Vec<_> = veiled(&words)
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert_eq!(shown.join("|"), want);
    }

    #[test]
    fn secrets_are_not_shown() {
        check(
            "lh|http|http://h:1/x?token=s3cret|--header|X-Api-Key: s3cr3t|--gzip",
            "lh|http|http://h:1/x?***|--header|X-Api-Key: ***|--gzip",
        );
        check(
            "http|--header=A:s3cr3t|--header|s3cr3t|--header|@file|--header=@file",
            "http|--header=A: ***|--header|***|--header|@file|--header=@file",
        );
        check(
            "--proxy=http://u:p@ss@h/|https://u@[::1]?s",
            "--proxy=http://***@h/|https://***@[::1]?***",
        );
        check(
            "http|--preset|slack|https://hooks/services/s3cret",
            "http|--preset|slack|https://hooks/***",
        );
        check(
            "http|https://hooks/services/s3cret|--preset=Slack",
            "http|https://hooks/***|--preset=Slack",
        );
    }

    #[test]
    fn all_else_is_shown_as_it_is() {
        let words = "lh|socket|a b|user@host:514|--spool|sp?x|http://h/a/b|--preset|loki";
        check(words, words);
    }
}
