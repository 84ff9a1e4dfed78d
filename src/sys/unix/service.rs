//! What a service manager wants to know of us (sd_notify(3)).

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// A manager that does not read is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The service manager that started this process, if one did that wants to hear
/// of it.
#[derive(Debug, Default)]
pub struct ServiceManager {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names: NOTIFY_SOCKET, a path or an abstract
    /// socket that begins with `@`, and WATCHDOG_USEC with WATCHDOG_PID. A process
    /// that none has started gets one that hears nothing.
    ///
    /// # Errors
    /// When the socket's name is none.
    pub fn from_env() -> io::Result<ServiceManager> {
        let mut manager = ServiceManager::default();
        if let Some(name) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(PATIENCE))?;
            manager.to = Some((socket, address(&name)?));
        }
        let number = |name| env::var(name).ok()?.trim().parse::<u64>().ok();
        let ours = env::var_os("WATCHDOG_PID").is_none()
            || number("WATCHDOG_PID") == Some(std::process::id().into());
        let time = number("WATCHDOG_USEC").filter(|time| ours && *time > 0);
        manager.watchdog = time.map(Duration::from_micros);
        Ok(manager)
    }

    /// Tells it one or several `NAME=VALUE`, parted by newlines: `READY=1`,
    /// `STOPPING=1`, `STATUS=` with a text for people, `WATCHDOG=1`. Waits at most
    /// a second.
    ///
    /// # Errors
    /// Those of sendto(2). None where nobody listens.
    pub fn notify(&self, state: &str) -> io::Result<()> {
        match &self.to {
            None => Ok(()),
            Some((socket, address)) => socket.send_to_addr(state.as_bytes(), address).map(|_| ()),
        }
    }

    /// How often `WATCHDOG=1` is due: half of the time after which the manager
    /// thinks that we hang. `None` where it does not watch.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.map(|time| time / 2)
    }
}

fn address(name: &OsStr) -> io::Result<SocketAddr> {
    let bytes = name.as_bytes();
    match bytes.first() {
        Some(b'/') => SocketAddr::from_pathname(name),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Some(b'@') => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(&bytes[1..])
        }
        _ => {
            let text = format!("NOTIFY_SOCKET is {name:?}, which is no path");
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// What a child with this environment tells, and says of itself.
    fn child(set: &str, socket: &OsStr) -> String {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let test = "sys::unix::service::tests::report_of_a_child";
        let status = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("{set}; exec \"$0\" \"$@\""))
            .arg(env::current_exe().unwrap())
            .args([test, "--exact", "--ignored"])
            .env_remove("WATCHDOG_USEC")
            .env_remove("WATCHDOG_PID")
            .env("NOTIFY_SOCKET", socket)
            .env("LH_TEST_REPORT", &report)
            .output()
            .unwrap();
        assert!(status.status.success());
        std::fs::read_to_string(report).unwrap()
    }

    /// Not a test by itself.
    #[test]
    #[ignore = "run by another test, as a process of its own"]
    fn report_of_a_child() {
        let Some(report) = env::var_os("LH_TEST_REPORT") else {
            return;
        };
        let told = match ServiceManager::from_env() {
            Err(error) => error.to_string(),
            Ok(manager) => {
                let sent = manager.notify("READY=1\nSTATUS=Ready to receive");
                let sent = sent.map_err(|error| error.kind());
                format!("{sent:?} {:?}", manager.watchdog_interval())
            }
        };
        std::fs::write(report, told).unwrap();
    }

    #[test]
    fn the_manager_hears_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let told = child("export WATCHDOG_USEC=3000000", path.as_os_str());
        assert_eq!(told, "Ok(()) Some(1.5s)");
        let mut buffer = [0; 100];
        let count = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"READY=1\nSTATUS=Ready to receive");
        drop(socket);
        let told = child("export WATCHDOG_USEC=0", path.as_os_str());
        assert_eq!(told, "Err(ConnectionRefused) None");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_abstract_socket_does_as_well() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("lh-test-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let at = format!("@{name}");
        let told = child("export WATCHDOG_USEC=20 WATCHDOG_PID=$$", OsStr::new(&at));
        assert_eq!(told, "Ok(()) Some(10µs)");
        assert!(socket.recv(&mut [0; 100]).unwrap() > 0);
    }

    #[test]
    fn nobody_is_told_where_nobody_asks() {
        let set = "export WATCHDOG_USEC=3000000 WATCHDOG_PID=1";
        assert_eq!(child(set, OsStr::new("")), "Ok(()) None");
        assert_eq!(child("unset NOTIFY_SOCKET", OsStr::new("")), "Ok(()) None");
        let told = child(":", OsStr::new("vsock:2:1234"));
        assert!(told.contains("NOTIFY_SOCKET is \"vsock:2:1234\""), "{told}");
    }
}
