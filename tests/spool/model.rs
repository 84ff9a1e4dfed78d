//! Any order of what can be done to a spool, beside a list that it has to
//! agree with.

use std::collections::BTreeMap;

use lh::batch::Frames;
use lh::now::Now;
use lh::spool::{Reader, Writer};
use proptest::prelude::*;

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<usize>),
    Read(usize),
    Acknowledge(u64),
    Rewind,
    /// Closed in order, and opened again.
    Reopen,
    /// What is on the disk now is what the next one finds.
    Crash,
    DropOldest(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(1usize..700, 1..30).prop_map(Step::Append),
        4 => (1usize..5000).prop_map(Step::Read),
        3 => (1u64..40).prop_map(Step::Acknowledge),
        1 => Just(Step::Rewind),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        1 => (1u64..6000).prop_map(Step::DropOldest),
    ]
}

/// What the spool should hold.
#[derive(Default)]
struct Model {
    /// By number: not acknowledged and not forgotten.
    waiting: BTreeMap<u64, Vec<u8>>,
    /// Those that were read, oldest first.
    taken: Vec<u64>,
    /// How many were made, so that each is another.
    made: u64,
    greatest: u64,
}

impl Model {
    fn unread(&self) -> Vec<u64> {
        let taken = |number: &&u64| !self.taken.contains(number);
        self.waiting.keys().filter(taken).copied().collect()
    }
}

const SIZE: u64 = 32 << 10;

fn append(writer: &mut Writer, model: &mut Model, lengths: &[usize]) {
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for &length in lengths {
        model.made += 1;
        bytes.extend_from_slice(&record(model.made, length));
        ends.push(bytes.len());
    }
    let first = writer.next_number();
    assert!(first > model.greatest);
    let done = match writer.append(&Frames::listed(&bytes, &ends), 0, Now::read()) {
        Ok(()) => bytes.len(),
        Err(error) => {
            assert!(error.full, "{error:?}");
            error.done
        }
    };
    let mut start = 0;
    let mut number = first;
    for end in ends.into_iter().take_while(|end| *end <= done) {
        model.waiting.insert(number, bytes[start..end].to_vec());
        model.greatest = number;
        start = end;
        number += 1;
    }
    assert_eq!(start, done, "it ends at a record end");
    assert_eq!(writer.next_number(), number);
    assert!(writer.status().bytes() <= SIZE.max(2000));
}

fn check(model: &Model, reader: &Reader) {
    assert_eq!(reader.waiting(), model.waiting.len() as u64);
    assert_eq!(reader.unread(), model.unread().len() as u64);
}

fn run(steps: Vec<Step>) {
    let folder = folder();
    let mut spool = folder.path().join("0");
    let (mut writer, mut reader, _) = open(&spool, SIZE);
    let sender = writer.sender();
    let mut model = Model::default();
    for (index, step) in steps.into_iter().enumerate() {
        match step {
            Step::Append(lengths) => append(&mut writer, &mut model, &lengths),
            Step::Read(most) => {
                let unread = model.unread();
                let found = read(&mut reader, most);
                assert_eq!(found.is_empty(), unread.is_empty());
                for ((number, record), want) in found.into_iter().zip(unread) {
                    assert_eq!(number, want);
                    assert_eq!(record, model.waiting[&number]);
                    model.taken.push(number);
                }
            }
            Step::Acknowledge(count) => {
                reader.acknowledge(count).expect("noted");
                let count = model.taken.len().min(count as usize);
                for number in model.taken.drain(..count) {
                    model.waiting.remove(&number);
                }
            }
            Step::Rewind => {
                reader.rewind();
                model.taken.clear();
            }
            Step::Reopen | Step::Crash => {
                if matches!(step, Step::Crash) {
                    let to = folder.path().join(format!("{}", index + 1));
                    copy(&spool, &to);
                    spool = to;
                    drop((writer, reader));
                } else {
                    close(writer, reader);
                }
                let recovery;
                (writer, reader, recovery) = open(&spool, SIZE);
                assert_eq!(recovery.waiting, model.waiting.len() as u64);
                assert_eq!(recovery.notes(), Vec::<String>::new());
                assert_eq!(writer.sender(), sender);
                model.taken.clear();
            }
            Step::DropOldest(bytes) => {
                let before = writer.status().bytes();
                let mut dropped = Vec::new();
                let count = writer.drop_oldest(bytes, &mut |frames| {
                    dropped.extend(frames.iter().map(<[u8]>::to_vec));
                });
                assert_eq!(count, dropped.len() as u64);
                let unread = model.unread();
                for (record, number) in dropped.into_iter().zip(&unread) {
                    assert_eq!(model.waiting.remove(number), Some(record));
                }
                let freed = before - writer.status().bytes();
                let left = unread.len() as u64 - count;
                assert!(
                    freed >= bytes || left == 0,
                    "{freed} of {bytes}, {left} left"
                );
            }
        }
        check(&model, &reader);
    }
    reader.rewind();
    let found = drain(&mut reader);
    let want: Vec<Numbered> = model.waiting.clone().into_iter().collect();
    assert_eq!(found, want);
    reader.acknowledge(found.len() as u64).expect("noted");
    assert_eq!(reader.waiting(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn it_agrees_with_a_list(steps in prop::collection::vec(step(), 1..60)) {
        run(steps);
    }
}
