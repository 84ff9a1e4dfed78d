//! Who sends numbered frames, and how far they are.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::sys::{self, Private};
use crate::wire::lh::SenderId;

/// So many senders are remembered; of more, those that were heard last.
const MOST: usize = 1 << 16;

/// What a sender is remembered by on the disk: its name, its number, their
/// checksum, and a stamp that tells who was heard last. The checksum does not
/// cover the stamp: files from before there was one have zeros there, and a
/// wrong one costs no more than that order.
const SLOT: usize = 32;

#[derive(Debug, Default)]
struct Sender {
    /// The last frame that went into the chain.
    taken: u64,
    /// The last one that the chain has accepted.
    accepted: u64,
    /// The connection that speaks for it: its place and generation.
    owner: Option<(usize, u64)>,
    /// When it was heard, by a clock that only counts.
    heard: u32,
    /// Its slot, from the first frame on that the chain has accepted: whoever
    /// only says hello is not remembered, and pushes nobody out.
    slot: Option<usize>,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Senders {
    known: HashMap<SenderId, Sender>,
    clock: u32,
    /// How many slots there are at most, whether on the disk or not.
    most: usize,
    /// How many have been handed out or stand in the file.
    slots: usize,
    /// Those of them that are nobody's.
    free: Vec<usize>,
    /// Where that outlives the process.
    state: Option<File>,
    pub(super) duplicates: u64,
}

impl Default for Senders {
    fn default() -> Self {
        Senders::new(MOST)
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        if let Some(file) = &self.state {
            // Closing alone would not do while a program is being started, who has a
            // copy of the descriptor for a moment.
            let _ = sys::unlock(file);
        }
    }
}

impl Senders {
    fn new(most: usize) -> Senders {
        Senders {
            known: HashMap::new(),
            clock: 0,
            most,
            slots: 0,
            free: Vec::new(),
            state: None,
            duplicates: 0,
        }
    }

    /// Those that a file remembers, which is made if it is not there.
    ///
    /// # Errors
    /// Those of opening, locking and reading it.
    pub(super) fn load(path: &Path) -> io::Result<Senders> {
        Senders::load_most(path, MOST)
    }

