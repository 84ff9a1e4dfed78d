//! The way to a directory: who could change it, and holding on to its end.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::sys::stat::Mode;

use super::open::{MOST_LINKS, is_ours};
use super::{FileId, fstat, stat};

/// A directory that stays the same, whatever becomes of its name.
#[derive(Debug)]
pub struct Held {
    directory: File,
    id: FileId,
}

impl Held {
    /// Holds on to a directory; `None` where no path leads into one that is open.
    ///
    /// # Errors
    /// Those of open(2), and `NotADirectory` for anything else, a link included.
    pub fn open(directory: &Path) -> io::Result<Option<Held>> {
        let opened = enter(None, directory.as_os_str())?;
        if !opened.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Held::new(opened)
    }

    fn new(directory: File) -> io::Result<Option<Held>> {
        let held = Held {
            id: fstat(&directory)?.id,
            directory,
        };
        // Without a /proc there is nothing better than the name.
        let through = held.through();
        Ok(held.is_at(&through).then_some(held))
    }

    /// A path that leads into it.
    pub fn through(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.directory.as_raw_fd()))
    }

    /// The name that it has now, as far as the system can tell.
    pub fn name(&self) -> Option<PathBuf> {
        std::fs::read_link(self.through()).ok()
    }

    /// Whether it was deleted.
    pub fn is_gone(&self) -> bool {
        fstat(&self.directory).is_ok_and(|meta| meta.links == 0)
    }

    /// Whether a path leads to it.
    pub fn is_at(&self, directory: &Path) -> bool {
        stat(directory).is_ok_and(|meta| meta.id == self.id)
    }
}

/// Holds on to a directory, if others could put something else in its place:
/// where they can write a directory on the way to it.
///
/// # Errors
/// Those of open(2); `InvalidInput` where somebody else has made a link on the
/// way that leads to what is not theirs.
pub fn hold_directory(directory: &Path) -> io::Result<Option<Held>> {
    let mut walk = Walk {
        here: enter(None, OsStr::new("/"))?,
        exchangeable: false,
        links: 0,
        planted: Vec::new(),
    };
    let mut steps = VecDeque::new();
    let absolute = std::path::absolute(directory)?;
    before(&mut steps, &absolute);
    while let Some(step) = steps.pop_front() {
        if let Some(target) = walk.step(&step)? {
            before(&mut steps, &target);
        }
    }
    let owner = walk.here.metadata()?.uid();
    if let Some((_, link)) = walk.planted.iter().find(|(maker, _)| *maker != owner) {
        return Err(planted(link));
    }
    if !walk.exchangeable {
        return Ok(None);
    }
    Held::new(walk.here)
}

struct Walk {
    here: File,
    exchangeable: bool,
    links: u32,
    /// Links that others could have made: their owners and names.
    planted: Vec<(u32, OsString)>,
}

impl Walk {
    /// Goes on to a name. Where that is a link, what it says.
    fn step(&mut self, name: &OsStr) -> io::Result<Option<PathBuf>> {
        let meta = self.here.metadata()?;
        let next = enter(Some(&self.here), name)?;
        if name == ".." || name == "/" {
            self.here = next;
            return Ok(None);
        }
        let found = next.metadata()?;
        let writable = super::open::others_can_write_in(&meta);
        // In a sticky directory names belong to their files' owners, and its own.
        let sticky = meta.mode() & 0o1000 != 0 && is_ours(meta.uid());
        self.exchangeable |= writable && !(sticky && is_ours(found.uid()));
        if found.is_symlink() {
            self.links += 1;
            if self.links > MOST_LINKS {
                return Err(Errno::ELOOP.into());
            }
            if writable && !is_ours(found.uid()) {
                self.planted.push((found.uid(), name.to_owned()));
            }
            let target = readlinkat(&next, "")?;
            return Ok(Some(PathBuf::from(target)));
        }
        if !found.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        self.here = next;
        Ok(None)
    }
}

/// Puts the steps of a path before those that are left.
fn before(steps: &mut VecDeque<OsString>, path: &Path) {
    for component in path.components().rev() {
        match component {
            Component::CurDir | Component::Prefix(_) => {}
            step => steps.push_front(step.as_os_str().to_owned()),
        }
    }
}

/// Opens what a name stands for, a link itself included.
fn enter(directory: Option<&File>, name: &OsStr) -> io::Result<File> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let opened = match directory {
        Some(directory) => openat(directory, name, flags, Mode::empty())?,
        None => open(name, flags, Mode::empty())?,
    };
    Ok(File::from(opened))
}

fn planted(link: &OsStr) -> io::Error {
    let text = format!(
        "the way to it leads over the symbolic link {} of another user, so it may be planted; \
         --follow takes it all the same",
        Path::new(link).display()
    );
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
