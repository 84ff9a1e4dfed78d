//! Datagrams, as many as there are at once.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};

use nix::sys::socket::{MsgFlags, SockaddrStorage};

/// How many are taken by one call, and how long one is at most: as long as udp
/// has it.
const AT_ONCE: usize = 64;
const LONGEST: usize = 64 << 10;

/// Room for datagrams, used again and again. What no datagram was long enough to
/// reach takes no memory.
pub struct DatagramRoom {
    buffer: Vec<u8>,
    #[cfg(target_os = "linux")]
    headers: nix::sys::socket::MultiHeaders<SockaddrStorage>,
}

/// A datagram that has come.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'b> {
    /// What is in it.
    pub bytes: &'b [u8],
    /// From where, if that has an address of IP.
    pub from: Option<SocketAddr>,
    /// There was more in it.
    pub truncated: bool,
}

/// What one call came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// So many datagrams.
    pub count: usize,
    /// There are no more at the moment.
    pub drained: bool,
    /// How many the system has dropped since the socket was opened, if it says.
    pub dropped: Option<u32>,
}

impl Default for DatagramRoom {
    fn default() -> DatagramRoom {
        DatagramRoom {
            buffer: vec![0; AT_ONCE * LONGEST],
            #[cfg(target_os = "linux")]
            headers: nix::sys::socket::MultiHeaders::preallocate(
                AT_ONCE,
                Some(nix::cmsg_space!(u32)),
            ),
        }
    }
}

/// Asks the system to say how many datagrams it drops, where it can.
pub fn count_drops(socket: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::RxqOvfl, &1);
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// Hands each datagram that is there to `each`, 64 of them at most. One call of
/// recvmmsg(2) on Linux.
///
/// # Errors
/// Those of recvmsg(2), but for there being none.
pub fn receive_many(
    socket: &impl AsRawFd,
    room: &mut DatagramRoom,
    each: &mut dyn FnMut(Datagram<'_>),
) -> io::Result<Received> {
    let result = receive(socket, room, each);
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Received {
            drained: true,
            ..Received::default()
        }),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Received::default()),
        other => other,
    }
}

#[cfg(target_os = "linux")]
fn receive(
    socket: &impl AsRawFd,
    room: &mut DatagramRoom,
    each: &mut dyn FnMut(Datagram<'_>),
) -> io::Result<Received> {
    use nix::sys::socket::{ControlMessageOwned, recvmmsg};
    let mut parts = room.buffer.chunks_exact_mut(LONGEST);
    let mut slices: [[IoSliceMut<'_>; 1]; AT_ONCE] =
        std::array::from_fn(|_| [IoSliceMut::new(parts.next().unwrap_or_default())]);
    let flags = MsgFlags::MSG_DONTWAIT;
    let mut lengths = [(0, None, false); AT_ONCE];
    let mut received = Received::default();
    let results = recvmmsg(
        socket.as_raw_fd(),
        &mut room.headers,
        slices.iter_mut(),
        flags,
        None,
    )?;
    for (message, length) in results.zip(&mut lengths) {
        let truncated = message.flags.contains(MsgFlags::MSG_TRUNC);
        *length = (message.bytes, message.address.and_then(address), truncated);
        received.count += 1;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::RxqOvfl(count) = control {
                received.dropped = Some(count);
            }
        }
    }
    received.drained = received.count < AT_ONCE;
    let parts = room.buffer.chunks_exact(LONGEST);
    for (part, (length, from, truncated)) in parts.zip(lengths).take(received.count) {
        each(Datagram {
            bytes: &part[..length],
            from,
            truncated,
        });
    }
    Ok(received)
}

#[cfg(not(target_os = "linux"))]
fn receive(
    socket: &impl AsRawFd,
    room: &mut DatagramRoom,
    each: &mut dyn FnMut(Datagram<'_>),
) -> io::Result<Received> {
    use nix::sys::socket::recvmsg;
    let mut slices = [IoSliceMut::new(&mut room.buffer[..LONGEST])];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, None, flags)?;
    let (length, from) = (message.bytes, message.address.and_then(address));
    let truncated = message.flags.contains(MsgFlags::MSG_TRUNC);
    each(Datagram {
        bytes: &room.buffer[..length],
        from,
        truncated,
    });
    Ok(Received {
        count: 1,
        ..Received::default()
    })
}

fn address(address: SockaddrStorage) -> Option<SocketAddr> {
    if let Some(inet) = address.as_sockaddr_in() {
        return Some(SocketAddrV4::new(inet.ip(), inet.port()).into());
    }
    let inet = address.as_sockaddr_in6()?;
    Some(SocketAddrV6::new(inet.ip(), inet.port(), inet.flowinfo(), inet.scope_id()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn all_that_are_there_come_at_once() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        count_drops(&socket);
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut room = DatagramRoom::default();
        let mut each = |_: Datagram<'_>| panic!("there is none");
        let none = receive_many(&socket, &mut room, &mut each).unwrap();
        assert_eq!((none.count, none.drained), (0, true));
        for text in ["one", "", "three"] {
            sender
                .send_to(text.as_bytes(), socket.local_addr().unwrap())
                .unwrap();
        }
        let mut got = Vec::new();
        let received = receive_many(&socket, &mut room, &mut |datagram| {
            assert_eq!(datagram.from, Some(sender.local_addr().unwrap()));
            assert!(!datagram.truncated);
            got.push(String::from_utf8(datagram.bytes.to_vec()).unwrap());
        });
        assert_eq!(received.unwrap().count, 3);
        assert_eq!(got, ["one", "", "three"]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_was_dropped_is_told() {
        let socket = socket2::Socket::from(UdpSocket::bind("127.0.0.1:0").unwrap());
        socket.set_recv_buffer_size(4096).unwrap();
        count_drops(&socket);
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        (0..1000).for_each(|_| {
            sender.send_to(&[b'x'; 100], address).unwrap();
        });
        let mut room = DatagramRoom::default();
        let (mut count, mut dropped) = (0, 0);
        loop {
            let received = receive_many(&socket, &mut room, &mut |_| count += 1).unwrap();
            dropped = received.dropped.unwrap_or(dropped);
            if received.drained {
                break;
            }
        }
        // Those behind the last that came are not told yet.
        sender.send_to(b"last", address).unwrap();
        let received = receive_many(&socket, &mut room, &mut |_| count += 1).unwrap();
        dropped = received.dropped.unwrap_or(dropped);
        assert_eq!(count + dropped, 1001, "{dropped}");
    }
}