    fn load_most(path: &Path, most: usize) -> io::Result<Senders> {
        let mut file = sys::open_private(path, Private::WriteOrMake)?;
        if !sys::try_lock(&file)? {
            let text = "another process has it";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        let mut bytes = Vec::new();
        (&mut file)
            .take((most * SLOT) as u64)
            .read_to_end(&mut bytes)?;
        let mut senders = Senders::new(most);
        senders.slots = bytes.len() / SLOT;
        for (slot, entry) in bytes.chunks_exact(SLOT).enumerate() {
            match read_slot(entry) {
                Some((id, accepted, heard)) => senders.recall(id, accepted, heard, slot),
                None => senders.free.push(slot),
            }
        }
        if senders.known.is_empty() {
            if is_text(&bytes) {
                let text = "it is a text, and no state of lh listen; name another file";
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            // It may be another file, named by mistake.
            let is_empty = |slot: &usize| bytes[slot * SLOT..][..SLOT] == [0; SLOT];
            senders.free.retain(is_empty);
            senders.slots = bytes.len().div_ceil(SLOT);
        }
        senders.state = Some(file);
        Ok(senders)
    }

    /// What a slot says of a sender. One that was forgotten and came again may
    /// stand in two.
    fn recall(&mut self, id: SenderId, accepted: u64, heard: u32, slot: usize) {
        self.clock = self.clock.max(heard);
        let sender = self.known.entry(id).or_default();
        sender.heard = sender.heard.max(heard);
        let superseded = if sender.slot.is_some() && accepted <= sender.accepted {
            Some(slot)
        } else {
            sender.taken = accepted;
            sender.accepted = accepted;
            sender.slot.replace(slot)
        };
        self.free.extend(superseded);
    }

    /// A connection speaks for a sender from now on: what was accepted of it,
    /// and the connection that spoke for it before.
    pub(super) fn greet(
        &mut self,
        id: SenderId,
        owner: (usize, u64),
    ) -> (u64, Option<(usize, u64)>) {
        if !self.known.contains_key(&id) && self.known.len() >= 2 * self.most {
            // At least half of them have no slot.
            self.forget_oldest(false);
        }
        let heard = self.tick();
        let sender = self.known.entry(id).or_default();
        sender.heard = heard;
        let before = sender.owner.replace(owner);
        if let (Some(file), Some(slot)) = (&self.state, sender.slot) {
            // Only the stamp is new. If that can't be written, neither can what
            // is accepted next, which is told then.
            let _ = write_slot(file, slot, id, sender);
        }
        (sender.accepted, before.filter(|before| *before != owner))
    }

    /// A slot for one that has none, of another sender if need be.
    fn find_slot(&mut self) -> Option<usize> {
        if let Some(slot) = self.free.pop() {
            return Some(slot);
        }
        if self.slots < self.most {
            self.slots += 1;
            return Some(self.slots - 1);
        }
        self.forget_oldest(true)
    }

    /// Forgets who was not heard for longest and has no connection, of those that
    /// have a slot or of those that have none, and gives its slot.
    fn forget_oldest(&mut self, has_slot: bool) -> Option<usize> {
        let idle = self
            .known
            .iter()
            .filter(|(_, sender)| sender.owner.is_none() && sender.slot.is_some() == has_slot);
        // In files without stamps, the lower slots are the older ones mostly.
        let (id, _) = idle.min_by_key(|(_, sender)| (sender.heard, sender.slot))?;
        let id = *id;
        self.known.remove(&id)?.slot
    }

    /// The time by the clock that only counts.
    fn tick(&mut self) -> u32 {
        if self.clock == u32::MAX {
            self.restart_clock();
        }
        self.clock += 1;
        self.clock
    }

    /// Stamps all of them anew from 1 on, in their order. A process that is
    /// killed meanwhile leaves them in some other order, and all there.
    fn restart_clock(&mut self) {
        let mut all: Vec<_> = self.known.iter_mut().collect();
        all.sort_unstable_by_key(|(_, sender)| (sender.heard, sender.slot));
        self.clock = 0;
        for (id, sender) in all {
            self.clock += 1;
            sender.heard = self.clock;
            if let (Some(file), Some(slot)) = (&self.state, sender.slot) {
                let _ = write_slot(file, slot, *id, sender);
            }
        }
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

    /// The chain has accepted all frames up to a number, which are to be
    /// acknowledged.
    ///
    /// # Errors
    /// When that can't be written down; it holds as long as the process all the
    /// same.
    pub(super) fn accept(&mut self, id: SenderId, number: u64) -> io::Result<()> {
        let slot = match self.known.get(&id) {
            Some(sender) if number > sender.accepted => sender.slot,
            _ => return Ok(()),
        };
        let slot = slot.or_else(|| self.find_slot());
        let heard = self.tick();
        let sender = self.known.entry(id).or_default();
        sender.accepted = number;
        sender.heard = heard;
        sender.slot = slot;
        match (&self.state, slot) {
            (Some(file), Some(slot)) => write_slot(file, slot, id, sender),
            (Some(_), None) => Err(io::Error::other(
                "more senders are here than it has room for",
            )),
            (None, _) => Ok(()),
        }
    }

    /// A connection speaks for its sender no more.
    pub(super) fn part(&mut self, id: SenderId, owner: (usize, u64)) {
        if let Some(sender) = self.known.get_mut(&id)
            && sender.owner == Some(owner)
        {
            sender.owner = None;
            if sender.taken == 0 {
                self.known.remove(&id);
            }
        }
    }
}

/// Whether somebody's log was named by mistake. What a crash leaves of slots is text by
/// a chance of one in millions.
fn is_text(bytes: &[u8]) -> bool {
    let front = &bytes[..bytes.len().min(1024)];
    let text = match std::str::from_utf8(front) {
        Err(error) if error.error_len().is_some() => return false,
        Err(error) => &front[..error.valid_up_to()],
        Ok(_) => front,
    };
    let is_plain = |byte: &u8| *byte >= b' ' || matches!(byte, b'\t'..=b'\r' | b'\x1b');
    !text.is_empty() && text.iter().all(is_plain)
}

fn write_slot(file: &File, slot: usize, id: SenderId, sender: &Sender) -> io::Result<()> {
    let entry = entry(id, sender.accepted, sender.heard);
    sys::write_at(file, &entry, (slot * SLOT) as u64, &mut 0)
}

fn entry(id: SenderId, accepted: u64, heard: u32) -> [u8; SLOT] {
    let mut entry = [0; SLOT];
    entry[..16].copy_from_slice(&id.0);
    entry[16..24].copy_from_slice(&accepted.to_be_bytes());
    let check = crc32c::crc32c(&entry[..24]);
    entry[24..28].copy_from_slice(&check.to_be_bytes());
    entry[28..].copy_from_slice(&heard.to_be_bytes());
    entry
}

fn read_slot(bytes: &[u8]) -> Option<(SenderId, u64, u32)> {
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let (accepted, rest) = rest.split_first_chunk::<8>()?;
    let heard = u32::from_be_bytes(*rest.last_chunk::<4>()?);
    let (id, accepted) = (SenderId(*id), u64::from_be_bytes(*accepted));
    (bytes == entry(id, accepted, heard)).then_some((id, accepted, heard))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        bytes.extend_from_slice(&entry(sender(3), 5, 1)[..20]);
        bytes.extend_from_slice(&[0; 12]);
        std::fs::write(&path, &bytes).unwrap();
        let mut senders = Senders::load(&path).unwrap();
        assert_eq!(senders.greet(ONE, (0, 1)).0, 7);
        assert_eq!(senders.greet(OTHER, (0, 2)).0, 9);
        assert_eq!(senders.greet(sender(3), (0, 3)).0, 0);
        assert!(!senders.take(ONE, 7) && senders.take(ONE, 8));
    }

    fn sender(number: u8) -> SenderId {
        SenderId([number; 16])
    }

    /// A connection for all frames up to a number: what was known before.
    fn send(senders: &mut Senders, number: u8, up_to: u64) -> u64 {
        let (id, owner) = (sender(number), (0, 1));
        let (known, _) = senders.greet(id, owner);
        for frame in known + 1..=up_to {
            assert!(senders.take(id, frame));
        }
        senders.accept(id, up_to).unwrap();
        senders.part(id, owner);
        known
    }

    /// What is known of a sender, which is not heard by that.
    fn known(senders: &Senders, number: u8) -> u64 {
        let known = senders.known.get(&sender(number));
        known.map_or(0, |sender| sender.accepted)
    }

    #[test]
    fn a_hole_in_a_full_file_is_filled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        for hole in 0..4 {
            let mut bytes: Vec<u8> = (0..4).flat_map(|n| entry(sender(n), 5, 0)).collect();
            bytes[hole * SLOT + 20] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            let mut senders = Senders::load_most(&path, 4).unwrap();
            assert_eq!(send(&mut senders, 9, 3), 0);
            drop(senders);
            let senders = Senders::load_most(&path, 4).unwrap();
            assert_eq!(known(&senders, 9), 3, "{hole}");
            for other in (0..4).filter(|other| usize::from(*other) != hole) {
                assert_eq!(known(&senders, other), 5, "{hole}");
            }
            assert_eq!(std::fs::read(&path).unwrap().len(), 4 * SLOT);
        }
    }

    #[test]
    fn who_was_heard_last_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        let mut senders = Senders::load_most(&path, 3).unwrap();
        for number in [1, 2, 3, 1] {
            let known = known(&senders, number);
            send(&mut senders, number, known + 1);
        }
        // It is heard, and has nothing new.
        senders.greet(sender(2), (0, 1));
        drop(senders);
        let mut senders = Senders::load_most(&path, 3).unwrap();
        send(&mut senders, 4, 1);
        let numbers = |senders: &Senders| [1, 2, 3, 4].map(|number| known(senders, number));
        assert_eq!(numbers(&senders), [2, 1, 0, 1]);
        drop(senders);
        let senders = Senders::load_most(&path, 3).unwrap();
        assert_eq!(numbers(&senders), [2, 1, 0, 1]);
    }

