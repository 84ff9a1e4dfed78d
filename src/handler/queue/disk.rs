//! The half of a queue that waits on the disk.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::waiting::Returned;
use super::{Overflow, PATIENCE, QueueHandler};
use crate::batch::Frames;
use crate::diag::plain;
use crate::fsync::Fsync;
use crate::handler::{Described, EmitError};
use crate::now::Now;
use crate::spool::{self, SpoolOptions, Target};
use crate::sys::Whereabouts;

/// Where records wait on the disk.
#[derive(Clone, Debug)]
pub struct SpoolIn {
    /// Its directory.
    pub directory: PathBuf,
    /// How many bytes it takes there at most.
    pub max_bytes: u64,
    /// When it is made durable.
    pub fsync: Fsync,
    /// What delivers what is left in it.
    pub target: Target,
}

impl QueueHandler {
    pub(super) fn open_spool(&mut self, now: Now) -> io::Result<()> {
        let Some(spool) = self.spool.as_ref().filter(|_| self.writer.is_none()) else {
            return Ok(());
        };
        let described = |text: String| io::Error::other(Described(text));
        let options = SpoolOptions {
            directory: spool.directory.clone(),
            max_bytes: spool.max_bytes,
            fsync: spool.fsync,
        };
        let opened = spool::open(options, now).map_err(|error| described(error.to_string()))?;
        let (mut writer, reader, recovery) = opened;
        let directory = spool.directory.display();
        for note in recovery.notes() {
            self.ledger.diag.warn(format_args!("{directory}: {note}"));
        }
        let waiting = writer.status().waiting();
        let noted = writer.target().unwrap_or_default();
        if let Some(noted) = noted.filter(|noted| waiting > 0 && noted.form != spool.target.form) {
            return Err(described(format!(
                "the spool {directory} holds {waiting} records as {}, and they can't be sent as \
                 {}: send them first, with lh spool retry {directory}",
                noted.form, spool.target.form
            )));
        }
        writer.set_target(&spool.target).map_err(|error| {
            described(format!(
                "cannot write to the spool {directory}: {}",
                plain(&error)
            ))
        })?;
        self.shared.set_spool(writer.status());
        self.ledger.figures.spooled.set(writer.status().waiting());
        self.writer = Some(writer);
        self.reader = Some(reader);
        Ok(())
    }

    /// Puts records into the spool.
    pub(super) fn put_on_disk(
        &mut self,
        frames: &Frames<'_>,
        from: usize,
        now: Now,
    ) -> Result<(), EmitError> {
        let mut done = from;
        let begun = Instant::now();
        let mut dropped = 0;
        loop {
            let Some(writer) = &mut self.writer else {
                return Ok(());
            };
            let put = writer.append(frames, done, now);
            self.ledger.figures.spooled.set(writer.status().waiting());
            self.shared.spooled();
            let error = match put {
                Ok(()) => break,
                Err(error) => error,
            };
            done = error.done;
            if !error.full {
                let doing = "cannot write to the spool";
                return Err(EmitError::retry(done, doing, error.source));
            }
            match self.overflow {
                Overflow::Block if begun.elapsed() > PATIENCE.1 => {
                    return Err(EmitError::slow(done));
                }
                Overflow::Block => self.shared.wait_for_progress(PATIENCE.0),
                Overflow::DropNew => {
                    self.shed(&[(*frames, done)], now);
                    return Ok(());
                }
                Overflow::DropOld => {
                    let (ledger, target) = (&self.ledger, &self.target);
                    let room = (frames.len() - done) as u64;
                    let gone = writer.drop_oldest(room, &mut |frames| {
                        let reason = "the spool is full";
                        ledger.lose(target, frames, (0, frames.len()), reason, now);
                    });
                    dropped += gone;
                    // All of it is on its way, and can't be taken back.
                    let full = self
                        .shedding
                        .as_ref()
                        .is_some_and(|shedding| !shedding.eased);
                    let waited = full || begun.elapsed() > PATIENCE.1;
                    if gone == 0 && waited {
                        self.note_shed(dropped, now);
                        self.shed(&[(*frames, done)], now);
                        return Ok(());
                    }
                    if gone == 0 {
                        self.shared.wait_for_progress(PATIENCE.0);
                    }
                }
            }
        }
        self.note_shed(dropped, now);
        Ok(())
    }

    /// Puts back what was taken out of the spool, because the peer's kernel had it,
    /// and was not read by the peer, which is not back yet.
    pub(super) fn put_back(&mut self, now: Now) -> Result<(), EmitError> {
        let (Some(returned), Some(writer)) = (self.shared.take_returned(), &mut self.writer) else {
            return Ok(());
        };
        let Returned { frames, numbers } = returned;
        if numbers.is_some_and(|numbers| writer.put_back(&frames, &numbers).is_ok()) {
            return Ok(());
        }
        // Where they stood is not known; behind what waits there, they are not lost.
        for frames in &frames {
            let frames = frames.frames();
            if let Err(error) = writer.append(&frames, 0, now)
                && error.done < frames.len()
            {
                let reason = format!("cannot write to the spool: {}", plain(&error.source));
                let range = (error.done, frames.len());
                self.ledger.lose(&self.target, &frames, range, &reason, now);
                self.ledger.figures.note_error(reason);
            }
        }
        writer
            .close(now)
            .map_err(|error| EmitError::retry(0, "cannot sync the spool", error))
    }

    /// Says what stays in the spool.
    pub(super) fn note_rest(&mut self) {
        let (Some(writer), Some(spool)) = (&self.writer, &self.spool) else {
            return;
        };
        let waiting = writer.status().waiting();
        let figures = &self.ledger.figures;
        figures.spooled.set(waiting);
        if waiting == 0 {
            return;
        }
        let delivered = figures
            .delivered
            .get()
            .saturating_sub(figures.unproven.get());
        let directory = match writer.whereabouts(&spool.directory) {
            Whereabouts::Here => spool.directory.clone(),
            Whereabouts::Moved(directory) => directory,
            Whereabouts::Gone => {
                figures.spooled.set(0);
                figures.dropped.add(waiting);
                return self.ledger.diag.error(format_args!(
                    "{}: {waiting} records were in the spool {}, which was deleted",
                    self.target,
                    spool.directory.display()
                ));
            }
        };
        let directory = directory.display();
        self.ledger.diag.warn(format_args!(
            "{}: {waiting} records stay in the spool {directory}, and {delivered} were \
             delivered; the next lh with it sends them, or `lh spool retry {directory}`",
            self.target
        ));
    }
}
