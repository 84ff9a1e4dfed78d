//! Sockets that a service manager has opened for us (sd_listen_fds(3)).

use std::env;
use std::io;
use std::os::fd::AsFd;

use listenfd::ListenFd;
use nix::sys::socket::{getsockopt, sockopt};

use crate::sys::sockets::Passed;

/// Nobody passes more.
const MOST: usize = 1024;

/// Takes the sockets that this process was started with, each with the name that
/// it has (FileDescriptorName= of systemd; empty where there is none). They do
/// not block, and are closed on exec. Where LISTEN_PID is another process, or
/// nobody, there are none. The next call has none either.
///
/// To be called while there is one thread: it changes the environment.
///
/// # Errors
/// Which descriptor can't be used, and why.
pub fn take() -> io::Result<Vec<(String, Passed)>> {
    let number = |name| env::var(name).ok()?.trim().parse::<usize>().ok();
    let ours = number("LISTEN_PID").is_some_and(|pid| pid == std::process::id() as usize);
    let count = number("LISTEN_FDS").unwrap_or(0);
    if !ours || count == 0 {
        return Ok(Vec::new());
    }
    if count > MOST {
        let text = format!("LISTEN_FDS is {count}, and no more than {MOST} sockets are taken");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut passed = ListenFd::from_env();
    (0..count)
        .map(|at| {
            let name = names.next().unwrap_or_default().to_owned();
            match take_one(&mut passed, at) {
                Ok(socket) => Ok((name, socket)),
                Err(error) => {
                    let text = format!("descriptor {} of LISTEN_FDS, {name:?}: {error}", at + 3);
                    Err(io::Error::new(error.kind(), text))
                }
            }
        })
        .collect()
}

fn take_one(passed: &mut ListenFd, at: usize) -> io::Result<Passed> {
    // What does not fit stays for the next.
    if let Ok(Some(socket)) = passed.take_tcp_listener(at) {
        must_listen(&socket)?;
        socket.set_nonblocking(true)?;
        return Ok(Passed::Tcp(socket));
    }
    if let Ok(Some(socket)) = passed.take_unix_listener(at) {
        must_listen(&socket)?;
        socket.set_nonblocking(true)?;
        return Ok(Passed::Unix(socket));
    }
    if let Ok(Some(socket)) = passed.take_udp_socket(at) {
        socket.set_nonblocking(true)?;
        return Ok(Passed::Udp(socket));
    }
    if let Ok(Some(socket)) = passed.take_unix_datagram(at) {
        socket.set_nonblocking(true)?;
        return Ok(Passed::UnixDatagram(socket));
    }
    let text = "it is no socket for streams or datagrams of TCP, UDP or Unix";
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

fn must_listen(socket: &impl AsFd) -> io::Result<()> {
    match getsockopt(socket, sockopt::AcceptConn) {
        Ok(false) => {
            let text = "it is one connection, not a socket that listens: use Accept=no";
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::{UnixDatagram, UnixListener};
    use std::process::{Command, Stdio};

    /// What a child says of its sockets, to a file: its three standard streams
    /// become the descriptors 3, 4 and 5.
    fn child(sockets: [OwnedFd; 3], set: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let [first, second, third] = sockets;
        let script = format!(
            "exec 3<&0 4<&1 5<&2 0</dev/null 1>/dev/null 2>/dev/null; {set}; exec \"$0\" \"$@\""
        );
        let test = "sys::unix::activation::tests::report_of_a_child";
        Command::new("/bin/sh")
            .arg("-c")
            .arg(script)
            .arg(env::current_exe().unwrap())
            .args([test, "--exact", "--ignored"])
            .env("LH_TEST_REPORT", &report)
            .stdin(Stdio::from(first))
            .stdout(Stdio::from(second))
            .stderr(Stdio::from(third))
            .status()
            .unwrap();
        std::fs::read_to_string(report).unwrap()
    }

    /// Not a test by itself.
    #[test]
    #[ignore = "run by another test, as a process of its own"]
    fn report_of_a_child() {
        use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
        let Some(report) = env::var_os("LH_TEST_REPORT") else {
            return;
        };
        let state = |socket: &dyn Fn(FcntlArg<'_>) -> i32| {
            let open = OFlag::from_bits_truncate(socket(FcntlArg::F_GETFL));
            let flags = FdFlag::from_bits_truncate(socket(FcntlArg::F_GETFD));
            let good = open.contains(OFlag::O_NONBLOCK) && flags.contains(FdFlag::FD_CLOEXEC);
            if good { "good" } else { "bad" }
        };
        let mut text = String::new();
        match take() {
            Err(error) => text.push_str(&error.to_string()),
            Ok(all) => {
                for (name, socket) in &all {
                    let (kind, fd) = match socket {
                        Passed::Tcp(socket) => ("tcp", socket.as_fd()),
                        Passed::Udp(socket) => ("udp", socket.as_fd()),
                        Passed::Unix(socket) => ("unix", socket.as_fd()),
                        Passed::UnixDatagram(socket) => ("unixgram", socket.as_fd()),
                    };
                    let state = state(&|argument| fcntl(fd, argument).unwrap());
                    text.push_str(&format!("{kind}={name}={state} "));
                }
                let again = take().unwrap().len();
                text.push_str(&format!("again={again}"));
            }
        }
        std::fs::write(report, text).unwrap();
    }

    fn three() -> ([OwnedFd; 3], tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let unix = UnixListener::bind(folder.path().join("sock")).unwrap();
        let sockets = [
            TcpListener::bind("127.0.0.1:0").unwrap().into(),
            UdpSocket::bind("127.0.0.1:0").unwrap().into(),
            unix.into(),
        ];
        (sockets, folder)
    }

    #[test]
    fn sockets_are_taken_by_what_they_are() {
        let (sockets, _folder) = three();
        let set = "export LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=logs:datagrams";
        assert_eq!(
            child(sockets, set),
            "tcp=logs=good udp=datagrams=good unix==good again=0"
        );
        let (mut sockets, _folder) = three();
        sockets[0] = UnixDatagram::unbound().unwrap().into();
        if let Ok(socket) = TcpListener::bind("[::1]:0") {
            sockets[1] = socket.into();
        }
        // The third is not ours.
        let told = child(sockets, "export LISTEN_PID=$$ LISTEN_FDS=2");
        assert!(told.starts_with("unixgram==good "), "{told}");
        assert!(told.ends_with("==good again=0"), "{told}");
    }

    #[test]
    fn those_of_another_process_are_left_alone() {
        for set in [
            "export LISTEN_PID=1 LISTEN_FDS=3",
            "unset LISTEN_PID; export LISTEN_FDS=3",
            "export LISTEN_PID= LISTEN_FDS=3",
            "export LISTEN_PID=$$ LISTEN_FDS=0",
            "export LISTEN_PID=$$ LISTEN_FDS=many",
            "export LISTEN_PID=$$; unset LISTEN_FDS",
        ] {
            let (sockets, _folder) = three();
            assert_eq!(child(sockets, set), "again=0", "{set}");
        }
    }

    #[test]
    fn what_can_not_be_used_is_named() {
        let (mut sockets, _folder) = three();
        sockets[1] = std::fs::File::open("/dev/null").unwrap().into();
        let told = child(
            sockets,
            "export LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=a:b:c",
        );
        assert!(told.starts_with("descriptor 4 of LISTEN_FDS, \"b\": it is no socket"));
        let (mut sockets, _folder) = three();
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        sockets[2] = one.into();
        let told = child(sockets, "export LISTEN_PID=$$ LISTEN_FDS=3");
        assert!(
            told.contains("descriptor 5") && told.contains("Accept=no"),
            "{told}"
        );
        let (sockets, _folder) = three();
        let told = child(sockets, "export LISTEN_PID=$$ LISTEN_FDS=100000000");
        assert!(told.contains("no more than 1024"), "{told}");
    }
}
