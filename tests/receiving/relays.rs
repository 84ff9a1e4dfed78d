//! An `lh listen` that passes on what it gets: what came stays what it was.
//!
//! Not tested here: the syslog codec field by field (its own tests).

use std::io::Write;
use std::net::UdpSocket;

use crate::listener::{listen, text};
use crate::support::Folder;

#[test]
fn syslog_keeps_who_has_sent_it() {
    let sent = [
        "<34>Oct 11 22:14:15 fw1 su[42]: failed",
        "<165>1 2026-11-29T01:00:00Z web7.example app 12 ID [a@1 k=\"v\"] failed",
    ];
    for (form, wire) in [
        ("syslog --rfc 5424 --transport tcp --address", "5424"),
        ("syslog --rfc 3164 --transport tcp --address", "3164"),
        ("socket --wire syslog", "5424"),
    ] {
        let folder = Folder::new();
        let mut server = listen(&folder, "listen --tcp 127.0.0.1:0", "");
        let chain = format!("{form} {}", server.address("tcp"));
        let relay = listen(&folder, "listen --udp 127.0.0.1:0", &chain);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        for message in sent {
            let to = relay.address("udp");
            socket.send_to(message.as_bytes(), to).expect("sent");
        }
        let records = server.records(2);
        let all = |record: &serde_json::Value| {
            ["host", "facility", "name", "procid", "levelname"]
                .map(|key| text(record, key).to_owned())
        };
        let (old, new) = (&records[0], &records[1]);
        assert_eq!(all(old), ["fw1", "auth", "su", "42", "CRITICAL"], "{form}");
        let want = ["web7.example", "local4", "app", "12", "NOTICE"];
        assert_eq!(all(new), want, "{form}");
        if wire == "5424" {
            assert_eq!(text(new, "msgid"), "ID", "{form}");
            assert_eq!(text(new, "a@1.k"), "v", "{form}");
        }
        relay.end().ok();
        server.end().ok();
    }
}

#[test]
fn over_several_hops_the_first_peer_is_known() {
    for wire in ["lh", "json", "pickle", "gelf"] {
        let folder = Folder::new();
        let mut last = listen(&folder, "listen --tcp 127.0.0.1:0", "");
        let chain = format!("socket --wire {wire} {}", last.address("tcp"));
        let second = listen(&folder, "listen --tcp 127.0.0.1:0", &chain);
        let chain = format!("socket --wire {wire} {}", second.address("tcp"));
        let first = listen(&folder, "listen --tcp 127.0.0.1:0", &chain);
        let mut client = first.connect();
        let address = client.local_addr().expect("an address").to_string();
        client.write_all(b"{\"message\":\"m\"}\n").expect("sent");
        drop(client);
        let record = &last.records(1)[0];
        assert_eq!(text(record, "sent_sent_peer"), address, "{wire}: {record}");
        let hops = ["peer", "sent_peer", "sent_sent_peer"].map(|key| text(record, key));
        assert!(hops[0] != hops[1] && hops[1] != hops[2], "{record}");
        let times = ["received", "sent_received", "sent_sent_received"];
        let times = times.map(|key| text(record, key));
        assert!(times[0] > times[1] && times[1] > times[2], "{record}");
        assert_ne!(times[2], "", "{record}");
        first.end().ok();
        second.end().ok();
        last.end().ok();
    }
}

#[test]
fn who_names_no_host_is_known_by_address() {
    for (form, port, key) in [
        ("socket --wire gelf ", "tcp", "host"),
        ("socket --wire syslog ", "tcp", "host"),
        (
            "syslog --rfc 3164 --transport tcp --address ",
            "tcp",
            "host",
        ),
        ("http --preset datadog http://", "http", "hostname"),
        ("http --preset splunk http://", "http", "host"),
    ] {
        let folder = Folder::new();
        let mut server = listen(&folder, "listen --tcp 127.0.0.1:0 --http 127.0.0.1:0", "");
        let chain = format!("{form}{}", server.address(port));
        // All peers of a test are on this machine; a mask makes another one of it.
        let mask = "--mask 127[.]0[.]0[.]1=192.0.2.7";
        let relay = listen(&folder, &format!("{mask} listen --tcp 127.0.0.1:0"), &chain);
        let mut client = relay.connect();
        let sent = b"{\"message\":\"m\"}\n<13>Nov 29 01:00:00 fw1 su: m\n";
        client.write_all(sent).expect("sent");
        drop(client);
        let records = server.records(2);
        let hosts: Vec<_> = records.iter().map(|record| text(record, key)).collect();
        assert_eq!(hosts, ["192.0.2.7", "fw1"], "{form}");
        relay.end().ok();
        server.end().ok();
    }
}
