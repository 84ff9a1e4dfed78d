//! Sockets that others connect or send to: what socket2 leaves to the system.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::stat::{Mode, fchmod};
use socket2::{Domain, Socket, Type};

use super::socket::{begin_connect, unix_address};
use super::{FileId, lstat};
use crate::sys::directory_of;
use crate::sys::sockets::{Credentials, PathProblem};

/// Who connected to a Unix stream socket, as it was then.
///
/// # Errors
/// Those of getsockopt(2).
pub fn peer_credentials(socket: &impl AsFd) -> io::Result<Credentials> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{getsockopt, sockopt};
        let found = getsockopt(socket, sockopt::PeerCredentials)?;
        Ok(Credentials {
            pid: u32::try_from(found.pid()).ok().filter(|pid| *pid > 0),
            uid: found.uid(),
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let (uid, _) = nix::unistd::getpeereid(socket)?;
        Ok(Credentials {
            pid: None,
            uid: uid.as_raw(),
        })
    }
}

/// Gives a socket a receive buffer of so many bytes, beyond the system's limit
/// where this process may (CAP_NET_ADMIN); what it has now.
///
/// # Errors
/// Those of setsockopt(2) and getsockopt(2).
pub fn enlarge_receive_buffer(socket: &Socket, bytes: usize) -> io::Result<usize> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{setsockopt, sockopt};
        if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
            socket.set_recv_buffer_size(bytes)?;
        }
        // The kernel doubles what it is asked for, for its own records of it, and
        // tells the doubled size (socket(7)).
        Ok(socket.recv_buffer_size()? / 2)
    }
    #[cfg(not(target_os = "linux"))]
    {
        socket.set_recv_buffer_size(bytes)?;
        socket.recv_buffer_size()
    }
}

/// Makes the kernel tell with each datagram what [`receive_many`] wants to know
/// of it: how many were dropped before it, or which process sent it. Where the
/// system can't, that is not told.
///
/// [`receive_many`]: super::receive::receive_many
pub fn tell_of_datagrams(socket: &impl AsFd, local: bool) {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{setsockopt, sockopt};
        let _ = match local {
            true => setsockopt(socket, sockopt::PassCred, &true),
            false => setsockopt(socket, sockopt::RxqOvfl, &1),
        };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, local);
}

/// Whether an error says that an address is of a family, or of a machine, that
/// is not here.
pub fn is_no_address(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [Errno::EAFNOSUPPORT, Errno::EADDRNOTAVAIL]
        .iter()
        .any(|errno| code == Some(*errno as i32))
}

/// The name of a Unix socket that was bound here; removed when this is dropped,
/// unless it is another's by then.
#[derive(Debug)]
pub struct SocketName {
    path: PathBuf,
    id: FileId,
}

impl SocketName {
    /// Whether the name still stands for the socket that was bound to it.
    pub fn is_ours(&self) -> bool {
        lstat(&self.path).is_ok_and(|meta| meta.id == self.id)
    }
}

impl Drop for SocketName {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Binds a Unix socket to a path, with these permission bits, in place of a
/// socket that nobody has open any more. It is made under another name in the
/// same directory and renamed: at no moment is there a name without a listener
/// behind it, or with other bits. One that begins with `@` is in Linux's abstract
/// namespace, and has no bits.
///
/// # Errors
/// What stands there that may not be replaced, or what the system says.
pub fn bind_unix(
    path: &Path,
    kind: Type,
    mode: u32,
    backlog: i32,
) -> Result<(Socket, Option<SocketName>), PathProblem> {
    let address = unix_address(path)?;
    let socket = Socket::new(Domain::UNIX, kind, None)?;
    socket.set_nonblocking(true)?;
    if !address.is_unnamed() && address.as_pathname().is_none() {
        socket.bind(&address)?;
        if kind == Type::STREAM {
            socket.listen(backlog)?;
        }
        return Ok((socket, None));
    }
    let temporary = temporary(path)?;
    // Linux takes the bits of the new name from here, less the umask. Elsewhere
    // it has no meaning.
    let bits = Mode::from_bits_truncate(mode as _);
    let _ = fchmod(&socket, bits);
    // Of two that start at once, the second has to see the first.
    let _turn = turn(directory_of(path));
    check_free(path, kind)?;
    socket.bind(&unix_address(&temporary)?)?;
    let finish = || -> io::Result<FileId> {
        let made = std::fs::symlink_metadata(&temporary)?;
        if made.mode() & 0o7777 != mode {
            std::fs::set_permissions(&temporary, PermissionsExt::from_mode(mode))?;
        }
        if kind == Type::STREAM {
            socket.listen(backlog)?;
        }
        std::fs::rename(&temporary, path)?;
        Ok(crate::sys::Meta::from(made).id)
    };
    match finish() {
        Ok(id) => {
            let path = path.to_owned();
            Ok((socket, Some(SocketName { path, id })))
        }
        Err(error) => {
            let _ = std::fs::remove_file(&temporary);
            Err(error.into())
        }
    }
}

/// A name beside the path that nothing has yet. Short: a socket's path has no
/// more than 107 bytes.
fn temporary(path: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 3];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let [a, b, c] = random;
    Ok(path.with_file_name(format!(".{a:02x}{b:02x}{c:02x}")))
}

/// Keeps others that bind in a directory waiting. Whoever holds the lock for
/// something else is not waited for long: it is for the rare case of two starts
/// at once.
fn turn(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    for _ in 0..50 {
        match directory.try_lock() {
            Ok(()) => break,
            Err(std::fs::TryLockError::WouldBlock) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(std::fs::TryLockError::Error(_)) => return None,
        }
    }
    Some(directory)
}

