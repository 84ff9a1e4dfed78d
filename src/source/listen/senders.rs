//! Who sends numbered frames, and how far they are.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::sys::{self, Private};
use crate::wire::lh::SenderId;

/// So many senders are remembered; of more, those that were heard last.
const MOST: usize = 1 << 16;

/// What a sender is remembered by on the disk: its name, its number, and their
/// checksum.
const SLOT: usize = 32;

#[derive(Debug)]
struct Sender {
    /// The last frame that went into the chain.
    taken: u64,
    /// The last one that the chain has accepted.
    accepted: u64,
    /// The connection that speaks for it: its place and generation.
    owner: Option<(usize, u64)>,
    /// When it was heard, by a clock that only counts.
    heard: u64,
    slot: usize,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Senders {
    known: HashMap<SenderId, Sender>,
    clock: u64,
    state: Option<State>,
    pub(super) duplicates: u64,
}

/// Where that outlives the process.
#[derive(Debug)]
struct State {
    file: File,
    slots: usize,
}

impl Senders {
    /// Those that a file remembers, which is made if it is not there.
    ///
    /// # Errors
    /// Those of opening, locking and reading it.
    pub(super) fn load(path: &Path) -> io::Result<Senders> {
        let mut file = sys::open_private(path, Private::WriteOrMake)?;
        if !sys::try_lock(&file)? {
            let text = "another process has it";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        let mut bytes = Vec::new();
        (&mut file)
            .take((MOST * SLOT) as u64)
            .read_to_end(&mut bytes)?;
        let mut senders = Senders::default();
        for (slot, entry) in bytes.chunks_exact(SLOT).enumerate() {
            if let Some((id, accepted)) = read_slot(entry) {
                let known = senders.get(id, slot);
                known.taken = known.taken.max(accepted);
                known.accepted = known.taken;
                known.slot = slot;
            }
        }
        senders.state = Some(State {
            file,
            slots: bytes.len() / SLOT,
        });
        Ok(senders)
    }

    fn get(&mut self, id: SenderId, slot: usize) -> &mut Sender {
        self.clock += 1;
        let sender = self.known.entry(id).or_insert(Sender {
            taken: 0,
            accepted: 0,
            owner: None,
            heard: 0,
            slot,
        });
        sender.heard = self.clock;
        sender
    }

    /// A connection speaks for a sender from now on: what was accepted of it,
    /// and the connection that spoke for it before.
    pub(super) fn greet(
        &mut self,
        id: SenderId,
        owner: (usize, u64),
    ) -> (u64, Option<(usize, u64)>) {
        let slot = match (self.known.get(&id), self.known.len() >= MOST) {
            (Some(known), _) => known.slot,
            (None, false) => {
                let state = self.state.as_mut();
                state.map_or(0, |state| {
                    state.slots += 1;
                    state.slots - 1
                })
            }
            (None, true) => self.forget_oldest(),
        };
        let sender = self.get(id, slot);
        let before = sender.owner.replace(owner);
        (sender.accepted, before.filter(|before| *before != owner))
    }

    /// Makes room for another, and gives its place in the file.
    fn forget_oldest(&mut self) -> usize {
        let idle = self
            .known
            .iter()
            .filter(|(_, sender)| sender.owner.is_none());
        let oldest = idle.min_by_key(|(_, sender)| sender.heard);
        let oldest = oldest.map(|(id, sender)| (*id, sender.slot));
        oldest.map_or(self.known.len(), |(id, slot)| {
            self.known.remove(&id);
            slot
        })
    }

    /// Whether a frame is new. It counts as taken then.
    pub(super) fn take(&mut self, id: SenderId, number: u64) -> bool {
        let Some(sender) = self.known.get_mut(&id) else {
            return false;
        };
        let new = number > sender.taken;
        match new {
            true => sender.taken = number,
            false => self.duplicates += 1,
        }
        new
    }

    /// The chain has accepted all frames up to a number. Gives what is to be
    /// acknowledged.
    ///
    /// # Errors
    /// When that can't be written down; it holds as long as the process all the
    /// same.
    pub(super) fn accept(&mut self, id: SenderId, number: u64) -> io::Result<()> {
        let Some(sender) = self.known.get_mut(&id) else {
            return Ok(());
        };
        if number <= sender.accepted {
            return Ok(());
        }
        sender.accepted = number;
        match &self.state {
            Some(state) => {
                let place = (sender.slot * SLOT) as u64;
                sys::write_at(&state.file, &slot(id, number), place, &mut 0)
            }
            None => Ok(()),
        }
    }

    /// A connection speaks for its sender no more.
    pub(super) fn part(&mut self, id: SenderId, owner: (usize, u64)) {
        if let Some(sender) = self.known.get_mut(&id)
            && sender.owner == Some(owner)
        {
            sender.owner = None;
        }
    }
}

fn slot(id: SenderId, accepted: u64) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..16].copy_from_slice(&id.0);
    slot[16..24].copy_from_slice(&accepted.to_be_bytes());
    let check = crc32c::crc32c(&slot[..24]);
    slot[24..28].copy_from_slice(&check.to_be_bytes());
    slot
}

