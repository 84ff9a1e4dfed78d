//! The main loop: from the streams that are read to the stages.

use std::io;

use super::{Pipeline, STREAMS, Wait};
use crate::batch::Frames;
use crate::now::Now;
use crate::source::{Intake, Stream, Taken};

impl Pipeline {
    /// Looks whether one of the handlers would write into the file that is to
    /// be read, which would never end.
    ///
    /// # Errors
    /// The target that is the input as well.
    pub fn check_input(&mut self, input: &std::fs::File) -> Result<(), String> {
        let mut handlers = self.stages.iter_mut().map(|stage| stage.handler());
        match handlers.find(|handler| handler.writes_to(input)) {
            Some(handler) => Err(format!("{}: it is the input as well", handler.target())),
            None => Ok(()),
        }
    }

    /// Delivers what the streams bring, until all of them have ended, and the
    /// command, if there is one, or until the run is to end.
    ///
    /// # Errors
    /// The stream that can't be read; what came before is delivered all the
    /// same, and what the others bring.
    pub fn run(&mut self, streams: &mut [Stream]) -> Result<(), (&'static str, io::Error)> {
        self.writer_ends = streams.iter().any(Stream::writer_ends);
        let mut result = Ok(());
        while self.command_runs() || streams.iter().any(|s| s.descriptor().is_some()) {
            let mut input = [None; STREAMS];
            for (place, stream) in input.iter_mut().zip(&*streams) {
                *place = stream.descriptor();
            }
            match self.wait(input) {
                Wait::Stop => break,
                Wait::Nothing => {}
                Wait::Input(ready) => {
                    for (stream, _) in streams.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
                        if let Err(error) = self.read(stream) {
                            result = Err((stream.name(), error));
                        }
                    }
                }
            }
        }
        for stream in streams {
            // Before the last of it is delivered: whoever writes on learns it.
            stream.close();
            stream.intake.cut(true);
            self.take_in(&mut stream.intake, Now::read());
        }
        result
    }

    /// Delivers one record, whatever is in it.
    pub fn one(&mut self, intake: &mut Intake, message: &[u8]) {
        let now = Now::read();
        let ends = [message.len()];
        let stages = &mut self.stages;
        intake.one(message, now, |frame, record| {
            for stage in stages.iter_mut().filter(|stage| stage.wants_records()) {
                stage.push(frame, record, now);
            }
        });
        self.deliver(&Frames::listed(message, &ends));
    }

    fn read(&mut self, stream: &mut Stream) -> io::Result<()> {
        let count = match stream.read()? {
            Taken::Bytes(count) => count,
            Taken::Nothing | Taken::End => return Ok(()),
        };
        // A copy is as it came, also where long lines are cut off below.
        let kept = match stream.tee {
            Some(_) => stream.intake.original(count),
            None => None,
        };
        stream.intake.cut(false);
        self.take_in(&mut stream.intake, Now::read());
        if let Some(tee) = &mut stream.tee {
            let bytes = kept.as_deref().unwrap_or_else(|| stream.intake.last(count));
            tee.pass(bytes, || self.may_wait());
        }
        stream.intake.consume();
        Ok(())
    }
}
