//! `lh` beside its peers, on this machine, in one run.
//!
//!     cargo bench --bench compare -- [--size 1G] [--runs 5] [--dir DIR]... [--only NAME]... [--markdown FILE] [--strict]
//!
//! Every figure is a ratio of wall clocks taken pair by pair (lh, peer, lh, peer, ...), so that what
//! else the machine does falls on both sides. Every output is compared with the input first: a
//! fast wrong result is none. Peers that are not installed are named and skipped.

#[cfg(unix)]
#[path = "compare/args.rs"]
mod args;
#[cfg(unix)]
#[path = "compare/duels.rs"]
mod duels;
#[cfg(unix)]
#[path = "compare/eventlog.rs"]
mod eventlog;
#[cfg(unix)]
#[path = "compare/http.rs"]
mod http;
#[cfg(unix)]
#[path = "compare/input.rs"]
mod input;
#[cfg(unix)]
#[path = "compare/listen.rs"]
mod listen;
#[cfg(unix)]
#[path = "compare/network.rs"]
mod network;
#[cfg(unix)]
#[path = "compare/peers.rs"]
mod peers;
#[cfg(unix)]
#[path = "compare/report.rs"]
mod report;
#[cfg(unix)]
#[path = "compare/run.rs"]
mod run;
#[cfg(unix)]
#[path = "compare/sending.rs"]
mod sending;
#[cfg(unix)]
#[path = "compare/small.rs"]
mod small;
#[cfg(unix)]
#[path = "compare/smtp.rs"]
mod smtp;
#[cfg(unix)]
#[path = "compare/verify.rs"]
mod verify;

#[cfg(not(unix))]
fn main() {
    eprintln!("compare: the peers are Unix programs; nothing to measure here");
}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    if let Some(status) = small::launcher()
        .or_else(network::sender)
        .or_else(eventlog::sender)
    {
        return status;
    }
    let options = match args::parse(std::env::args().skip(1)) {
        Ok(args::Ask::Run(options)) => options,
        Ok(args::Ask::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("compare: {why}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    let inputs = duels::Inputs::default();
    let mut report = report::Report::default();
    for dir in &options.dirs {
        let place = report::filesystem(dir);
        eprintln!("# {} ({place})", dir.display());
        small::start(&options, dir, &place, &mut report);
        duels::all(&options, &inputs, dir, &place, &mut report);
        network::all(&options, dir, &place, &mut report);
        listen::all(&options, dir, &place, &mut report);
        eventlog::all(&options, dir, &place, &mut report);
        http::all(&options, dir, &place, &mut report);
        smtp::all(&options, dir, &place, &mut report);
        small::rates(&options, dir, &place, &mut report);
        small::memory(&options, &inputs, dir, &place, &mut report);
    }
    let text = report.markdown(&options);
    print!("{text}");
    if let Some(path) = &options.markdown
        && let Err(why) = std::fs::write(path, &text)
    {
        eprintln!("compare: {}: {why}", path.display());
        return ExitCode::FAILURE;
    }
    if report.broken() || options.strict && report.missed() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
