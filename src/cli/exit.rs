//! Exit statuses, and the errors that lead to them.

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;

use super::console;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every record was delivered.
    Delivered,
    /// Some were not, and stderr says how many and why.
    Incomplete,
    /// The command line is wrong; nothing was opened.
    Usage,
    /// The status of the command that was run, where it is not 0: its own, 128
    /// and the number of a signal, or 127 and 126 where it could not be run.
    Command(u8),
}

impl Status {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Status::Delivered => 0,
            Status::Incomplete => 1,
            Status::Usage => 2,
            Status::Command(code) => code,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status.code())
    }
}

/// Why there was no run, or why it could not go on.
#[derive(Debug)]
pub enum Failure {
    /// clap's own error, or its help.
    Clap(Box<clap::Error>),
    /// An argument that clap took and that is wrong all the same.
    Usage(String),
    /// Something that was tried and failed.
    Failed(anyhow::Error),
}

impl Failure {
    /// A wrong argument.
    pub fn usage(text: String) -> Failure {
        Failure::Usage(text)
    }

    /// Tells the user, and gives the status.
    pub fn report(self) -> Status {
        match self {
            Failure::Clap(error) if is_help(error.kind()) => match error.use_stderr() {
                true => {
                    // A closed stderr is no reason for another status.
                    let _ = error.print();
                    Status::Usage
                }
                false => match print_help(&error) {
                    Ok(()) => Status::Delivered,
                    Err(error) => Failure::Failed(error).report(),
                },
            },
            Failure::Clap(error) => {
                console::tell(named(&error.to_string()).as_bytes());
                Status::Usage
            }
            Failure::Usage(text) => {
                console::say(format_args!("{text}"));
                Status::Usage
            }
            Failure::Failed(error) => {
                console::say(format_args!("{}", without_number(&format!("{error:#}"))));
                Status::Incomplete
            }
        }
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Failure {
        Failure::Clap(Box::new(error))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Failed(error)
    }
}

/// clap's own printing knows whether there are to be colours.
fn print_help(help: &clap::Error) -> anyhow::Result<()> {
    let mut stdout = console::stdout()?;
    console::printed(help.print().and_then(|()| stdout.flush()))
}

/// Without the number that Rust adds to the words of the system.
fn without_number(text: &str) -> &str {
    text.find(" (os error ").map_or(text, |at| &text[..at])
}

fn is_help(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// clap's words, begun as all others are: in a journal, and behind a pipe,
/// nobody else says whose they are.
fn named(text: &str) -> String {
    match text.strip_prefix("error: ") {
        Some(rest) => format!("lh: {rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losing_a_record_is_never_zero() {
        assert_eq!(Status::Delivered.code(), 0);
        assert_eq!(Status::Incomplete.code(), 1);
        assert_eq!(Status::Usage.code(), 2);
        assert_eq!(Status::Command(143).code(), 143);
    }
}
