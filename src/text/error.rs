//! The error of a template, which shows its place.

use std::fmt;

/// A template is malformed: what is wrong with it, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    pub(super) template: String,
    /// Offset in bytes.
    pub(super) at: usize,
    pub(super) problem: String,
}

impl TemplateError {
    /// What is wrong, without the picture of the template.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl std::error::Error for TemplateError {}

impl fmt::Display for TemplateError {
    /// The template, below it a caret at the place, and what is wrong there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Shown on one line, whatever control characters it holds.
        let shown = |text: &str| {
            let visible = |ch: char| -> Vec<char> {
                match ch.is_control() {
                    true => ch.escape_default().collect(),
                    false => vec![ch],
                }
            };
            text.chars().flat_map(visible).collect::<String>()
        };
        let (before, _) = self.template.split_at(self.at);
        let column = shown(before).chars().count();
        writeln!(f, "malformed template")?;
        writeln!(f, "  {}", shown(&self.template))?;
        write!(f, "  {:column$}^ {}", "", self.problem)
    }
}
