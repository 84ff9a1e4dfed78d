//! What `journalctl` of a real journald shows.

use crate::support::{Journald, able_journald};
use crate::trials::{Lh, folder, records};

#[test]
fn every_field_of_a_record() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let id = "fc2e22bc6ee647b6b90729ab34a250b1";
    let record = format!(
        r#"{{"msg":"it failed","levelname":"ERROR","name":"my.app","created":1057682985.896123,
        "pathname":"/srv/app.py","lineno":17,"funcName":"main","threadName":"T-1","processName":"P",
        "exc_text":"Traceback:\n  E","message_id":"{id}","user":"bob","http.status":200,
        "ok":true,"none":null,"list":[1, 2],"User":"eve","_PID":1,"404":"x","gr\u00f6\u00dfe":3}}"#
    );
    journald
        .lh("-i json eventlog --utc")
        .feed(record.replace('\n', ""))
        .expect(0);
    let entry = &journald.wait(&[], 1)[0];
    let want = [
        ("MESSAGE", "it failed\nTraceback:\n  E"),
        ("PRIORITY", "3"),
        ("SYSLOG_FACILITY", "1"),
        ("SYSLOG_IDENTIFIER", "my.app"),
        ("SYSLOG_TIMESTAMP", "2003-07-08T16:49:45.896123+00:00"),
        ("LOGGER", "my.app"),
        ("EXCEPTION_TEXT", "Traceback:\n  E"),
        ("CODE_FILE", "/srv/app.py"),
        ("CODE_LINE", "17"),
        ("CODE_FUNC", "main"),
        ("THREAD_NAME", "T-1"),
        ("PROCESS_NAME", "P"),
        ("MESSAGE_ID", id),
        ("HTTP_STATUS", "200"),
        ("OK", "true"),
        ("LIST", "[1, 2]"),
        ("PID", "1"),
        ("F_404", "x"),
        ("GR__E", "3"),
        ("_TRANSPORT", "journal"),
    ];
    for (name, value) in want {
        assert_eq!(entry.text(name), value, "{name}: {entry:?}");
    }
    let mut users = entry.several("USER");
    users.sort_unstable();
    assert_eq!(users, ["bob", "eve"]);
    let mut names: Vec<&str> = want[..19].iter().map(|(name, _)| *name).collect();
    names.push("USER");
    names.sort_unstable();
    assert_eq!(entry.names(), names);
    let short = journald.sh("journalctl -o short _TRANSPORT=journal");
    let short = short.expect("journalctl");
    assert!(short.contains("]: it failed\n"), "{short}");
    assert!(short.contains(" Traceback:\n"), "{short}");
}

/// What journalctl writes, of colours and all, is read as what was said.
#[test]
fn what_journalctl_writes_as_json_is_read_again() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let said = "\u{1b}[31mit failed\u{1b}[0m \u{e4}";
    let record = format!(
        r#"{{"msg":"{}","levelname":"ERROR"}}"#,
        said.replace('\u{1b}', r"\u001b")
    );
    journald.lh("-i json eventlog").feed(record).expect(0);
    journald.wait(&[], 1);
    let lines = journald
        .sh("journalctl -o json _TRANSPORT=journal")
        .expect("journalctl");
    assert!(
        lines.contains(r#""MESSAGE":[27,91,"#) || lines.contains(r#""MESSAGE" : [ 27, 91,"#),
        "{lines}"
    );
    let output = Lh::new("-i json stream -f {levelname}={message}")
        .read_stdout()
        .feed(lines)
        .expect(0);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("ERROR={said}\n")
    );
}

/// A newline, a name, or whatever: it stays in its field.
#[test]
fn nothing_can_be_forged() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let forged = r"x\nPRIORITY=0\n\nMESSAGE=forged\nSYSLOG_IDENTIFIER=sshd\n";
    let record = format!(
        r#"{{"msg":"{forged}","user":"{forged}","name":"{forged}","exc_text":"{forged}",
        "PRIORITY":9,"syslog_identifier":"sshd","MESSAGE":"forged","_UID":"0","OBJECT_PID":"1",
        "A=b\nPRIORITY":"{forged}"}}"#
    );
    journald
        .lh("-i json eventlog")
        .feed(record.replace('\n', ""))
        .expect(0);
    let entry = &journald.wait(&[], 1)[0];
    let forged = forged.replace("\\n", "\n");
    assert_eq!(
        entry.text("MESSAGE"),
        format!("{forged}{}", forged.trim_end())
    );
    assert_eq!(entry.text("PRIORITY"), "6");
    assert_eq!(entry.text("SYSLOG_IDENTIFIER"), forged);
    assert_eq!(entry.text("USER"), forged);
    assert_eq!(entry.text("MESSAGE_"), "forged");
    assert_eq!(entry.text("PRIORITY_"), "9");
    assert_eq!(entry.text("SYSLOG_IDENTIFIER_"), "sshd");
    assert_eq!(entry.text("OBJECT_PID_"), "1");
    assert_eq!(entry.text("A_B_PRIORITY"), forged);
    assert_eq!(entry.text("UID"), "0");
    assert!(!entry.has("OBJECT_UID"), "{entry:?}");
}

