//! A socket in this process in the place of journald's, which tells how each
//! entry came.

use std::fs::File;
use std::io::{IoSliceMut, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lh::wire::journal::decode;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

/// How an entry came.
#[derive(Debug, PartialEq, Eq)]
pub enum Got {
    Datagram(Vec<u8>),
    File(Vec<u8>),
}

impl Got {
    /// The entry.
    pub fn entry(&self) -> &[u8] {
        let (Got::Datagram(entry) | Got::File(entry)) = self;
        entry
    }

    /// The value of a field of it.
    pub fn field(&self, name: &str) -> Vec<u8> {
        let fields = decode(self.entry()).expect("an entry");
        let field = fields.iter().find(|field| field.0 == name.as_bytes());
        field.expect(name).1.to_vec()
    }
}

pub struct Receiver {
    path: PathBuf,
    socket: UnixDatagram,
    buffer: Vec<u8>,
}

impl Receiver {
    pub fn start(path: &Path) -> Receiver {
        let _ = std::fs::remove_file(path);
        let socket = UnixDatagram::bind(path).expect("a socket");
        let most = Some(Duration::from_secs(20));
        socket.set_read_timeout(most).expect("a time-out");
        Receiver {
            path: path.to_owned(),
            socket,
            buffer: vec![0; 4 << 20],
        }
    }

    /// What `lh` has to be told.
    pub fn args(&self) -> String {
        format!("eventlog --socket {}", self.path.display())
    }

    /// Ends, and begins anew: what was not read is gone.
    pub fn restart(self) -> Receiver {
        let path = self.path.clone();
        drop(self);
        Receiver::start(&path)
    }

    /// The next entry.
    #[track_caller]
    pub fn next(&mut self) -> Got {
        let mut space = cmsg_space!([RawFd; 4]);
        let (length, descriptors) = {
            let mut slices = [IoSliceMut::new(&mut self.buffer)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            let begun = Instant::now();
            let message = loop {
                let descriptor = self.socket.as_raw_fd();
                match recvmsg::<()>(descriptor, &mut slices, Some(&mut space), flags) {
                    Err(Errno::EINTR) => {}
                    Err(error) => panic!("nothing after {:?}: {error}", begun.elapsed()),
                    Ok(message) => break message,
                }
            };
            let mut descriptors = Vec::new();
            for control in message.cmsgs().expect("control messages") {
                if let ControlMessageOwned::ScmRights(fds) = control {
                    descriptors.extend(fds);
                }
            }
            (message.bytes, descriptors)
        };
        match descriptors[..] {
            [] => Got::Datagram(self.buffer[..length].to_vec()),
            [descriptor] => {
                assert_eq!(length, 0, "bytes beside a file: journald takes none");
                Got::File(sealed(owned(descriptor)))
            }
            _ => panic!("{} files", descriptors.len()),
        }
    }

    /// Whether nothing more waits.
    pub fn is_empty(&mut self) -> bool {
        self.socket.set_nonblocking(true).expect("a mode");
        let flags = MsgFlags::MSG_PEEK;
        let mut byte = [0];
        let looked = nix::sys::socket::recv(self.socket.as_raw_fd(), &mut byte, flags);
        self.socket.set_nonblocking(false).expect("a mode");
        looked == Err(Errno::EAGAIN)
    }
}

/// The file of a descriptor that nobody else has: that it is open is seen here.
fn owned(descriptor: RawFd) -> File {
    let path = format!("/proc/self/fd/{descriptor}");
    let file = File::open(path).expect("an open file");
    nix::unistd::close(descriptor).expect("close");
    file
}

/// What stands in a file that nobody can change.
fn sealed(mut file: File) -> Vec<u8> {
    let seals = fcntl(&file, FcntlArg::F_GET_SEALS).expect("a file with seals");
    let seals = SealFlag::from_bits_truncate(seals);
    let want = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE;
    assert!(seals.contains(want), "{seals:?}");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("its bytes");
    bytes
}