/// Whether a path is free for a socket: nothing is there, or a socket that is
/// nobody's.
fn check_free(path: &Path, kind: Type) -> Result<(), PathProblem> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(meta) if !meta.file_type().is_socket() => return Err(PathProblem::NoSocket),
        Ok(_) => {}
    }
    let asking = Socket::new(Domain::UNIX, kind, None)?;
    asking.set_nonblocking(true)?;
    match begin_connect(&asking, &unix_address(path)?) {
        Ok(_) => Err(PathProblem::Taken),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ECONNREFUSED) => Ok(()),
            // A full queue, or a socket of the other type: somebody has it open.
            Some(Errno::EAGAIN | Errno::EPROTOTYPE) => Err(PathProblem::Taken),
            // It went just now.
            Some(Errno::ENOENT) => Ok(()),
            _ => Err(error.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

    fn bind(path: &Path, kind: Type) -> Result<(Socket, Option<SocketName>), PathProblem> {
        bind_unix(path, kind, 0o600, 16)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_socket_is_bound_with_its_bits_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o660, 0o666, 0o777] {
            for kind in [Type::STREAM, Type::DGRAM] {
                let path = folder.path().join("sock");
                let (_socket, name) = bind_unix(&path, kind, mode, 16).unwrap();
                let name = name.unwrap();
                assert!(name.is_ours());
                let meta = std::fs::symlink_metadata(&path).unwrap();
                assert_eq!(meta.mode() & 0o7777, mode);
                if kind == Type::STREAM {
                    let _stream = UnixStream::connect(&path).unwrap();
                }
                assert_eq!(names(folder.path()), ["sock"]);
                drop(name);
                assert!(names(folder.path()).is_empty());
            }
        }
    }

    #[test]
    fn nothing_is_replaced_that_is_anybodys() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "text").unwrap();
        std::fs::create_dir(path("folder")).unwrap();
        let stream = UnixListener::bind(path("stream")).unwrap();
        let datagram = UnixDatagram::bind(path("datagram")).unwrap();
        std::os::unix::fs::symlink(path("stream"), path("link")).unwrap();
        std::os::unix::fs::symlink(path("nowhere"), path("dangling")).unwrap();
        let before = names(folder.path());
        for kind in [Type::STREAM, Type::DGRAM] {
            for name in ["file", "folder", "link", "dangling"] {
                let problem = bind(&path(name), kind).unwrap_err();
                assert!(matches!(problem, PathProblem::NoSocket), "{name}");
            }
            for name in ["stream", "datagram"] {
                let problem = bind(&path(name), kind).unwrap_err();
                assert!(matches!(problem, PathProblem::Taken), "{name} {kind:?}");
            }
        }
        assert_eq!(names(folder.path()), before);
        // They are nobody's now.
        drop((stream, datagram));
        for kind in [Type::STREAM, Type::DGRAM] {
            for name in ["stream", "datagram"] {
                bind(&path(name), kind).unwrap();
                assert!(!path(name).exists());
                drop(UnixListener::bind(path(name)).unwrap());
            }
        }
    }

    /// The queue of one that does not accept fills up: it is there all the same.
    #[test]
    fn a_busy_listener_is_somebody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let (_socket, _name) = bind_unix(&path, Type::STREAM, 0o600, 0).unwrap();
        let _waiting = UnixStream::connect(&path).unwrap();
        for _ in 0..3 {
            let problem = bind(&path, Type::STREAM).unwrap_err();
            assert!(matches!(problem, PathProblem::Taken));
        }
    }

    #[test]
    fn another_socket_of_that_name_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let (_socket, name) = bind(&path, Type::STREAM).unwrap();
        std::fs::remove_file(&path).unwrap();
        // Kept open, so that its number is not given again.
        let _other = UnixListener::bind(&path).unwrap();
        let name = name.unwrap();
        assert!(!name.is_ours());
        drop(name);
        assert_eq!(names(folder.path()), ["sock"]);
    }

    #[test]
    fn of_several_that_start_at_once_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let start = std::sync::Barrier::new(4);
        for _ in 0..100 {
            let bound: Vec<_> = std::thread::scope(|scope| {
                let bind = || {
                    start.wait();
                    bind(&path, Type::STREAM)
                };
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(bind)).collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            assert_eq!(bound.iter().filter(|bound| bound.is_ok()).count(), 1);
        }
    }

    #[test]
    fn errors_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/sock");
        let PathProblem::System(error) = bind(&missing, Type::STREAM).unwrap_err() else {
            panic!("it is missing");
        };
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let long = folder.path().join("x".repeat(110));
        let PathProblem::System(error) = bind(&long, Type::STREAM).unwrap_err() else {
            panic!("it is too long");
        };
        assert!(error.to_string().contains("too long"), "{error}");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_peer_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let (socket, _name) = bind(&path, Type::STREAM).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        let (accepted, _) = socket.accept().unwrap();
        let found = peer_credentials(&accepted).unwrap();
        assert_eq!(found.uid, nix::unistd::geteuid().as_raw());
        if cfg!(target_os = "linux") {
            let text = format!("pid={} uid={}", std::process::id(), found.uid);
            assert_eq!(found.to_string(), text);
        }
    }

    #[test]
    fn a_receive_buffer_is_as_large_as_told() {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
        let given = enlarge_receive_buffer(&socket, 100_000).unwrap();
        assert!(given >= 100_000, "{given}");
        let much = enlarge_receive_buffer(&socket, 64 << 20).unwrap();
        assert!(much > given, "{much}");
    }
}
