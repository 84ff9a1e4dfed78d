//! Unix: Linux first, with the portable call where another system lacks one.

use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::unistd::{AccessFlags, access};

/// The names under which a process finds its own standard streams.
const STDOUT: &[&str] = &["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
const STDERR: &[&str] = &["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"];

/// The extended attribute that holds a backup's place in the order of
/// rollovers, as decimal text.
const SEQUENCE: &str = "user.lh.seq";

/// Which file a name stands for, however often it is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Its identity.
    pub id: FileId,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is a regular file.
    pub regular: bool,
    /// How many names it has.
    pub links: u64,
    /// Permission bits and owner, to give to the file that takes its place.
    pub owner: Owner,
    /// When it was last written, in seconds since the epoch.
    pub modified: i64,
    /// When it was made, where the file system knows, likewise.
    pub born: Option<i64>,
}

/// Permission bits and owner of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    mode: u32,
    uid: u32,
    gid: u32,
}

impl From<Metadata> for Meta {
    fn from(meta: Metadata) -> Meta {
        let born = meta
            .created()
            .ok()
            .map(|at| match at.duration_since(UNIX_EPOCH) {
                Ok(since) => since.as_secs() as i64,
                Err(before) => -(before.duration().as_secs() as i64),
            });
        Meta {
            id: FileId {
                device: meta.dev(),
                inode: meta.ino(),
            },
            size: meta.len(),
            regular: meta.file_type().is_file(),
            links: meta.nlink(),
            owner: Owner {
                mode: meta.mode() & 0o7777,
                uid: meta.uid(),
                gid: meta.gid(),
            },
            modified: meta.mtime(),
            born,
        }
    }
}

impl FileId {
    /// The number that names the file within its file system.
    pub fn number(self) -> u64 {
        self.inode
    }
}

/// The file behind a name, links followed.
pub fn stat(path: &Path) -> io::Result<Meta> {
    std::fs::metadata(path).map(Meta::from)
}

/// What stands under a name, a link itself included.
pub fn lstat(path: &Path) -> io::Result<Meta> {
    std::fs::symlink_metadata(path).map(Meta::from)
}

/// An open file.
pub fn fstat(file: &File) -> io::Result<Meta> {
    file.metadata().map(Meta::from)
}

/// How a log file is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenRules {
    /// Follow links, and take what is no regular file, in any directory.
    pub follow: bool,
    /// Permission bits of a file that is made, whatever the umask is.
    pub perm: Option<u32>,
    /// Permission bits and owner that a file that is made takes over.
    pub inherit: Option<Owner>,
}

/// A file that was opened for appending.
#[derive(Debug)]
pub struct Opened {
    /// The file; its descriptor does not block where it is no regular file.
    pub file: File,
    /// What is known of it.
    pub meta: Meta,
    /// Whether this call made it.
    pub created: bool,
}

/// Opens a log file for appending and makes it where it is missing.
///
/// In a directory that others can write, a name may have been planted: there
/// a symbolic link, a hard link, a FIFO or a device is refused with
/// `InvalidInput`, unless [`OpenRules::follow`] is set.
pub fn open_append(path: &Path, rules: OpenRules) -> io::Result<Opened> {
    if let Some(file) = own_stream(path)? {
        let mut meta = fstat(&file)?;
        // Whatever it leads to, the name is not this program's to rename.
        meta.regular = false;
        return Ok(Opened {
            file,
            meta,
            created: false,
        });
    }
    let guarded = !rules.follow && others_can_write(directory_of(path))?;
    let mut flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    if guarded {
        flags |= OFlag::O_NOFOLLOW;
    }
    let open = |create: bool| {
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(create)
            .custom_flags(flags.bits());
        options.mode(rules.perm.unwrap_or(0o666));
        // To be read as well: the last byte tells whether a line was cut short.
        // What is no regular file must not be: a FIFO would then be its own reader.
        let regular = create || stat(path).is_ok_and(|meta| meta.regular);
        match options.read(regular).open(path) {
            Err(error) if regular && error.kind() == io::ErrorKind::PermissionDenied => {
                options.read(false).open(path)
            }
            other => other,
        }
    };
    let (file, created) = match open(false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => (open(true)?, true),
        Err(error) if guarded && error.raw_os_error() == Some(Errno::ELOOP as i32) => {
            return Err(refused("a symbolic link"));
        }
        // A FIFO that nobody reads can't even be looked at through an open.
        Err(error) if guarded && error.raw_os_error() == Some(Errno::ENXIO as i32) => {
            return Err(refused("no regular file"));
        }
        other => (other?, false),
    };
    let checked = fstat(&file).and_then(|meta| {
        if guarded {
            refuse_planted(false, &meta)?;
        }
        if created {
            take_over(&file, rules)?;
        }
        Ok(meta)
    });
    let meta = checked.inspect_err(|_| {
        if created {
            // Half a file would be in the way of whoever tries again.
            let _ = std::fs::remove_file(path);
        }
    })?;
    Ok(Opened {
        file,
        meta,
        created,
    })
}

