//! Logging from a Rust program with the handlers of lh, as one would with
//! Python's `logging`:
//!
//! - every record goes to `app.log`, which is rolled over by size
//!   (`RotatingFileHandler`), and its errors to a handler of this program;
//! - both behind one queue each, so that the program waits for them only when a queue is
//!   full (`QueueHandler` and a `QueueListener` with two handlers);
//! - the last records before an error go to `incident.log`
//!   (`MemoryHandler` with a target).
//!
//! ```text
//! cargo run --example handlers -- FOLDER
//! ```

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lh::batch::Frames;
use lh::diag::Diag;
use lh::filter::Filter;
use lh::handler::buffer::BufferOptions;
use lh::handler::file::FileOptions;
use lh::handler::queue::QueueOptions;
use lh::handler::stage::{OnError, Rendering};
use lh::handler::{
    BaseRotatingHandler, EmitError, FileHandler, Handler, MemoryHandler, QueueHandler,
    RotatingFileHandler, Stage,
};
use lh::level::Level;
use lh::now::Now;
use lh::record::{Defaults, Record, Value};
use lh::text::Formatter;

/// What Python calls a logger: it makes records and gives them to its stages.
struct Logger {
    name: &'static str,
    defaults: Defaults,
    stages: Vec<Stage>,
}

impl Logger {
    fn log(&mut self, level: Level, message: &str, extra: &[(&'static str, &str)]) {
        let now = Now::read();
        let mut record = Record::new(&self.defaults, now.wall);
        record.level = level;
        record.name = Cow::Borrowed(self.name);
        record.message = Cow::Borrowed(message.as_bytes());
        for &(key, value) in extra {
            let value = Value::Text(Cow::Borrowed(value));
            record.extra.push((Cow::Borrowed(key), value));
        }
        for stage in &mut self.stages {
            // A stage takes as many records as one likes before it delivers them
            // together. One that is blocked, say by a full disk, has kept them:
            // here the program waits for it.
            stage.push(message.as_bytes(), &record, now);
            while !stage.deliver(&Frames::lines(b""), Now::read()) {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
    }

    /// Delivers what is held back. Tells whether nothing was lost.
    fn close(mut self) -> bool {
        let mut well = true;
        for stage in &mut self.stages {
            let figures = stage.finish(std::time::Duration::from_secs(10));
            well &= figures.dropped == 0;
        }
        well
    }
}

/// A handler of one's own: it shows how loud it is.
struct Bell<W: Write + Send>(W);

impl<W: Write + Send> Handler for Bell<W> {
    fn kind(&self) -> &'static str {
        "bell"
    }

    fn target(&self) -> String {
        "the bell".to_owned()
    }

    fn open(&mut self, _now: Now) -> io::Result<()> {
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, _now: Now) -> Result<(), EmitError> {
        // What stands before `from` was delivered by an earlier call.
        let text = &frames.bytes()[from..];
        let written = self
            .0
            .write_all(b"ding: ")
            .and_then(|()| self.0.write_all(text));
        written.map_err(|error| EmitError::retry(from, "cannot ring", error))
    }

    fn close(&mut self, _now: Now, _hurry: bool) -> Result<(), EmitError> {
        Ok(())
    }
}

/// A handler with its level and its format. Its errors are told on stderr.
fn stage(handler: Box<dyn Handler>, level: Level, format: &str) -> Result<Stage, Box<dyn Error>> {
    let diag = Diag::new(|_, text| eprintln!("{text}"));
    let filter = Filter {
        min_level: Some(level),
        ..Filter::default()
    };
    let rendering = Rendering {
        encoder: Some(Box::new(Formatter::parse(format, None, true)?)),
        ..Rendering::default()
    };
    Ok(Stage::new(
        handler,
        filter,
        rendering,
        OnError::Block,
        None,
        diag,
    ))
}

fn queued(stage: Stage) -> Stage {
    stage.wrap(|delivery| Box::new(QueueHandler::new(delivery, QueueOptions::default())))
}

fn logger(folder: &Path) -> Result<Logger, Box<dyn Error>> {
    let (text, plain) = ("{asctime} {levelname:<8} {name}: {message}", "{message}");
    let diag = Diag::new(|_, text| eprintln!("{text}"));

    let app = FileOptions::new(folder.join("app.log"));
    let app = RotatingFileHandler::options(app, 4096, 3)?;
    let app = BaseRotatingHandler::new(app, diag.clone());
    let app = queued(stage(Box::new(app), Level::DEBUG, text)?);

    let bell = queued(stage(Box::new(Bell(io::stdout())), Level::ERROR, plain)?);

    let incident = FileOptions::new(folder.join("incident.log"));
    let incident = FileHandler::new(incident, diag);
    let ring = BufferOptions {
        capacity: 20,
        ring: true,
        flush_on_close: false,
        ..BufferOptions::default()
    };
    let incident = stage(Box::new(incident), Level::DEBUG, text)?
        .wrap(|delivery| Box::new(MemoryHandler::new(delivery, ring)));

    let mut stages = vec![app, bell, incident];
    for stage in &mut stages {
        stage.open(Now::read())?;
    }
    Ok(Logger {
        name: "shop",
        defaults: Defaults::default(),
        stages,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| ".".into(), PathBuf::from);
    let mut log = logger(&folder)?;
    for order in 1..=500 {
        log.log(Level::DEBUG, &format!("order {order} is looked at"), &[]);
        if order == 400 {
            let extra = [("order", "400"), ("bank", "down")];
            log.log(Level::ERROR, "order 400 is not paid for", &extra);
        }
    }
    match log.close() {
        true => Ok(()),
        false => Err("some records were lost".into()),
    }
}
