//! Datagrams: as many as there are with one call of recvmmsg(2).

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

use nix::sys::socket::SockaddrStorage;

use crate::sys::receive::{Batch, End, Received, Sender};
#[cfg(target_os = "linux")]
use crate::sys::{receive::DATAGRAMS, sockets::Credentials};

/// A socket that datagrams come to.
pub trait DatagramSocket: AsFd {}

impl<S: AsFd> DatagramSocket for S {}

#[cfg(target_os = "linux")]
pub(in crate::sys) fn fill(socket: &impl DatagramSocket, batch: &mut Batch) -> io::Result<End> {
    use nix::sys::socket::UnixCredentials;
    use nix::sys::socket::{ControlMessageOwned, MultiHeaders, SockaddrLike};
    use std::io::IoSliceMut;

    fn receive<S: SockaddrLike + Copy>(
        socket: &impl DatagramSocket,
        batch: &mut Batch,
        control: Option<Vec<u8>>,
        address: impl Fn(&S) -> Sender,
    ) -> io::Result<End> {
        use nix::sys::socket::{MsgFlags, recvmmsg};
        let mut headers = MultiHeaders::<S>::preallocate(batch.asks, control);
        let mut places = batch.buffer.chunks_exact_mut(batch.room);
        let mut slices: [[IoSliceMut<'_>; 1]; DATAGRAMS] =
            std::array::from_fn(|_| [IoSliceMut::new(places.next().unwrap_or_default())]);
        // With the last one, a datagram's own length is told, not what fits.
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
        let descriptor = socket.as_fd().as_raw_fd();
        for message in recvmmsg(descriptor, &mut headers, &mut slices, flags, None)? {
            let mut sender = message.address.as_ref().map_or(Sender::Unknown, &address);
            for note in message.cmsgs().into_iter().flatten() {
                match note {
                    ControlMessageOwned::RxqOvfl(count) => batch.dropped = Some(count),
                    ControlMessageOwned::ScmCredentials(found) => {
                        sender = Sender::Process(Credentials {
                            pid: u32::try_from(found.pid()).ok().filter(|pid| *pid > 0),
                            uid: found.uid(),
                        });
                    }
                    _ => {}
                }
            }
            let length = message.bytes;
            batch.received.push(Received { length, sender });
        }
        Ok(End::Seen)
    }

    if !batch.local {
        let control = nix::cmsg_space!(u32);
        return receive(socket, batch, Some(control), inet);
    }
    // Whoever may send here could send descriptors too, until we have no more. The
    // kernel opens what there is room for: so there is none but for what it puts
    // in front, or none at all where it puts nothing there. Such a datagram is
    // taken without them, and its sender is not told.
    use nix::sys::socket::{getsockopt, sockopt};
    let told = getsockopt(socket, sockopt::PassCred)?;
    let control = told.then(|| nix::cmsg_space!(UnixCredentials));
    receive(socket, batch, control, |(): &()| Sender::Unknown)
}

/// The same by one call a datagram.
#[cfg(not(target_os = "linux"))]
pub(in crate::sys) fn fill(socket: &impl DatagramSocket, batch: &mut Batch) -> io::Result<End> {
    one_by_one(socket, batch)
}

/// For systems without recvmmsg(2); tried on all. A socket that blocks is read
/// only when something is there, by whoever calls.
#[cfg(any(test, not(target_os = "linux")))]
fn one_by_one(socket: &impl DatagramSocket, batch: &mut Batch) -> io::Result<End> {
    use nix::sys::socket::recvfrom;
    let descriptor = socket.as_fd().as_raw_fd();
    for place in batch.buffer.chunks_exact_mut(batch.room).take(batch.asks) {
        match recvfrom::<SockaddrStorage>(descriptor, place) {
            Ok((length, address)) => batch.received.push(Received {
                length,
                sender: address.as_ref().map_or(Sender::Unknown, inet),
            }),
            Err(errno) if batch.received.is_empty() => return Err(errno.into()),
            Err(_) => break,
        }
    }
    Ok(End::Seen)
}

fn inet(address: &SockaddrStorage) -> Sender {
    if let Some(v4) = address.as_sockaddr_in() {
        Sender::Inet(SocketAddr::V4((*v4).into()))
    } else if let Some(v6) = address.as_sockaddr_in6() {
        Sender::Inet(SocketAddr::V6((*v6).into()))
    } else {
        Sender::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::listen::tell_of_datagrams;
    use crate::sys::receive::receive_many;
    use std::net::UdpSocket;
    use std::os::unix::net::UnixDatagram;

    fn pair(address: &str) -> Option<(UdpSocket, UdpSocket)> {
        let receiver = UdpSocket::bind(address).ok()?;
        receiver.set_nonblocking(true).unwrap();
        tell_of_datagrams(&receiver, false);
        let sender = UdpSocket::bind(address).unwrap();
        sender.connect(receiver.local_addr().unwrap()).unwrap();
        Some((receiver, sender))
    }

    #[test]
    fn datagrams_come_with_their_senders() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Some((receiver, sender)) = pair(address) else {
                println!("skipped: this machine has no {address}");
                continue;
            };
            let mut batch = Batch::udp();
            let nothing = receive_many(&receiver, &mut batch).unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
            let longest = if address.starts_with('[') {
                65_527
            } else {
                65_507
            };
            // Twice, with more than one call takes.
            for round in 0..2 {
                let length = |n: usize| match n {
                    0 => 0,
                    1 => longest,
                    n => n + round,
                };
                for n in 0..70 {
                    sender.send(&vec![n as u8; length(n)]).unwrap();
                }
                let mut seen = 0;
                while receive_many(&receiver, &mut batch).is_ok() {
                    assert!(batch.may_be_more() || seen + batch.iter().len() == 70);
                    for datagram in batch.iter() {
                        assert_eq!(datagram.bytes, vec![seen as u8; length(seen)]);
                        assert!(!datagram.is_truncated());
                        let from = Sender::Inet(sender.local_addr().unwrap());
                        assert_eq!(datagram.sender, from);
                        seen += 1;
                    }
                }
                assert_eq!((seen, batch.iter().len()), (70, 0));
                assert!(!batch.may_be_more());
            }
            assert_eq!(batch.dropped(), None);
        }
    }

    #[test]
    fn more_is_asked_for_where_more_comes() {
        let (receiver, sender) = pair("127.0.0.1:0").unwrap();
        let mut batch = Batch::udp();
        let mut calls = |count: usize| {
            for _ in 0..count {
                sender.send(b"x").unwrap();
            }
            let mut counts = Vec::new();
            loop {
                counts.push(receive_many(&receiver, &mut batch).unwrap());
                if !batch.may_be_more() {
                    return counts;
                }
            }
        };
        assert_eq!(calls(1), [1]);
        assert_eq!(calls(7), [7]);
        assert_eq!(calls(200), [8, 16, 32, 64, 64, 16]);
        assert_eq!(calls(63), [63]);
        for _ in 0..3 {
            assert_eq!(calls(1), [1]);
        }
        assert_eq!(calls(9), [8, 1]);
    }

    #[test]
    fn the_other_way_finds_the_same() {
        let (receiver, sender) = pair("127.0.0.1:0").unwrap();
        let mut batch = Batch::udp();
        batch.asks = 64;
        let nothing = one_by_one(&receiver, &mut batch).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        for n in 0..70 {
            sender.send(&[n; 9]).unwrap();
        }
        one_by_one(&receiver, &mut batch).unwrap();
        let from = Sender::Inet(sender.local_addr().unwrap());
        assert_eq!(batch.iter().len(), 64);
        for (n, datagram) in batch.iter().enumerate() {
            assert_eq!((datagram.bytes, datagram.sender), (&[n as u8; 9][..], from));
        }
        let (receiver, sender) = UnixDatagram::pair().unwrap();
        receiver.set_nonblocking(true).unwrap();
        let mut batch = Batch::unix(100);
        sender.send(b"hello").unwrap();
        one_by_one(&receiver, &mut batch).unwrap();
        assert_eq!(batch.iter().next().unwrap().bytes, b"hello");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_kernel_drops_is_counted() {
        let (receiver, sender) = pair("127.0.0.1:0").unwrap();
        let mut batch = Batch::udp();
        let mut received = 0;
        let mut drain = |batch: &mut Batch| {
            while let Ok(count) = receive_many(&receiver, batch) {
                received += count;
            }
        };
        // Of one size, so that those that follow find room again.
        for round in 1..=2u32 {
            for _ in 0..2000 {
                sender.send(&[b'x'; 1000]).unwrap();
            }
            drain(&mut batch);
            sender.send(b"next").unwrap();
            drain(&mut batch);
            assert!(batch.dropped().is_some_and(|dropped| dropped > 100 * round));
        }
        assert_eq!(batch.dropped().unwrap() as usize + received, 4002);
    }

    #[test]
    fn long_ones_are_cut_and_told() {
        let (receiver, sender) = UnixDatagram::pair().unwrap();
        let mut batch = Batch::unix(1000);
        for length in [999, 1000, 1001, 150_000, 3] {
            sender.send(&vec![b'y'; length]).unwrap();
        }
        assert_eq!(receive_many(&receiver, &mut batch).unwrap(), 5);
        let seen: Vec<_> = batch
            .iter()
            .map(|datagram| (datagram.bytes.len(), datagram.is_truncated()))
            .collect();
        let expected = [
            (999, false),
            (1000, false),
            (1000, true),
            (1000, true),
            (3, false),
        ];
        assert_eq!(seen, expected);
        if cfg!(target_os = "linux") {
            assert_eq!(batch.iter().nth(3).unwrap().length, 150_000);
        }
        // Many more than fit in one call.
        let mut batch = Batch::unix(200_000);
        sender.send(&[b'z'; 150_000]).unwrap();
        assert_eq!(receive_many(&receiver, &mut batch).unwrap(), 1);
        assert_eq!(batch.iter().next().unwrap().bytes.len(), 150_000);
    }

    fn open_descriptors() -> usize {
        std::fs::read_dir("/proc/self/fd").unwrap().count()
    }

    /// Who sends, and no descriptors of theirs. Other tests open and close some
    /// meanwhile, so many are sent.
    #[test]
    #[cfg(target_os = "linux")]
    fn senders_are_known_and_their_descriptors_are_refused() {
        use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
        use std::io::IoSlice;
        for told in [true, false] {
            let (receiver, sender) = UnixDatagram::pair().unwrap();
            if told {
                tell_of_datagrams(&receiver, true);
            }
            let mut batch = Batch::unix(1000);
            let before = open_descriptors();
            for n in 0..200 {
                // What is told of a sender that tries it is cut off with them.
                let tries = n % 2 == 1;
                let fds = [0; 20];
                let rights = [ControlMessage::ScmRights(&fds)];
                let rights = if tries { &rights[..] } else { &[] };
                let bytes = [IoSlice::new(b"hello")];
                let fd = sender.as_raw_fd();
                sendmsg::<()>(fd, &bytes, rights, MsgFlags::empty(), None).unwrap();
                assert_eq!(receive_many(&receiver, &mut batch).unwrap(), 1);
                let datagram = batch.iter().next().unwrap();
                assert_eq!(datagram.bytes, b"hello");
                let expected = match told && !tries {
                    true => Sender::Process(Credentials {
                        pid: Some(std::process::id()),
                        uid: nix::unistd::geteuid().as_raw(),
                    }),
                    false => Sender::Unknown,
                };
                assert_eq!(datagram.sender, expected);
            }
            let after = open_descriptors();
            assert!(after < before + 90, "{before}, then {after}");
        }
    }
}
