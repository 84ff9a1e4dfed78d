//! Addresses at which nobody listens until the test wants somebody to.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use socket2::{Domain, Socket, Type};

/// Those that keep the ports, to the end of the process.
static KEPT: Mutex<Vec<Socket>> = Mutex::new(Vec::new());

/// An address on loopback that nothing has, below those that the system gives to
/// clients. It stays the caller's: a socket is bound to its TCP side and does
/// not listen, so that whoever connects is refused, and whoever means this port
/// and says SO_REUSEADDR, as servers do, can listen at it.
///
/// To look whether a port is free by listening for a moment would not do: a
/// process that another thread starts just then has a copy of the socket until
/// it runs its own program, and in that time the port is taken.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    const RANGE: usize = 20_000;
    // Several processes at once begin at different places.
    let start = (std::process::id() as usize).wrapping_mul(2_654_435_761) >> 16;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 11_000 + (start + step) % RANGE;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port as u16));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        // Bound without the option, as it is to be the only one; then with it,
        // as the one that is to listen comes beside it.
        if socket.bind(&address.into()).is_err() || UdpSocket::bind(address).is_err() {
            continue;
        }
        socket.set_reuse_address(true).expect("an option");
        KEPT.lock().unwrap().push(socket);
        return address;
    }
}
