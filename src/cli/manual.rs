//! The manual pages: what clap_mangen makes of the options, and around that what
//! only a manual says.

use clap::Command;
use clap_mangen::Man;

/// When the manual was last changed.
const DATE: &str = "2026-11-23";

/// What lh(1) says beside the options, as sections of roff.
const ROOT: &str = include_str!("manual/lh.1");

/// Input lines of roff are no longer than this.
const WIDTH: usize = 80;

/// What roff of clap_mangen begins with.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The page of a command.
pub fn page(command: &Command, name: &str) -> Vec<u8> {
    let own: &'static str = name.to_owned().leak();
    let help = command.get_after_long_help().or(command.get_after_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let page = Man::new(command.clone().name(own).display_name(own))
        .title(name.to_uppercase())
        .manual("lh manual")
        .source(concat!("lh ", env!("CARGO_PKG_VERSION")))
        .date(DATE);
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = page.render_title(&mut text);
    let _ = page.render_name_section(&mut text);
    let _ = page.render_synopsis_section(&mut text);
    let _ = page.render_description_section(&mut text);
    if command.get_arguments().any(|arg| !arg.is_hide_set()) {
        let _ = page.render_options_section(&mut text);
    }
    if command.has_subcommands() {
        let _ = page.render_subcommands_section(&mut text);
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    sections(&help, &mut text);
    if name == "lh" {
        text.push_str(ROOT);
    } else {
        text.push_str(".SH SEE ALSO\n.BR lh (1)\n");
    }
    tidy(&text).into_bytes()
}

/// The text behind the options of `--help`: paragraphs, and under a heading that
/// ends with a colon lines that stay as they are.
fn sections(help: &str, out: &mut String) {
    let mut noted = false;
    for paragraph in help.split("\n\n").filter(|text| !text.trim().is_empty()) {
        let (heading, lines) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        match heading.strip_suffix(':') {
            Some(heading) if lines.starts_with("  ") => {
                out.push_str(&format!(".SH {}\n.nf\n", heading.to_uppercase()));
                for line in lines.lines() {
                    out.push_str(&escaped(line.strip_prefix("  ").unwrap_or(line)));
                    out.push('\n');
                }
                out.push_str(".fi\n");
            }
            _ => {
                let start = if noted { ".PP\n" } else { ".SH NOTES\n" };
                noted = true;
                out.push_str(start);
                out.push_str(&escaped(&paragraph.replace('\n', " ")));
                out.push('\n');
            }
        }
    }
}

fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    let line = line.replace('\'', "\\(aq");
    match line.starts_with('.') {
        true => format!("\\&{line}"),
        false => line,
    }
}

/// The same page as `mandoc -T lint` wants it: short lines, no blanks at their
/// ends, and no break where there is one.
fn tidy(text: &str) -> String {
    // clap does not see a line break behind this.
    let text = text.replace("\u{1b}[m", "");
    let text = text.replace("\n.br\n\n.br\n", "\n\n");
    // Each section comes with it.
    let text = match text.strip_prefix(PREAMBLE) {
        Some(rest) => format!("{PREAMBLE}{}", rest.replace(PREAMBLE, "")),
        None => text,
    };
    let mut out = String::new();
    let (mut is_tag, mut is_literal) = (false, false);
    for line in text.lines() {
        let line = line.trim_end();
        match line {
            ".nf" => is_literal = true,
            ".fi" => is_literal = false,
            _ => {}
        }
        match line.starts_with('.') {
            true => out.push_str(line),
            // A line that has to stay one goes on behind a backslash.
            false => fold(
                line,
                is_tag || is_literal || line.starts_with(' '),
                &mut out,
            ),
        }
        out.push('\n');
        is_tag = line == ".TP";
    }
    out
}

/// Breaks a line at blanks.
fn fold(line: &str, keeps: bool, out: &mut String) {
    let mut length = 0;
    for (at, word) in line.split(' ').enumerate() {
        let is_long = length + 1 + word.len() > WIDTH - 2;
        let is_control = word.is_empty() || word.starts_with(['.', '\'']);
        if at > 0 && is_long && !is_control && length > 0 {
            out.push_str(if keeps { " \\\n" } else { "\n" });
            length = 0;
        } else if at > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += word.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_where_they_may_be() {
        let words = "word ".repeat(30);
        let folded = tidy(&words);
        assert!(folded.lines().all(|line| line.len() <= WIDTH), "{folded}");
        assert_eq!(folded.replace('\n', " ").trim_end(), words.trim_end());

        let tag = format!(".TP\n{words}\nbody");
        let folded = tidy(&tag);
        assert!(folded.lines().all(|line| line.len() <= WIDTH), "{folded}");
        let joined = folded.replace("\\\n", "");
        assert_eq!(joined, format!(".TP\n{}\nbody\n", words.trim_end()));
    }

    #[test]
    fn headings_become_sections() {
        let mut out = String::new();
        sections(
            "One\ntwo.\n\nExit status:\n  0  fine\n  1  not -x",
            &mut out,
        );
        assert_eq!(
            out,
            ".SH NOTES\nOne two.\n.SH EXIT STATUS\n.nf\n0  fine\n1  not \\-x\n.fi\n"
        );
    }
}