    #[test]
    fn files_without_stamps_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        let mut old = [0; SLOT];
        old[..16].copy_from_slice(&[1; 16]);
        old[23] = 7;
        old[24..28].copy_from_slice(&0x7878_5f04_u32.to_be_bytes());
        std::fs::write(&path, old).unwrap();
        let senders = Senders::load(&path).unwrap();
        assert_eq!(known(&senders, 1), 7);
    }

    #[test]
    fn whoever_only_says_hello_pushes_nobody_out() {
        let mut senders = Senders::new(2);
        send(&mut senders, 1, 5);
        send(&mut senders, 2, 5);
        for number in 10..100 {
            senders.greet(sender(number), (0, 1));
            senders.part(sender(number), (0, 1));
        }
        assert_eq!(senders.known.len(), 2);
        // Nor does one whose frames the chain does not accept.
        for number in 10..100 {
            senders.greet(sender(number), (0, 1));
            assert!(senders.take(sender(number), 1));
            senders.part(sender(number), (0, 1));
        }
        assert!(senders.known.len() <= 4, "{}", senders.known.len());
        assert_eq!([1, 2].map(|number| known(&senders, number)), [5, 5]);
    }

    #[test]
    fn those_that_are_connected_are_never_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        let mut senders = Senders::load_most(&path, 2).unwrap();
        for number in 1..=3 {
            senders.greet(sender(number), (number.into(), 1));
            assert!(senders.take(sender(number), 1));
            let noted = senders.accept(sender(number), 1);
            assert_eq!(noted.is_ok(), number <= 2, "{number}");
        }
        assert!((1..=3).all(|number| known(&senders, number) == 1));
        // There is room as soon as one of them is gone.
        senders.part(sender(1), (1, 1));
        assert!(senders.take(sender(3), 2));
        senders.accept(sender(3), 2).unwrap();
        drop(senders);
        let senders = Senders::load_most(&path, 2).unwrap();
        assert_eq!([1, 2, 3].map(|n| known(&senders, n)), [0, 1, 2]);
    }

    #[test]
    fn the_order_outlives_the_end_of_the_clock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        let stamps = [u32::MAX - 1, 5, u32::MAX];
        let bytes = (1..)
            .zip(stamps)
            .flat_map(|(n, at)| entry(sender(n), 5, at));
        std::fs::write(&path, bytes.collect::<Vec<_>>()).unwrap();
        let mut senders = Senders::load_most(&path, 3).unwrap();
        send(&mut senders, 4, 1);
        drop(senders);
        let mut senders = Senders::load_most(&path, 3).unwrap();
        assert_eq!([1, 2, 3, 4].map(|n| known(&senders, n)), [5, 0, 5, 1]);
        send(&mut senders, 5, 1);
        assert_eq!([1, 3, 4, 5].map(|n| known(&senders, n)), [0, 5, 1, 1]);
    }

    #[test]
    fn a_file_of_something_else_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        for text in [
            "a log, named by mistake\n".repeat(8),
            "é".repeat(600),
            "x".into(),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = Senders::load(&path).unwrap_err();
            assert_eq!(
                error.to_string(),
                "it is a text, and no state of lh listen; name another file"
            );
            assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
        }
        let text = "\0another file\n".repeat(8);
        std::fs::write(&path, &text).unwrap();
        let mut senders = Senders::load(&path).unwrap();
        send(&mut senders, 1, 5);
        drop(senders);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(text.as_bytes()));
        assert_eq!(known(&Senders::load(&path).unwrap(), 1), 5);
    }

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Sends(u8),
        SaysHello(u8),
        Restart,
        Damage(usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            6 => (0..8u8).prop_map(Event::Sends),
            1 => (0..12u8).prop_map(Event::SaysHello),
            2 => Just(Event::Restart),
            1 => (0..4usize).prop_map(Event::Damage),
        ]
    }

    proptest! {
        /// Whatever happens, those that were heard last are remembered, and of
        /// nobody more than was accepted.
        #[test]
        fn those_that_were_heard_last_are_remembered(
            events in proptest::collection::vec(event(), 1..80),
        ) {
            const PLACES: usize = 4;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("senders");
            let load = || Senders::load_most(&path, PLACES).unwrap();
            let mut senders = load();
            let mut sent = [0u64; 12];
            // Whom it must know, the one that was heard last at the end.
            let mut last: Vec<u8> = Vec::new();
            for event in events {
                match event {
                    Event::Sends(number) => {
                        let count = &mut sent[usize::from(number)];
                        *count += 1;
                        send(&mut senders, number, *count);
                        last.retain(|known| *known != number);
                        last.push(number);
                        let beyond = last.len().saturating_sub(PLACES);
                        last.drain(..beyond);
                    }
                    Event::SaysHello(number) => {
                        // What stands in a second slot may be known, and need not.
                        if !last.contains(&number) && known(&senders, number) > 0 {
                            continue;
                        }
                        senders.greet(sender(number), (0, 1));
                        senders.part(sender(number), (0, 1));
                        if let Some(at) = last.iter().position(|known| *known == number) {
                            last[at..].rotate_left(1);
                        }
                    }
                    Event::Restart => {
                        drop(senders);
                        senders = load();
                    }
                    Event::Damage(slot) => {
                        drop(senders);
                        let mut bytes = std::fs::read(&path).unwrap();
                        if let Some(entry) = bytes.chunks_exact_mut(SLOT).nth(slot) {
                            if let Some((id, ..)) = read_slot(entry) {
                                last.retain(|known| sender(*known) != id);
                            }
                            entry.fill(0);
                            std::fs::write(&path, &bytes).unwrap();
                        }
                        senders = load();
                    }
                }
                for number in 0..12 {
                    let (known, sent) = (known(&senders, number), sent[usize::from(number)]);
                    match last.contains(&number) {
                        true => prop_assert_eq!(known, sent, "{}", number),
                        false => prop_assert!(known <= sent),
                    }
                }
                prop_assert!(std::fs::metadata(&path).unwrap().len() <= (PLACES * SLOT) as u64);
            }
        }
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
