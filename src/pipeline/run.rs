//! The main loop: from the streams that are read to the stages.

use std::io;
use std::time::Instant;

use super::signals::FULL;
use super::{Pipeline, STREAMS, Wait};
use crate::batch::Frames;
use crate::handler::Stage;
use crate::now::Now;
use crate::source::{Command, Intake, Sink, Stream, Taken};

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
        self.drain
            .set_sources(streams.iter().map(Stream::watch).collect());
        for (left, stream) in self.overdue.iter_mut().zip(&*streams) {
            *left = if stream.writer_ends() { FULL } else { 0 };
        }
        if streams.iter().any(|stream| !stream.intake.is_plain()) {
            self.stages.iter_mut().for_each(Stage::collect);
        }
        let mut result = Ok(());
        while self.command_runs() || streams.iter().any(|s| s.waitable().is_some()) {
            let mut input = [None; STREAMS];
            for (place, stream) in input.iter_mut().zip(&*streams) {
                *place = stream.waitable();
            }
            let due = streams.iter().filter_map(|s| s.intake.deadline()).min();
            // What is not there when it is looked for has not come until now.
            let now = Now::read();
            let ready = match self.wait(input, due) {
                Wait::Stop => break,
                Wait::Nothing => [false; STREAMS],
                Wait::Input(ready) => ready,
            };
            for (index, ready) in ready.into_iter().enumerate().take(streams.len()) {
                let before = oldest_other(streams, index);
                let intake = &mut streams[index].intake;
                if intake.deadline().is_some_and(|due| due <= now.mono) {
                    self.push_each(intake, |intake, _, each| {
                        intake.tick(!ready, before, now, each);
                    });
                    self.release(streams);
                }
            }
            for index in 0..streams.len() {
                if ready[index]
                    && let Err(error) = self.read(index, streams)
                {
                    result = Err((streams[index].name(), error));
                }
            }
            self.note_input(streams);
        }
        for index in 0..streams.len() {
            if streams[index].waitable().is_some() {
                self.end(index, streams);
            }
        }
        for stream in streams.iter_mut() {
            self.push_each(&mut stream.intake, Intake::finish);
        }
        self.note_input(streams);
        result
    }

    /// Delivers one record, whatever is in it.
    pub fn one(&mut self, intake: &mut Intake, message: &[u8]) {
        self.stages.iter_mut().for_each(Stage::collect);
        self.drain.set_sources(Vec::new());
        self.push_each(intake, |intake, now, each| intake.one(message, now, each));
        if let Some(reporting) = &mut self.reporting {
            reporting.input = vec![intake.figures()];
        }
    }

    /// Delivers why a command could not be run, to handlers that are there to
    /// tell of it. No other gets a word that nobody has written.
    pub fn failure(&mut self, intake: &mut Intake, message: &[u8]) {
        self.stages.iter_mut().for_each(Stage::collect);
        self.drain.set_sources(Vec::new());
        let now = Now::read();
        let stages = &mut self.stages;
        intake.one(message, now, &mut |frame, record| {
            for stage in stages.iter_mut() {
                if stage.handler().tells_failures() {
                    stage.push(frame, record, now);
                }
            }
        });
        self.deliver(&Frames::lines(b""));
    }

    /// The command that is run has said nothing. If it has failed, that is delivered as
    /// a [failure](Self::failure): where nothing is held back, nobody would be told.
    pub fn silent_command(&mut self, intake: &mut Intake, program: &str) {
        self.end_command();
        let command = self.command.as_ref().map(|under| &under.command);
        if let Some(status) = command.and_then(Command::failure) {
            let text = format!("{program} ended with {status}, and said nothing\n");
            self.failure(intake, text.as_bytes());
        }
    }

    /// Delivers what need not wait any more for the other stream: records go out in the
    /// order in which their first lines were read.
    fn release(&mut self, streams: &mut [Stream]) {
        let waiting =
            |streams: &[Stream]| streams.iter().map(|s| s.intake.waiting()).sum::<usize>();
        let mut left = waiting(streams);
        while left > 0 {
            for index in 0..streams.len() {
                let before = oldest_other(streams, index);
                self.push_each(&mut streams[index].intake, |intake, now, each| {
                    intake.release(before, now, each);
                });
            }
            let now_left = waiting(streams);
            if now_left == left {
                return;
            }
            left = now_left;
        }
    }

    /// Delivers the lines that an intake has found.
    fn take_in(&mut self, intake: &mut Intake, before: Option<Instant>) {
        if !intake.is_plain() {
            return self.push_each(intake, |intake, now, each| {
                intake.records(before, now, each);
            });
        }
        if intake.frames().is_empty() {
            return;
        }
        if self.reporting.is_some() {
            intake.count_frames();
        }
        if intake.wants_lines() || self.stages.iter().any(Stage::wants_records) {
            let now = Now::read();
            let stages = &mut self.stages;
            intake.decode(now, |frame, record| {
                for stage in stages.iter_mut().filter(|stage| stage.wants_records()) {
                    stage.push(frame, record, now);
                }
            });
        }
        self.deliver(&intake.frames());
    }

    /// Delivers the records that `give` hands out of an intake one by one.
    fn push_each(
        &mut self,
        intake: &mut Intake,
        give: impl FnOnce(&mut Intake, Now, &mut Sink<'_>),
    ) {
        let now = Now::read();
        let stages = &mut self.stages;
        let mut count = 0;
        give(intake, now, &mut |frame, record| {
            count += 1;
            for stage in stages.iter_mut() {
                stage.push(frame, record, now);
            }
        });
        intake.count(count);
        if count > 0 {
            self.deliver(&Frames::lines(b""));
        }
    }

    /// Keeps the figures of the streams for whoever is told them.
    fn note_input(&mut self, streams: &[Stream]) {
        if let Some(reporting) = &mut self.reporting {
            let figures = streams.iter().map(|stream| stream.intake.figures());
            reporting.input.clear();
            reporting.input.extend(figures);
        }
    }

    fn read(&mut self, index: usize, streams: &mut [Stream]) -> io::Result<()> {
        let count = match streams[index].read() {
            Ok(Taken::Bytes(count)) => count,
            Ok(Taken::Nothing) => return Ok(()),
            Ok(Taken::End) => {
                self.end(index, streams);
                return Ok(());
            }
            Err(error) => {
                self.end(index, streams);
                return Err(error);
            }
        };
        let before = oldest_other(streams, index);
        let stream = &mut streams[index];
        self.note_read(index, count);
        // A copy is as it came, also where long lines are cut off below.
        let kept = match stream.tee {
            Some(_) => stream.intake.original(count),
            None => None,
        };
        stream.intake.cut(false);
        self.take_in(&mut stream.intake, before);
        if let Some(tee) = &mut stream.tee {
            let bytes = kept.as_deref().unwrap_or_else(|| stream.intake.last(count));
            tee.pass(bytes, || self.may_wait());
        }
        stream.intake.consume();
        self.release(streams);
        Ok(())
    }

    /// Delivers what is left of a stream, of which no more is read.
    fn end(&mut self, index: usize, streams: &mut [Stream]) {
        let before = oldest_other(streams, index);
        let stream = &mut streams[index];
        // Before the last of it is delivered: whoever writes on learns it.
        stream.close();
        stream.intake.cut(true);
        self.take_in(&mut stream.intake, before);
        stream.intake.consume();
        self.push_each(&mut stream.intake, |intake, now, each| {
            intake.complete(before, now, each);
        });
        self.release(streams);
        if streams[index].intake.waiting() == 0 {
            self.push_each(&mut streams[index].intake, Intake::finish);
        }
    }
}

/// When the first line was read of what the other streams hold back.
fn oldest_other(streams: &[Stream], index: usize) -> Option<Instant> {
    let others = streams.iter().enumerate().filter(|(at, _)| *at != index);
    others.filter_map(|(_, other)| other.intake.oldest()).min()
}