#[test]
fn bytes_stay_what_they_are() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let mut all: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    let cases = [b"".to_vec(), b" spaces \t".to_vec(), b"cr\r".to_vec(), {
        all.push(b'z');
        all
    }];
    let mut input = cases.join(&b'\n');
    input.push(b'\n');
    journald.lh("eventlog -t bytes").feed(input).expect(0);
    let entries = journald.wait(&["SYSLOG_IDENTIFIER=bytes"], cases.len());
    for (entry, want) in entries.iter().zip(&cases) {
        assert_eq!(&entry.bytes("MESSAGE"), want);
        assert!(entry.has("MESSAGE"));
    }
}

#[test]
fn many_come_in_order() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let outcome = journald.lh("eventlog -t records").feed(records(1..=5000));
    assert_eq!(outcome.expect(0).stderr, "");
    journald.arrived(5000).assert_perfect("many");
}

#[test]
fn options_are_obeyed() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let id = "FC2E22BC-6EE6-47B6-B907-29AB34A250B1";
    journald
        .lh("--field deploy=7 --name web eventlog -p local3.err --app shop -f {levelname}:{message}")
        .arg("--message-id")
        .arg(id)
        .feed("x\n")
        .expect(0);
    let entry = &journald.wait(&["SYSLOG_IDENTIFIER=shop"], 1)[0];
    for (name, value) in [
        ("MESSAGE", "INFO:x"),
        ("PRIORITY", "3"),
        ("SYSLOG_FACILITY", "19"),
        ("LOGGER", "web"),
        ("MESSAGE_ID", "fc2e22bc6ee647b6b90729ab34a250b1"),
        ("DEPLOY", "7"),
    ] {
        assert_eq!(entry.text(name), value, "{name}: {entry:?}");
    }
}

/// A command's trace is one entry, and its two streams have their levels.
#[test]
fn a_command_with_a_trace() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    journald
        .lh("--join trace eventlog -t cmd -- sh -c")
        .arg("printf 'Traceback (most recent call last):\n  File \"x\", line 1\nE: x\n'; echo bad >&2")
        .spawn()
        .end()
        .expect(0);
    let entries = journald.wait(&["SYSLOG_IDENTIFIER=cmd"], 2);
    let find = |stream: &str| {
        let mut of = entries
            .iter()
            .filter(|entry| entry.text("STREAM") == stream);
        of.next().expect(stream)
    };
    let trace = "Traceback (most recent call last):\n  File \"x\", line 1\nE: x";
    assert_eq!(find("stdout").text("MESSAGE"), trace);
    assert_eq!(find("stdout").text("PRIORITY"), "6");
    assert_eq!(find("stderr").text("MESSAGE"), "bad");
    assert_eq!(find("stderr").text("PRIORITY"), "3");
}

/// journald leaves out an entry with more fields without a word: this one is
/// refused with the reason, and those around it arrive.
#[test]
fn too_many_fields_are_told() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let object = |message: &str, count: usize| {
        let pairs = (0..count).map(|n| format!(",\"n{n}\":{n}"));
        let pairs: String = pairs.collect();
        format!("{{\"msg\":\"{message}\",\"exc_text\":\"E\",\"name\":\"n\"{pairs}}}\n")
    };
    let letters = folder.path().join("letters");
    let input = [
        object("most", 1015),
        object("more", 1016),
        object("last", 0),
    ]
    .concat();
    let outcome = journald
        .lh("-i json eventlog -t fields --dead-letter")
        .arg(&letters)
        .feed(input)
        .expect(1);
    let entries = journald.wait(&["SYSLOG_IDENTIFIER=fields"], 2);
    assert_eq!(entries[0].text("N1014"), "1014");
    assert_eq!(entries[1].text("MESSAGE"), "last\nE");
    assert!(
        outcome.stderr.contains("it has 1016 attributes"),
        "{}",
        outcome.stderr
    );
    let letters = std::fs::read_to_string(letters).expect("a file");
    assert_eq!(letters.lines().count(), 1);
}

#[test]
fn long_entries_arrive_whole() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let lengths = [4096, 212_000, 213_000, 300_000, 1_000_000];
    let lines: Vec<String> = lengths
        .iter()
        .map(|length| {
            let letters = (0..*length).map(|at| char::from(b'a' + (at * 7 % 26) as u8));
            letters.collect()
        })
        .collect();
    let mut input = lines.join("\nbetween\n");
    input.push('\n');
    journald.lh("eventlog -t long").feed(input).expect(0);
    let entries = journald.wait(&["SYSLOG_IDENTIFIER=long"], 9);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(&entries[2 * at].text("MESSAGE"), line);
    }
    assert_eq!(entries[3].text("MESSAGE"), "between");
}

/// Without --socket it is where systemd has it; the tests above rely on that.
#[test]
fn another_socket_is_another() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let missing = folder.path().join("nothing");
    journald
        .lh("eventlog --drain-timeout 100ms --socket")
        .arg(missing)
        .feed("x\n")
        .expect(1);
    assert!(journald.entries(&[]).is_empty());
    let _ = Lh::new("eventlog --help").feed("").expect(0);
}
