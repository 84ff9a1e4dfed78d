//! Connecting to the first of a host's addresses that answers (RFC 8305, in a
//! simple form).

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::diag::plain;
use crate::sys::socket::{begin_connect, wait_any};

/// How long one address has the line for itself (RFC 8305, 5).
const STAGGER: Duration = Duration::from_millis(250);

/// The addresses with families in turn, the resolver's first choice first.
pub(super) fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first);
    let longest = one.len().max(other.len());
    let pick = |at| one.get(at).into_iter().chain(other.get(at));
    (0..longest).flat_map(pick).copied().collect()
}

/// A TCP connection to one of the addresses. Each has a quarter of a second, or
/// until it fails, before the next is tried beside it; the first one that is
/// connected is taken.
pub(super) fn connect(addresses: Vec<SocketAddr>, deadline: Instant) -> io::Result<Socket> {
    let mut rest = interleave(addresses).into_iter();
    let mut trying: Vec<(Socket, SocketAddr)> = Vec::new();
    let mut failures: Vec<(SocketAddr, io::Error)> = Vec::new();
    let mut next = Instant::now();
    loop {
        let now = Instant::now();
        if trying.is_empty() || now >= next {
            match rest.next() {
                Some(address) => {
                    next = now + STAGGER;
                    match begin(address) {
                        Ok((socket, true)) => return Ok(socket),
                        Ok((socket, false)) => trying.push((socket, address)),
                        Err(error) => {
                            // The next address need not wait for its turn.
                            failures.push((address, error));
                            next = now;
                        }
                    }
                    continue;
                }
                None if trying.is_empty() => return Err(sum_up(failures)),
                None => next = deadline,
            }
        }
        let most = deadline.min(next).saturating_duration_since(now);
        let sockets: Vec<&Socket> = trying.iter().map(|(socket, _)| socket).collect();
        let ready = wait_any(&sockets, most)?;
        // From the back: the places before stay what they are.
        for at in (0..ready.len()).rev().filter(|&at| ready[at]) {
            let (socket, address) = trying.remove(at);
            match check(&socket) {
                Ok(()) => return Ok(socket),
                Err(error) => {
                    failures.push((address, error));
                    next = Instant::now();
                }
            }
        }
        if !trying.is_empty() && Instant::now() >= deadline {
            let late = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
            failures.extend(trying.iter().map(|(_, address)| (*address, late())));
            return Err(sum_up(failures));
        }
    }
}

/// Begins to connect to one address; whether it is connected already.
fn begin(address: SocketAddr) -> io::Result<(Socket, bool)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let connected = begin_connect(&socket, &address.into())?;
    if connected {
        check(&socket)?;
    }
    Ok((socket, connected))
}

/// What became of a connection that is no longer being made.
fn check(socket: &Socket) -> io::Result<()> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    // A port that the system gave to this very socket and where nobody listens:
    // TCP then connects the socket with itself, and it would read what it writes.
    let peer = socket.peer_addr().map_err(|error| match error.kind() {
        // It was there, and has gone since.
        io::ErrorKind::NotConnected => io::ErrorKind::ConnectionReset.into(),
        _ => error,
    });
    let peer = peer?.as_socket();
    if peer.is_some() && peer == socket.local_addr()?.as_socket() {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(())
}

/// One error of all: the first address's, with the others' where they differ.
fn sum_up(failures: Vec<(SocketAddr, io::Error)>) -> io::Error {
    let mut failures = failures.into_iter();
    let Some((address, first)) = failures.next() else {
        return io::Error::new(io::ErrorKind::NotFound, "it has no address");
    };
    let mut text = format!("{} at {address}", plain(&first));
    let mut differs = false;
    for (address, error) in failures {
        differs |= error.kind() != first.kind();
        text.push_str(&format!(", {} at {address}", plain(&error)));
    }
    match differs {
        // Its kind and its number are worth more than the list.
        false => first,
        true => io::Error::new(first.kind(), text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn families_take_turns() {
        let v4 = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let v6 = |port| SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        let given = vec![v6(1), v6(2), v6(3), v4(4), v4(5)];
        assert_eq!(interleave(given), [v6(1), v4(4), v6(2), v4(5), v6(3)]);
        assert_eq!(interleave(vec![v4(1), v6(2)]), [v4(1), v6(2)]);
        assert_eq!(interleave(Vec::new()), []);
    }

    #[test]
    fn an_address_that_refuses_costs_no_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let started = Instant::now();
        let addresses = vec![
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        ];
        let socket = connect(addresses, soon()).unwrap();
        assert!(started.elapsed() < STAGGER, "{:?}", started.elapsed());
        assert!(socket.peer_addr().unwrap().is_ipv4());
    }

    /// A listener whose queue is full answers no more: Linux drops the SYN.
    #[test]
    fn an_address_that_is_silent_costs_its_turn_only() {
        let silent = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        silent.bind(&any.into()).unwrap();
        silent.listen(0).unwrap();
        let silent_at = silent.local_addr().unwrap().as_socket().unwrap();
        // It takes one more than it was asked for.
        let _full = connect(vec![silent_at], soon()).unwrap();
        let started = Instant::now();
        let error = connect(vec![silent_at], started + Duration::from_millis(60));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() >= Duration::from_millis(60));

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let started = Instant::now();
        let socket = connect(vec![silent_at, open], soon()).unwrap();
        assert_eq!(socket.peer_addr().unwrap().as_socket(), Some(open));
        assert!(started.elapsed() >= STAGGER);
        assert!(started.elapsed() < STAGGER * 6, "{:?}", started.elapsed());

        // One that refuses gives its turn away.
        let unused = TcpListener::bind("127.0.0.1:0").unwrap();
        let refusing = unused.local_addr().unwrap();
        drop(unused);
        let started = Instant::now();
        let mut addresses = vec![refusing; 8];
        // Refused by this system itself.
        addresses.extend([SocketAddr::from((Ipv4Addr::BROADCAST, 9)); 8]);
        addresses.insert(0, silent_at);
        addresses.push(open);
        let socket = connect(addresses, soon()).unwrap();
        assert_eq!(socket.peer_addr().unwrap().as_socket(), Some(open));
        assert!(started.elapsed() < STAGGER * 6, "{:?}", started.elapsed());
    }

    #[test]
    fn a_socket_connected_with_itself_is_refused() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).unwrap();
        let own = socket.local_addr().unwrap();
        socket.connect(&own).unwrap();
        let error = check(&socket).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn failures_are_named_with_their_addresses_where_they_differ() {
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let late = || io::Error::from(io::ErrorKind::TimedOut);
        let text = sum_up(vec![(address(1), refused()), (address(2), refused())]).to_string();
        assert_eq!(text, "connection refused");
        let text = sum_up(vec![(address(1), refused()), (address(2), late())]).to_string();
        assert_eq!(
            text,
            "Connection refused at 127.0.0.1:1, timed out at 127.0.0.1:2"
        );
    }
}
