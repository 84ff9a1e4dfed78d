//! The command line: argv to a pipeline, and its tally to an exit status.

mod args;
mod cat;
mod completions;
mod console;
mod exit;
mod feed;
pub mod generate;
#[cfg(feature = "net")]
mod listen;
#[cfg(not(feature = "net"))]
#[path = "no_listen.rs"]
mod listen;
mod manual;
mod own_files;
mod pick;
pub mod report;
mod retry;
mod run;
mod screen;
mod split;
mod spool;
mod veil;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use args::Command;
use exit::{Failure, Status};

/// Runs the program with its arguments, its own name first.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let status = match try_run(argv.into_iter().collect()) {
        Ok(status) => status,
        Err(failure) => failure.report(),
    };
    status.into()
}

/// What stands where a handler should, and is an address rather.
fn address(word: &OsStr) -> Option<&str> {
    let begins = |c: char| c.is_ascii_digit() || c == ':' || c == '[';
    word.to_str().filter(|word| word.starts_with(begins))
}

fn try_run(argv: Vec<OsString>) -> Result<Status, Failure> {
    let mut chain = Vec::new();
    let mut input = args::InputArgs::default();
    let mut alone = None;
    let split = split::split(split::help(argv));
    let split = split.map_err(|error| Failure::usage(error.to_string()))?;
    let mut check = false;
    let mut listen: Option<Box<args::ListenArgs>> = None;
    for words in split.pieces {
        let mut words = words;
        let mut piece = args::parse(words.clone())?;
        input = input.merge(piece.input).map_err(Failure::usage)?;
        if let Command::Check(args) = piece.command {
            let rest = match (args.take_rest(), chain.is_empty() && !check) {
                (Some(rest), true) => rest,
                _ => {
                    let text = "check stands before a chain: lh check HANDLER [OPTIONS] + HANDLER";
                    return Err(Failure::usage(text.to_owned()));
                }
            };
            check = true;
            words.truncate(1);
            words.extend(rest);
            piece = args::parse(words.clone())?;
            input = input.merge(piece.input).map_err(Failure::usage)?;
        }
        if let Command::Listen(mut args) = piece.command {
            if listen.is_some() || !chain.is_empty() {
                let text =
                    "listen stands before all handlers: lh listen [OPTIONS] HANDLER + HANDLER";
                return Err(Failure::usage(text.to_owned()));
            }
            let own = std::mem::take(&mut args.input);
            input = input.merge(own).map_err(Failure::usage)?;
            let rest = args.take_rest().unwrap_or_else(|| vec!["stream".into()]);
            if let Some(address) = rest.first().and_then(|word| address(word)) {
                return Err(Failure::usage(format!(
                    "{address} is no handler; an address stands behind --tcp, --udp or --http: \
                     lh listen --tcp {address}"
                )));
            }
            listen = Some(args);
            words.truncate(1);
            words.extend(rest);
            piece = args::parse(words.clone())?;
            input = input.merge(piece.input).map_err(Failure::usage)?;
        }
        match piece.command {
            Command::Handler(mut handler) => {
                input = input.merge(handler.take_input()).map_err(Failure::usage)?;
                handler.set_words(&words);
                if let Some(listen) = &listen {
                    handler.set_listening(listen.escape());
                }
                chain.push(*handler);
            }
            other => alone = Some(other),
        }
    }
    match alone {
        None if check => match listen.is_some() || split.command.is_some() {
            true => Err(Failure::usage(
                "check is for handlers, and starts no command and no listener".to_owned(),
            )),
            false => run::check(&input, chain),
        },
        None => match listen {
            None => run::chain(input, chain, split.command),
            Some(_) if split.command.is_some() => Err(Failure::usage(
                "listen and a command behind -- are two sources; there can be one".to_owned(),
            )),
            Some(listen) => run::listen(input, &listen, chain),
        },
        Some(_) if !chain.is_empty() => Err(Failure::usage(
            "only handlers can be joined by +".to_owned(),
        )),
        Some(_) if split.command.is_some() => Err(Failure::usage(
            "only handlers can take a command behind --".to_owned(),
        )),
        Some(Command::Spool(args)) => spool::run(args.command),
        Some(Command::Cat(args)) => cat::cat(&args),
        Some(Command::Tail(args)) => cat::tail(&args),
        Some(Command::Completions(args)) => generate::print_completions(args.shell),
        Some(Command::Man(args)) => generate::man(args.directory.as_deref()),
        Some(Command::Handler(_) | Command::Listen(_) | Command::Check(_)) => {
            unreachable!("handlers are in the chain")
        }
    }
}
