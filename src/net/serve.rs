//! Sockets that listen: where they are bound, and why they are not.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use super::listen_address::{Hosts, ListenAddress};
use crate::diag::plain;
use crate::sys::activation;
use crate::sys::directory_of;
use crate::sys::listen::{
    SocketName, bind_unix, enlarge_receive_buffer, is_no_address, tell_of_datagrams,
};
use crate::sys::local::{UnixDatagram, UnixListener, path_name};
use crate::sys::sockets::{Passed, PathProblem};

/// So many connections may wait to be accepted; the system may allow less (on
/// Linux net.core.somaxconn, 4096).
const BACKLOG: i32 = 4096;

/// A connection that is silent for this long is asked whether its other side is
/// still there, so that one whose machine has lost its power is not kept for ever.
const SILENT: Duration = Duration::from_secs(120);
/// And this often, until it answers.
const ASKED: Duration = Duration::from_secs(30);

/// A port of 0 is chosen for IPv4; so often another is, where IPv6 has it in use.
const TRIES: usize = 16;

/// What a socket is listened at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenKind {
    /// Streams over TCP.
    Tcp,
    /// Requests of HTTP over TCP.
    Http,
    /// Datagrams of UDP.
    Udp,
    /// Streams of a Unix socket.
    Unix,
    /// Datagrams of a Unix socket.
    UnixDatagram,
}

impl ListenKind {
    /// As in the option's name.
    pub fn name(self) -> &'static str {
        match self {
            ListenKind::Tcp => "tcp",
            ListenKind::Http => "http",
            ListenKind::Udp => "udp",
            ListenKind::Unix => "unix",
            ListenKind::UnixDatagram => "unixgram",
        }
    }
}

/// A socket that is bound, and does not block; closed on exec.
#[derive(Debug)]
pub enum ListenSocket {
    /// For TCP.
    Tcp(TcpListener),
    /// For UDP.
    Udp(UdpSocket),
    /// For Unix streams.
    Unix(UnixListener),
    /// For Unix datagrams.
    UnixDatagram(UnixDatagram),
}

/// A place that is listened at.
#[derive(Debug)]
pub struct Bound {
    /// What for.
    pub kind: ListenKind,
    /// The socket.
    pub socket: ListenSocket,
    /// The address, with the port that the system chose, or the path.
    pub name: String,
    /// What the user should know, though it does not stop anything.
    pub warning: Option<String>,
    /// The name of a Unix socket, which is removed when this is dropped. `None` for
    /// what has no such name, or has it from somebody else.
    pub file: Option<SocketName>,
}

/// Why nothing is listened at: what was being done, why it failed, and what can be
/// done about it.
#[derive(Debug, thiserror::Error)]
#[error("can't listen at {} {target}: {}{}", .kind.name(), plain(.source), hint_text(.hint))]
pub struct BindError {
    /// What for.
    pub kind: ListenKind,
    /// The address or the path.
    pub target: String,
    /// What the system said.
    pub source: io::Error,
    /// What can be done.
    pub hint: Option<String>,
}

fn hint_text(hint: &Option<String>) -> String {
    hint.as_ref()
        .map_or(String::new(), |hint| format!(": {hint}"))
}

