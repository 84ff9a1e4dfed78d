//! `lh syslog` to rsyslogd: every transport, framing and form; what each field
//! becomes; what a message may hold.
//!
//! Not tested here: levels one by one (the codec's own tests have them).

use serde_json::Value;

use crate::support::receiver::data;
use crate::support::rsyslog::able_tls;
use crate::support::{Certificates, DEADLINE, Receiver, Rsyslog, hostname, report, text};
use crate::trials::{Lh, able, folder, record, records, records::told};

/// A way to a running rsyslogd: what to say, and what it should see.
struct Way {
    options: String,
    input: &'static str,
    version: &'static str,
}

/// All ways there are; the defaults among them are not spelled out.
fn ways(rsyslog: &Rsyslog, certificates: &Certificates) -> Vec<Way> {
    let (udp, tcp, tls) = (rsyslog.udp(), rsyslog.tcp(), rsyslog.tls());
    let (socket, ca) = (rsyslog.socket(), certificates.cert("ca"));
    let (socket, ca) = (socket.display(), ca.display());
    let way = |input, version, options| Way {
        options,
        input,
        version,
    };
    vec![
        way("udp", "1", format!("--address {udp}")),
        way("udp", "0", format!("--address {udp} --rfc 3164")),
        way("tcp", "1", format!("--address {tcp} --transport tcp")),
        way(
            "tcp",
            "0",
            format!("--address {tcp} --transport tcp --rfc 3164"),
        ),
        way(
            "tcp",
            "1",
            format!("--address {tcp} --transport tcp --framing octet"),
        ),
        way(
            "tcp",
            "0",
            format!("--address {tcp} --transport tcp --framing octet --rfc 3164"),
        ),
        way(
            "tls",
            "1",
            format!("--address {tls} --transport tls --ca {ca}"),
        ),
        way(
            "tls",
            "1",
            format!("--address {tls} --transport tls --ca {ca} --framing lf"),
        ),
        way(
            "tls",
            "0",
            format!("--address {tls} --transport tls --ca {ca} --rfc 3164"),
        ),
        way("imuxsock", "0", format!("--address {socket}")),
        way(
            "imuxsock",
            "0",
            format!("--address {socket} --transport unix"),
        ),
    ]
}

/// rsyslogd, with the messages of one tag told apart.
fn tagged<'v>(received: &'v [Value], tag: &str) -> Vec<&'v Value> {
    let own = received.iter().filter(|got| text(got, "app") == tag);
    own.collect()
}

/// The text alone: of the older form, the blank behind the tag belongs to it.
fn msg(got: &Value) -> &str {
    let msg = text(got, "msg");
    msg.strip_prefix(' ').unwrap_or(msg)
}

#[test]
fn every_way_arrives_whole_and_in_order() {
    if !able_tls() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let rsyslog = Rsyslog::start_tls(folder.path(), &certificates, "good");
    for (number, way) in ways(&rsyslog, &certificates).iter().enumerate() {
        let (tag, options) = (format!("way{number}"), &way.options);
        let outcome = Lh::new(&format!("syslog -t {tag} {options}")).feed(records(1..=300));
        assert_eq!(outcome.expect(0).stderr, "", "{options}");
        let received = rsyslog.wait(300 * (number + 1));
        let own = tagged(&received, &tag);
        report(own.iter().map(|got| msg(got)), 1..=300).assert_perfect(options);
        let all = |key, want: &str| own.iter().all(|got| text(got, key) == want);
        assert!(all("input", way.input), "{options}: {}", own[0]);
        assert!(all("version", way.version), "{options}: {}", own[0]);
        assert!(all("pri", "14"), "{options}: {}", own[0]);
    }
}

