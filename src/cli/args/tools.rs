//! `lh completions` and `lh man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lh completions bash > /etc/bash_completion.d/lh
  lh completions fish > ~/.config/fish/completions/lh.fish")]
pub struct CompletionsArgs {
    /// bash, zsh, fish, powershell or elvish
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Print the manual page lh(1), or write all pages into a directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lh man | man -l -
  lh man /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Where the pages go
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