/// The file that a symbolic link leads to, where that is a regular one and
/// [`open_append`] would follow the link: its backups belong beside it.
pub fn behind_link(path: &Path, follow: bool) -> Option<PathBuf> {
    let link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink());
    let trusted = link && (follow || !others_can_write(directory_of(path)).unwrap_or(true));
    let own = STDOUT
        .iter()
        .chain(STDERR)
        .any(|name| path == Path::new(name));
    if !trusted || own || !stat(path).is_ok_and(|meta| meta.regular) {
        return None;
    }
    std::fs::canonicalize(path).ok()
}

/// Looks whether [`open_append`] would find a file or could make one, with
/// the missing directories if `mkdir`, and changes nothing.
pub fn check_append(path: &Path, follow: bool, mkdir: bool) -> io::Result<()> {
    let directory = directory_of(path);
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(meta) => {
            if !follow && others_can_write(directory)? {
                let link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
                refuse_planted(link, &meta.into())?;
            }
            match access(path, AccessFlags::W_OK) {
                // Another process rolled it over just now.
                Err(Errno::ENOENT) => {}
                other => return Ok(other?),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Ok(target) = std::fs::read_link(path) {
        // A link to what is not there yet. One that led in a circle would
        // have been another error above.
        return match !follow && others_can_write(directory)? {
            true => Err(refused("a symbolic link")),
            false => check_append(&directory.join(target), follow, false),
        };
    }
    let mut ancestors = directory
        .ancestors()
        .map(|path| match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        });
    let there = match mkdir {
        true => ancestors.find(|path| path.exists()).unwrap_or(directory),
        false => directory,
    };
    if path.as_os_str().as_bytes().ends_with(b"/") || !there.is_dir() {
        let text = format!("there is no directory {}", there.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    Ok(access(there, AccessFlags::W_OK)?)
}

/// Refuses what may have been planted in a directory that others can write.
fn refuse_planted(link: bool, meta: &Meta) -> io::Result<()> {
    if link {
        Err(refused("a symbolic link"))
    } else if !meta.regular {
        Err(refused("no regular file"))
    } else if meta.links > 1 {
        Err(refused("a hard link of another name"))
    } else {
        Ok(())
    }
}

fn refused(what: &str) -> io::Error {
    let text = format!(
        "it is {what} in a directory that others can write, so it may be planted; \
         --follow takes it all the same"
    );
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// Gives a new file its permission bits and owner.
///
/// # Errors
/// When it can't have the bits that the user asked for. What it would only take
/// over from another file, some file systems do not have.
fn take_over(file: &File, rules: OpenRules) -> io::Result<()> {
    if let Some(owner) = rules.inherit {
        // Only root may give files away; for others it is theirs already.
        let _ = std::os::unix::fs::fchown(file, Some(owner.uid), Some(owner.gid));
        let _ = file.set_permissions(std::fs::Permissions::from_mode(owner.mode));
    }
    match rules.perm {
        Some(mode) => file.set_permissions(std::fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

/// Opens a file that is there for writing, to lock it; follows no link.
pub fn open_existing(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new()
        .append(true)
        .custom_flags(flags.bits())
        .open(path)
}

/// Makes a file that must not be there yet, with another's mode and owner.
pub fn create_new(path: &Path, owner: Owner) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let file = options.open(path)?;
    let rules = OpenRules {
        inherit: Some(owner),
        ..OpenRules::default()
    };
    take_over(&file, rules)?;
    Ok(file)
}

/// A copy of an own standard stream, where the path is one of its names: it
/// can't be opened again where it is a socket.
fn own_stream(path: &Path) -> io::Result<Option<File>> {
    let named = |names: &[&str]| names.iter().any(|name| path == Path::new(name));
    if named(STDOUT) {
        stdout().map(Some)
    } else if named(STDERR) {
        stderr().map(Some)
    } else {
        Ok(None)
    }
}

/// The process's standard output, without a buffer of its own. Where it is a
/// pipe or a terminal, it does not block, so that a reader that does not read
/// can't keep signals from being seen.
pub fn stdout() -> io::Result<File> {
    io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map(|copy| unblocked(copy.into(), "/dev/fd/1"))
}

/// The process's standard error, likewise.
pub fn stderr() -> io::Result<File> {
    io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .map(|copy| unblocked(copy.into(), "/dev/fd/2"))
}

/// Another open of what a descriptor leads to: O_NONBLOCK on the descriptor
/// itself would hold for everybody who shares it.
fn unblocked(file: File, name: &str) -> File {
    let kind = file.metadata().map(|meta| meta.file_type());
    if !kind.is_ok_and(|kind| kind.is_fifo() || kind.is_char_device()) {
        return file;
    }
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let again = OpenOptions::new()
        .write(true)
        .custom_flags(flags.bits())
        .open(name);
    match again {
        Ok(again) if same_file(&again, &file) => again,
        _ => file,
    }
}

fn same_file(one: &File, other: &File) -> bool {
    matches!((fstat(one), fstat(other)), (Ok(one), Ok(other)) if one.id == other.id)
}

/// The process's standard input, likewise.
pub fn stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// The directory that a name stands in.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Whether a user other than this one and root can make names in a directory.
/// Its group counts unless it is the process's own, as with a private group.
fn others_can_write(directory: &Path) -> io::Result<bool> {
    let meta = std::fs::metadata(directory)?;
    let foreign_owner = meta.uid() != 0 && meta.uid() != nix::unistd::geteuid().as_raw();
    let foreign_group = meta.mode() & 0o020 != 0
        && meta.gid() != nix::unistd::getegid().as_raw()
        && meta.gid() != 0;
    Ok(foreign_owner || foreign_group || meta.mode() & 0o002 != 0)
}

/// Whether a failed open of a log file can succeed later without anybody
/// changing the command: no space, no descriptors, no reader of a FIFO yet.
pub fn open_may_succeed_later(error: &io::Error) -> bool {
    use Errno::*;
    let passing = [
        ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EIO, EINTR, EAGAIN, ENXIO, ESTALE,
    ];
    let code = error.raw_os_error();
    passing.iter().any(|errno| code == Some(*errno as i32))
}

/// Whether an error says that the file system, or the user's share, is full.
pub fn is_full(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [Errno::ENOSPC, Errno::EDQUOT]
        .iter()
        .any(|errno| code == Some(*errno as i32))
}

/// Locks a whole file against every other open of it, and waits for that.
///
/// On Linux this is an open file description lock (fcntl(2)), which only
/// those who may write the file can take, so that a reader of a log can't
/// stop its writers; elsewhere flock(2).
pub fn lock(file: &File) -> io::Result<()> {
    set_lock(file, Some(true)).map(|_| ())
}

/// The same without waiting: `false` if another open holds the lock.
pub fn try_lock(file: &File) -> io::Result<bool> {
    set_lock(file, Some(false))
}

/// Gives the lock up.
pub fn unlock(file: &File) -> io::Result<()> {
    set_lock(file, None).map(|_| ())
}

#[cfg(target_os = "linux")]
fn set_lock(file: &File, wait: Option<bool>) -> io::Result<bool> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;
    let kind = if wait.is_some() {
        libc::F_WRLCK
    } else {
        libc::F_UNLCK
    };
    let whole = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    loop {
        let argument = match wait {
            Some(true) => FcntlArg::F_OFD_SETLKW(&whole),
            _ => FcntlArg::F_OFD_SETLK(&whole),
        };
        match fcntl(file, argument) {
            Ok(_) => return Ok(true),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN | Errno::EACCES) if wait == Some(false) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn set_lock(file: &File, wait: Option<bool>) -> io::Result<bool> {
    match wait {
        Some(true) => file.lock().map(|()| true),
        Some(false) => match file.try_lock() {
            Ok(()) => Ok(true),
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        },
        None => file.unlock().map(|()| true),
    }
}

/// Renames without replacing: `AlreadyExists` if the new name is taken.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
            Ok(()) => return Ok(()),
            // A file system, or a kernel, that has no such call.
            Err(Errno::EINVAL | Errno::ENOSYS) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    match lstat(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::rename(from, to),
        Err(error) => Err(error),
    }
}

/// Makes names that were made, changed or removed in a directory durable.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Closes a file and tells what the system says of it, which `drop` does not.
pub fn close(file: File) -> io::Result<()> {
    nix::unistd::close(file).map_err(io::Error::from)
}

/// The last byte of a file of a known size, `None` where it can't be read.
pub fn last_byte(file: &File, size: u64) -> Option<u8> {
    let mut byte = [0];
    match file.read_at(&mut byte, size.checked_sub(1)?) {
        Ok(1) => Some(byte[0]),
        _ => None,
    }
}

/// Whether a file holds these bytes at this place, read from the disk and not
/// from what the kernel remembers of it, as far as the system can be told so.
pub fn is_on_disk(file: &File, start: u64, bytes: &[u8]) -> bool {
    #[cfg(target_os = "linux")]
    {
        use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
        // Whole pages only are forgotten, and a length of 0 is up to the end.
        let page = i64::try_from(start & !0xffff).unwrap_or(0);
        let _ = posix_fadvise(file, page, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    }
    let mut buffer = vec![0; bytes.len()];
    file.read_exact_at(&mut buffer, start).is_ok() && buffer == bytes
}

/// The bytes that an unprivileged user can still write to the file system.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let stat = nix::sys::statvfs::statvfs(path)?;
    // The types of both differ between systems.
    #[allow(clippy::unnecessary_cast)]
    Ok((stat.blocks_available() as u64).saturating_mul(stat.fragment_size() as u64))
}

/// A backup's place in the order of rollovers, where it has one.
pub fn sequence(file: &File) -> Option<u64> {
    use xattr::FileExt;
    parse_sequence(file.get_xattr(SEQUENCE))
}

/// The same of the file under a name.
pub fn sequence_at(path: &Path) -> Option<u64> {
    parse_sequence(xattr::get(path, SEQUENCE))
}

fn parse_sequence(attribute: io::Result<Option<Vec<u8>>>) -> Option<u64> {
    let text = attribute.ok()??;
    std::str::from_utf8(&text).ok()?.parse().ok()
}

/// Notes an open file's place in the order of rollovers.
///
/// # Errors
/// Those of fsetxattr(2); `Unsupported` where the file system has none.
pub fn set_sequence(file: &File, sequence: u64) -> io::Result<()> {
    use xattr::FileExt;
    file.set_xattr(SEQUENCE, sequence.to_string().as_bytes())
}

/// Looks whether [`replace_link`] could make a link, and changes nothing.
pub fn check_link(link: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(link) {
        Ok(meta) if !meta.is_symlink() => {
            let text = "there is something else than a symbolic link of that name";
            Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
        }
        Ok(_) => Ok(()),
        Err(_) if directory_of(link).is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Replaces or makes a symbolic link in one step.
pub fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    check_link(link)?;
    if std::fs::read_link(link).is_ok_and(|now| now == target) {
        return Ok(());
    }
    let mut name = link.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = link.with_file_name(name);
    std::os::unix::fs::symlink(target, &temporary)?;
    std::fs::rename(&temporary, link).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

/// Writes `bytes[*at..end]` and moves `at` on over what is out. Waits a moment
/// where a descriptor that does not block is full, then says `WouldBlock`, so
/// that signals are seen meanwhile.
pub fn write_some(file: &mut File, bytes: &[u8], at: &mut usize, end: usize) -> io::Result<()> {
    use std::io::Write;
    while *at < end {
        match file.write(&bytes[*at..end]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => *at += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !wait_writable(&*file, Duration::from_millis(100))? {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until a descriptor that does not block can be written.
pub fn wait_writable(file: impl AsFd, limit: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
    Ok(poll(&mut fds, Some(limit))? > 0)
}

/// Waits for input on any of the descriptors, at most so long; tells which
/// have some, an end or an error.
pub fn wait_readable<const N: usize>(
    files: [BorrowedFd<'_>; N],
    limit: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut fds = files.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    poll(&mut fds, limit)?;
    Ok(fds.map(|fd| fd.revents().is_some_and(|events| !events.is_empty())))
}

fn poll(fds: &mut [PollFd<'_>], limit: Option<Duration>) -> io::Result<i32> {
    let timeout = match limit {
        None => PollTimeout::NONE,
        // Rounded up: waking early would only mean to wait again.
        Some(limit) => i32::try_from(limit.as_nanos().div_ceil(1_000_000))
            .ok()
            .and_then(|millis| PollTimeout::try_from(millis).ok())
            .unwrap_or(PollTimeout::MAX),
    };
    match nix::poll::poll(fds, timeout) {
        Ok(count) => Ok(count),
        Err(Errno::EINTR) => Ok(0),
        Err(errno) => Err(errno.into()),
    }
}

/// Makes a pipe as large as an unprivileged user may, so that its writer and
/// its reader wait less often for each other. Anything else is left alone.
pub fn enlarge_pipe(descriptor: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    {
        use nix::fcntl::{FcntlArg, fcntl};
        let _ = fcntl(descriptor, FcntlArg::F_SETPIPE_SZ(1 << 20));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = descriptor;
}

/// Whether a descriptor is a pipe or a socket: something that a writer ends.
pub fn is_pipe(descriptor: BorrowedFd<'_>) -> bool {
    let copy = descriptor.try_clone_to_owned().map(File::from);
    let kind = copy
        .and_then(|file| file.metadata())
        .map(|meta| meta.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

/// The bytes of a file name.
pub fn name_bytes(name: &OsStr) -> &[u8] {
    name.as_bytes()
}

/// A path of those bytes.
pub fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// A command that the system's shell runs.
pub fn shell(command: &str) -> std::process::Command {
    let mut shell = std::process::Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}
