//! Sending records from a Rust program, as with Python's `SocketHandler` and
//! `SysLogHandler`:
//!
//! - every record goes to an `lh listen`, which acknowledges it once its handlers have
//!   it, behind a queue, so that the program waits only when that is full;
//! - errors go to a syslog daemon over UDP, by RFC 5424.
//!
//! ```text
//! lh listen --tcp 127.0.0.1:9020 file all.log
//! cargo run --example network -- 127.0.0.1:9020 127.0.0.1:514
//! ```

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use lh::batch::Frames;
use lh::diag::Diag;
use lh::filter::Filter;
use lh::handler::queue::QueueOptions;
use lh::handler::remote::{RemoteOptions, remote};
use lh::handler::stage::{OnError, Rendering};
use lh::handler::{QueueHandler, Stage};
use lh::level::Level;
use lh::net::{Address, Backoff, BackoffOptions, Connector, Transport};
use lh::now::Now;
use lh::record::{Defaults, Record};
use lh::text::Formatter;
use lh::wire::Encode;
use lh::wire::envelope::{Envelope, Framing};
use lh::wire::lh::SenderId;
use lh::wire::syslog::{SyslogEncoder, SyslogOptions};

/// How long an attempt to connect may take, and the end at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stage whose records go to an address. `numbered` is for the wire lh.
fn stage(
    (kind, address, transport): (&'static str, &str, Transport),
    numbered: Option<SenderId>,
    encoder: Box<dyn Encode>,
    level: Level,
) -> Result<Stage, Box<dyn Error>> {
    let handler = remote(RemoteOptions {
        kind,
        connector: Connector::new(Address::parse(address, None)?, transport, PATIENCE),
        backoff: Backoff::new(BackoffOptions::default(), std::process::id().into()),
        numbered,
        chunked: None,
        hint: None,
    });
    let filter = Filter {
        min_level: Some(level),
        ..Filter::default()
    };
    let rendering = Rendering {
        encoder: Some(encoder),
        // A number before each frame, or a datagram around it, tells them apart.
        envelope: Some(Envelope::new(Framing::Bare)),
        ..Rendering::default()
    };
    let diag = Diag::new(|_, text| eprintln!("{text}"));
    let on_error = OnError::Block;
    Ok(Stage::new(handler, filter, rendering, on_error, None, diag))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(collector), Some(syslog)) = (arguments.next(), arguments.next()) else {
        return Err("give the addresses of an lh listen and of a syslog daemon".into());
    };
    let json = Box::new(Formatter::parse("json", None, true)?);
    let sender = Some(SenderId::random()?);
    let target = ("socket", &*collector, Transport::Tcp);
    let all = stage(target, sender, json, Level::DEBUG)?
        .wrap(|delivery| Box::new(QueueHandler::new(delivery, QueueOptions::default())));
    let rfc5424 = Box::new(SyslogEncoder::new(SyslogOptions::default()));
    let target = ("syslog", &*syslog, Transport::Udp);
    let errors = stage(target, None, rfc5424, Level::ERROR)?;
    let mut stages = [all, errors];
    for stage in &mut stages {
        stage.open(Now::read())?;
    }

    let defaults = Defaults::default();
    for order in 1..=500 {
        let now = Now::read();
        let (level, text) = match order % 100 {
            0 => (Level::ERROR, format!("order {order} is not paid for")),
            _ => (Level::DEBUG, format!("order {order} is looked at")),
        };
        let mut record = Record::new(&defaults, now.wall);
        record.level = level;
        record.name = Cow::Borrowed("shop");
        record.message = Cow::Borrowed(text.as_bytes());
        for stage in &mut stages {
            stage.push(text.as_bytes(), &record, now);
            // A receiver that is away, or slower than the records, is waited for.
            while !stage.deliver(&Frames::lines(b""), Now::read()) {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
    let mut lost = 0;
    for stage in &mut stages {
        lost += stage.finish(PATIENCE).dropped;
    }
    match lost {
        0 => Ok(()),
        lost => Err(format!("{lost} records were not delivered").into()),
    }
}