#[test]
fn each_field_is_where_it_belongs() {
    if !able_tls() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let rsyslog = Rsyslog::start_tls(folder.path(), &certificates, "good");
    let input = concat!(
        r#"{"message":"plain","level":"error","name":"app.x","time":"2026-01-02T03:04:05.678901Z"}"#,
        "\n",
        r#"{"message":"more","level":"debug","user":"a\"b]c\\d","n":7,"o":{"in":[1,null]}}"#,
        "\n"
    );
    let ways = ways(&rsyslog, &certificates);
    for (number, way) in ways.iter().enumerate() {
        let options = &way.options;
        // A local daemon knows what host it is on, and reads no other there.
        let local = way.input == "imuxsock";
        let own = match way.version {
            "1" => "--hostname web1 --msgid MID --sd-id x@1 --sd-param k=v",
            _ if local => "",
            _ => "--hostname web1",
        };
        let given =
            format!("syslog {options} -i json --facility local3 --id=77 {own} -t tag{number}");
        Lh::new(&given).feed(input).expect(0);
        let received = rsyslog.wait(2 * (number + 1));
        let own = tagged(&received, &format!("tag{number}"));
        assert_eq!(own.len(), 2, "{options}: {:?}", received.last());
        let (plain, more) = (own[0], own[1]);
        assert_eq!((msg(plain), msg(more)), ("plain", "more"), "{options}");
        assert_eq!(
            (text(plain, "pri"), text(more, "pri")),
            ("155", "159"),
            "{options}"
        );
        assert_eq!(text(plain, "procid"), "77", "{options}");
        let host = if local { "receiver" } else { "web1" };
        assert_eq!(text(plain, "host"), host, "{options}");
        if way.version == "1" {
            let stamp = text(plain, "timestamp").replace("+00:00", "Z");
            assert_eq!(stamp, "2026-01-02T03:04:05.678901Z", "{options}");
            assert_eq!(text(plain, "msgid"), "MID", "{options}");
            assert_eq!(text(plain, "sd"), r#"[x@1 k="v"]"#, "{options}");
            let sd = r#"[x@1 k="v" user="a\"b\]c\\d" n="7" o="{\"in\":[1,null\]}"]"#;
            assert_eq!(text(more, "sd"), sd, "{options}");
        } else if !local {
            assert!(
                text(plain, "timestamp").contains("-01-02T03:04:05"),
                "{options}: {plain}"
            );
        }
    }
    // The process's own number, and the logger's name for a tag.
    let mut running = Lh::new(&format!("syslog --address {} --id -i json", rsyslog.udp())).spawn();
    let id = running.pid().to_string();
    running.write(input.as_bytes());
    running.end().expect(0);
    let received = rsyslog.wait(2 * (ways.len() + 1));
    let last = &received[received.len() - 2];
    assert_eq!(
        (text(last, "app"), text(last, "procid")),
        ("app.x", id.as_str())
    );
    assert_eq!(text(last, "host"), hostname());
}

#[test]
fn a_priority_of_the_user_is_that_of_every_record() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let rsyslog = Rsyslog::start(folder.path());
    let cases = [
        ("-p local3.warning", "156"),
        ("-p mail", "22"),
        ("-p daemon.emerg", "24"),
        ("--facility auth", "38"),
        ("--level critical", "10"),
        ("--level notice", "13"),
    ];
    for (number, (options, pri)) in cases.iter().enumerate() {
        let given = format!("syslog --address {} {options}", rsyslog.udp());
        Lh::new(&given).feed("x\n").expect(0);
        let received = rsyslog.wait(number + 1);
        assert_eq!(text(&received[number], "pri"), *pri, "{options}");
    }
}

#[test]
fn whatever_a_message_holds_it_is_one_message() {
    if !able_tls() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let rsyslog = Rsyslog::start_tls(folder.path(), &certificates, "good");
    // What is sent, and what rsyslogd writes down.
    let cases = [
        (r"one\ntwo\n\tthree", "one#012two#012#011three"),
        (
            r"x\n<0>1 - evil su - - - forged",
            "x#012<0>1 - evil su - - - forged",
        ),
        (
            r"x\r\n12 <0>Jan  1 00:00:00 evil su: forged",
            "x#015#01212 <0>Jan  1 00:00:00 evil su: forged",
        ),
        (
            r"nul\u0000esc\u001b[31mdel\u007f.",
            "nul#000esc#033[31mdel#177.",
        ),
        (
            "gr\u{fc}\u{df}e \u{2603} \u{1f600}",
            "gr\u{fc}\u{df}e \u{2603} \u{1f600}",
        ),
        (r"percent %s #012 \\n", r"percent %s #012 \n"),
        (r"[not@1 sd=\u0022x\u0022] text", "[not@1 sd=\"x\"] text"),
    ];
    let inputs = cases.map(|(sent, _)| format!("{{\"message\":\"{sent}\"}}\n"));
    let input = format!("{}{{\"message\":\"last\"}}\n", inputs.concat());
    let each = cases.len() + 1;
    for (number, way) in ways(&rsyslog, &certificates).iter().enumerate() {
        let options = &way.options;
        let given = format!("syslog {options} -i json -t tag{number}");
        Lh::new(&given).feed(input.as_str()).expect(0);
        let received = rsyslog.wait(each * (number + 1));
        let own = tagged(&received, &format!("tag{number}"));
        assert_eq!(own.len(), each, "{options}: {own:?}");
        for (got, (_, want)) in own.iter().zip(cases) {
            assert_eq!(msg(got), want, "{options}");
        }
        assert_eq!(msg(own[each - 1]), "last", "{options}");
    }
}

