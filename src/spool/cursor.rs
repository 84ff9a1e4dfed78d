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

const LENGTH: usize = 8 + SENDER + 8 + 8 + 8 + 4;

/// How far apart the places are: no sector of a disk holds both.
const APART: u64 = 4096;

/// What is noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) sender: [u8; SENDER],
    /// Rises with each writing.
    generation: u64,
    /// Every record up to this number is delivered, or given up.
    pub(super) acked: u64,
    /// Of those up to this number some were forgotten to make room.
    pub(super) dropped: u64,
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
        for number in [self.generation, self.acked, self.dropped] {
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
        Some(Mark {
            sender: take(&mut rest)?,
            generation: u64::from_be_bytes(take(&mut rest)?),
            acked: u64::from_be_bytes(take(&mut rest)?),
            dropped: u64::from_be_bytes(take(&mut rest)?),
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
    pub(super) fn set(&mut self, acked: u64, dropped: u64, again: bool) -> io::Result<()> {
        if !again && (self.mark.acked, self.mark.dropped) == (acked, dropped) {
            return Ok(());
        }
        let mark = Mark {
            generation: self.mark.generation.wrapping_add(1),
            acked,
            dropped,
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
            cursor.set(acked, 2, false).expect("written");
        }
        let read = || latest(read(&Cursor::open(&path).expect("opened")), Some(sender));
        assert_eq!(read().map(|mark| (mark.acked, mark.dropped)), Some((5, 2)));
        let bytes = std::fs::read(&path).expect("the file");
        assert_eq!(bytes.len() as u64, APART + LENGTH as u64);
        for at in 0..bytes.len() {
            let mut torn = bytes.clone();
            torn[at] ^= 0x10;
            std::fs::write(&path, &torn).expect("written");
            let used = at as u64 % APART < LENGTH as u64;
            let newest = at as u64 >= APART;
            let want = if used && newest { 4 } else { 5 };
            assert_eq!(read().map(|mark| mark.acked), Some(want), "{at}");
        }
        for length in 0..LENGTH {
            std::fs::write(&path, &bytes[..length]).expect("written");
            assert_eq!(read(), None);
        }
        let other = latest([Mark::decode(&bytes[..LENGTH]), None], Some([6; SENDER]));
        assert_eq!(other, None);
    }
}
