//! The receiving end of chunks: messages put together again.

use std::collections::{BTreeMap, HashMap};
use std::mem::size_of;
use std::time::{Duration, Instant};

use super::chunk::{HEAD, MAGIC, MOST};

/// How much is kept of messages that are not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many messages there are.
    pub messages: usize,
    /// The bytes of all of them, with what it takes to keep them.
    pub bytes: usize,
    /// The bytes of one message.
    pub message: usize,
    /// How long its first chunk waits for the others.
    pub age: Duration,
}

impl Default for Limits {
    /// 1,024 messages, 16 MiB, 8 MiB a message (what 128 of the longest
    /// datagrams hold) and the 5 seconds of the specification.
    fn default() -> Limits {
        Limits {
            messages: 1024,
            bytes: 16 << 20,
            message: 8 << 20,
            age: Duration::from_secs(5),
        }
    }
}

/// What has become of all chunks, counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Messages that were put together.
    pub complete: u64,
    /// Chunks that were there already.
    pub duplicate: u64,
    /// Chunks that say something else than those before them: another count, or
    /// another part of the same number. What came first counts.
    pub contradicting: u64,
    /// Datagrams that are no chunks: too short, without a count, of a number
    /// not below it, or of more than 128.
    pub malformed: u64,
    /// Messages given up because a chunk did not come in time.
    pub expired: u64,
    /// Messages given up because there was no room for them: the oldest when
    /// there are too many, or one that is too long.
    pub displaced: u64,
}

/// What a chunk did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was the last one: the message is complete.
    Complete,
    /// Others are still to come.
    Waiting,
    /// It was dropped, and counted.
    Dropped,
    /// It is no chunk, and was counted as such.
    Malformed,
}

/// Who sends a message, and which of his it is.
type Key = (u64, [u8; 8]);

/// A message of which not every chunk has come.
#[derive(Debug)]
struct Partial {
    key: Key,
    first: Instant,
    count: u8,
    /// A bit for each chunk that has come.
    came: u128,
    /// Number, start and end of each, in the order in which they came.
    parts: Vec<(u8, usize, usize)>,
    /// Their bytes, in that order.
    bytes: Vec<u8>,
}

/// What a message takes beside its bytes, about, and what a chunk does: an
/// empty one is not for free.
const MESSAGE_COST: usize = size_of::<Partial>() + 2 * size_of::<Key>() + 64;
const CHUNK_COST: usize = size_of::<(u8, usize, usize)>();

impl Partial {
    fn cost(&self) -> usize {
        MESSAGE_COST + self.parts.len() * CHUNK_COST + self.bytes.len()
    }

    fn part(&self, number: u8) -> &[u8] {
        let mut parts = self.parts.iter();
        let found = parts.find(|(other, ..)| *other == number);
        found.map_or(&[], |&(_, start, end)| &self.bytes[start..end])
    }

    /// In their order.
    fn join(&mut self, payload: &mut Vec<u8>) {
        self.parts.sort_unstable();
        payload.reserve(self.bytes.len());
        for &(_, start, end) in &self.parts {
            payload.extend_from_slice(&self.bytes[start..end]);
        }
    }
}

/// Collects chunks until their messages are complete.
///
/// Memory stays within its [`Limits`], whatever is sent: where there is no
/// room, the oldest message is given up. Of one sender, messages are told from
/// each other by their ids alone, so a copy of a chunk that comes after its
/// message was completed begins another, which expires.
#[derive(Debug)]
pub struct Assembly {
    limits: Limits,
    numbers: HashMap<Key, u64>,
    /// By the order in which they began.
    partials: BTreeMap<u64, Partial>,
    next: u64,
    cost: usize,
    figures: Figures,
}

impl Assembly {
    /// An empty one.
    pub fn new(limits: Limits) -> Assembly {
        Assembly {
            limits,
            numbers: HashMap::new(),
            partials: BTreeMap::new(),
            next: 0,
            cost: 0,
            figures: Figures::default(),
        }
    }

