use chrono_tz::{America, Asia, Europe, Tz};
use proptest::prelude::*;

use super::*;
use crate::text::time::parse_timestamp;
use crate::zone::UtcZone;

static NEW_YORK: Tz = America::New_York;
static SHANGHAI: Tz = Asia::Shanghai;
static BERLIN: Tz = Europe::Berlin;

fn at(text: &str) -> Timestamp {
    parse_timestamp(text, &UtcZone).expect(text)
}

fn read(line: &str, zone: &'static dyn Zone) -> (Option<Timestamp>, Option<String>) {
    let mut times = LineTimes::in_zone(at("2026-11-23T12:00:00Z"), zone);
    let time = times.read(line.as_bytes());
    (time, times.odd_zone().map(str::to_owned))
}

/// All of them are ten o'clock in New York, which is 15:00 of UTC.
#[test]
fn the_forms() {
    let whole = [
        "2026-11-20T15:00:00Z x",
        "2026-11-20 10:00:00",
        "2026-11-20T10:00:00-05:00 x",
        "2026-11-20T10:00:00-0500 x",
        "2026-11-20 10:00:00-05 x",
        "2026-11-20T15:00:00Z: x",
        "2026-11-20T15:00:00Z\t12 [Note] x",
        "2026-11-20 10:00:00\tx",
        "2026-11-20 10:00 x",
        "2026-11-20 10:00:00: x",
        "2026-11-20 10:00:00; x",
        "2026-11-20 10:00:00|INFO|x",
        "2026-11-20,10:00:00,ERROR,x",
        "2026-11-20 10:00:00 AM x",
        "2026/11/20 10:00:00 [error] 1#1: x",
        "2026/11/20 15:00:00 +0000 x",
        "20261120 10:00:00 x",
        "20261120T100000 x",
        "261120 10:00:00 [Note] x",
        // A zone behind a space.
        "2026-11-20 10:00:00 -0500 x",
        "2026-11-20 15:00:00 +0000 x",
        "2026-11-20 15:00:00 +00:00 x",
        "2026-11-20 15:00:00 UTC [12] LOG:  x",
        "2026-11-20 15:00:00 GMT x",
        "2026-11-20 16:00:00 CET [12] LOG:  x",
        "2026-11-20 10:00:00 EST [12] LOG:  x",
        "2026-11-20 18:00:00 +03 [12] LOG:  x",
        "2026-11-20 15:00:00 +0000 UTC m=+0.1 x",
        // What looks like one, and is the message.
        "2026-11-20 10:00:00 WARN [12] x",
        "2026-11-20 10:00:00 LOG x",
        "2026-11-20 10:00:00 -0512 x",
        "2026-11-20 10:00:00 -12 x",
        "2026-11-20 10:00:00 - INFO x",
        // In brackets and the like.
        "[2026-11-20 15:00:00 +0000] [12] [INFO] x",
        "[2026-11-20T15:00:00Z INFO  x] y",
        "[2026-11-20 10:00:00: WARNING/MainProcess] x",
        "[2026-11-20 10:00:00][info] x",
        "(2026-11-20 10:00:00) x",
        "\"2026-11-20 10:00:00\",\"x\"",
        "\x1b[32m2026-11-20 10:00:00\x1b[0m x",
        "\u{feff}2026-11-20 10:00:00 x",
        // Behind a level.
        "INFO 2026-11-20 10:00:00 x",
        "INFO:2026-11-20 10:00:00:x",
        "WARNING  [2026-11-20 10:00:00] x",
        "[INFO] 2026-11-20 10:00:00 x",
        "[ERROR ] [2026-11-20 10:00:00] x",
        "[I 261120 10:00:00 app:1] x",
        // With the month's name.
        "Nov 20 10:00:00 host app[1]: x",
        "Nov 20 10:00:00 2001:db8::1 app: x",
        "<13>Nov 20 10:00:00 host app: x",
        "<13>1 2026-11-20T15:00:00Z h a - - - x",
        "*Nov 20 10:00:00: %SYS-5: x",
        "Nov 20 15:00:00 UTC: %SYS-5: x",
        "2026 Nov 20 10:00:00 x",
        "Nov 20 2026 10:00:00: x",
        "Nov 20 10:00:00 2026 x",
        "Nov 20, 2026 10:00:00 AM com.example.Main main",
        "Nov 20, 2026 10:00:00\u{202f}AM com.example.Main main",
        "[Fri Nov 20 10:00:00 2026] [error] x",
        "Fri Nov 20 10:00:00 2026 x",
        "Fri Nov 20 15:00:00 UTC 2026: x",
        "Fri Nov 20 16:00:00 CET 2026 x",
        "Fri Nov 20 03:00:00 PM UTC 2026 x",
        "Fri, 20 Nov 2026 10:00:00 -0500 x",
        "20 Nov 2026 10:00:00 x",
        "20-Nov-2026 10:00:00 INFO [main] x",
        "1:M 20 Nov 2026 10:00:00 * x",
        "20 Nov 10:00:00 x",
        "[20/Nov/2026:10:00:00 -0500] x",
        "1.2.3.4 - - [20/Nov/2026:10:00:00 -0500] \"GET / HTTP/1.1\" 200 5",
        "::1 - bob [20/Nov/2026:15:00:00 +0000] \"GET / HTTP/1.1\" 200 5",
        "example.org:80 - [x] [20/Nov/2026:15:00:00 +0000] \"GET / HTTP/1.1\" 200 5",
        // In numbers.
        "1795186800 x",
        "1795186800000 x",
        "[1795186800.000] x",
        "1795186800.0 x",
        "type=SYSCALL msg=audit(1795186800.000:42): arch=c000003e",
        "@400000006b00607a00000000 x",
    ];
    for line in whole {
        let want = (Some(at("2026-11-20T15:00:00Z")), None);
        assert_eq!(read(line, &NEW_YORK), want, "{line}");
    }
    let with_fraction = [
        "2026-11-20 10:00:00,125 INFO x",
        "2026-11-20T15:00:00.125000Z x",
        "2026-11-20T16:00:00.125+0100][info] x",
        "2026-11-20 15:00:00.125 UTC [12] ERROR:  x",
        "2026-11-20 15:00:00,125 +0000 x",
        "2026-11-20_15:00:00.12500 x",
        "2026-11-20_10:00:00.125 x",
        "[Fri Nov 20 10:00:00.125000 2026] [core:error] [pid 1] x",
        "1:M 20 Nov 2026 10:00:00.125 * x",
        "20-Nov-2026 10:00:00.125 INFO [main] x",
        "I1120 10:00:00.125000   12 main.go:1] x",
        "E20261120 10:00:00.125000   12 main.cc:1] x",
        "11-20 10:00:00.125  123  456 E Tag: x",
        "I, [2026-11-20T10:00:00.125000 #123]  INFO -- : x",
        "1795186800.125    156 10.0.0.1 TCP_MISS/200 5 GET",
        "1795186800125 x",
        "@400000006b00607a07735940 x",
    ];
    for line in with_fraction {
        let want = (Some(at("2026-11-20T15:00:00.125Z")), None);
        assert_eq!(read(line, &NEW_YORK), want, "{line}");
    }
}

