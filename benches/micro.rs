//! The parts of the hot paths, one by one: `cargo bench --bench micro`.
//!
//! Each bench takes a batch as it comes from a pipe, or one record, and tells its
//! throughput. What whole runs cost beside other programs is `compare`'s to say.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use lh::batch::Frames;
use lh::clean::AnsiStripper;
use lh::now::Timestamp;
use lh::record::{Defaults, Record, Value};
use lh::text::time::{TimeStyle, TimeText};
use lh::text::{Formatter, detect};
use lh::wire::framing::{LineBuffer, Oversize};
use lh::wire::pickle::{self, PickleEncoder};
use lh::wire::syslog::{self, Rfc, Stamps, SyslogEncoder, SyslogOptions};
use lh::wire::{Encode, json};

fn main() {
    divan::main();
}

const NOW: Timestamp = Timestamp(1_763_892_000_123_456_789);
const LINE: &str =
    "2026-11-23 10:00:00,123 ERROR shop.orders: order 4711 of web1 is not paid for yet\n";
const OBJECT: &[u8] = br#"{"time":1763892000.5,"level":"warn","logger":"shop.orders","msg":"order 4711 is not paid for yet","ms":812,"host":"web1"}"#;
const BSD: &[u8] = b"<34>Oct 11 22:14:15 web1 shop[1234]: order 4711 is not paid for yet";
const IETF: &[u8] =
    b"<34>1 2026-11-23T10:00:00.123Z web1 shop 1234 - - order 4711 is not paid for yet";

/// 256 KiB of lines.
fn lines(line: &str) -> Vec<u8> {
    line.repeat((256 << 10) / line.len()).into_bytes()
}

fn record(defaults: &Defaults) -> Record<'_> {
    let mut record = Record::new(defaults, NOW);
    record.message = b"order 4711 is not paid for yet".into();
    record.name = "shop.orders".into();
    record.extra.push(("ms".into(), Value::Json("812".into())));
    record
        .extra
        .push(("host".into(), Value::Text("web1".into())));
    record
}

/// Cutting what came into lines.
#[divan::bench]
fn framing(bencher: Bencher<'_, '_>) {
    let text = lines(LINE);
    let mut buffer = LineBuffer::new(1 << 20, Oversize::Split);
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench_local(|| {
            let mut rest = &text[..];
            while !rest.is_empty() {
                let space = buffer.space();
                let count = space.len().min(rest.len());
                space[..count].copy_from_slice(&rest[..count]);
                buffer.fill(count);
                rest = &rest[count..];
                buffer.cut(false);
                black_box(buffer.frames().bytes());
                buffer.consume();
            }
        });
}

/// Rendering a record.
#[divan::bench(args = ["message", "text", "{timestamp} {message}", "%(asctime)s %(levelname)-8s %(message)s", "json", "logfmt"])]
fn format(bencher: Bencher<'_, '_>, format: &str) {
    let defaults = Defaults::default();
    let record = record(&defaults);
    let mut formatter = Formatter::parse(format, None, true).expect("a format");
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        out.clear();
        formatter.format(black_box(&record), &mut out);
    });
}

/// A time as text, each a millisecond later.
#[divan::bench(args = ["asctime", "rfc3339"])]
fn time(bencher: Bencher<'_, '_>, style: &str) {
    let style = match style {
        "asctime" => TimeStyle::Asctime,
        _ => TimeStyle::Rfc3339Micros,
    };
    let (mut text, mut at, mut out) = (TimeText::new(style, false), NOW.0, Vec::new());
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        at += 1_000_000;
        out.clear();
        text.write(black_box(Timestamp(at)), &mut out);
    });
}

#[divan::bench]
fn json_decode(bencher: Bencher<'_, '_>) {
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, NOW);
    bencher
        .counter(BytesCount::of_slice(OBJECT))
        .bench_local(|| {
            json::decode(black_box(OBJECT), &defaults, NOW, &mut record).expect("an object");
        });
}

#[divan::bench(args = ["3164", "5424"])]
fn syslog_decode(bencher: Bencher<'_, '_>, rfc: &str) {
    let message = if rfc == "3164" { BSD } else { IETF };
    let (defaults, stamps) = (Defaults::default(), Stamps::default());
    let mut record = Record::new(&defaults, NOW);
    bencher
        .counter(BytesCount::of_slice(message))
        .bench_local(|| {
            let message = black_box(message);
            syslog::decode_with(&stamps, message, &defaults, NOW, &mut record).expect("a message");
        });
}

fn encode(bencher: Bencher<'_, '_>, mut encoder: impl Encode) {
    let defaults = Defaults::default();
    let record = record(&defaults);
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        out.clear();
        let encoded = encoder.encode(black_box(&record), &mut out, &mut |_| {});
        encoded.expect("it fits");
    });
}

#[divan::bench(args = ["3164", "5424"])]
fn syslog_encode(bencher: Bencher<'_, '_>, rfc: &str) {
    let rfc = if rfc == "3164" {
        Rfc::Rfc3164
    } else {
        Rfc::Rfc5424
    };
    let options = SyslogOptions {
        rfc,
        ..SyslogOptions::default()
    };
    encode(bencher, SyslogEncoder::new(options));
}

#[divan::bench]
fn pickle_encode(bencher: Bencher<'_, '_>) {
    encode(bencher, PickleEncoder::new(NOW));
}

#[divan::bench]
fn pickle_decode(bencher: Bencher<'_, '_>) {
    let defaults = Defaults::default();
    let mut pickled = Vec::new();
    let encoded = PickleEncoder::new(NOW).encode(&record(&defaults), &mut pickled, &mut |_| {});
    encoded.expect("it fits");
    let mut record = Record::new(&defaults, NOW);
    bencher
        .counter(BytesCount::of_slice(&pickled))
        .bench_local(|| {
            pickle::decode(black_box(&pickled), &defaults, NOW, &mut record).expect("a pickle");
        });
}

/// The level of a line that has one, and of one that has none.
#[divan::bench(args = ["some", "none"])]
fn level(bencher: Bencher<'_, '_>, what: &str) {
    let line = match what {
        "some" => LINE.trim_end(),
        _ => "192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 612",
    };
    bencher
        .counter(BytesCount::of_str(line))
        .bench_local(|| detect::level(black_box(line.as_bytes())));
}

/// Lines with and without a colour in each.
#[divan::bench(args = ["plain", "colour"])]
fn strip_ansi(bencher: Bencher<'_, '_>, what: &str) {
    let text = match what {
        "plain" => lines(LINE),
        _ => lines(&LINE.replace("ERROR", "\x1b[31mERROR\x1b[0m")),
    };
    let mut stripper = AnsiStripper::new(false);
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench_local(|| {
            black_box(stripper.strip(Frames::lines(&text)).bytes().len());
        });
}