#[test]
fn bytes_that_are_no_text_cost_no_other_record() {
    if !able_tls() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let rsyslog = Rsyslog::start_tls(folder.path(), &certificates, "good");
    let mut input = record(1);
    input.extend_from_slice(b"bad \xff\xfe\xc3 end\n\n\r\n");
    input.extend(record(2));
    for (number, way) in ways(&rsyslog, &certificates).iter().enumerate() {
        let options = &way.options;
        Lh::new(&format!("syslog {options} -t tag{number}"))
            .feed(input.clone())
            .expect(0);
        let received = rsyslog.wait(5 * (number + 1));
        let own = tagged(&received, &format!("tag{number}"));
        assert_eq!(own.len(), 5, "{options}: {own:?}");
        let bad = msg(own[1]);
        assert!(
            bad.starts_with("bad ") && bad.ends_with(" end"),
            "{options}: {bad}"
        );
        let ends = [own[0], own[4]];
        report(ends.map(msg), 1..=2).assert_perfect(options);
    }
}

#[test]
fn framings_that_rsyslogd_does_not_know() {
    if !able(&["python3"]) {
        return;
    }
    let input = "{\"message\":\"one\\ntwo\"}\n{\"message\":\"three\"}\n";
    let cases = [
        (
            "tcp nul",
            "--transport tcp --framing nul",
            "one\ntwo",
            "three",
        ),
        (
            "tcp lines",
            "--transport tcp --append-nul",
            "one#012two\0",
            "three\0",
        ),
        (
            "tcp octet",
            "--transport tcp --framing octet --append-nul",
            "one\ntwo\0",
            "three\0",
        ),
        ("udp raw", "--append-nul", "one\ntwo\0", "three\0"),
        ("udp raw", "", "one\ntwo", "three"),
    ];
    for (kind, options, one, three) in cases {
        let folder = folder();
        let receiver = Receiver::start(folder.path(), kind);
        let given = format!("syslog --address {} {options} -i json", receiver.address());
        Lh::new(&given).feed(input).expect(0);
        let received = receiver.wait(2);
        for (got, want) in received.iter().zip([one, three]) {
            let got = String::from_utf8(data(got)).unwrap();
            assert!(got.starts_with("<14>1 "), "{options}: {got:?}");
            assert!(
                got.ends_with(&format!(" - - - {want}")),
                "{options}: {got:?}"
            );
        }
    }
}

/// Local sockets that are streams, which some daemons have.
#[test]
fn a_local_socket_may_be_a_stream() {
    if !able(&["python3"]) {
        return;
    }
    for (kind, options) in [("unix nul", "--framing nul"), ("unix lines", "")] {
        let folder = folder();
        let path = folder.path().join("log");
        let kind = format!("{kind} --path {}", path.display());
        let receiver = Receiver::start(folder.path(), &kind);
        let given = format!("syslog -t x --address {} {options}", path.display());
        Lh::new(&given).feed(records(1..=100)).expect(0);
        let received = receiver.wait(100);
        let messages = received.iter().map(|got| {
            let got = String::from_utf8(data(got)).unwrap();
            got.split_once("x: ").expect("a tag").1.to_owned()
        });
        report(messages, 1..=100).assert_perfect(options);
    }
}

#[test]
fn what_is_too_long_is_split_or_refused() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let rsyslog = Rsyslog::start(folder.path());
    let long: String = (0..400).map(|n| format!("{n:04} ")).collect();
    let long = long.trim_end();
    let given = format!("syslog --address {} --max-message 480", rsyslog.udp());
    let input = format!("before\n{long}\nafter\n");
    Lh::new(&format!("{given} --too-long split"))
        .feed(input.as_str())
        .expect(0);
    let mut received = rsyslog.wait(3);
    crate::trials::wait_for(DEADLINE, || {
        received = rsyslog.received();
        received.last().is_some_and(|got| msg(got) == "after")
    });
    let parts = &received[1..received.len() - 1];
    assert!(parts.len() >= 5, "{} parts", parts.len());
    assert!(parts.iter().all(|got| text(got, "raw").len() <= 480));
    let whole: String = parts.iter().map(|got| text(got, "msg")).collect();
    assert_eq!(whole, long);

    let so_far = received.len();
    let dead = folder.path().join("dead");
    let outcome = Lh::new(&format!("{given} --too-long refuse --dead-letter"))
        .arg(&dead)
        .feed(input.as_str())
        .expect(1);
    assert_eq!(told(&outcome.stderr, "records were not delivered"), 1);
    let received = rsyslog.wait(so_far + 2);
    let messages: Vec<&str> = received[so_far..].iter().map(msg).collect();
    assert_eq!(messages, ["before", "after"]);
    let letter = std::fs::read_to_string(&dead).unwrap();
    assert!(
        letter.contains("0399") && letter.contains("480"),
        "{letter}"
    );
}