#[test]
fn what_is_none() {
    for line in [
        "",
        "x",
        "2026",
        "2026-11-20",
        "2026-11-20 x",
        "2026-11-20 24:00:00 x",
        "2026-13-20 10:00:00 x",
        "2026-11-20 10:00:00x",
        "2026-11/20 10:00:00 x",
        "2026-11-20T10:00:00+9900 x",
        "10:00:00 x",
        "11-20 10:00:00 x",
        "20/11/2026 10:00:00 x",
        "1234567890123 4 x 99999",
        "3795186800 x",
        "179518680 x",
        "1795186800x",
        "Nov 20",
        "Nov 31 10:00:00 x",
        "Nov 20 10:00 x",
        "Mon 20 x",
        "Fri, x",
        "I1120 x",
        "E1120: x",
        "INFO x",
        "info: 20261120 x",
        "an error 2026-11-20 10:00:00 x",
        "Traceback (most recent call last):",
        "@400000006b005c7 x",
        "@40000000zb005c7a00000000 x",
        "@400000006b00607affffffff x",
        "type=SYSCALL msg=audit(x)",
        "1.2.3.4 - - [20/Nov/x] \"GET\"",
        "1:M x",
        "<1234567>2026-11-20 10:00:00 x",
        "[[2026-11-20 10:00:00",
    ] {
        let got = read(line, &NEW_YORK).0;
        // A moment of 2009, in milliseconds.
        let got = got.filter(|time| *time != at("2009-02-13T23:31:30.123Z"));
        assert_eq!(got, None, "{line}");
    }
}

