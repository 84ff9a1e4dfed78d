//! TLS: who is believed, and that nothing leaves in clear.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::server::{Server, able};
use crate::support::{Certificates, Process};
use crate::trials::{Lh, folder};

#[test]
fn starttls_and_implicit_tls() {
    if !able() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    for (how, when) in [("--starttls", "starttls"), ("--implicit", "implicit")] {
        let (cert, key) = (certificates.cert("good"), certificates.key("good"));
        let arguments = format!("{how} {} {} --pipelining", cert.display(), key.display());
        let server = Server::start(folder.path(), &arguments);
        let options = format!(
            "smtp {} --tls {when} --ca {}",
            server.options(),
            ca.display()
        );
        let long = "x".repeat(900_000);
        Lh::new(&options)
            .feed(format!("one\n{long}\ntwo\n"))
            .expect(0);
        let mails = server.accepted();
        assert_eq!(mails.len(), 3);
        assert!(mails.iter().all(|mail| mail["tls"] == true), "{when}");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_certificate_that_is_not_right_gets_nothing() {
    if !able() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    for (name, why) in [
        ("old", "it has expired"),
        ("elsewhere", "it is not valid for name"),
        ("stranger", "none that is trusted here has signed it"),
    ] {
        for (how, when) in [("--starttls", "starttls"), ("--implicit", "implicit")] {
            let (cert, key) = (certificates.cert(name), certificates.key(name));
            let arguments = format!("{how} {} {}", cert.display(), key.display());
            let server = Server::start(folder.path(), &arguments);
            let options = format!(
                "smtp {} --tls {when} --ca {} --drain-timeout 500ms",
                server.options(),
                ca.display()
            );
            let outcome = Lh::new(&options).feed("one\n").expect(1);
            assert!(outcome.stderr.contains(why), "{name}: {}", outcome.stderr);
            assert!(server.mails().is_empty(), "{name}");
        }
    }
}

/// Each connection is answered by these lines, one for what it sends; gives what
/// it has sent.
fn scripted(replies: &'static [&'static str]) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (give, take) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let give = give.clone();
            std::thread::spawn(move || answer(stream, replies, &give));
        }
    });
    (port, take)
}

fn answer(mut stream: TcpStream, replies: &[&str], give: &std::sync::mpsc::Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket"));
    for reply in replies {
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
        let mut line = Vec::new();
        match lines.read_until(b'\n', &mut line) {
            Ok(1..) => {
                let _ = give.send(String::from_utf8_lossy(&line).into_owned());
            }
            _ => return,
        }
    }
    // And then it is silent.
    let _ = std::io::copy(&mut lines, &mut std::io::sink());
}

/// What somebody on the way adds behind the answer to STARTTLS, or in place of
/// it, is no answer to what is asked over TLS.
#[test]
fn nothing_goes_out_where_tls_is_tampered_with() {
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    let good = "250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n";
    let scripts: [&'static [&'static str]; 4] = [
        // It is struck out of what is offered.
        &[
            "220 x\r\n",
            "250-mail\r\n250 AUTH PLAIN\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
        ],
        &[
            "220 x\r\n",
            "GOOD",
            "454 not now\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
        ],
        &[
            "220 x\r\n",
            "GOOD",
            "220 go\r\n250-mail\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n",
            "250 ok\r\n",
        ],
        &[
            "220 x\r\n",
            "GOOD",
            "220 go\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
        ],
    ];
    for script in scripts {
        let script: Vec<&'static str> = script
            .iter()
            .map(|line| if *line == "GOOD" { good } else { line })
            .collect();
        let (port, sent) = scripted(script.leak());
        let options = format!(
            "smtp --host localhost:{port} --from a@x --to b@x --user ann --ca {} \
             --timeout 500ms --drain-timeout 500ms",
            ca.display()
        );
        let lh = Lh::new(&options).env("LH_SMTP_PASSWORD", "correct horse");
        lh.feed("secret text\n").expect(1);
        let sent: Vec<String> = sent.try_iter().collect();
        for line in &sent {
            let command = line.to_ascii_uppercase();
            assert!(
                !command.starts_with("AUTH") && !command.starts_with("MAIL"),
                "{sent:?}"
            );
        }
        assert!(!sent.is_empty());
    }
}