    /// Takes a datagram that is a chunk. `sender` stands for the address that
    /// it came from: what others send with the same id is another message. If
    /// that makes the message complete, it is appended to `payload`.
    pub fn add(
        &mut self,
        sender: u64,
        datagram: &[u8],
        now: Instant,
        payload: &mut Vec<u8>,
    ) -> Taken {
        self.expire(now);
        let Some((id, number, count, part)) = parse(datagram) else {
            self.figures.malformed += 1;
            return Taken::Malformed;
        };
        let key = (sender, id);
        let place = *self.numbers.entry(key).or_insert(self.next);
        if place == self.next {
            self.next += 1;
            self.cost += MESSAGE_COST;
        }
        let partial = self.partials.entry(place).or_insert_with(|| Partial {
            key,
            first: now,
            count,
            came: 0,
            parts: Vec::new(),
            bytes: Vec::new(),
        });
        let bit = 1u128 << number;
        if partial.count != count || (partial.came & bit != 0 && partial.part(number) != part) {
            self.figures.contradicting += 1;
            return Taken::Dropped;
        }
        if partial.came & bit != 0 {
            self.figures.duplicate += 1;
            return Taken::Dropped;
        }
        if part.len() > self.limits.message.saturating_sub(partial.bytes.len()) {
            self.displace(place);
            return Taken::Dropped;
        }
        partial.came |= bit;
        let start = partial.bytes.len();
        partial.bytes.extend_from_slice(part);
        partial.parts.push((number, start, start + part.len()));
        self.cost += CHUNK_COST + part.len();
        if partial.parts.len() == usize::from(count) {
            partial.join(payload);
            self.remove(place);
            self.figures.complete += 1;
            return Taken::Complete;
        }
        while self.partials.len() > self.limits.messages || self.cost > self.limits.bytes {
            let Some((&oldest, _)) = self.partials.first_key_value() else {
                break;
            };
            self.displace(oldest);
        }
        match self.partials.contains_key(&place) {
            true => Taken::Waiting,
            false => Taken::Dropped,
        }
    }

    /// Gives up the messages whose time is over. Each chunk that is added does
    /// so, too.
    pub fn expire(&mut self, now: Instant) {
        while self.deadline().is_some_and(|deadline| now >= deadline) {
            let Some((&oldest, _)) = self.partials.first_key_value() else {
                break;
            };
            self.remove(oldest);
            self.figures.expired += 1;
        }
    }

    /// Gives up all that is not complete, as nothing more will come.
    pub fn finish(&mut self) {
        self.figures.expired += self.partials.len() as u64;
        self.partials.clear();
        self.numbers.clear();
        self.cost = 0;
    }

    /// When the time of the oldest message is over; `None` if there is none.
    pub fn deadline(&self) -> Option<Instant> {
        let (_, oldest) = self.partials.first_key_value()?;
        Some(oldest.first + self.limits.age)
    }

    /// What has become of the chunks until now.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// How many messages are not complete.
    pub fn waiting(&self) -> usize {
        self.partials.len()
    }

    fn displace(&mut self, place: u64) {
        self.remove(place);
        self.figures.displaced += 1;
    }

    fn remove(&mut self, place: u64) {
        if let Some(partial) = self.partials.remove(&place) {
            self.numbers.remove(&partial.key);
            self.cost -= partial.cost();
        }
    }
}