/// Opens a TCP port, at each address that it is asked for at. What is accepted
/// there sends at once, and is asked now and then whether its other side still is.
///
/// # Errors
/// The first address that can't be had; none stays open then. An address of a
/// family that this machine lacks is left out where another is there.
pub fn bind_tcp(kind: ListenKind, address: &ListenAddress) -> Result<Vec<Bound>, BindError> {
    bind_inet(kind, address, |at| {
        let socket = inet_socket(at, Type::STREAM)?;
        // A port whose last connections are not over for the kernel can be had again.
        socket.set_reuse_address(true)?;
        prepare_listener(&SockRef::from(&socket))?;
        socket.bind(&at.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        let port = listener.local_addr()?.port();
        Ok((ListenSocket::Tcp(listener), port, None))
    })
}

/// Opens a UDP port, at each address that it is asked for at, with a receive buffer
/// of so many bytes. The kernel counts what it drops there for
/// [`receive_many`](super::receive_many).
///
/// # Errors
/// As for [`bind_tcp`].
pub fn bind_udp(
    address: &ListenAddress,
    receive_buffer: Option<usize>,
) -> Result<Vec<Bound>, BindError> {
    bind_inet(ListenKind::Udp, address, |at| {
        let socket = inet_socket(at, Type::DGRAM)?;
        let warning = match receive_buffer {
            None => None,
            Some(asked) => small_buffer(asked, enlarge_receive_buffer(&socket, asked)?),
        };
        tell_of_datagrams(&socket, false);
        socket.bind(&at.into())?;
        let socket = UdpSocket::from(socket);
        let port = socket.local_addr()?.port();
        Ok((ListenSocket::Udp(socket), port, warning))
    })
}

/// Makes a Unix socket for streams or datagrams, in place of one that nobody has
/// open. Its permission bits are `mode`; who may write it may send.
///
/// # Errors
/// What is there already, or what the system says.
pub fn bind_path(
    datagrams: bool,
    path: &Path,
    mode: u32,
    receive_buffer: Option<usize>,
) -> Result<Bound, BindError> {
    let (kind, socket_type) = match datagrams {
        true => (ListenKind::UnixDatagram, Type::DGRAM),
        false => (ListenKind::Unix, Type::STREAM),
    };
    let failed = |problem| path_error(kind, path, problem);
    let (socket, file) = bind_unix(path, socket_type, mode, BACKLOG).map_err(failed)?;
    let mut warning = None;
    let socket = if datagrams {
        if let Some(asked) = receive_buffer {
            let given = enlarge_receive_buffer(&socket, asked);
            warning = small_buffer(asked, given.map_err(|error| failed(error.into()))?);
        }
        tell_of_datagrams(&socket, true);
        ListenSocket::UnixDatagram(socket.into())
    } else {
        ListenSocket::Unix(socket.into())
    };
    Ok(Bound {
        kind,
        socket,
        name: path.display().to_string(),
        warning,
        file,
    })
}

/// Takes over the sockets that a service manager has opened (LISTEN_FDS). One of
/// TCP whose name (FileDescriptorName=) is `http` is for HTTP. None where there
/// are none, or they are another process's. To be called while there is one
/// thread.
///
/// # Errors
/// Which one can't be used, and why.
pub fn take_passed() -> io::Result<Vec<Bound>> {
    let passed = activation::take()?;
    passed
        .into_iter()
        .map(|(name, socket)| adopt(&name, socket))
        .collect()
}

fn adopt(name: &str, socket: Passed) -> io::Result<Bound> {
    let named = |path: Option<String>| path.unwrap_or_else(|| "a socket without a path".to_owned());
    let (kind, at, socket) = match socket {
        Passed::Tcp(socket) => {
            prepare_listener(&SockRef::from(&socket))?;
            let kind = match name {
                "http" => ListenKind::Http,
                _ => ListenKind::Tcp,
            };
            (
                kind,
                socket.local_addr()?.to_string(),
                ListenSocket::Tcp(socket),
            )
        }
        Passed::Udp(socket) => {
            tell_of_datagrams(&socket, false);
            let at = socket.local_addr()?.to_string();
            (ListenKind::Udp, at, ListenSocket::Udp(socket))
        }
        Passed::Unix(socket) => {
            let at = named(path_name(&socket.local_addr()?));
            (ListenKind::Unix, at, ListenSocket::Unix(socket))
        }
        Passed::UnixDatagram(socket) => {
            tell_of_datagrams(&socket, true);
            let at = named(path_name(&socket.local_addr()?));
            (
                ListenKind::UnixDatagram,
                at,
                ListenSocket::UnixDatagram(socket),
            )
        }
    };
    Ok(Bound {
        kind,
        socket,
        name: at,
        warning: None,
        file: None,
    })
}

/// What is accepted inherits both.
fn prepare_listener(socket: &SockRef<'_>) -> io::Result<()> {
    let keepalive = TcpKeepalive::new().with_time(SILENT).with_interval(ASKED);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_nodelay(true)
}

/// What a socket is, the port that it has, and what is to be said of it.
type Opened = (ListenSocket, u16, Option<String>);

fn bind_inet(
    kind: ListenKind,
    address: &ListenAddress,
    open: impl Fn(SocketAddr) -> io::Result<Opened>,
) -> Result<Vec<Bound>, BindError> {
    let (all, choice) = match &address.hosts {
        Hosts::Loopback => (
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            true,
        ),
        Hosts::Any => (
            vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
            true,
        ),
        Hosts::One(host) => {
            let found = (host.as_str(), address.port).to_socket_addrs();
            let mut all: Vec<SocketAddr> = found
                .map_err(|source| BindError {
                    kind,
                    target: address.to_string(),
                    source,
                    hint: None,
                })?
                .collect();
            all.dedup();
            return bind_all(kind, &all, address.port, false, &open);
        }
    };
    let all: Vec<SocketAddr> = all
        .into_iter()
        .map(|ip: std::net::IpAddr| SocketAddr::new(ip, address.port))
        .collect();
    let mut tries = 0;
    loop {
        match bind_all(kind, &all, address.port, choice, &open) {
            Err(error)
                if address.port == 0
                    && error.source.kind() == io::ErrorKind::AddrInUse
                    && tries < TRIES =>
            {
                tries += 1;
            }
            bound => return bound,
        }
    }
}

/// Opens all of them with one port. Where there is a `choice`, those that this
/// machine does not have are left out, but not the last.
fn bind_all(
    kind: ListenKind,
    all: &[SocketAddr],
    mut port: u16,
    choice: bool,
    open: &impl Fn(SocketAddr) -> io::Result<Opened>,
) -> Result<Vec<Bound>, BindError> {
    let mut bound = Vec::new();
    let mut missing = None;
    for at in all {
        let mut at = *at;
        at.set_port(port);
        match open(at) {
            Ok((socket, chosen, warning)) => {
                port = chosen;
                at.set_port(chosen);
                bound.push(Bound {
                    kind,
                    socket,
                    name: at.to_string(),
                    warning,
                    file: None,
                });
            }
            Err(error) if choice && is_no_address(&error) => {
                missing = Some(inet_error(kind, at, error));
            }
            Err(error) => return Err(inet_error(kind, at, error)),
        }
    }
    match missing {
        Some(error) if bound.is_empty() => Err(error),
        _ => Ok(bound),
    }
}

fn inet_socket(at: SocketAddr, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(at), kind, None)?;
    if at.is_ipv6() {
        // IPv4 has a socket of its own, and addresses in its own form.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Says what became of a receive buffer that was asked for, where it is less.
fn small_buffer(asked: usize, given: usize) -> Option<String> {
    (given < asked).then(|| {
        format!(
            "the receive buffer has {given} bytes instead of {asked}: \
             sysctl net.core.rmem_max={asked} would allow them"
        )
    })
}

fn inet_error(kind: ListenKind, at: SocketAddr, source: io::Error) -> BindError {
    let hint = match source.kind() {
        io::ErrorKind::AddrInUse => {
            let which = if kind == ListenKind::Udp { 'u' } else { 't' };
            Some(format!(
                "another program has the port, ss -ln{which}p shows which"
            ))
        }
        io::ErrorKind::PermissionDenied if at.port() < 1024 => Some(
            "ports under 1024 need root or CAP_NET_BIND_SERVICE, as does 514; \
             systemd can open them (lh-listen.socket)"
                .to_owned(),
        ),
        io::ErrorKind::AddrNotAvailable => {
            Some("this machine has no such address, ip address shows those it has".to_owned())
        }
        _ => None,
    };
    BindError {
        kind,
        target: at.to_string(),
        source,
        hint,
    }
}

fn path_error(kind: ListenKind, path: &Path, problem: PathProblem) -> BindError {
    let exists = |text: &str| io::Error::new(io::ErrorKind::AlreadyExists, text.to_owned());
    let (source, hint) = match problem {
        PathProblem::NoSocket => (
            exists("there is something of that name that is no socket"),
            Some("lh does not remove it".to_owned()),
        ),
        PathProblem::Taken => (
            exists("another program listens there"),
            Some("ss -lxp shows which".to_owned()),
        ),
        PathProblem::System(error) => {
            let directory = directory_of(path).display();
            let hint = match error.kind() {
                io::ErrorKind::NotFound => Some(format!("make the directory {directory} first")),
                io::ErrorKind::PermissionDenied => Some(format!(
                    "this user needs to write the directory {directory}, and a socket in its place"
                )),
                _ => None,
            };
            (error, hint)
        }
    };
    BindError {
        kind,
        target: path.display().to_string(),
        source,
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpStream;
    use std::os::unix::net::UnixStream;

    fn address(text: &str) -> ListenAddress {
        ListenAddress::parse(text).unwrap()
    }

    fn names(bound: &[Bound]) -> Vec<String> {
        bound.iter().map(|bound| bound.name.clone()).collect()
    }

    fn has_ipv6() -> bool {
        let has = std::net::TcpListener::bind("[::1]:0").is_ok();
        if !has {
            println!("skipped: this machine has no IPv6");
        }
        has
    }

    fn port(bound: &Bound) -> u16 {
        let (_, port) = bound.name.rsplit_once(':').unwrap();
        port.parse().unwrap()
    }

    #[test]
    fn a_port_alone_is_for_this_machine() {
        let bound = bind_tcp(ListenKind::Tcp, &address(":0")).unwrap();
        let chosen = port(&bound[0]);
        assert!(chosen > 0);
        let mut expected = vec![format!("127.0.0.1:{chosen}")];
        if has_ipv6() {
            expected.push(format!("[::1]:{chosen}"));
        }
        assert_eq!(names(&bound), expected);
        for bound in &bound {
            let ListenSocket::Tcp(listener) = &bound.socket else {
                panic!("{bound:?}");
            };
            let nobody = listener.accept().unwrap_err();
            assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
            let _client = TcpStream::connect(&bound.name).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            assert!(accepted.nodelay().unwrap(), "it is inherited");
            assert!(socket2::SockRef::from(&accepted).keepalive().unwrap());
        }
        let bound = bind_udp(&address("0"), None).unwrap();
        assert_eq!(bound.len(), expected.len());
        assert!(bound.iter().all(|other| port(other) == port(&bound[0])));
    }

    #[test]
    fn everybody_is_asked_for() {
        let bound = bind_tcp(ListenKind::Http, &address("*:0")).unwrap();
        assert!(bound[0].name.starts_with("0.0.0.0:"));
        assert_eq!(bound.len(), if has_ipv6() { 2 } else { 1 });
        let bound = bind_udp(&address("0.0.0.0:0"), None).unwrap();
        assert!(bound.len() == 1 && bound[0].name.starts_with("0.0.0.0:"));
        if has_ipv6() {
            // IPv4 is not meant by it, and has its port left, but for one that
            // another program happens to have there.
            let has_port_left = || {
                let bound = bind_tcp(ListenKind::Tcp, &address("[::]:0")).unwrap();
                assert!(bound.len() == 1 && bound[0].name.starts_with("[::]:"));
                let other = format!("0.0.0.0:{}", port(&bound[0]));
                bind_tcp(ListenKind::Tcp, &address(&other)).is_ok()
            };
            assert!((0..9).any(|_| has_port_left()));
        }
    }

    #[test]
    fn a_port_can_be_had_again_at_once() {
        let bound = bind_tcp(ListenKind::Tcp, &address("127.0.0.1:0")).unwrap();
        let again = address(&bound[0].name);
        let _client = TcpStream::connect(&bound[0].name).unwrap();
        let ListenSocket::Tcp(listener) = &bound[0].socket else {
            panic!("{bound:?}");
        };
        // Our side closes first, and its end of the connection lingers.
        drop(listener.accept().unwrap());
        drop(bound);
        bind_tcp(ListenKind::Tcp, &again).unwrap();
    }

    #[test]
    fn errors_say_what_can_be_done() {
        let taken = bind_tcp(ListenKind::Tcp, &address("127.0.0.1:0")).unwrap();
        let name = &taken[0].name;
        let error = bind_tcp(ListenKind::Http, &address(name)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "can't listen at http {name}: Address already in use: \
                 another program has the port, ss -lntp shows which"
            )
        );
        let taken = bind_udp(&address("127.0.0.1:0"), None).unwrap();
        let error = bind_udp(&address(&taken[0].name), None).unwrap_err();
        assert!(error.to_string().contains("ss -lnup"), "{error}");
        let error = bind_tcp(ListenKind::Tcp, &address("192.0.2.1:0")).unwrap_err();
        assert!(error.to_string().contains("no such address"), "{error}");
        let error = bind_tcp(ListenKind::Tcp, &address("no-such-host.invalid:9")).unwrap_err();
        assert!(
            error.to_string().contains("no-such-host.invalid:9: "),
            "{error}"
        );
        let refused = io::ErrorKind::PermissionDenied;
        let low = inet_error(
            ListenKind::Udp,
            "[::1]:514".parse().unwrap(),
            refused.into(),
        );
        assert!(low.to_string().contains("CAP_NET_BIND_SERVICE"), "{low}");
    }

    /// One that a machine without IPv6 does not have.
    #[test]
    fn what_a_machine_lacks_is_left_out() {
        let all = [
            "127.0.0.1:0".parse().unwrap(),
            "192.0.2.1:0".parse().unwrap(),
        ];
        let open = |at: SocketAddr| {
            let socket = std::net::TcpListener::bind(at)?;
            let port = socket.local_addr()?.port();
            Ok((ListenSocket::Tcp(socket), port, None))
        };
        let bound = bind_all(ListenKind::Tcp, &all, 0, true, &open).unwrap();
        assert_eq!(bound.len(), 1);
        let error = bind_all(ListenKind::Tcp, &all[1..], 0, true, &open).unwrap_err();
        assert!(error.to_string().contains("192.0.2.1"));
        bind_all(ListenKind::Tcp, &all, 0, false, &open).unwrap_err();
    }

    #[test]
    fn sockets_that_were_passed_are_as_ours() {
        let tcp = || TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp().local_addr().unwrap();
        let bound = adopt("http", Passed::Tcp(TcpListener::bind(address).unwrap())).unwrap();
        assert_eq!(
            (bound.kind, bound.name),
            (ListenKind::Http, address.to_string())
        );
        let bound = adopt("", Passed::Tcp(tcp())).unwrap();
        assert_eq!(bound.kind, ListenKind::Tcp);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        let bound = adopt("", Passed::UnixDatagram(socket)).unwrap();
        assert_eq!(bound.kind, ListenKind::UnixDatagram);
        assert_eq!(bound.name, path.display().to_string());
        drop(bound);
        assert!(path.exists(), "it is not ours to remove");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let bound = adopt("http", Passed::Udp(socket)).unwrap();
        assert_eq!(bound.kind, ListenKind::Udp);
    }

    #[test]
    fn paths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let bound = bind_path(false, &path, 0o600, None).unwrap();
        assert_eq!(bound.name, path.display().to_string());
        let ListenSocket::Unix(listener) = &bound.socket else {
            panic!("{bound:?}");
        };
        assert!(listener.accept().is_err(), "it does not block");
        UnixStream::connect(&path).unwrap().write_all(b"x").unwrap();
        listener.accept().unwrap();
        let error = bind_path(true, &path, 0o600, None).unwrap_err();
        let text = format!(
            "can't listen at unixgram {}: another program listens there: ss -lxp shows which",
            path.display()
        );
        assert_eq!(error.to_string(), text);
        drop(bound);
        assert!(!path.exists());
        let bound = bind_path(true, &path, 0o660, Some(1 << 16)).unwrap();
        assert!(bound.warning.is_none());
        let ListenSocket::UnixDatagram(socket) = &bound.socket else {
            panic!("{bound:?}");
        };
        assert!(socket.recv(&mut [0]).is_err(), "it does not block");
        drop(bound);
        std::fs::write(&path, "text").unwrap();
        let error = bind_path(false, &path, 0o600, None).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("that is no socket: lh does not remove it")
        );
        let missing = folder.path().join("missing/sock");
        let error = bind_path(false, &missing, 0o600, None).unwrap_err();
        assert!(error.to_string().contains("missing first"), "{error}");
        let error = bind_path(false, Path::new("@lh-test-abstract"), 0o600, None);
        if cfg!(target_os = "linux") {
            assert!(error.unwrap().file.is_none());
        }
    }

    #[test]
    fn a_receive_buffer_that_is_too_small_is_told() {
        assert_eq!(small_buffer(100, 100), None);
        let text = small_buffer(8 << 20, 212_992).unwrap();
        assert!(text.contains("212992 bytes instead of 8388608"), "{text}");
        let bound = bind_udp(&address(":0"), Some(64 << 10)).unwrap();
        assert!(bound[0].warning.is_none());
    }
}
