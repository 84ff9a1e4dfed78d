//! What records look like, and which are taken.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;

use crate::listener::{Listener, listen, text};
use crate::support::Folder;

#[test]
fn no_record_can_look_like_another() {
    let evil = b"<13>1 - h a\xc2\x85 - - - one\r\n\
        <13>1 - h app - - - two\x1b[2K\xe2\x80\xae\0 b\n\
        {\"message\":\"three\\n2026-01-01 00:00:00,000 CRITICAL root: forged\",\"name\":\"x\\ny\"}\n\
        four\x08\x08\xff\n";
    for (escape, want) in [
        (
            "",
            "three\n\t2026-01-01 00:00:00,000 CRITICAL root: forged\n",
        ),
        (
            " --escape controls",
            "three\\n2026-01-01 00:00:00,000 CRITICAL root: forged\n",
        ),
    ] {
        let folder = Folder::new();
        let options = format!("listen --tcp 127.0.0.1:0{escape}");
        let mut listener = listen(&folder, &options, "file out");
        listener.connect().write_all(evil).expect("sent");
        let count = if escape.is_empty() { 6 } else { 4 };
        listener.running.wait_end("out", "\\xff\n");
        let text = folder.text("out");
        assert_eq!(text.lines().count(), count, "{text}");
        assert!(text.contains(want), "{text}");
        assert!(text.contains("two\\x1b[2K\\u202e\\x00 b\n"), "{text}");
        assert!(text.contains("four\\x08\\x08\\xff\n"), "{text}");
        let forged = text
            .lines()
            .filter(|line| line.contains("CRITICAL root: forged"));
        assert!(
            forged
                .clone()
                .all(|line| !line.starts_with("2026-01-01 00:00"))
        );
        listener.end().ok();
    }
}

/// Where names are written in another way than they came.
#[test]
fn a_peer_is_not_another_one_in_the_journal() {
    let folder = Folder::new();
    let journal = UnixDatagram::bind(folder.path("journal")).expect("a socket");
    let timeout = Some(crate::support::DEADLINE);
    journal.set_read_timeout(timeout).expect("set");
    let chain = "eventlog --socket ./journal";
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0", chain);
    let line = r#"{"message":"x","Peer":"a","_PEER":"b","-peer":"c","Received":"never"}"#;
    let mut connection = listener.connect();
    connection
        .write_all(format!("{line}\n").as_bytes())
        .expect("sent");
    let mut buffer = vec![0; 1 << 16];
    let count = journal.recv(&mut buffer).expect("an entry");
    let entry = String::from_utf8_lossy(&buffer[..count]);
    let named = |name: &str| {
        let lines = entry.lines().filter_map(|line| line.split_once('='));
        let named = lines.filter(|(found, _)| *found == name);
        named.map(|(_, text)| text.to_owned()).collect::<Vec<_>>()
    };
    let own = connection.local_addr().expect("an address").to_string();
    assert_eq!(named("PEER"), [own], "{entry}");
    assert_eq!(named("SENT_PEER"), ["a"], "{entry}");
    assert_eq!(named("SENT__PEER"), ["b", "c"], "{entry}");
    assert_eq!(named("RECEIVED").len(), 1, "{entry}");
    assert_eq!(named("SENT_RECEIVED"), ["never"], "{entry}");
    listener.end().ok();
}

/// Both a NUL and a line feed stand behind each.
#[test]
fn what_lh_appends_is_no_part_of_a_message() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp 127.0.0.1:0", "");
    let to = format!("--transport tcp --address {}", listener.address("tcp"));
    folder
        .lh(&format!("syslog {to} --append-nul -p local0.err"))
        .with("one\ntwo\nthree\n")
        .ok();
    let records = listener.records(3);
    for (record, message) in records.iter().zip(["one", "two", "three"]) {
        assert_eq!(text(record, "message"), message);
        assert_eq!(text(record, "levelname"), "ERROR");
    }
    listener.end().ok();
    assert_eq!(folder.text("out").lines().count(), 3);
}

