//! The programs in examples/ do what they say.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn example(name: &str) -> Command {
    // cargo has built it beside the tests.
    let own = std::env::current_exe().unwrap();
    let built = own.parent().unwrap().parent().unwrap();
    Command::new(built.join("examples").join(name))
}

/// It does not outlive the test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn network_handlers_of_a_rust_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut listener = Guard(
        Command::new(env!("CARGO_BIN_EXE_lh"))
            .args(["listen", "--tcp", "127.0.0.1:0", "file", "-f"])
            .args(["{levelname} {name}: {message}", "all.log"])
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut said = String::new();
    let mut stderr = BufReader::new(listener.0.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    let (_, address) = said.trim_end().rsplit_once(' ').unwrap();
    let syslog = UdpSocket::bind("127.0.0.1:0").unwrap();
    syslog
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let own = syslog.local_addr().unwrap().to_string();
    let output = example("network").args([address, &own]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stderr, b"");
    // What it has sent was acknowledged, and is in the file.
    let all = std::fs::read_to_string(folder.path().join("all.log")).unwrap();
    drop(listener);
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines.len(), 500, "{all}");
    assert_eq!(lines[0], "DEBUG shop: order 1 is looked at");
    assert_eq!(lines[499], "ERROR shop: order 500 is not paid for");
    let mut datagram = [0; 1000];
    for order in [100, 200, 300, 400, 500] {
        let length = syslog.recv(&mut datagram).unwrap();
        let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
        assert!(text.starts_with("<11>1 "), "{text}");
        let end = format!(" order {order} is not paid for");
        assert!(text.ends_with(&end), "{text}");
    }
}

#[test]
fn handlers_of_a_rust_program() {
    let folder = tempfile::tempdir().unwrap();
    let output = example("handlers").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"ding: order 400 is not paid for\n");
    assert_eq!(output.stderr, b"");

    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let app = ["app.log.3", "app.log.2", "app.log.1", "app.log"]
        .map(read)
        .concat();
    assert!(
        app.ends_with("DEBUG    shop: order 500 is looked at\n"),
        "{app}"
    );
    assert!(
        app.contains("ERROR    shop: order 400 is not paid for\n"),
        "{app}"
    );
    let incident = read("incident.log");
    let lines: Vec<_> = incident.lines().collect();
    assert!(lines[0].ends_with("order 381 is looked at"), "{incident}");
    assert!(
        lines[20].ends_with("order 400 is not paid for"),
        "{incident}"
    );
    assert_eq!(lines.len(), 21);
}
