//! How many datagrams a UDP socket has dropped, asked for when none comes that
//! would tell.

use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;

/// How many datagrams the kernel has dropped since the socket was made: the same
/// count as [`Batch::dropped`](crate::sys::receive::Batch::dropped), and up to date at
/// the end, too, when no datagram follows. Reads the kernel's list of all UDP
/// sockets, so it is for once in a while. `None` where the system does not tell.
pub fn dropped_datagrams(socket: &impl AsFd) -> Option<u32> {
    let inode = nix::sys::stat::fstat(socket).ok()?.st_ino.to_string();
    ["/proc/self/net/udp", "/proc/self/net/udp6"]
        .iter()
        .find_map(|list| {
            let list = std::fs::File::open(list).ok()?;
            let mut lines = BufReader::new(list).lines();
            lines.find_map(|line| dropped_in(&line.ok()?, &inode))
        })
}

/// The count in a line of the list, if it is this socket's (proc_pid_net(5)).
fn dropped_in(line: &str, inode: &str) -> Option<u32> {
    let mut fields = line.split_ascii_whitespace();
    (fields.nth(9)? == inode).then_some(())?;
    fields.last()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::sys::listen::tell_of_datagrams;
    use crate::sys::receive::{Batch, receive_many};
    use std::net::UdpSocket;

    #[test]
    fn it_is_the_kernels_own_count() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(receiver) = UdpSocket::bind(address) else {
                println!("skipped: this machine has no {address}");
                continue;
            };
            receiver.set_nonblocking(true).unwrap();
            tell_of_datagrams(&receiver, false);
            assert_eq!(dropped_datagrams(&receiver), Some(0));
            let sender = UdpSocket::bind(address).unwrap();
            sender.connect(receiver.local_addr().unwrap()).unwrap();
            for _ in 0..2000 {
                sender.send(&[b'x'; 1000]).unwrap();
            }
            let dropped = dropped_datagrams(&receiver).unwrap();
            let (mut batch, mut received) = (Batch::udp(), 0);
            while let Ok(count) = receive_many(&receiver, &mut batch) {
                received += count;
            }
            assert_eq!(dropped as usize + received, 2000);
            assert!(dropped > 100);
            // Which the datagrams that were queued before could not tell.
            sender.send(b"next").unwrap();
            receive_many(&receiver, &mut batch).unwrap();
            assert_eq!(batch.dropped(), Some(dropped));
        }
    }

    #[test]
    fn another_sockets_line_is_not_taken() {
        let line = " 1234: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 \
                    00000000   101        0 18013 2 ffff8f2f80a44780 42";
        assert_eq!(dropped_in(line, "18013"), Some(42));
        assert_eq!(dropped_in(line, "1801"), None);
        assert_eq!(dropped_in("  sl  local_address rem_address", "18013"), None);
    }
}