#[test]
fn what_a_peer_claims_is_kept_apart() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp 127.0.0.1:0", "");
    let line = r#"{"message":"x","peer":"10.0.0.1","received":"never","host":"h"}"#;
    let mut connection = listener.connect();
    connection
        .write_all(format!("{line}\n").as_bytes())
        .expect("sent");
    let records = listener.records(1);
    let own = connection.local_addr().expect("an address").to_string();
    assert_eq!(text(&records[0], "peer"), own);
    assert_eq!(text(&records[0], "sent_peer"), "10.0.0.1");
    assert_eq!(text(&records[0], "sent_received"), "never");
    assert_eq!(text(&records[0], "host"), "h");
    assert!(text(&records[0], "received").starts_with("20"));
    listener.end().ok();
}

#[test]
fn options_of_the_input_hold_here() {
    let folder = Folder::new();
    let options = "--level warning --name net --field site=a --detect-level --strip-ansi \
        --mask token=\\S+ --max-record 20 --dedup 1h --stats listen --tcp 127.0.0.1:0";
    let mut listener = listen(&folder, options, "");
    let lines = "plain\x1b\nERROR: \x1b[31mred\x1b[0m\ntoken=secret\nsame\nsame\nsame\n\
        {\"message\":\"token=other, and more than fits\"}\n0123456789012345678901234\n";
    listener
        .connect()
        .write_all(lines.as_bytes())
        .expect("sent");
    let ran = listener.records(10);
    let all: Vec<_> = ran
        .iter()
        .map(|record| {
            format!(
                "{} {} {}",
                text(record, "levelname"),
                text(record, "name"),
                text(record, "message")
            )
        })
        .collect();
    assert_eq!(all[0], "WARNING net plain");
    assert_eq!(all[1], "ERROR net ERROR: red");
    assert_eq!(all[2], "WARNING net ***");
    assert_eq!(all[3], "WARNING net same");
    assert!(all[4].contains("repeated"), "{all:?}");
    assert!(
        all.contains(&"WARNING net 01234567890123456789".to_owned()),
        "{all:?}"
    );
    assert!(all.contains(&"WARNING net 01234".to_owned()), "{all:?}");
    assert!(ran.iter().all(|record| text(record, "site") == "a"));
    assert!(!folder.text("out").contains("secret"));
    listener
        .end()
        .code(0)
        .said("\"split\":2")
        .said("\"masked\":2");
}

/// What begins like JSON and is none is a text, of which the mask sees the beginning and
/// the end.
#[test]
fn a_text_in_brackets_is_cleaned_as_it_stands() {
    for (options, line, raw) in [
        (
            r"--mask password=\S+",
            "[error] password=hunter2",
            "[error] ***",
        ),
        (r"--mask ^\[secret\S+", "[secretabc] x", "*** x"),
        (r"--mask \S{12,}", "[12345678] y", "[12345678] y"),
        (r"--mask :\[\S+", "[info] ok", "[info] ok"),
        (r"--mask ^\[1", "[1,2]", "***,2]"),
        ("--mask \"[^\"]*\"", "[\"a\",1]", "[***,1]"),
        ("--strip-ansi", "[x] cut \x1b[31", "[x] cut "),
    ] {
        let folder = Folder::new();
        let options = format!("{options} listen --tcp 127.0.0.1:0");
        let mut listener = listen(&folder, &options, "file -f raw raw + file -f json out");
        let line = format!("{line}\n");
        listener.connect().write_all(line.as_bytes()).expect("sent");
        listener.records(1);
        listener.end().ok();
        assert_eq!(folder.text("raw"), format!("{raw}\n"), "{options}: {line}");
    }
}

