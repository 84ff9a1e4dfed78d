//! Making connections.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, TcpKeepalive, Type};

use crate::sys::socket::{socket_file, unix_address};

use super::Address;
use super::connection::{Connection, Kind};
use super::error::ConnectError;
use super::eyeballs;
use super::lookup::Lookup;
use super::tls::TlsClient;

/// How bytes get to a receiver.
#[derive(Clone, Debug)]
pub enum Transport {
    /// A stream.
    Tcp,
    /// A stream that nobody else can read or change.
    Tls(TlsClient),
    /// Datagrams.
    Udp,
    /// A stream on this machine.
    UnixStream,
    /// Datagrams on this machine, of which none is lost on the way.
    UnixDatagram,
}

impl Transport {
    /// Its name, as messages show it.
    pub fn name(&self) -> &'static str {
        match self {
            Transport::Tcp => "TCP",
            Transport::Tls(_) => "TLS",
            Transport::Udp => "UDP",
            Transport::UnixStream => "a Unix stream socket",
            Transport::UnixDatagram => "a Unix datagram socket",
        }
    }
}

/// Makes connections to one receiver, as often as they have to be made.
#[derive(Debug)]
pub struct Connector {
    /// Where the receiver is.
    pub address: Address,
    /// How it is reached.
    pub transport: Transport,
    /// How long a connection may take to be made, all in all; and how long one may
    /// take no bytes before a write to it fails.
    pub timeout: Duration,
    memory: Mutex<Memory>,
}

/// What one attempt leaves to the next.
#[derive(Debug, Default)]
struct Memory {
    lookup: Lookup,
    /// Counts the UDP sockets that were made.
    turn: usize,
}

impl Connector {
    /// Nothing is looked up or opened yet.
    pub fn new(address: Address, transport: Transport, timeout: Duration) -> Connector {
        Connector {
            address,
            transport,
            timeout,
            memory: Mutex::default(),
        }
    }

    /// The address, as messages name it.
    pub fn target(&self) -> String {
        self.address.to_string()
    }

    /// Makes a connection, with the name looked up anew. Takes no longer than the
    /// time-out.
    ///
    /// # Errors
    /// What failed; see [`ConnectError`].
    pub fn connect(&self) -> Result<Connection, ConnectError> {
        let deadline = deadline(self.timeout);
        match (&self.transport, &self.address) {
            (Transport::Tcp, Address::Inet { host, port }) => self.tcp(host, *port, deadline),
            (Transport::Tls(client), Address::Inet { host, port }) => self
                .tcp(host, *port, deadline)?
                .secure(client, deadline)
                .map_err(|source| ConnectError::Tls {
                    target: self.target(),
                    source,
                }),
            (Transport::Udp, Address::Inet { host, port }) => self.udp(host, *port, deadline),
            (Transport::UnixStream, Address::Path(path)) => {
                self.on(unix_stream(path, deadline), Kind::UnixStream)
            }
            (Transport::UnixDatagram, Address::Path(path)) => {
                let connected = unix_datagram(path);
                let seen = connected.as_ref().map_or(None, |(_, seen)| *seen);
                let kind = Kind::UnixDatagram {
                    path: path.clone(),
                    seen,
                };
                self.on(connected.map(|(socket, _)| socket), kind)
            }
            (transport, address) => Err(ConnectError::Mismatch {
                transport: transport.name(),
                target: self.target(),
                needs: match address {
                    Address::Inet { .. } => "the path of a Unix socket",
                    Address::Path(_) => "HOST:PORT",
                },
            }),
        }
    }

    fn tcp(&self, host: &str, port: u16, deadline: Instant) -> Result<Connection, ConnectError> {
        let addresses = self.look_up(host, port, deadline)?;
        let socket = eyeballs::connect(addresses, deadline);
        let socket = socket.inspect(|socket| {
            // What a system refuses here only makes it slower.
            let _ = socket.set_tcp_nodelay(true);
            let keepalive = TcpKeepalive::new()
                .with_time(Duration::from_secs(30))
                .with_interval(Duration::from_secs(10))
                .with_retries(3);
            let _ = socket.set_tcp_keepalive(&keepalive);
        });
        self.on(socket, Kind::Tcp)
    }

    fn udp(&self, host: &str, port: u16, deadline: Instant) -> Result<Connection, ConnectError> {
        let addresses = self.look_up(host, port, deadline)?;
        let turn = {
            let mut memory = self.memory();
            memory.turn = memory.turn.wrapping_add(1);
            memory.turn - 1
        };
        self.on(udp(by_turn(addresses, turn)), Kind::Udp)
    }

    fn look_up(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, ConnectError> {
        let most = deadline.saturating_duration_since(Instant::now());
        let answer = self.memory().lookup.addresses(host, port, most);
        answer.map_err(|source| ConnectError::Lookup {
            host: host.to_owned(),
            source,
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on(&self, socket: io::Result<Socket>, kind: Kind) -> Result<Connection, ConnectError> {
        match socket {
            Ok(socket) => Ok(Connection::new(socket, kind, self.timeout)),
            Err(source) => Err(ConnectError::Connect {
                target: self.target(),
                source,
            }),
        }
    }
}

/// A time-out that no clock can reach is taken as a year.
fn deadline(timeout: Duration) -> Instant {
    let year = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + timeout.min(year)
}

/// The order in which addresses are tried for UDP, which has no answer to tell
/// the right one by.
///
/// For this machine itself it is IPv4 first, where most receivers of datagrams
/// listen, and another one each time: a wrong one is refused at once, so the
/// next is right. Elsewhere an unused address may swallow all in silence, so it
/// is always the resolver's first choice.
fn by_turn(mut addresses: Vec<SocketAddr>, turn: usize) -> Vec<SocketAddr> {
    if addresses.iter().all(|address| address.ip().is_loopback()) && !addresses.is_empty() {
        addresses.sort_by_key(SocketAddr::is_ipv6);
        let count = addresses.len();
        addresses.rotate_left(turn % count);
    }
    addresses
}

/// A socket for the first address that there is a way to.
fn udp(addresses: Vec<SocketAddr>) -> io::Result<Socket> {
    let mut failure = None;
    for address in addresses {
        let made =
            Socket::new(Domain::for_address(address), Type::DGRAM, None).and_then(|socket| {
                socket.set_nonblocking(true)?;
                // Connected, so that a refusal comes back as an error.
                socket.connect(&address.into())?;
                Ok(socket)
            });
        match made {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    Err(failure.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has no address")))
}

/// A Unix stream. Where the receiver's queue of connections is full, Linux waits
/// as long as a write may; a socket that does not block would fail at once, with
/// nothing to wait for.
fn unix_stream(path: &Path, deadline: Instant) -> io::Result<Socket> {
    let address = unix_address(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    let most = deadline.saturating_duration_since(Instant::now());
    socket.set_write_timeout(Some(most.max(Duration::from_millis(1))))?;
    loop {
        match socket.connect(&address) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let text = "it takes no more connections";
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            Err(error) => return Err(error),
        }
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

type Seen = Option<crate::sys::socket::SocketFile>;

/// A Unix datagram socket, and what stood under the path before: if it was
/// replaced meanwhile, that is seen later.
pub(super) fn unix_datagram(path: &Path) -> io::Result<(Socket, Seen)> {
    let address = unix_address(path)?;
    let seen = socket_file(path)?;
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&address)?;
    Ok((socket, seen))
}
