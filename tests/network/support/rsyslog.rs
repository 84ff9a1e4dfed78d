//! rsyslogd, started by hand with a configuration of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Certificates, Process, free_port, json_lines, text, until};
use crate::trials::{Report, able, wait_for};

/// Each message becomes an object with all that rsyslogd made of it, in the
/// thread that received it.
const TEMPLATE: &str = r#"
template(name="all" type="list" option.jsonf="on") {
  property(outname="pri" name="pri" format="jsonf")
  property(outname="timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="procid" name="procid" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="sd" name="structured-data" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
  property(outname="tag" name="syslogtag" format="jsonf")
  property(outname="version" name="protocol-version" format="jsonf")
  property(outname="raw" name="rawmsg" format="jsonf")
  property(outname="input" name="inputname" format="jsonf")
}
"#;

/// Whether rsyslogd is there, and what it needs for TLS.
pub fn able_tls() -> bool {
    let folders = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten();
    let folders = folders.map(|entry| entry.path());
    let mut folders = folders.chain(["/usr/lib".into(), "/usr/lib64".into()]);
    let found = folders.any(|folder| folder.join("rsyslog/lmnsd_ossl.so").is_file());
    if !found {
        println!("skipped: rsyslog-openssl is not installed");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "LH_REQUIRE_PEERS=1, and rsyslog-openssl is not installed"
        );
    }
    found && able(&["rsyslogd"])
}

/// The daemon, which may be down.
pub struct Rsyslog {
    folder: PathBuf,
    ports: [u16; 3],
    certificate: Option<(PathBuf, PathBuf)>,
    process: Option<Process>,
}

impl Rsyslog {
    /// Listens on UDP, TCP and a local socket.
    pub fn start(folder: &Path) -> Rsyslog {
        Rsyslog::with(folder, None)
    }

    /// Listens on TLS, too, with that certificate.
    pub fn start_tls(folder: &Path, certificates: &Certificates, name: &str) -> Rsyslog {
        let files = (certificates.cert(name), certificates.key(name));
        Rsyslog::with(folder, Some(files))
    }

    fn with(folder: &Path, certificate: Option<(PathBuf, PathBuf)>) -> Rsyslog {
        let folder = folder.join("rsyslog");
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut rsyslog = Rsyslog {
            folder,
            ports: [0; 3],
            certificate,
            process: None,
        };
        for _ in 0..5 {
            rsyslog.ports = std::array::from_fn(|_| free_port());
            if rsyslog.try_begin() {
                return rsyslog;
            }
        }
        panic!("rsyslogd does not start: {}", rsyslog.said());
    }

    /// What it has to be told in `--address`.
    pub fn udp(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    pub fn tcp(&self) -> String {
        format!("127.0.0.1:{}", self.ports[1])
    }

    pub fn tls(&self) -> String {
        format!("127.0.0.1:{}", self.ports[2])
    }

    /// Its local socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// What it has to say about itself.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.folder.join("said")).unwrap_or_default()
    }

    fn configuration(&self) -> String {
        let folder = self.folder.display();
        let [udp, tcp, tls] = self.ports;
        let mut text = format!(
            r#"
global(workDirectory="{folder}" net.enableDNS="off" maxMessageSize="256k" localHostname="receiver")
main_queue(queue.type="Direct")
module(load="imudp") module(load="imtcp") module(load="imuxsock" sysSock.Use="off")
{TEMPLATE}
ruleset(name="peer") {{ action(type="omfile" file="{folder}/received" template="all") }}
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="peer" name="udp" rcvbufSize="8m")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="peer" name="tcp")
input(type="imuxsock" Socket="{folder}/log" CreatePath="on" ruleset="peer" RateLimit.Interval="0")
action(type="omfile" file="{folder}/own")
"#
        );
        if let Some((cert, key)) = &self.certificate {
            let (cert, key) = (cert.display(), key.display());
            text.push_str(&format!(
                r#"
global(DefaultNetstreamDriverCAFile="{cert}" DefaultNetstreamDriverCertFile="{cert}"
  DefaultNetstreamDriverKeyFile="{key}")
input(type="imtcp" address="127.0.0.1" port="{tls}" ruleset="peer" name="tls"
  StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
"#
            ));
        }
        text
    }

    /// Starts it again, at the same ports.
    pub fn begin(&mut self) {
        assert!(self.try_begin(), "rsyslogd does not start: {}", self.said());
    }

    fn try_begin(&mut self) -> bool {
        let file = self.folder.join("conf");
        std::fs::write(&file, self.configuration()).expect("a configuration");
        let said = std::fs::File::create(self.folder.join("said")).expect("a file");
        let _ = std::fs::remove_file(self.folder.join("pid"));
        let child = Process::command("/usr/sbin/rsyslogd")
            .arg("-n")
            .arg("-f")
            .arg(&file)
            .arg("-i")
            .arg(self.folder.join("pid"))
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a file"))
            .stderr(said)
            .spawn()
            .expect("rsyslogd");
        let mut process = Process(child);
        let [udp, tcp, tls] = self.ports;
        let ready = wait_for(Duration::from_secs(10), || {
            process.has_ended()
                || process.has_port("udp", udp)
                    && process.has_port("tcp", tcp)
                    && (self.certificate.is_none() || process.has_port("tcp", tls))
                    && std::os::unix::net::UnixDatagram::unbound()
                        .is_ok_and(|socket| socket.connect(self.socket()).is_ok())
        });
        let up = ready && !process.has_ended();
        self.process = up.then_some(process);
        up
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("rsyslogd is up")
    }

    /// Ends it in order (SIGTERM).
    pub fn stop(&mut self) {
        self.process().signal(Signal::SIGTERM);
        self.process.take().expect("rsyslogd is up").wait();
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        self.process.take().expect("rsyslogd is up").kill();
    }

    pub fn freeze(&self) {
        self.process().freeze();
    }

    pub fn thaw(&self) {
        self.process().thaw();
    }

    /// All messages so far, in the order in which they came.
    pub fn received(&self) -> Vec<Value> {
        json_lines(&self.folder.join("received"))
    }

    /// Waits until so many messages are there, and looks at them.
    #[track_caller]
    pub fn wait(&self, count: usize) -> Vec<Value> {
        let file = self.folder.join("received");
        until(
            &format!("rsyslogd has {count} messages"),
            || super::count_lines(&file) >= count,
            || {
                let received = self.received();
                format!(
                    "{} came, last {:?}; {}",
                    received.len(),
                    received.last(),
                    self.said()
                )
            },
        );
        self.received()
    }

    /// What became of numbered records.
    pub fn report(&self, expected: std::ops::RangeInclusive<u64>) -> Report {
        let received = self.received();
        // Of the older form, the blank behind the tag belongs to the message.
        let messages = received.iter().map(|got| text(got, "msg").trim_start());
        super::report(messages, expected)
    }
}
