//! Programs that send, each as it is.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use crate::listener::{listen, python, text};
use crate::support::{Folder, peer};

const PYTHON: &str = r#"
import logging, logging.handlers, socket, sys
tcp, udp, http, gram = sys.argv[1:5]
tcp, udp, http = int(tcp), int(udp), int(http)
log = logging.getLogger('app.db'); log.setLevel(1)
def say(handler):
    log.addHandler(handler)
    log.warning('%s lost after %d ms', 'conn', 7, extra={'user': 'é', 'n': 3})
    try: {}['key']
    except KeyError: log.exception('failed')
    log.removeHandler(handler); handler.close()
say(logging.handlers.SocketHandler('127.0.0.1', tcp))
say(logging.handlers.DatagramHandler('127.0.0.1', udp))
say(logging.handlers.HTTPHandler('127.0.0.1:%d' % http, '/log', 'GET'))
say(logging.handlers.HTTPHandler('127.0.0.1:%d' % http, '/log', 'POST'))
for handler in (
    logging.handlers.SysLogHandler(('127.0.0.1', udp)),
    logging.handlers.SysLogHandler(('127.0.0.1', tcp), socktype=socket.SOCK_STREAM),
    logging.handlers.SysLogHandler(gram),
):
    handler.ident = 'web[7]: '
    say(handler)
"#;

#[test]
fn every_handler_of_python_is_understood() {
    if !peer("python3") {
        return;
    }
    let folder = Folder::new();
    let options = "listen --tcp :0 --udp 127.0.0.1:0 --http :0 --unixgram ./gram";
    let mut listener = listen(&folder, options, "");
    let ports = ["tcp", "udp", "http"].map(|kind| listener.port(kind).to_string());
    let gram = folder.path("gram").display().to_string();
    python(PYTHON, &[&ports[0], &ports[1], &ports[2], &gram]);
    let records = listener.records(14);
    let logged: Vec<_> = records
        .iter()
        .filter(|r| text(r, "name") == "app.db")
        .collect();
    assert_eq!(logged.len(), 8, "{records:#?}");
    for record in &logged {
        assert_ne!(text(record, "peer"), "");
        assert_ne!(text(record, "received"), "");
        match text(record, "levelname") {
            "WARNING" => {
                assert_eq!(text(record, "message"), "conn lost after 7 ms");
                assert_eq!(text(record, "user"), "é");
                assert_eq!(record["lineno"], 8);
            }
            "ERROR" => {
                assert_eq!(text(record, "message"), "failed");
                assert!(text(record, "exc_text").contains("KeyError"), "{record}");
            }
            other => panic!("{other}: {record}"),
        }
    }
    let syslog: Vec<_> = records
        .iter()
        .filter(|r| text(r, "name") == "web")
        .collect();
    assert_eq!(syslog.len(), 6, "{records:#?}");
    for record in &syslog {
        assert_eq!(text(record, "facility"), "user");
        let message = text(record, "message");
        assert!(
            message == "conn lost after 7 ms" || message.starts_with("failed\nTraceback"),
            "{message}"
        );
    }
    let local = syslog
        .iter()
        .filter(|r| text(r, "peer").starts_with("pid="));
    assert_eq!(local.count(), 2);
    listener.end().ok();
    assert!(!folder.has("gram"), "its socket goes with it");
}

const TRACE: &str = r#"
import logging, logging.handlers, socket, sys
handler = logging.handlers.SysLogHandler(('127.0.0.1', int(sys.argv[1])), socktype=socket.SOCK_STREAM)
log = logging.getLogger('app.db'); log.addHandler(handler)
log.error('failed' + '\n  File "a.py", line 12, in work' * 30_000)
log.error('two\nlines')
handler.close()
"#;

/// A long first message, whose NUL comes many reads later, and lines that no NUL ever
/// follows.
#[test]
fn lines_are_one_message_where_a_nul_ends_them() {
    if !peer("python3") {
        return;
    }
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp :0", "");
    python(TRACE, &[&listener.port("tcp").to_string()]);
    let records = listener.records(2);
    assert_eq!(text(&records[0], "message").lines().count(), 30_001);
    assert_eq!(text(&records[1], "message"), "two\nlines");
    let mut stream = listener.connect();
    stream.write_all(b"<13>one\nplain\n").unwrap();
    let records = listener.records(4);
    assert_eq!(text(&records[2], "message"), "one");
    assert_eq!(text(&records[3], "message"), "plain");
    listener.end().ok();
}

#[test]
fn each_form_of_logger_is_understood() {
    if !peer("logger") {
        return;
    }
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp 127.0.0.1:0 --udp 127.0.0.1:0", "");
    let (tcp, udp) = (
        listener.port("tcp").to_string(),
        listener.port("udp").to_string(),
    );
    let forms = [
        format!("-d -P {udp} --rfc3164"),
        format!("-d -P {udp} --rfc5424"),
        format!("-T -P {tcp} --rfc3164"),
        format!("-T -P {tcp} --rfc5424"),
        format!("-T -P {tcp} --octet-count --rfc3164"),
        format!(
            "-T -P {tcp} --octet-count --rfc5424 --msgid ID7 --sd-id zoo@1 --sd-param tiger=\"a\\\"b\""
        ),
    ];
    for form in &forms {
        let ran = Command::new("logger")
            .args(["-n", "127.0.0.1", "-t", "zoo", "-p", "local3.crit"])
            .args(form.split(' '))
            .arg("a tiger got out")
            .status();
        assert!(ran.expect("logger runs").success());
    }
    let records = listener.records(forms.len());
    for record in &records {
        assert_eq!(text(record, "levelname"), "CRITICAL");
        assert_eq!(text(record, "name"), "zoo");
        assert_eq!(text(record, "facility"), "local3");
        assert_eq!(text(record, "message"), "a tiger got out");
        assert_ne!(text(record, "host"), "");
    }
    let structured = records.iter().find(|record| text(record, "msgid") == "ID7");
    let structured = structured.expect("one of them");
    assert_eq!(text(structured, "zoo@1.tiger"), "a\"b");
    listener.end().ok();
}

