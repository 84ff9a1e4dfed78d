//! The reading half of a queue's spool.

use std::path::PathBuf;

use crate::batch::OwnedFrames;
use crate::diag::plain;
use crate::handler::delivery::Delivery;
use crate::spool::{Reader, Run};
use crate::wire::lh::SenderId;

/// How many bytes are read at once; one record may be longer.
const PIECE: usize = 64 << 10;

/// What the thread of a queue knows of its spool.
pub(super) struct Spooled {
    reader: Reader,
    sender: SenderId,
    directory: PathBuf,
    /// What was read last.
    pub(super) frames: OwnedFrames,
    /// The number that the next record has, if none is missing.
    next: Option<u64>,
    /// How many records are taken out of it.
    settled: u64,
    /// How many are counted that were damaged or missing.
    lost: u64,
    /// That there are such was said.
    told_lost: bool,
    /// Reading it has failed.
    told: bool,
}

impl Spooled {
    pub(super) fn new(reader: Reader, sender: SenderId, directory: PathBuf) -> Spooled {
        Spooled {
            // What is known already was said when it was opened.
            told_lost: reader.status().lost() > 0,
            reader,
            sender,
            directory,
            frames: OwnedFrames::default(),
            next: None,
            settled: 0,
            lost: 0,
            told: false,
        }
    }

    /// Reads what comes next, if that can be read.
    pub(super) fn read(&mut self, inner: &mut Delivery) -> bool {
        self.frames.clear();
        match self.reader.read(&mut self.frames, PIECE) {
            Ok(Some(run)) => {
                if self.next != Some(run.first) {
                    inner.handler().number(self.sender, run.first);
                }
                self.next = Some(run.first + run.count);
                self.told = false;
                true
            }
            Ok(None) => false,
            Err(error) => {
                if !std::mem::replace(&mut self.told, true) {
                    inner.ledger().diag.error(format_args!(
                        "{}: cannot read the spool: {}; trying again",
                        self.directory.display(),
                        plain(&error)
                    ));
                }
                false
            }
        }
    }

    /// The numbers of those that were taken out last, so many of them, if they are
    /// known.
    pub(super) fn acknowledged(&self, count: u64) -> Option<Vec<Run>> {
        self.reader.acknowledged(count)
    }

    /// Takes out what has arrived.
    pub(super) fn settle(&mut self, inner: &mut Delivery) {
        let settled = inner.settled();
        if let Some(more) = settled.checked_sub(self.settled).filter(|more| *more > 0) {
            self.settled = settled;
            // What stays in it though it has arrived is sent twice, not lost.
            if let Err(error) = self.reader.acknowledge(more)
                && !std::mem::replace(&mut self.told, true)
            {
                inner.ledger().diag.error(format_args!(
                    "{}: cannot take records out of the spool: {}; they may be sent twice",
                    self.directory.display(),
                    plain(&error)
                ));
            }
        }
        self.note_lost(inner);
        let waiting = self.reader.waiting();
        inner.ledger().figures.spooled.set(waiting);
    }

    /// Records that were in it and can't be read reach nobody.
    fn note_lost(&mut self, inner: &mut Delivery) {
        let lost = self.reader.status().lost();
        let Some(more) = lost.checked_sub(self.lost).filter(|more| *more > 0) else {
            return;
        };
        if !std::mem::replace(&mut self.told_lost, true) {
            let directory = self.directory.display();
            inner.ledger().diag.error(format_args!(
                "{directory}: records in the spool are damaged or missing, and can't be \
                 delivered; bytes that are damaged are kept in {directory}/bad"
            ));
        }
        self.lost = lost;
        inner.ledger().figures.dropped.add(more);
    }
}