/// What a file has was written before, whichever year would be nearer.
#[test]
fn the_year_is_the_last() {
    for (now, line, want) in [
        (
            "2026-11-29T01:20:00Z",
            "Feb 10 10:00:00 x",
            "2026-02-10T10:00:00Z",
        ),
        (
            "2026-11-29T01:20:00Z",
            "Dec 10 10:00:00 x",
            "2025-12-10T10:00:00Z",
        ),
        (
            "2026-11-29T01:20:00Z",
            "Nov 29 01:20:00 x",
            "2026-11-29T01:20:00Z",
        ),
        // Another clock.
        (
            "2026-11-29T01:20:00Z",
            "Nov 30 01:20:00 x",
            "2026-11-30T01:20:00Z",
        ),
        (
            "2026-11-29T01:20:00Z",
            "Nov 30 01:20:01 x",
            "2025-11-30T01:20:01Z",
        ),
        (
            "2026-12-31T23:59:00Z",
            "Jan  1 00:01:00 x",
            "2027-01-01T00:01:00Z",
        ),
        (
            "2027-01-01T00:01:00Z",
            "Dec 31 23:59:00 x",
            "2026-12-31T23:59:00Z",
        ),
        (
            "2026-11-29T01:20:00Z",
            "Feb 29 10:00:00 x",
            "2024-02-29T10:00:00Z",
        ),
        (
            "2028-02-28T12:00:00Z",
            "Feb 29 10:00:00 x",
            "2028-02-29T10:00:00Z",
        ),
        (
            "1903-06-01T12:00:00Z",
            "Feb 29 10:00:00 x",
            "1896-02-29T10:00:00Z",
        ),
        (
            "2026-11-29T01:20:00Z",
            "I0210 10:00:00.5 x",
            "2026-02-10T10:00:00.5Z",
        ),
        (
            "2026-11-29T01:20:00Z",
            "Feb 10 10:00:00 +0200 x",
            "2026-02-10T08:00:00Z",
        ),
    ] {
        let mut times = LineTimes::in_zone(at(now), &UtcZone);
        // What is remembered is what would be found.
        for _ in 0..2 {
            let got = times.read(line.as_bytes());
            assert_eq!(got, Some(at(want)), "{now} {line}");
        }
    }
}

#[test]
fn names_of_zones() {
    let line = "2026-11-20 10:00:00.5 CST [12] LOG:  x";
    let want = at("2026-11-20T02:00:00.5Z");
    assert_eq!(read(line, &SHANGHAI), (Some(want), None));
    let odd = Some("CST".to_owned());
    let want = at("2026-11-20T09:00:00.5Z");
    assert_eq!(read(line, &BERLIN), (Some(want), odd));
    // The second pass of an hour that came twice is told by the name.
    for (name, want) in [("EDT", "05:30:00Z"), ("EST", "06:30:00Z")] {
        let line = format!("2026-11-01 01:30:00 {name} [1] LOG:  x");
        let want = at(&format!("2026-11-01T{want}"));
        assert_eq!(read(&line, &NEW_YORK), (Some(want), None), "{line}");
    }
    for line in [
        "2026-11-20 10:00:00 XYZT [12] LOG:  x",
        "Fri Nov 20 10:00:00 XYZT 2026 x",
    ] {
        let want = at("2026-11-20T09:00:00Z");
        let odd = Some("XYZT".to_owned());
        assert_eq!(read(line, &BERLIN), (Some(want), odd), "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes(line in prop::collection::vec(any::<u8>(), 0..80)) {
        LineTimes::in_zone(Timestamp(0), &NEW_YORK).read(&line);
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(
        prop::sample::select(vec!["2026", "11", "20", "1795186800", "-", "/", ":", " ", "Nov", "Fri", ",", "10:00:00", ".5", "AM", "CST", "Z", "+0100", "[", "]", "<13>", "1 ", "INFO", "I", "@", "*", "\x1b[1m", "T", "type=", " msg=audit("]), 0..14),
        now in any::<i64>(),
    ) {
        LineTimes::in_zone(Timestamp(now), &NEW_YORK).read(pieces.concat().as_bytes());
    }
}