/// Answers STARTTLS with more than an answer, in one packet, and then agrees on
/// TLS: see CVE-2011-0411 for the same at a server. Prints what it hears there.
const INJECTOR: &str = "
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
plain, _ = listener.accept()
plain.sendall(b'220 mail\\r\\n')
plain.recv(1000)
plain.sendall(b'250-mail\\r\\n250-STARTTLS\\r\\n250 AUTH PLAIN\\r\\n')
plain.recv(1000)
plain.sendall(b'220 go\\r\\n250-mail\\r\\n250 AUTH PLAIN\\r\\n')
stream = context.wrap_socket(plain, server_side=True)
print(stream.recv(1000).decode().strip(), flush=True)
stream.sendall(b'250-mail\\r\\n250 SIZE 1\\r\\n')
print(stream.recv(1000).decode().strip(), flush=True)
";

/// What was said in clear is not taken for an answer over TLS, nor for what the
/// server offers there.
#[test]
fn what_came_before_tls_is_forgotten() {
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let mut command = Process::command("python3");
    command.args(["-Ic", INJECTOR]);
    command.args([certificates.cert("good"), certificates.key("good")]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("python3");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
    let _process = Process(child);
    let mut port = String::new();
    said.read_line(&mut port).expect("a port");
    let options = format!(
        "smtp --host localhost:{} --from a@x --to b@x --user ann --ca {} --drain-timeout 500ms",
        port.trim(),
        certificates.cert("ca").display()
    );
    let lh = Lh::new(&options).env("LH_SMTP_PASSWORD", "correct horse");
    let outcome = lh.feed("one\n").expect(1);
    let stderr = &outcome.stderr;
    assert!(stderr.contains("it offers no log-in here"), "{stderr}");
    let mut heard = String::new();
    let _ = said.read_to_string(&mut heard);
    assert!(heard.starts_with("EHLO "), "{heard}");
    assert!(!heard.contains("AUTH"), "{heard}");
}

/// Silence in each phase ends in time, with a reason.
#[test]
fn no_phase_takes_longer_than_it_may() {
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    let scripts: [(&'static [&'static str], &str); 5] = [
        (&[""], "none"),
        (&["220 x\r\n", ""], "none"),
        (&["220 x\r\n", "250 x\r\n", "", ""], "none"),
        (
            &["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n", ""],
            "starttls",
        ),
        (&[""], "implicit"),
    ];
    for (script, tls) in scripts {
        let (port, _sent) = scripted(script);
        let ca = match tls {
            "none" => String::new(),
            _ => format!("--ca {}", ca.display()),
        };
        let begun = Instant::now();
        let options = format!(
            "smtp --host localhost:{port} --from a@x --to b@x --tls {tls} {ca} \
             --timeout 300ms --drain-timeout 2s"
        );
        let outcome = Lh::new(&options).feed("one\n").expect(1);
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        let stderr = &outcome.stderr;
        assert!(stderr.contains("does not answer"), "{script:?}: {stderr}");
    }
}

/// A server of another protocol, and one that never ends a line.
#[test]
fn what_is_no_mail_server_is_told() {
    let flood: &'static str = "x".repeat(1 << 20).leak();
    let scripts: [&'static [&'static str]; 3] = [
        &["HTTP/1.1 400 Bad Request\r\n"],
        &["220-x\r\n250 y\r\n"],
        vec![flood].leak(),
    ];
    for script in scripts {
        let (port, _sent) = scripted(script);
        let options =
            format!("smtp --host localhost:{port} --from a@x --to b@x --drain-timeout 1s");
        let outcome = Lh::new(&options).feed("one\n").expect(1);
        let stderr = &outcome.stderr;
        assert!(stderr.contains("is it a mail server"), "{stderr}");
        assert!(stderr.len() < 1000);
    }
}
