//! Cutting argv into the pieces of a chain, before clap sees it.

use std::ffi::OsString;

/// A chain that has an empty place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SplitError {
    /// `+` came first, last or twice.
    #[error(
        "there is no handler on one side of a +; write a \"+\" that is no separator as --opt=+"
    )]
    Empty,
}

/// Cuts the arguments at each lone `+`, and puts the program's name before
/// every piece. What follows `--` is left whole.
pub fn pieces(argv: Vec<OsString>) -> Result<Vec<Vec<OsString>>, SplitError> {
    let mut argv = argv.into_iter();
    let program = argv.next().unwrap_or_else(|| "lh".into());
    let mut pieces = vec![vec![program.clone()]];
    let mut command = false;
    for argument in argv {
        command |= argument == "--";
        if argument == "+" && !command {
            pieces.push(vec![program.clone()]);
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(argument);
        }
    }
    match pieces.len() > 1 && pieces.iter().any(|piece| piece.len() == 1) {
        true => Err(SplitError::Empty),
        false => Ok(pieces),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Vec<String>, SplitError> {
        let argv = line.split(' ').map(OsString::from).collect();
        let join = |piece: &Vec<OsString>| {
            let words: Vec<_> = piece.iter().map(|word| word.to_string_lossy()).collect();
            words.join(" ")
        };
        pieces(argv).map(|pieces| pieces.iter().map(join).collect())
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
            split("lh file a -- grep + x"),
            Ok(vec!["lh file a -- grep + x".into()])
        );
        assert_eq!(split("lh"), Ok(vec!["lh".into()]));
    }

    #[test]
    fn an_empty_place_is_an_error() {
        for line in ["lh +", "lh + file a", "lh file a +", "lh file a + + null"] {
            assert_eq!(split(line), Err(SplitError::Empty), "{line}");
        }
    }
}
