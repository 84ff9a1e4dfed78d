//! Connections to a receiver: one type over TCP, TLS, UDP and Unix sockets.
//!
//! A [`Connector`] makes a [`Connection`], however often it has to be made
//! anew; a [`Backoff`] says when. What is promised of a connection is what
//! delivery without loss needs: how many bytes the other side is known to have
//! ([`Connection::progress`]), whether it is still there ([`Connection::peer`]),
//! and that no call waits longer than it may.

pub mod addr;
pub mod allow;
pub mod backoff;
mod connect;
mod connection;
mod datagram;
mod error;
mod eyeballs;
pub mod listen_address;
mod lookup;
pub mod serve;
mod stall;
#[cfg(all(test, target_os = "linux"))]
mod tests;
pub mod tls;

pub use addr::{Address, AddressError};
pub use allow::{Allow, Network, NetworkError};
pub use backoff::{Backoff, BackoffOptions};
pub use connect::{Connector, Transport};
pub use connection::{Connection, PeerState, Progress};
pub use datagram::{is_no_file, is_too_long};
pub use error::ConnectError;
pub use listen_address::{Hosts, ListenAddress, ListenAddressError};
pub use serve::{
    BindError, Bound, ListenKind, ListenSocket, bind_path, bind_tcp, bind_udp, take_passed,
};
pub use tls::{HandshakeError, TlsClient, TlsError, TlsOptions};
pub use tls::{TlsFed, TlsServer, TlsServerOptions, TlsServerSession};

pub use crate::sys::drops::dropped_datagrams;
pub use crate::sys::listen::{SocketName, peer_credentials};
pub use crate::sys::receive::{Batch, Datagram, Sender, receive_many};
pub use crate::sys::service::ServiceManager;
pub use crate::sys::sockets::Credentials;
