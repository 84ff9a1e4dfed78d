//! What is sent, and with what around it.

use std::io::Read as _;

use crate::server::{Request, Server, lines, status};
use crate::support::Folder;

fn sent(options: &str, stdin: &str) -> Vec<Request> {
    let folder = Folder::new();
    let server = Server::new(|_, _| status(200));
    let url = server.url("/x");
    let mut words: Vec<&str> = options.split('|').collect();
    words.push(&url);
    folder.lh_args(words).with(stdin).ok();
    server.seen()
}

const RECORD: &str = r#"{"message":"a \"b\"\n\u0007 é","level":"error","name":"app","n":7}"#;

#[test]
fn each_body_is_what_it_says() {
    let seen = sent("-i|json|http|--body|json", &format!("{RECORD}\n{RECORD}\n"));
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    let record = seen[0].json();
    assert_eq!(record["message"], "a \"b\"\n\u{7} é");
    assert_eq!(
        (&record["levelname"], &record["n"]),
        (&"ERROR".into(), &7.into())
    );

    let seen = sent(
        "-i|json|http|--body|json|--batch|5",
        &format!("{RECORD}\n{RECORD}\n"),
    );
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].json().as_array().map(Vec::len), Some(2));

    let seen = sent(r#"http|--datefmt|<%Y>|--body|{"t":"{asctime}"}"#, "x\n");
    let time = seen[0].json()["t"].to_string();
    assert!(time.starts_with("\"<2") && time.ends_with(">\""), "{time}");

    let body = r#"{"text": "{levelname}: {message}", "n": "{n}"}"#;
    let seen = sent(&format!("-i|json|http|--body|{body}"), RECORD);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].json()["text"], "ERROR: a \"b\"\n\u{7} é");
    assert_eq!(seen[0].json()["n"], "7");

    let seen = sent("http|--body|{levelname} {message}", "plain\n");
    assert_eq!(seen[0].text(), "INFO plain");
    assert_eq!(
        seen[0].header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

#[test]
fn bodies_are_compressed() {
    let seen = sent("http|--body|ndjson|--gzip", &lines(0..100));
    assert_eq!(seen[0].header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(&seen[0].body[..]);
    unpacked.read_to_string(&mut text).expect("gzip");
    assert_eq!(text.lines().count(), 100);
    assert!(seen[0].body.len() < text.len() / 5);
}

#[test]
fn a_batch_ends_by_its_size_and_by_the_clock() {
    let seen = sent("http|--body|ndjson|--batch|1000,2K", &lines(0..200));
    assert!(seen.len() > 3, "{}", seen.len());
    assert!(seen.iter().all(|request| request.body.len() <= 2048));

    let folder = Folder::new();
    let server = Server::new(|_, _| status(200));
    let words = format!("http --body ndjson --batch 50ms {}", server.url("/"));
    let mut running = folder.lh(&words).start();
    running.send(lines(0..3));
    // No other record comes, and the input does not end.
    crate::support::until("it is sent", || server.seen().len() == 1);
    running.end().ok();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn headers_and_credentials() {
    let folder = Folder::new();
    let server = Server::new(|_, _| status(200));
    for (name, text) in [("pw", "s3cret\n"), ("headers", "# ours\nX-Api-Key: k3y\n")] {
        folder.write(name, text);
        folder.chmod(name, 0o600);
    }
    let url = server.url("/");
    let send = |options: &str| folder.lh(&format!("http {options} {url}")).with("x\n");
    send("--header X-Tenant:7 --header @headers --insecure-auth").ok();
    send("--user lh --password-file pw --insecure-auth").ok();
    send("--bearer-file pw --insecure-auth").ok();
    let seen = server.seen();
    assert_eq!(seen[0].header("x-tenant"), Some("7"));
    assert_eq!(seen[0].header("x-api-key"), Some("k3y"));
    assert_eq!(seen[1].header("authorization"), Some("Basic bGg6czNjcmV0"));
    assert_eq!(seen[2].header("authorization"), Some("Bearer s3cret"));
    // Never in clear unless that is asked for.
    send("--bearer-file pw").code(2).said("in clear");
    send("--header @headers").code(2).said("in clear");
    // On the command line everybody sees it.
    let ran = folder
        .lh_args([
            "http",
            "--insecure-auth",
            "--header",
            "Authorization: Bearer open",
            &url,
        ])
        .with("x\n");
    ran.code(0).said("everybody can see it");
    folder.chmod("pw", 0o644);
    send("--bearer-file pw --insecure-auth")
        .code(0)
        .said("others can read");
    assert!(server.seen().len() == 5);
}

/// A server that quotes what it was sent gives no secret away.
#[test]
fn no_message_holds_a_secret() {
    use crate::server::Answer;
    let folder = Folder::new();
    let server = Server::new(|request, _| {
        let text = request
            .header("authorization")
            .unwrap_or_default()
            .to_owned();
        Answer::Status(403, "", text)
    });
    folder.write("pw", "s3cret-token\n");
    folder.chmod("pw", 0o600);
    let words = format!("http --bearer-file pw --insecure-auth {}", server.url("/"));
    let ran = folder.lh(&words).with("x\n").code(1).said("403");
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
}

#[test]
fn what_has_no_effect_is_refused() {
    let folder = Folder::new();
    for (words, said) in [
        ("http", "required"),
        ("http ftp://x/", "http"),
        ("http x", "http"),
        ("http --method GET --gzip http://x/", "GET"),
        ("http --method PUT http://x/", "PUT"),
        ("http --preset loki --body json http://x/", "--body"),
        ("http --preset nobody http://x/", "nobody"),
        ("http --batch 0 http://x/", "batch"),
        ("http --ca ca.pem http://x/", "--ca"),
        ("http --insecure http://x/", "--insecure"),
        ("http --user u http://x/", "--password-file"),
        ("http --body {x http://x/", "--body"),
        ("http -f json http://x/", "--body"),
        (
            "http --body {message} -f x http://x/",
            "the template is that of --body",
        ),
        (
            "http --body {message} --datefmt %H http://x/",
            "nothing in --body is {asctime}",
        ),
        (
            "http --body {asctime} --datefmt %Q http://x/",
            "--datefmt: ",
        ),
        (
            "http --body json --datefmt %H http://x/",
            "--body takes a template",
        ),
    ] {
        folder.lh(words).run().code(2).said(said);
    }
}

/// Proxies of the environment.
#[test]
fn a_proxy_is_asked() {
    let folder = Folder::new();
    let proxy = Server::new(|_, _| status(200));
    let direct = Server::new(|_, _| status(200));
    let through = |none: &str| {
        folder
            .lh(&format!("http {}", direct.url("/path")))
            .env("http_proxy", format!("http://{}", proxy.address))
            .env("no_proxy", none)
            .with("x\n")
            .ok();
    };
    through("");
    assert_eq!((proxy.seen().len(), direct.seen().len()), (1, 0));
    assert_eq!(proxy.seen()[0].target, direct.url("/path"));
    through("127.0.0.1");
    assert_eq!((proxy.seen().len(), direct.seen().len()), (1, 1));
    assert_eq!(direct.seen()[0].target, "/path");
}