/// The id, the number, the count and the part of a chunk.
fn parse(datagram: &[u8]) -> Option<([u8; 8], u8, u8, &[u8])> {
    let (head, part) = datagram.split_first_chunk::<HEAD>()?;
    let [magic @ .., number, count] = head;
    let id = magic.strip_prefix(&MAGIC)?.try_into().ok()?;
    (number < count && usize::from(*count) <= MOST).then_some((id, *number, *count, part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::chunk::chunks;
    use super::*;

    fn chunk(id: u8, number: u8, count: u8, part: &[u8]) -> Vec<u8> {
        let mut datagram = vec![0x1e, 0x0f, id, 0, 0, 0, 0, 0, 0, 0, number, count];
        datagram.extend_from_slice(part);
        datagram
    }

    struct Receiver {
        assembly: Assembly,
        start: Instant,
    }

    impl Receiver {
        fn new(limits: Limits) -> Receiver {
            Receiver {
                assembly: Assembly::new(limits),
                start: Instant::now(),
            }
        }

        /// The message that this completes, if it does.
        fn add(&mut self, sender: u64, millis: u64, datagram: &[u8]) -> Option<Vec<u8>> {
            let mut payload = Vec::new();
            let now = self.start + Duration::from_millis(millis);
            let taken = self.assembly.add(sender, datagram, now, &mut payload);
            let room = self.assembly.limits.bytes;
            assert!(self.assembly.cost <= room, "{}", self.assembly.cost);
            let costs = self.assembly.partials.values().map(Partial::cost);
            assert_eq!(costs.sum::<usize>(), self.assembly.cost);
            assert_eq!(self.assembly.numbers.len(), self.assembly.partials.len());
            (taken == Taken::Complete).then_some(payload)
        }
    }

    #[test]
    fn senders_and_ids_are_told_apart() {
        let mut receiver = Receiver::new(Limits::default());
        assert_eq!(receiver.add(1, 0, &chunk(7, 1, 2, b"b")), None);
        assert_eq!(receiver.add(2, 0, &chunk(7, 0, 2, b"x")), None);
        assert_eq!(receiver.add(1, 0, &chunk(8, 0, 2, b"y")), None);
        assert_eq!(receiver.assembly.waiting(), 3);
        let whole = receiver.add(1, 0, &chunk(7, 0, 2, b"a"));
        assert_eq!(whole.unwrap(), b"ab");
        assert_eq!(receiver.add(3, 0, &chunk(9, 0, 1, b"one")).unwrap(), b"one");
        assert_eq!(receiver.assembly.waiting(), 2);
        assert_eq!(receiver.assembly.figures().complete, 2);
    }

    #[test]
    fn what_comes_first_counts() {
        let mut receiver = Receiver::new(Limits::default());
        assert_eq!(receiver.add(1, 0, &chunk(7, 0, 2, b"a")), None);
        for (datagram, duplicate, contradicting) in [
            (chunk(7, 0, 2, b"a"), 1, 0),
            (chunk(7, 0, 2, b"x"), 1, 1),
            (chunk(7, 1, 3, b"x"), 1, 2),
            (chunk(7, 1, 128, b"x"), 1, 3),
        ] {
            assert_eq!(receiver.add(1, 0, &datagram), None);
            let figures = receiver.assembly.figures();
            assert_eq!(
                (figures.duplicate, figures.contradicting),
                (duplicate, contradicting)
            );
        }
        let whole = receiver.add(1, 0, &chunk(7, 1, 2, b"b"));
        assert_eq!(whole.unwrap(), b"ab");
    }

    #[test]
    fn what_is_no_chunk_is_counted() {
        let mut receiver = Receiver::new(Limits::default());
        let short = &chunk(7, 0, 1, b"")[..11];
        let magic = b"\x1e\x10000000000\x00\x01x";
        let bad = [
            chunk(7, 0, 0, b"x"),
            chunk(7, 1, 1, b"x"),
            chunk(7, 0, 129, b"x"),
        ];
        for datagram in [&[], short, magic, &bad[0], &bad[1], &bad[2]] {
            let (mut payload, now) = (Vec::new(), receiver.start);
            let taken = receiver.assembly.add(1, datagram, now, &mut payload);
            assert_eq!(taken, Taken::Malformed);
        }
        assert_eq!(receiver.assembly.figures().malformed, 6);
        assert_eq!(receiver.assembly.waiting(), 0);
    }

    #[test]
    fn five_seconds_after_the_first_it_is_over() {
        let mut receiver = Receiver::new(Limits::default());
        assert_eq!(receiver.assembly.deadline(), None);
        receiver.add(1, 0, &chunk(7, 0, 3, b"a"));
        receiver.add(1, 4000, &chunk(7, 1, 3, b"b"));
        receiver.add(1, 4000, &chunk(8, 0, 2, b"a"));
        let deadline = receiver.start + Duration::from_secs(5);
        assert_eq!(receiver.assembly.deadline(), Some(deadline));
        assert_eq!(receiver.add(1, 5000, &chunk(7, 2, 3, b"c")), None);
        assert_eq!(receiver.assembly.figures().expired, 1);
        let whole = receiver.add(1, 8999, &chunk(8, 1, 2, b"b"));
        assert_eq!(whole.unwrap(), b"ab");
        receiver
            .assembly
            .expire(receiver.start + Duration::from_secs(10));
        assert_eq!(receiver.assembly.figures().expired, 2);
        assert_eq!(receiver.assembly.waiting(), 0);
        assert_eq!(receiver.assembly.cost, 0);
        receiver.add(1, 11_000, &chunk(9, 0, 2, b"a"));
        receiver.assembly.finish();
        assert_eq!(receiver.assembly.figures().expired, 3);
        assert_eq!(receiver.assembly.cost, 0);
        assert_eq!(receiver.assembly.deadline(), None);
        // What comes behind the end begins anew.
        assert_eq!(receiver.add(1, 11_000, &chunk(9, 1, 2, b"b")), None);
        assert_eq!(receiver.assembly.waiting(), 1);
    }

    #[test]
    fn the_oldest_makes_room() {
        let limits = Limits {
            messages: 2,
            bytes: 10_000,
            message: 4000,
            ..Limits::default()
        };
        let mut receiver = Receiver::new(limits);
        for id in 0..3 {
            receiver.add(1, 0, &chunk(id, 0, 2, b"a"));
        }
        assert_eq!(receiver.assembly.waiting(), 2);
        assert_eq!(receiver.assembly.figures().displaced, 1);
        assert_eq!(receiver.add(1, 0, &chunk(2, 1, 2, b"b")).unwrap(), b"ab");
        // Too long alone; and too long together.
        receiver.add(1, 0, &chunk(3, 0, 2, &[0; 4001]));
        assert_eq!(receiver.assembly.figures().displaced, 2);
        receiver.add(1, 0, &chunk(4, 0, 3, &[0; 2001]));
        receiver.add(1, 0, &chunk(4, 1, 3, &[0; 2000]));
        assert_eq!(receiver.assembly.figures().displaced, 3);
        assert_eq!(receiver.assembly.waiting(), 1);
        // What is kept has a price of its own.
        for number in 0..127 {
            receiver.add(1, 0, &chunk(6, number, 128, b""));
        }
        assert!(receiver.assembly.cost > 127 * CHUNK_COST);
    }

    #[test]
    fn a_flood_stays_within_the_limits() {
        let limits = Limits {
            bytes: 100_000,
            ..Limits::default()
        };
        let mut receiver = Receiver::new(limits);
        for id in 0..20_000u64 {
            let mut datagram = chunk(0, 3, 128, &[1; 700]);
            datagram[2..10].copy_from_slice(&id.to_be_bytes());
            receiver.add(id % 7, id / 100, &datagram);
        }
        assert!(receiver.assembly.waiting() < 143);
        let figures = receiver.assembly.figures();
        let waiting = receiver.assembly.waiting() as u64;
        assert_eq!(figures.displaced + figures.expired + waiting, 20_000);
    }

    proptest! {
        #[test]
        fn chunks_in_any_order_make_the_message(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..600), 1..5),
            limit in 17usize..200,
            order in any::<prop::sample::Index>(),
            seed in prop::collection::vec(any::<prop::sample::Index>(), 500),
        ) {
            let mut all = Vec::new();
            for (which, payload) in payloads.iter().enumerate() {
                // The same id for all of them, from a sender each.
                for chunk in chunks(payload, limit, [9; 8]).unwrap() {
                    let mut datagram = Vec::new();
                    chunk.fill(&mut datagram);
                    if chunk.head().is_empty() {
                        prop_assert_eq!(&datagram, payload);
                    } else {
                        all.push((which as u64, datagram));
                    }
                }
            }
            let split: Vec<u64> = all.iter().map(|(which, _)| *which).collect();
            for (at, index) in seed.iter().enumerate().take(all.len()) {
                let other = index.index(all.len());
                all.swap(at, other);
            }
            let mut receiver = Receiver::new(Limits::default());
            let mut got = BTreeMap::new();
            let mut duplicates = 0;
            for (which, datagram) in &all {
                let whole = receiver.add(*which, 0, datagram);
                let mut again = Vec::new();
                if let Some(payload) = whole {
                    prop_assert!(got.insert(*which, payload).is_none());
                } else if order.index(2) == 0 {
                    let now = receiver.start;
                    let taken = receiver.assembly.add(*which, datagram, now, &mut again);
                    prop_assert_eq!(taken, Taken::Dropped);
                    duplicates += 1;
                }
            }
            prop_assert_eq!(receiver.assembly.figures().duplicate, duplicates);
            for which in split {
                prop_assert_eq!(got.get(&which), payloads.get(which as usize));
            }
            prop_assert_eq!(receiver.assembly.waiting(), 0);
            prop_assert_eq!(receiver.assembly.cost, 0);
        }

        #[test]
        fn nothing_panics(
            datagrams in prop::collection::vec(
                (0u64..2, prop::collection::vec(any::<u8>(), 0..20), 0u8..3, 0u8..6, 0u8..6), 0..60),
        ) {
            let limits = Limits { messages: 3, bytes: 2000, message: 30, ..Limits::default() };
            let mut receiver = Receiver::new(limits);
            for (at, (sender, bytes, id, number, count)) in datagrams.iter().enumerate() {
                receiver.add(*sender, at as u64 * 300, bytes);
                receiver.add(*sender, at as u64 * 300, &chunk(*id, *number, *count, bytes));
                prop_assert!(receiver.assembly.waiting() <= 3);
            }
        }
    }
}
