//! Mails as others read them.

use serde_json::{Value, json};

use crate::server::{Server, able, body, header};
use crate::trials::{Lh, Random, folder};

/// Texts that mails have trouble with.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "plain",
        ".",
        "..",
        "a\n.\nb",
        "a\n.\r\nQUIT\r\n",
        "From the start",
        "a\r\nBcc: evil@x.test\r\n\r\nb",
        "a\rb",
        "nul \0 and escape \u{1b}[31m",
        "tab\there, blank at the end ",
        "caf\u{e9} \u{1f4ec}",
        "日本語のログメッセージです",
        "=?utf-8?q?not_a_word?= = =3D =",
        "  blanks  in  front",
        "line\u{2028}separator\u{85}and next line",
        "--boundary\n--boundary--",
        "\u{202e}turned",
        "a\n\n\nb",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(5000));
    texts.push("日".repeat(3000));
    texts.push("word ".repeat(2000).trim_end().to_owned());
    let alphabet: Vec<char> = "ab .=\r\n\t\0\"\\<>?_-é日\u{1f4ec}\u{7f}\u{ad}"
        .chars()
        .collect();
    let mut random = Random::new(25);
    for _ in 0..100 {
        let length = 1 + random.below(300);
        let any = |_| alphabet[random.below(alphabet.len() as u64) as usize];
        texts.push((0..length).map(any).collect());
    }
    texts
}

/// What a subject may show of a text: one line.
fn shown(text: &str) -> String {
    let mut line = String::new();
    let mut gap = false;
    for ch in text.chars() {
        match ch {
            ch if ch.is_control() || "\u{2028}\u{2029}".contains(ch) => gap = true,
            '\u{202e}' => {}
            ch => {
                line.extend(std::mem::take(&mut gap).then_some(' '));
                line.push(ch);
            }
        }
    }
    line
}

#[test]
fn every_text_is_read_as_it_was_sent() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--pipelining");
    let texts = texts();
    let input: String = texts
        .iter()
        .map(|text| json!({ "message": text }).to_string() + "\n")
        .collect();
    let options = format!("-i json smtp {} --subject", server.options());
    Lh::new(&options).arg("{message}").feed(input).expect(0);
    let mails = server.accepted();
    assert_eq!(mails.len(), texts.len());
    for (mail, text) in mails.iter().zip(&texts) {
        // It ends with a line end, however it came.
        let want = text.strip_suffix('\n').unwrap_or(text);
        let want = format!("{want}\n").replace("\r\n", "\n");
        assert_eq!(body(mail), want, "{mail}");
        assert_eq!(mail["defects"], json!([]), "{mail}");
        assert_eq!(mail["bare"], false, "{mail}");
        assert!(mail["longest"].as_u64().unwrap() <= 998, "{mail}");
        let (subject, want) = (mail["subject"].as_str().unwrap(), shown(text));
        match want.chars().count() {
            // Blanks at the ends of a header have no meaning.
            0..=200 => assert_eq!(subject.trim(), want.trim(), "{mail}"),
            _ => assert_eq!(subject.trim(), cut(&want).trim(), "{mail}"),
        }
        assert_eq!(mail["to"], json!(["ops@x.test"]), "no other recipient");
    }
}

fn cut(text: &str) -> String {
    let start: String = text.chars().take(199).collect();
    start + "…"
}

#[test]
fn a_mail_has_what_keeps_it_out_of_the_spam() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let options = format!(
        "smtp --host 127.0.0.1:{} --to ops@x.test --to b@x.test --cc c@x.test --from",
        server.port
    );
    Lh::new(&options)
        .arg("Köln Cron <cron@x.test>")
        .feed("one\ntwo\n")
        .expect(0);
    let mails = server.accepted();
    assert_eq!(mails.len(), 2);
    let ids: Vec<_> = mails
        .iter()
        .map(|mail| header(mail, "Message-ID"))
        .collect();
    assert_ne!(ids[0], ids[1]);
    for mail in &mails {
        assert!(header(mail, "Message-ID").ends_with("@x.test>"), "{mail}");
        assert_eq!(header(mail, "From"), "Köln Cron <cron@x.test>");
        assert_eq!(header(mail, "To"), "ops@x.test, b@x.test");
        assert_eq!(header(mail, "Cc"), "c@x.test");
        assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
        assert_eq!(header(mail, "MIME-Version"), "1.0");
        assert!(header(mail, "Date").ends_with("+0000"), "{mail}");
        assert_eq!(mail["to"], json!(["ops@x.test", "b@x.test", "c@x.test"]));
        assert_eq!(mail["sender"], "cron@x.test");
        assert_eq!(mail["defects"], json!([]));
        let names = mail["names"].as_array().unwrap();
        let count = |name: &str| names.iter().filter(|n| *n == name).count();
        for name in ["From", "To", "Subject", "Date", "Message-ID"] {
            assert_eq!(count(name), 1, "{name}");
        }
    }
    assert_eq!(server.connections(), 1, "one connection is kept");
}

/// Whatever field a record has, and wherever it goes.
#[test]
fn no_field_makes_a_header() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let evil = "x\r\nBcc: evil@x.test\r\nX-Evil: 1\r\n\r\nbody\n.\nMAIL FROM:<a@b>\0";
    let record = json!({ "message": evil, "name": evil, "levelname": evil, "job": evil });
    for template in [
        "{message}",
        "{name}",
        "{levelname}",
        "{job}",
        "%(job)s %(name)s",
    ] {
        let options = format!(
            "-i json smtp {} --digest 2 --attach --subject",
            server.options()
        );
        let input = format!("{record}\n{record}\n");
        Lh::new(&options).arg(template).feed(input).expect(0);
    }
    let mails = server.accepted();
    assert_eq!((mails.len(), server.mails().len()), (5, 5));
    for mail in mails {
        assert_eq!(mail["to"], json!(["ops@x.test"]));
        assert_eq!(
            (&mail["headers"]["Bcc"], &mail["headers"]["X-Evil"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(mail["defects"], json!([]));
        assert_eq!(mail["bare"], false);
    }
    assert_eq!(server.connections(), 5);
}

#[test]
fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let options = format!(
        "smtp --host 127.0.0.1:{} --from cron@x.test --to jörg@x.test",
        server.port
    );
    Lh::new(&options).feed("x\n").expect(0);
    let mails = server.accepted();
    assert_eq!(mails[0]["to"], json!(["jörg@x.test"]));
    assert!(
        mails[0]["options"]
            .as_array()
            .unwrap()
            .contains(&json!("SMTPUTF8"))
    );
}
