//! A file in memory that nobody can change any more, handed to another process
//! over a Unix socket.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use nix::sys::socket::ControlMessage;
use socket2::Socket;

use super::socket::QUIET;

/// Makes a file in memory with these bytes, and seals it: whoever gets it can
/// map it without the fear that it shrinks under him.
///
/// # Errors
/// Those of memfd_create(2), write(2) and fcntl(2); `Unsupported` where the
/// system has no such files.
pub fn sealed_file(bytes: &[u8]) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::FileExt;

        use nix::fcntl::{FcntlArg, SealFlag, fcntl};
        use nix::sys::memfd::{MFdFlags, memfd_create};

        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let file = File::from(memfd_create(c"lh-record", flags)?);
        // The offset, which is the reader's as well, stays at the start.
        file.write_all_at(bytes, 0)?;
        let seals = [
            SealFlag::F_SEAL_SHRINK,
            SealFlag::F_SEAL_GROW,
            SealFlag::F_SEAL_WRITE,
            SealFlag::F_SEAL_SEAL,
        ];
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals.into_iter().collect()))?;
        Ok(file)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = bytes;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Sends an open file in a datagram that holds nothing else, without blocking.
///
/// # Errors
/// Those of sendmsg(2).
pub fn send_descriptor(socket: &Socket, file: &File) -> io::Result<()> {
    let descriptors = [file.as_raw_fd()];
    let message = [ControlMessage::ScmRights(&descriptors)];
    nix::sys::socket::sendmsg::<()>(socket.as_raw_fd(), &[], &message, QUIET, None)?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::FileExt;

    #[test]
    fn what_is_sealed_does_not_change() {
        let mut file = sealed_file(b"a record").unwrap();
        assert!(file.write_all_at(b"b", 0).is_err());
        assert!(file.set_len(3).is_err());
        assert!(file.set_len(30).is_err());
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "a record");
    }
}
