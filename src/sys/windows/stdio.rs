//! The standard streams.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::windows::io::AsHandle;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::calls;
use super::waiting::{Ready, Waitable, locked, ring};

/// How many bytes are read from a pipe at once, and how many reads wait at most
/// to be taken.
const BLOCK: usize = 256 << 10;
const BLOCKS: usize = 4;

/// The process's standard output, without a buffer of its own.
pub fn stdout() -> io::Result<File> {
    shown(
        io::stdout()
            .as_handle()
            .try_clone_to_owned()
            .map(File::from),
    )
}

/// The process's standard error, likewise.
pub fn stderr() -> io::Result<File> {
    shown(
        io::stderr()
            .as_handle()
            .try_clone_to_owned()
            .map(File::from),
    )
}

fn shown(file: io::Result<File>) -> io::Result<File> {
    file.inspect(calls::show_utf8)
}

/// The process's standard input, likewise.
pub fn stdin() -> io::Result<File> {
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

/// Writes `bytes[*at..end]` and moves `at` on over what is out.
pub fn write_some(file: &mut File, bytes: &[u8], at: &mut usize, end: usize) -> io::Result<()> {
    while *at < end {
        match file.write(&bytes[*at..end]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => *at += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a file is a pipe or a socket: something that a writer ends.
pub fn is_pipe(file: &File) -> bool {
    calls::is_pipe(file)
}

/// Waits so long: nothing tells that nobody reads a pipe any more but a write.
#[cfg(feature = "cli")]
pub fn wait_unread(_pipe: &File, limit: std::time::Duration) -> bool {
    std::thread::sleep(limit);
    false
}

/// An open file that is read in the order of its bytes: one on a disk directly,
/// all else by a thread of its own, which is left behind when this is dropped.
#[derive(Debug)]
pub struct Input {
    file: Arc<File>,
    /// `None` for a file on a disk.
    feed: Option<Arc<Feed>>,
}

/// What the thread has read.
#[derive(Debug, Default)]
struct Feed {
    read: Mutex<Blocks>,
    /// There is room, or nobody takes anything any more.
    taken: Condvar,
}

#[derive(Debug, Default)]
struct Blocks {
    blocks: VecDeque<Vec<u8>>,
    /// How much of the first is taken.
    at: usize,
    /// How it ended, until that is told.
    end: Option<io::Result<()>>,
    ended: bool,
    closed: bool,
}

impl Input {
    /// Begins to read.
    pub fn new(file: File) -> Input {
        let file = Arc::new(file);
        let feed = (!calls::is_disk(&file)).then(|| {
            let feed = Arc::new(Feed::default());
            let (fed, from) = (Arc::clone(&feed), Arc::clone(&file));
            std::thread::spawn(move || fed.fill(&from));
            feed
        });
        Input { file, feed }
    }

    /// Ready when a read would not wait.
    pub fn waitable(&self) -> Waitable<'_> {
        self
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Reads once.
    ///
    /// # Errors
    /// Those of ReadFile; `WouldBlock` where nothing has come.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.feed {
            None => (&*self.file).read(buffer),
            Some(feed) => feed.take(buffer),
        }
    }

    /// Whether all that can be read is there already: it is a file on a disk, or
    /// its end was read.
    pub fn is_complete(&self) -> bool {
        let feed = self.feed.as_ref();
        feed.is_none_or(|feed| locked(&feed.read).ended)
    }
}

impl Ready for Input {
    fn is_ready(&self) -> bool {
        self.feed.as_ref().is_none_or(|feed| {
            let read = locked(&feed.read);
            !read.blocks.is_empty() || read.ended
        })
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Some(feed) = &self.feed {
            locked(&feed.read).closed = true;
            feed.taken.notify_all();
        }
    }
}

impl Feed {
    fn fill(&self, file: &File) {
        // A console gives UTF-8 only to the standard library's own reader.
        let console = file.is_terminal();
        let mut block = vec![0; BLOCK];
        loop {
            let result = match console {
                true => io::stdin().lock().read(&mut block),
                false => (&*file).read(&mut block),
            };
            let mut read = locked(&self.read);
            match result {
                Ok(count) if count > 0 => read.blocks.push_back(block[..count].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    read.end = Some(other.map(|_| ()));
                    read.ended = true;
                }
            }
            let ended = read.ended;
            drop(read);
            ring();
            if ended {
                return;
            }
            let mut read = locked(&self.read);
            while read.blocks.len() >= BLOCKS && !read.closed {
                read = self
                    .taken
                    .wait(read)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if read.closed {
                return;
            }
        }
    }

    fn take(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = locked(&self.read);
        let at = read.at;
        let Some(block) = read.blocks.front() else {
            return match (read.end.take(), read.ended) {
                (Some(Err(error)), _) => Err(error),
                (_, true) => Ok(0),
                (_, false) => Err(io::ErrorKind::WouldBlock.into()),
            };
        };
        let count = (block.len() - at).min(buffer.len());
        buffer[..count].copy_from_slice(&block[at..at + count]);
        match at + count == block.len() {
            false => read.at += count,
            true => {
                read.blocks.pop_front();
                read.at = 0;
                drop(read);
                self.taken.notify_all();
            }
        }
        Ok(count)
    }
}