fn read_slot(entry: &[u8]) -> Option<(SenderId, u64)> {
    let (id, rest) = entry.split_first_chunk::<16>()?;
    let (accepted, rest) = rest.split_first_chunk::<8>()?;
    let accepted = u64::from_be_bytes(*accepted);
    let id = SenderId(*id);
    let whole = rest.first_chunk::<4>() == slot(id, accepted)[24..].first_chunk::<4>();
    whole.then_some((id, accepted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SenderId = SenderId([1; 16]);
    const OTHER: SenderId = SenderId([2; 16]);

    #[test]
    fn a_frame_counts_once_whoever_brings_it() {
        let mut senders = Senders::default();
        assert_eq!(senders.greet(ONE, (0, 1)), (0, None));
        assert!(senders.take(ONE, 1) && senders.take(ONE, 2));
        senders.accept(ONE, 1).unwrap();
        // Another connection of the same sender, while 2 is on its way.
        assert_eq!(senders.greet(ONE, (1, 2)), (1, Some((0, 1))));
        assert!(!senders.take(ONE, 2) && senders.take(ONE, 3));
        assert_eq!(senders.duplicates, 1);
        assert_eq!(senders.greet(OTHER, (2, 3)), (0, None));
        assert!(senders.take(OTHER, 1));
        senders.part(ONE, (0, 1));
        assert_eq!(senders.greet(ONE, (4, 4)), (1, Some((1, 2))));
    }

    #[test]
    fn what_was_accepted_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        let mut senders = Senders::load(&path).unwrap();
        for (id, last) in [(ONE, 7), (OTHER, 9)] {
            senders.greet(id, (0, 1));
            (1..=last).for_each(|number| assert!(senders.take(id, number)));
            senders.accept(id, last).unwrap();
        }
        drop(senders);
        // A slot that was written in parts is as if it was not there.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&slot(SenderId([3; 16]), 5)[..30]);
        bytes.extend_from_slice(&[0; 2]);
        std::fs::write(&path, &bytes).unwrap();
        let mut senders = Senders::load(&path).unwrap();
        assert_eq!(senders.greet(ONE, (0, 1)).0, 7);
        assert_eq!(senders.greet(OTHER, (0, 2)).0, 9);
        assert_eq!(senders.greet(SenderId([4; 16]), (0, 3)).0, 0);
        assert!(!senders.take(ONE, 7) && senders.take(ONE, 8));
    }

    #[test]
    fn one_process_has_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        let first = Senders::load(&path).unwrap();
        assert!(Senders::load(&path).is_err());
        drop(first);
        Senders::load(&path).unwrap();
    }
}