/// What a mask finds with its name in the bytes is not left in the attribute.
#[test]
fn parameters_and_fields_are_masked_with_their_names() {
    let folder = Folder::new();
    let masks = r#"--mask token="[^"]*" --mask pw=\w+ --mask (key=)\w+=$1*** --mask ^alone$ --mask quoted="(?:[^"\\]|\\.)*" --mask counted"#;
    let options = format!("{masks} --stats listen --tcp 127.0.0.1:0 --http 127.0.0.1:0");
    let mut listener = listen(&folder, &options, "");
    let line = "<13>1 - h app - - [id@1 token=\"hunter2\" user=\"bob\" other=\"alone\" \
        quoted=\"hun\\\"ter2\" counted=\"5\"] hi\n";
    listener.connect().write_all(line.as_bytes()).expect("sent");
    let records = listener.records(1);
    for (name, want) in [("token", "***"), ("user", "bob"), ("other", "***")] {
        let name = format!("id@1.{name}");
        assert_eq!(text(&records[0], &name), want, "{}", records[0]);
    }
    assert_eq!(text(&records[0], "id@1.quoted"), "***", "{}", records[0]);
    assert_eq!(text(&records[0], "id@1.***"), "5", "{}", records[0]);
    let mut http = TcpStream::connect(listener.address("http")).expect("connected");
    let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let body = "msg=hi&pw=hunter2&key=hunter2&user=bob";
    write!(http, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
    let records = listener.records(2);
    for (name, want) in [("pw", "***"), ("key", "***"), ("user", "bob")] {
        assert_eq!(text(&records[1], name), want, "{}", records[1]);
    }
    assert!(!folder.text("out").contains("hunter2"));
    assert!(!folder.text("out").contains("ter2"));
    listener.end().code(0).said("\"masked\":6");
}

/// Several masks about one value, what stands around it, and a value as it was meant.
#[test]
fn masks_of_fields_see_what_stands_around() {
    let masks =
        r#"--mask \d{4} --mask password=[a-z0-9]+ --mask [?&]token=[^&]* --mask email=\S+@\S+"#;
    let folder = Folder::new();
    let options = format!("{masks} listen --http 127.0.0.1:0");
    let mut listener = listen(&folder, &options, "");
    let mut http = TcpStream::connect(listener.address("http")).expect("connected");
    let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let body = "msg=hi&password=abc1234&token=secret&email=joe%40x.com&user=bob";
    write!(http, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
    let records = listener.records(1);
    for (name, want) in [
        ("password", "******"),
        ("token", "***"),
        ("email", "***"),
        ("user", "bob"),
    ] {
        assert_eq!(text(&records[0], name), want, "{}", records[0]);
    }
    listener.end().ok();
}

/// As behind `-i json`: strings are looked at without their escapes, and what was an
/// object stays one.
#[test]
fn secrets_are_found_however_json_writes_them() {
    let object = r#"{"msg":"pw=a now","url":"https:\/\/u:s3cret@h\/","in":{"a":["https:\/\/u:s3cret@h\/"],"c":"\u001b[31mred","n":1},"level":"error","token":"s3cret"}"#;
    let cleaned = r#"{"msg":"*** now","url":"https://***@h/","in":{"a":["https://***@h/"],"c":"red","n":1},"level":"error",***}"#;
    let kept = cleaned.replace("***}", "\"token\":\"***\"}");
    let masks = r"--strip-ansi --mask pw=\w+ --mask //[^@]*@=//***@";
    let token = r#"--mask "token":"[^"]*""#;
    for (options, raw) in [
        (format!("{masks} --mask ^s3cret$"), &*kept),
        (format!("{masks} {token}"), cleaned),
    ] {
        let folder = Folder::new();
        let options = format!("{options} listen --tcp 127.0.0.1:0 --http 127.0.0.1:0");
        let mut listener = listen(&folder, &options, "file -f raw raw + file -f json out");
        let line = format!("{object}\n");
        listener.connect().write_all(line.as_bytes()).expect("sent");
        let body = format!("[{object},\"https:\\/\\/u:s3cret@h\\/\"]");
        let mut http = TcpStream::connect(listener.address("http")).expect("connected");
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n";
        let length = body.len();
        write!(http, "{head}Content-Length: {length}\r\n\r\n{body}").expect("sent");
        let records = listener.records(3);
        let with = |message: &str| {
            let records = records.iter();
            let found = records.filter(|record| text(record, "message") == message);
            found.collect::<Vec<_>>()
        };
        assert_eq!(with("https://***@h/").len(), 1);
        if raw == kept {
            for record in with("*** now") {
                assert_eq!(text(record, "url"), "https://***@h/");
                let inner = serde_json::json!({"a": ["https://***@h/"], "c": "red", "n": 1});
                assert_eq!(record["in"], inner);
                assert_eq!(text(record, "token"), "***");
            }
        } else {
            // What is no object any more is a text, which keeps its level.
            let texts = with(raw);
            assert_eq!(texts.len(), 2, "{records:?}");
            assert!(
                texts
                    .iter()
                    .all(|record| text(record, "levelname") == "ERROR")
            );
        }
        listener.end().ok();
        for name in ["raw", "out"] {
            let text = folder.text(name);
            assert!(!text.contains("s3cret"), "{name}: {text}");
        }
        let raws = folder.text("raw");
        assert_eq!(raws.lines().filter(|line| *line == raw).count(), 2);
    }
}

/// The longest record of one lh is none that is too long for another.
#[test]
fn a_record_of_the_greatest_length_stays_one_with_all_that_it_says() {
    let key = "0123456789abcdef0123456789abcdef";
    let long = "x".repeat(2_500_000);
    for (sender, key) in [
        ("socket --wire json", None),
        ("socket --wire json", Some(key)),
        ("socket --wire gelf", None),
        ("syslog --transport tcp --address", None),
    ] {
        let folder = Folder::new();
        let mut options = "listen --tcp 127.0.0.1:0".to_owned();
        let mut sealed = String::new();
        if let Some(key) = key {
            folder.write("key", key);
            sealed = " --hmac-key-file key".to_owned();
            options += &sealed;
        }
        let mut listener = listen(&folder, &options, "");
        let address = listener.address("tcp");
        let mut words = sender.split(' ');
        let handler = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        folder
            .lh(&format!(
                "--level error --name app --field site=a {handler}{sealed}"
            ))
            .args(rest)
            .arg(address)
            .with(format!("first\n{long}\nlast\n"))
            .code(0);
        let records = listener.records(5);
        listener.end().ok();
        let said: String = records
            .iter()
            .map(|record| text(record, "message"))
            .collect();
        assert_eq!(said.len(), long.len() + 9, "{sender}");
        for record in &records {
            assert_eq!(text(record, "levelname"), "ERROR", "{sender}");
            assert_eq!(text(record, "name"), "app", "{sender}");
        }
        assert_eq!(folder.text("out").lines().count(), 5, "{sender}");
    }
}

#[test]
fn options_that_have_no_effect_are_refused() {
    let folder = Folder::new();
    for (options, said) in [
        (
            "-i json listen --tcp :0",
            "--input has no effect with listen",
        ),
        (
            "--join indent listen --tcp :0",
            "--join has no effect with listen",
        ),
        ("--tee listen --tcp :0", "--tee has no effect with listen"),
        (
            "-m x listen --tcp :0",
            "--message has no effect with listen",
        ),
        ("listen", "there is nothing to listen at"),
        ("listen --tcp nowhere", "has no port"),
        ("listen --tcp :0 --allow 10.0.0.1/8 null", "--allow"),
        ("listen --tcp :0 null -- true", "two sources"),
        (
            "listen --udp :0 --tls-cert c --tls-key k",
            "--tls-cert has no effect without --tcp or --http",
        ),
        (
            "listen --unix s --tls-cert c --tls-key k --client-ca a",
            "--tls-cert has no effect without --tcp or --http",
        ),
        (
            "listen --unix s --unixgram d --allow 10.0.0.0/8",
            "--allow has no effect without --tcp, --udp or --http",
        ),
        (
            "listen --tcp :0 --socket-mode 0660",
            "--socket-mode has no effect without --unix or --unixgram",
        ),
        (
            "listen --udp :0 --unixgram d --idle-timeout 1m",
            "--idle-timeout has no effect without --tcp, --http or --unix",
        ),
        (
            "listen --udp :0 --max-connections 5",
            "--max-connections has no effect without --tcp, --http or --unix",
        ),
        (
            "listen --http :0 --wire json",
            "--wire has no effect without --tcp, --udp, --unix or --unixgram",
        ),
        (
            "listen --udp :0 --unixgram d --wire lh",
            "--wire lh has no effect without --tcp or --unix",
        ),
        (
            "listen --udp :0 --state senders",
            "--state has no effect without --tcp or --unix",
        ),
        ("listen --allow 10.0.0.0/8", "there is nothing to listen at"),
        (
            "null + listen --tcp :0",
            "listen stands before all handlers",
        ),
        (
            "listen --tcp :0 buffer --flush-on-failure null",
            "is for a command",
        ),
    ] {
        folder.lh(options).run().code(2).said(said);
    }
    assert!(!folder.has("s") && !folder.has("d"), "nothing was bound");
}

/// Records of one message of 2,500 bytes each, over every wire on which it is
/// no line.
fn send_long(listener: &Listener<'_>) {
    let long = "x".repeat(2498) + "\u{e4}";
    let length = u32::try_from(long.len()).expect("short").to_le_bytes();
    let head = b"\x80\x02}(X\x04\0\0\0nameX\x01\0\0\0pX\x03\0\0\0msgX";
    let pickle = [&head[..], &length, long.as_bytes(), b"u."].concat();
    let count = u32::try_from(pickle.len()).expect("short").to_be_bytes();
    let framed = [&count[..], &pickle].concat();
    listener.connect().write_all(&framed).expect("sent");
    let syslog = format!("<13>Oct 11 22:14:15 h s: {long}");
    let syslog = format!("{} {syslog}", syslog.len());
    let mut stream = listener.connect();
    stream.write_all(syslog.as_bytes()).expect("sent");
    let gelf = format!(
        "{{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"{long}\",\"_logger\":\"g\"}}"
    );
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let sent = socket.send_to(gelf.as_bytes(), listener.address("udp"));
    sent.expect("sent");
    let body = format!("{{\"message\":\"{long}\",\"name\":\"j\",\"exc_text\":\"why\",\"k\":1}}");
    let request = format!(
        "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains(" 204 "), "{answer}");
}

#[test]
fn a_record_that_is_too_long_is_split_cut_or_dropped_on_every_wire() {
    for (oversize, lengths, code) in [
        ("split", &[1000, 1000, 500][..], 0),
        ("truncate", &[1000], 0),
        ("drop", &[], 1),
    ] {
        let folder = Folder::new();
        let options = format!(
            "--max-record 1000 --oversize {oversize} --stats listen --tcp 127.0.0.1:0 \
             --udp 127.0.0.1:0 --http 127.0.0.1:0"
        );
        let mut listener = listen(&folder, &options, "");
        send_long(&listener);
        listener.connect().write_all(b"last\n").expect("sent");
        let records = listener.records(4 * lengths.len() + 1);
        let of = |name: &str| {
            let own = records.iter().filter(|record| text(record, "name") == name);
            own.collect::<Vec<_>>()
        };
        for name in ["p", "s", "g", "j"] {
            let found: Vec<_> = of(name).iter().map(|r| text(r, "message").len()).collect();
            assert_eq!(found, lengths, "{oversize} {name}");
            let all = of(name);
            let flagged = all
                .iter()
                .all(|record| text(record, "oversize") == oversize);
            assert!(flagged, "{all:?}");
        }
        let parts = of("j");
        assert!(parts.iter().all(|record| record["k"] == 1), "{parts:?}");
        if let Some((last, before)) = parts.split_last() {
            assert_eq!(text(last, "exc_text"), "why");
            assert!(
                before
                    .iter()
                    .all(|record| text(record, "exc_text").is_empty())
            );
        }
        if oversize == "split" {
            assert!(text(parts[2], "message").ends_with("x\u{e4}"));
        }
        let ran = listener.end().code(code);
        let figure = match oversize {
            "split" => "\"split\":4,",
            "truncate" => "\"truncated\":4,",
            _ => "\"dropped\":4}",
        };
        ran.said(figure);
    }
}

#[test]
fn who_is_not_allowed_is_not_heard() {
    let folder = Folder::new();
    let options = "listen --tcp 127.0.0.1:0 --udp 127.0.0.1:0 --allow 192.0.2.0/24";
    let mut listener = listen(&folder, options, "");
    let _ = listener.connect().write_all(b"no\n");
    listener.running.wait_said("--allow does not permit it");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket
        .send_to(b"no", listener.address("udp"))
        .expect("sent");
    let own = socket.local_addr().expect("an address");
    listener.running.wait_said(&format!("{own}: refused"));
    listener.end().code(0);
    assert_eq!(folder.text("out"), "");
}

#[test]
fn a_chain_stands_behind_it() {
    let folder = Folder::new();
    let chain = "file -f {message} all + file -f {message} --min-level error bad";
    let listener = listen(&folder, "listen --udp 127.0.0.1:0", chain);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for message in ["<14>one", "<11>two\n", "three"] {
        let sent = socket.send_to(message.as_bytes(), listener.address("udp"));
        sent.expect("sent");
    }
    crate::support::until("all", || {
        folder.has("all") && folder.text("all").lines().count() == 3
    });
    listener.end().ok();
    assert_eq!(folder.text("all"), "one\ntwo\nthree\n");
    assert_eq!(folder.text("bad"), "two\n");
}

#[test]
fn a_level_scale_settles_what_numbers_mean() {
    let folder = Folder::new();
    for (scale, level) in [("syslog", "ERROR"), ("python", "Level 3")] {
        let options = format!("--level-scale {scale} listen --tcp 127.0.0.1:0");
        let chain = format!("file -f {{levelname}} {scale}");
        let mut listener = listen(&folder, &options, &chain);
        let object = b"{\"message\":\"m\",\"level\":3}\n";
        listener.connect().write_all(object).expect("sent");
        listener.running.wait_end(scale, &format!("{level}\n"));
        listener.end().ok();
    }
}

/// A record of the network has no newline; in a file it has one, also where its
/// bytes are kept as they came.
#[test]
fn raw_records_are_lines() {
    let folder = Folder::new();
    let options = "--max-record 6 listen --tcp 127.0.0.1:0 --escape none";
    let mut listener = listen(&folder, options, "file -f raw out");
    listener
        .connect()
        .write_all("aaaa bbbb\nsecond\n".as_bytes())
        .expect("sent");
    listener.running.wait_end("out", "second\n");
    assert_eq!(folder.text("out"), "aaaa b\nbbb\nsecond\n");
    listener.end().code(0);
}

/// One level and one verdict hold for all of a line, as they do on stdin, whoever else
/// sends meanwhile.
#[test]
fn the_pieces_of_a_long_line_have_one_level_and_pass_together() {
    let folder = Folder::new();
    let options = "--max-record 10 --detect-level listen --tcp 127.0.0.1:0";
    let chain = "file -f {levelname}|{message} --min-level error out + \
                 file -f {message} --include keep kept + file -f {message} all";
    let mut listener = listen(&folder, options, chain);
    let (mut one, mut other) = (listener.connect(), listener.connect());
    let mut write = |stream: &mut TcpStream, bytes: &str, end: &str| {
        stream.write_all(bytes.as_bytes()).expect("sent");
        listener.running.wait_end("all", end);
    };
    write(&mut one, "ERROR: keep", "ERROR: kee\n");
    write(&mut other, "no: 2345678 keep", "no: 234567\n");
    write(&mut one, " aaaaaaaaaaaaa", "p aaaaaaaa\n");
    write(&mut other, "\nkeep 5\n", "keep 5\n");
    write(&mut one, "<11>\n", "aaaaa<11>\n");
    assert_eq!(
        folder.text("out"),
        "ERROR|ERROR: kee\nERROR|p aaaaaaaa\nERROR|aaaaa<11>\n"
    );
    assert_eq!(folder.text("kept"), "keep 5\n");
    listener.end().code(0);
}
