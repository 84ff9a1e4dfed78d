//! Wrappers: what stands behind the name of one is parsed again, by the same
//! command. (An enum that is nested in itself overflows clap's stack.)

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches, Subcommand};

use super::hints::with_hint;
use super::{Command, HandlerCommand, InputArgs, Piece};
use crate::cli::exit::Failure;

/// How many wrappers may stand before one handler.
const MOST: usize = 16;

/// What stands behind a wrapper's own options.
#[derive(Debug, Args)]
pub struct Wrapped {
    /// Options of the input may stand behind a wrapper's name, too.
    #[command(flatten)]
    input: InputArgs,
    #[command(subcommand)]
    rest: Option<Rest>,
    /// What the rest is.
    #[arg(skip)]
    handler: Option<Box<HandlerCommand>>,
}

#[derive(Debug, Subcommand)]
enum Rest {
    #[command(external_subcommand)]
    Words(Vec<OsString>),
}

impl Wrapped {
    /// The handler that is wrapped, which may be a wrapper itself.
    pub fn handler(&self) -> Option<&HandlerCommand> {
        self.handler.as_deref()
    }

    /// The same, to be changed.
    pub fn handler_mut(&mut self) -> Option<&mut HandlerCommand> {
        self.handler.as_deref_mut()
    }

    /// The same, to be used up.
    ///
    /// # Errors
    /// When there is none.
    pub fn into_handler(self, wrapper: &str) -> Result<HandlerCommand, String> {
        let handler = self.handler.map(|handler| *handler);
        handler.ok_or_else(|| nothing_behind(wrapper))
    }
}

fn nothing_behind(wrapper: &str) -> String {
    format!(
        "there is no handler behind {wrapper}: it wraps the one that follows, as in \
         lh {wrapper} [OPTIONS] file app.log"
    )
}

/// Parses a piece of the command line, the program's name first.
pub fn parse(words: Vec<OsString>) -> Result<Piece, Failure> {
    let program = words.first().cloned().unwrap_or_default();
    let mut piece = parse_words(words)?;
    let mut wrappers: Vec<(&'static str, Box<HandlerCommand>)> = Vec::new();
    loop {
        let mut handler = match piece.command {
            Command::Handler(handler) => handler,
            other => match wrappers.last() {
                None => {
                    return Ok(Piece {
                        command: other,
                        ..piece
                    });
                }
                Some((name, _)) => return Err(Failure::usage(nothing_behind(name))),
            },
        };
        let Some((name, wrapped)) = handler.wrapped_mut() else {
            piece.command = Command::Handler(assemble(wrappers, handler));
            return Ok(piece);
        };
        let input = piece.input.merge(std::mem::take(&mut wrapped.input));
        let Some(Rest::Words(rest)) = wrapped.rest.take() else {
            return Err(Failure::usage(nothing_behind(name)));
        };
        wrappers.push((name, handler));
        if wrappers.len() > MOST {
            let text = format!("more than {MOST} wrappers stand before one handler");
            return Err(Failure::usage(text));
        }
        let input = input.map_err(Failure::usage)?;
        let behind = parse_words([program.clone()].into_iter().chain(rest).collect())?;
        piece = Piece {
            input: input.merge(behind.input).map_err(Failure::usage)?,
            ..behind
        };
    }
}

/// Puts each handler into the wrapper before it.
fn assemble(
    wrappers: Vec<(&'static str, Box<HandlerCommand>)>,
    leaf: Box<HandlerCommand>,
) -> Box<HandlerCommand> {
    let wrappers = wrappers.into_iter().rev();
    wrappers.fold(leaf, |inner, (_, mut wrapper)| {
        if let Some((_, wrapped)) = wrapper.wrapped_mut() {
            wrapped.handler = Some(inner);
        }
        wrapper
    })
}

fn parse_words(words: Vec<OsString>) -> Result<Piece, clap::Error> {
    let matches = Piece::command().try_get_matches_from(words);
    Piece::from_arg_matches(&matches.map_err(with_hint)?)
}
