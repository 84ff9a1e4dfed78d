//! What is known of sockets, on all systems.

use std::fmt;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use super::local::{UnixDatagram, UnixListener};

/// How many datagrams go out with one call.
pub const DATAGRAMS: usize = 64;

/// How the packets of a TCP connection fare.
#[derive(Clone, Copy, Debug)]
pub struct TcpState {
    /// Packets that were sent and not acknowledged.
    pub in_flight: u32,
    /// Probes of a closed window that nothing has answered.
    pub probes: u32,
    /// Since the last packet with data was sent, the first time or again.
    pub since_sent: Duration,
    /// Since the last acknowledgement.
    pub since_acknowledged: Duration,
    /// The smoothed round trip time.
    pub round_trip: Duration,
}

/// What can be done with a socket, and what became of its other side.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready {
    /// There are bytes to read, or an end.
    pub readable: bool,
    /// The other side has ended its stream.
    pub ended: bool,
    /// Neither direction is left.
    pub hung_up: bool,
    /// There is an error to be asked for.
    pub failed: bool,
}

/// The process at the other end of a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its number; `None` where the system does not tell, or the process is in
    /// another namespace.
    pub pid: Option<u32>,
    /// Its user's number.
    pub uid: u32,
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pid) = self.pid {
            write!(f, "pid={pid} ")?;
        }
        write!(f, "uid={}", self.uid)
    }
}

/// Why there is no socket under a path.
#[derive(Debug)]
#[cfg_attr(windows, allow(dead_code, reason = "it has no such sockets"))]
pub enum PathProblem {
    /// Something else than a socket has the name.
    NoSocket,
    /// A socket has it at which somebody answers.
    Taken,
    /// What the system said.
    System(io::Error),
}

impl From<io::Error> for PathProblem {
    fn from(error: io::Error) -> PathProblem {
        PathProblem::System(error)
    }
}

/// A socket that was passed.
#[derive(Debug)]
#[cfg_attr(windows, allow(dead_code, reason = "it has nobody who passes any"))]
pub enum Passed {
    /// Listens for TCP.
    Tcp(TcpListener),
    /// For UDP.
    Udp(UdpSocket),
    /// Listens for Unix streams.
    Unix(UnixListener),
    /// For Unix datagrams.
    UnixDatagram(UnixDatagram),
}