/// One that ends with the test, however that ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn rsyslog_forwards_here() {
    if !peer("rsyslogd") || !peer("logger") {
        return;
    }
    let folder = Folder::new();
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --udp 127.0.0.1:0", "");
    let (tcp, udp) = (listener.port("tcp"), listener.port("udp"));
    let own = folder.path("own").display().to_string();
    let forward = |protocol: &str, port: u16, more: &str| {
        format!(
            "*.* action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{port}\" protocol=\"{protocol}\"{more})\n"
        )
    };
    folder.write(
        "conf",
        format!(
            "module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             input(type=\"imuxsock\" Socket=\"{own}\")\n{}{}{}",
            forward("tcp", tcp, ""),
            forward(
                "tcp",
                tcp,
                " TCP_Framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\""
            ),
            forward("udp", udp, ""),
        ),
    );
    let conf = folder.path("conf").display().to_string();
    let pid = folder.path("pid").display().to_string();
    let daemon = Command::new("rsyslogd")
        .args(["-n", "-f", &conf, "-i", &pid])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let daemon = Daemon(daemon.expect("rsyslogd starts"));
    crate::support::until("its socket", || folder.has("own"));
    for number in 0..5 {
        let ran = Command::new("logger")
            .args(["-u", &own, "-t", "zoo", "-p", "daemon.err"])
            .arg(format!("tiger {number}"))
            .status();
        assert!(ran.expect("logger runs").success());
    }
    let mut count = 0;
    crate::support::until("all of them three times", || {
        let text = folder.text("out");
        count = text.matches("tiger ").count();
        count >= 15
    });
    drop(daemon);
    for line in folder
        .text("out")
        .lines()
        .filter(|line| line.contains("tiger"))
    {
        let record: serde_json::Value = serde_json::from_str(line).expect("an object");
        assert_eq!(text(&record, "levelname"), "ERROR");
        assert_eq!(text(&record, "name"), "zoo");
        assert_eq!(text(&record, "facility"), "daemon");
    }
    assert_eq!(count, 15);
    drop(listener);
}

/// What `lh` sends arrives as it was, over every wire.
#[test]
fn lh_is_understood_over_every_wire() {
    let folder = Folder::new();
    folder.write("key", "0123456789abcdef0123456789abcdef");
    for sealed in [false, true] {
        let _ = std::fs::remove_file(folder.path("out"));
        let seal = if sealed { " --hmac-key-file key" } else { "" };
        let ports = "listen --tcp 127.0.0.1:0 --udp 127.0.0.1:0 --unix ./stream --unixgram ./gram";
        let mut listener = listen(&folder, &format!("{ports}{seal}"), "");
        let (tcp, udp) = (listener.address("tcp"), listener.address("udp"));
        let mut forms = Vec::new();
        for wire in ["pickle", "json", "lines", "syslog", "gelf", "lh"] {
            forms.push(format!("socket --wire {wire}{seal} {tcp}"));
            forms.push(format!("socket --wire {wire}{seal} ./stream"));
            if wire != "lh" && !(wire == "gelf" && sealed) {
                forms.push(format!("udp --wire {wire}{seal} {udp}"));
                forms.push(format!("udp --wire {wire}{seal} ./gram"));
            }
        }
        if !sealed {
            forms.push(format!("udp --wire gelf --compress gzip {udp}"));
            forms.push(format!("udp --wire gelf --compress zlib {udp}"));
            for framing in ["lf", "octet", "nul"] {
                let to = format!("syslog --address {tcp} --transport tcp --framing {framing}");
                forms.push(to);
            }
            forms.push(format!("syslog --address {udp} --rfc 3164"));
            forms.push("syslog --address ./gram".to_owned());
        }
        let input = r#"{"message":"over the wire","level":"error","name":"app"}"#;
        for form in &forms {
            folder.lh(&format!("-i json {form}")).with(input).ok();
        }
        let records = listener.records(forms.len());
        for record in &records {
            assert_eq!(text(record, "message"), "over the wire", "{record}");
        }
        assert!(
            records
                .iter()
                .all(|record| text(record, "levelname") == "ERROR")
        );
        listener.end().ok();
        if sealed {
            let mut listener = listen(&folder, &format!("{ports}{seal}"), "");
            let tcp = listener.address("tcp");
            folder.lh(&format!("socket {tcp}")).with("forged\n");
            listener.running.wait_said("no valid authentication code");
            assert!(!folder.text("out").contains("forged"));
            listener.end().code(0);
        }
    }
}
