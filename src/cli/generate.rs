//! Completions and man pages, from the same definitions as the parser.

use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::args::Piece;
use super::completions;
use super::console;
use super::exit::{Failure, Status};
use super::manual;

/// The file name of a shell's completions, as its users look for it.
pub fn completion_file(shell: Shell) -> String {
    clap_complete::Generator::file_name(&shell, "lh")
}

/// A shell's completions.
pub fn completion(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Piece::command(), "lh", &mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    completions::of_chains(shell, text).into_bytes()
}

/// Prints a shell's completions.
pub fn print_completions(shell: Shell) -> Result<Status, Failure> {
    write_out(&completion(shell))
}

/// The manual pages: file name and text, `lh.1` first.
pub fn man_pages() -> Vec<(String, Vec<u8>)> {
    let mut root = Piece::command();
    root.build();
    let mut pages = Vec::new();
    add_pages(&root, "lh", &mut pages);
    pages
}

/// Adds the page of a command, and those of its subcommands behind it.
fn add_pages(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    pages.push((format!("{name}.1"), manual::page(command, name)));
    for command in command.get_subcommands() {
        if !command.is_hide_set() && command.get_name() != "help" {
            add_pages(command, &format!("{name}-{}", command.get_name()), pages);
        }
    }
}

/// Prints `lh.1`, or writes all pages into a directory.
pub fn man(directory: Option<&Path>) -> Result<Status, Failure> {
    let pages = man_pages();
    let Some(directory) = directory else {
        return write_out(&pages[0].1);
    };
    for (name, text) in pages {
        let path = directory.join(name);
        std::fs::write(&path, text)
            .with_context(|| format!("cannot write the manual page {}", path.display()))?;
    }
    Ok(Status::Delivered)
}

fn write_out(text: &[u8]) -> Result<Status, Failure> {
    console::print(text)?;
    Ok(Status::Delivered)
}
