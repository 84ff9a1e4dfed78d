//! How far the records are delivered: a small file that is a hint only.
//!
//! It holds two places that are written in turn, each with a checksum: what
//! tears one leaves the other, which is one step older. Without it everything
//! that is still there is sent again.

use std::fs::File;
use std::io;
use std::path::Path;

use super::SENDER;
use super::format::{seal, take, unseal};
use crate::sys::{self, Private};

/// What each place begins with.
const MAGIC: [u8; 8] = *b"lhcursor";

const LENGTH: usize = 8 + SENDER + 8 + 8 * (2 + CUTS) + 4;

/// How many cut segments are noted. There is one for each time that room was
/// made while some records of a segment were being delivered, as long as they
/// are.
const CUTS: usize = 4;

/// How far apart the places are: no sector of a disk holds both.
const APART: u64 = 4096;

/// What is noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) sender: [u8; SENDER],
    /// Rises with each writing.
    generation: u64,
    pub(super) progress: Progress,
}

/// How far the records are delivered, and what was forgotten to make room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Every record up to this number is delivered, or given up.
    pub(super) acked: u64,
    /// Of those up to this number some were forgotten.
    pub(super) dropped: u64,
    /// The last numbers of segments behind which some were forgotten.
    pub(super) cuts: [u64; CUTS],
}

impl Progress {
    /// Notes that a segment ends with this number, whatever the next one says.
    pub(super) fn cut(&mut self, last: u64) {
        if self.cuts.contains(&last) {
            return;
        }
        // The least of them is delivered, or will be first.
        if let Some(oldest) = self.cuts.iter_mut().min() {
            *oldest = last;
        }
    }

    fn numbers(&self) -> [u64; 2 + CUTS] {
        let [first, second, third, fourth] = self.cuts;
        [self.acked, self.dropped, first, second, third, fourth]
    }
}

impl Mark {
    /// The one to begin with: what was found, if anything.
    pub(super) fn begin(sender: [u8; SENDER], found: Option<Mark>) -> Mark {
        Mark {
            sender,
            ..found.unwrap_or_default()
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.sender);
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        for number in self.progress.numbers() {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        seal(&mut bytes);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Mark> {
        let mut rest = unseal(bytes)?;
        if take::<8>(&mut rest)? != MAGIC {
            return None;
        }
        let sender = take(&mut rest)?;
        let mut number = || take(&mut rest).map(u64::from_be_bytes);
        Some(Mark {
            sender,
            generation: number()?,
            progress: Progress {
                acked: number()?,
                dropped: number()?,
                cuts: [number()?, number()?, number()?, number()?],
            },
        })
    }
}

/// The marks that a file holds.
pub(super) fn read(file: &File) -> [Option<Mark>; 2] {
    [0, APART].map(|at| {
        let mut bytes = [0; LENGTH];
        let whole = sys::read_at(file, &mut bytes, at).is_ok_and(|read| read == LENGTH);
        whole.then(|| Mark::decode(&bytes)).flatten()
    })
}

/// The later of two marks, of this sender if that is known.
pub(super) fn latest(marks: [Option<Mark>; 2], sender: Option<[u8; SENDER]>) -> Option<Mark> {
    marks
        .into_iter()
        .flatten()
        .filter(|mark| sender.is_none_or(|sender| mark.sender == sender))
        .max_by_key(|mark| mark.generation)
}

/// The file's name.
pub(super) const NAME: &str = "cursor";

/// The file, open to be written.
#[derive(Debug)]
pub(super) struct Cursor {
    file: File,
    mark: Mark,
    /// It was written since the last sync.
    unsynced: bool,
}

impl Cursor {
    /// Opens the file; makes it anew where something else stands there.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        match sys::open_private(path, Private::WriteOrMake) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                // A link, if anything: nothing of this program's is lost by it.
                std::fs::remove_file(path)?;
                sys::open_private(path, Private::Make)
            }
            other => other,
        }
    }

    pub(super) fn new(file: File, mark: Mark) -> Cursor {
        Cursor {
            file,
            mark,
            unsynced: false,
        }
    }

    /// Notes how far it is, where that has changed or `again`. Costs one small
    /// write.
    pub(super) fn set(&mut self, progress: Progress, again: bool) -> io::Result<()> {
        if !again && self.mark.progress == progress {
            return Ok(());
        }
        let mark = Mark {
            generation: self.mark.generation.wrapping_add(1),
            progress,
            ..self.mark
        };
        let at = (mark.generation % 2) * APART;
        sys::write_at(&self.file, &mark.encode(), at, &mut 0)?;
        self.mark = mark;
        self.unsynced = true;
        Ok(())
    }

    /// Makes it durable.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.unsynced) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_whole_mark_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cursor");
        let sender = [5; SENDER];
        let mark = Mark {
            sender,
            ..Mark::default()
        };
        let mut cursor = Cursor::new(Cursor::open(&path).expect("opened"), mark);
        for acked in 1..=5 {
            let mut progress = Progress {
                acked,
                dropped: 2,
                ..Progress::default()
            };
            progress.cut(acked);
            cursor.set(progress, false).expect("written");
        }
        let read = || latest(read(&Cursor::open(&path).expect("opened")), Some(sender));
        let whole = read().expect("a mark").progress;
        assert_eq!((whole.acked, whole.dropped), (5, 2));
        assert_eq!(whole.cuts[0], 5);
        let bytes = std::fs::read(&path).expect("the file");
        assert_eq!(bytes.len() as u64, APART + LENGTH as u64);
        let file = Cursor::open(&path).expect("opened");
        let flip = |at: usize, byte: u8| {
            sys::write_at(&file, &[byte], at as u64, &mut 0).expect("written");
        };
        for at in (0..LENGTH).chain(APART as usize - 1..bytes.len()) {
            flip(at, bytes[at] ^ 0x10);
            // The fifth writing went to the second place.
            let want = if at >= APART as usize { 4 } else { 5 };
            assert_eq!(read().map(|mark| mark.progress.acked), Some(want), "{at}");
            flip(at, bytes[at]);
        }
        for length in (0..LENGTH as u64).rev() {
            file.set_len(length).expect("cut");
            assert_eq!(read(), None);
        }
        let other = latest([Mark::decode(&bytes[..LENGTH]), None], Some([6; SENDER]));
        assert_eq!(other, None);
    }
}
