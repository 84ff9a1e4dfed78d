//! Directories that are used for what they are, and not for their names.
//!
//! Where others could put another directory under the name, or a link, what is
//! opened, renamed and deleted there by name would be somebody else's: of a
//! program that runs as root, anybody's.

use std::borrow::Cow;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Held, directory_of, hold_directory};

/// The directories of a handler's files.
#[derive(Debug)]
pub struct Directories {
    follow: bool,
    known: Mutex<Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    name: PathBuf,
    /// Nothing, where nobody else can exchange it.
    held: Option<Arc<Held>>,
}

impl Known {
    fn is_gone(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_gone())
    }
}

/// A path, and what it leads through: that stays open for as long as this is
/// there, or the path would lead somewhere else.
#[derive(Clone, Debug)]
pub struct Place<'p> {
    path: Cow<'p, Path>,
    held: Option<Arc<Held>>,
}

/// What has become of a directory that is held.
#[derive(Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It has the name that it had, or nothing else is known.
    Here,
    /// It has another one.
    Moved(PathBuf),
    /// It was deleted.
    Gone,
}

impl Place<'static> {
    /// A path that leads into a directory from now on, whatever becomes of its
    /// name. Where the system has no such path, the name.
    ///
    /// # Errors
    /// Those of opening it; a link is not followed.
    pub fn hold(directory: &Path) -> io::Result<Place<'static>> {
        Ok(match Held::open(directory)? {
            Some(held) => Place {
                path: Cow::Owned(held.through()),
                held: Some(Arc::new(held)),
            },
            None => Place::by_name(directory).into_owned(),
        })
    }
}

impl<'p> Place<'p> {
    /// Where nothing is held.
    pub fn by_name(path: &'p Path) -> Place<'p> {
        Place {
            path: Cow::Borrowed(path),
            held: None,
        }
    }

    /// Where the directory is that had this name when it was held.
    pub fn whereabouts(&self, name: &Path) -> Whereabouts {
        match &self.held {
            Some(held) if held.is_gone() => Whereabouts::Gone,
            Some(held) if !held.is_at(name) => {
                held.name().map_or(Whereabouts::Here, Whereabouts::Moved)
            }
            _ => Whereabouts::Here,
        }
    }

    /// The same, to be kept.
    pub fn into_owned(self) -> Place<'static> {
        Place {
            path: Cow::Owned(self.path.into_owned()),
            held: self.held,
        }
    }
}

impl Deref for Place<'_> {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for Place<'_> {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Directories {
    /// Knows none yet. With `follow`, all go by their names.
    pub fn new(follow: bool) -> Directories {
        Directories {
            follow,
            known: Mutex::new(Vec::new()),
        }
    }

    /// From now on [`at`](Self::at) finds this directory, whatever is put in
    /// its place, if others can do that; once it is deleted, what has its name by
    /// then is looked at as the first one was. Costs a walk along its path, once.
    ///
    /// # Errors
    /// `InvalidInput` where the way to it leads over a link that may be planted.
    /// What can't be walked for another reason is left to whoever opens it.
    pub fn hold(&self, directory: &Path) -> io::Result<()> {
        let mut known = self.known();
        known.retain(|known| !known.is_gone());
        if self.follow || known.iter().any(|known| known.name == directory) {
            return Ok(());
        }
        let held = match hold_directory(directory) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
            Err(_) => return Ok(()),
            Ok(held) => held,
        };
        known.push(Known {
            name: directory.to_owned(),
            held: held.map(Arc::new),
        });
        Ok(())
    }

    /// Makes a directory, and those on the way to it, where they are missing.
    ///
    /// # Errors
    /// Those of mkdir(2), and of [`hold`](Self::hold) for what is there.
    pub fn make(&self, directory: &Path) -> io::Result<()> {
        self.known().retain(|known| !known.is_gone());
        if let Some(there) = directory.ancestors().find(|path| path.is_dir()) {
            self.hold(there)?;
        }
        std::fs::create_dir_all(self.directory(directory))
    }

    /// A path that leads to the same name, in the directory that is held.
    pub fn at<'p>(&self, path: &'p Path) -> Place<'p> {
        match (self.held(directory_of(path)), path.file_name()) {
            (Some(held), Some(name)) => Place {
                path: Cow::Owned(held.through().join(name)),
                held: Some(held),
            },
            _ => Place::by_name(path),
        }
    }

    /// A path that leads to the directory that is held.
    pub fn directory<'p>(&self, directory: &'p Path) -> Place<'p> {
        match self.held(directory) {
            Some(held) => Place {
                path: Cow::Owned(held.through()),
                held: Some(held),
            },
            None => Place::by_name(directory),
        }
    }

    /// Whether another directory than the one that is held has its name now.
    pub fn is_elsewhere(&self, directory: &Path) -> bool {
        let held = self.held(directory);
        held.is_some_and(|held| !held.is_gone() && !held.is_at(directory))
    }

    fn held(&self, directory: &Path) -> Option<Arc<Held>> {
        let known = self.known();
        let known = known.iter().find(|known| known.name == directory)?;
        known.held.clone()
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
