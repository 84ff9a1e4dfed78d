//! Python's own handler, and its own server.

use std::process::{Command, Stdio};

use crate::server::{Request, Server, status};
use crate::support::{Folder, peer, until};

/// Sends the records of the attributes in argv[3] by HTTPHandler.
const HANDLER: &str = r"
import json, logging, logging.handlers, sys
handler = logging.handlers.HTTPHandler(sys.argv[1], '/log?a=1', sys.argv[2])
for line in open(sys.argv[3]):
    handler.handle(logging.makeLogRecord(json.loads(line)))
";

const RECORDS: &str = r#"{"name":"app.db","msg":"50% é&=~ + /","levelname":"WARNING","levelno":30,"pathname":"/srv/a b.py","filename":"a b.py","module":"a b","lineno":7,"funcName":"f","created":1763877600.25,"msecs":250.0,"relativeCreated":12.5,"thread":1,"threadName":"MainThread","processName":"MainProcess","process":9,"user":"ü","n":1.5,"list":[1,null,"x"],"on":true}
{"name":"root","msg":"two\nlines","levelname":"ERROR","levelno":40,"created":1763877601.0,"msecs":0.0,"relativeCreated":0.0,"exc_text":"Traceback\n  x","process":9}
"#;

/// What Python's parser finds in a form, without what only the process that
/// makes a record knows.
fn parsed(form: &str) -> Vec<(String, String)> {
    let ran = Command::new("python3")
        .args([
            "-c",
            "import json, sys, urllib.parse as u\n\
             p = u.parse_qsl(sys.argv[1], keep_blank_values=True, strict_parsing=True)\n\
             assert u.urlencode(p) == sys.argv[1], u.urlencode(p)\n\
             print(json.dumps(p))",
            form,
        ])
        .output()
        .expect("python3");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let pairs: Vec<(String, String)> = serde_json::from_slice(&ran.stdout).expect("pairs");
    pairs
}

fn form_of(request: &Request) -> String {
    match request.target.split_once("a=1&") {
        Some((_, query)) => query.to_owned(),
        None => request.text(),
    }
}

#[test]
fn forms_are_those_of_pythons_handler() {
    if !peer("python3") {
        return;
    }
    for method in ["POST", "GET"] {
        let folder = Folder::new();
        let server = Server::new(|_, _| status(200));
        folder.write("records", RECORDS);
        let ran = folder
            .program("python3")
            .args(["-c", HANDLER, &server.address, method, "records"])
            .run();
        ran.code(0);
        let theirs = server.seen();
        assert_eq!(theirs.len(), 2);
        let words = format!("-i json http --method {method} {}", server.url("/log?a=1"));
        folder.lh(&words).with(RECORDS).code(0);
        let ours = server.seen().split_off(2);
        assert_eq!(ours.len(), 2);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours.method, theirs.method);
            assert_eq!(
                ours.target.split('?').next(),
                theirs.target.split('?').next()
            );
            if method == "POST" {
                let media = "application/x-www-form-urlencoded";
                assert_eq!(ours.header("content-type"), Some(media));
                assert_eq!(theirs.header("content-type"), Some(media));
            }
            let (ours, theirs) = (parsed(&form_of(ours)), parsed(&form_of(theirs)));
            let text = |pairs: &[(String, String)], key: &str| {
                let found = pairs.iter().find(|(name, _)| name == key);
                found.map(|(_, value)| value.clone())
            };
            // What Python's dictionary has, ours has with the same text.
            let made = [
                "taskName",
                "relativeCreated",
                "thread",
                "processName",
                "threadName",
            ];
            for (key, value) in &theirs {
                let own = text(&ours, key);
                if made.contains(&key.as_str()) {
                    assert!(own.is_some(), "{key}");
                    continue;
                }
                // An empty exc_info is None or not there.
                assert_eq!(own.as_ref(), Some(value), "{key}");
            }
        }
    }
}

/// A whole record from a logging program by way of `lh listen` is the form that
/// the program itself would have sent, byte for byte.
#[test]
fn a_record_that_came_from_python_is_the_same_form() {
    if !peer("python3") {
        return;
    }
    let folder = Folder::new();
    let server = Server::new(|_, _| status(200));
    let mut listener = folder
        .lh(&format!(
            "listen --tcp 127.0.0.1:0 http {}",
            server.url("/log")
        ))
        .start();
    listener.wait_said("listening at tcp ");
    let said = listener.stderr();
    let port = said
        .trim_end()
        .rsplit(':')
        .next()
        .expect("a port")
        .to_owned();
    let script = r"
import logging, logging.handlers, sys
log = logging.getLogger('app.db')
http = logging.handlers.HTTPHandler(sys.argv[2], '/log', 'POST')
sock = logging.handlers.SocketHandler('127.0.0.1', int(sys.argv[1]))
record = log.makeRecord('app.db', 30, '/srv/a.py', 7, 'é %d', (1,), None, 'f', {'user': 'x y', 'n': 3})
record.msg, record.args = record.getMessage(), ()
http.handle(record)
sock.handle(record)
sock.close()
";
    let ran = folder
        .program("python3")
        .args(["-c", script, &port, &server.address])
        .run();
    ran.code(0);
    until("both are there", || server.seen().len() == 2);
    let seen = server.seen();
    let [theirs, ours] = &seen[..] else {
        panic!("{seen:?}");
    };
    // Which of the listener's attributes come behind, and what is counted from
    // the start of a process.
    let parts = |request: &Request| -> Vec<String> {
        let text = request.text();
        let parts = text.split('&').map(str::to_owned);
        parts
            .filter(|part| {
                ![
                    "peer=",
                    "received=",
                    "relativeCreated=",
                    "msecs=",
                    "taskName=",
                ]
                .iter()
                .any(|key| part.starts_with(key))
            })
            .collect()
    };
    let (mut ours, mut theirs) = (parts(ours), parts(theirs));
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    listener.signal(nix::sys::signal::Signal::SIGTERM);
    listener.wait_exit().code(0);
}

/// `http.server`, as people start it, which takes no POST: an error, at once.
#[test]
fn pythons_own_server() {
    if !peer("python3") {
        return;
    }
    let script = r"
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *args): pass
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        with open('came', 'ab') as out: out.write(body)
        self.send_response(200); self.send_header('Content-Length', '0'); self.end_headers()
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
";
    let folder = Folder::new();
    let mut child = Command::new("python3")
        .args(["-c", script])
        .current_dir(folder.path("."))
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut line = String::new();
    let pipe = child.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(pipe), &mut line).expect("a port");
    let port = line.trim().to_owned();
    let words = format!("http --body ndjson http://127.0.0.1:{port}/");
    let ran = folder.lh(&words).with(crate::server::lines(0..5000));
    let _ = child.kill();
    let _ = child.wait();
    ran.ok();
    assert_eq!(folder.text("came").lines().count(), 5000);
}
