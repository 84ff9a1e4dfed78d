//! Any bytes to `lh listen`, as a stream or as datagrams of any wire: no panic,
//! and it makes no difference in which pieces a stream arrives.
#![no_main]

use std::cell::RefCell;
use std::io::Write;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;

use lh::diag::Diag;
use lh::net::{Allow, bind_path};
use lh::now::Now;
use lh::record::{Defaults, Record, Value};
use lh::source::listen::{Listen, ListenOptions, Wire};
use lh::wire::framing::Oversize;
use libfuzzer_sys::fuzz_target;

const WIRES: [Option<Wire>; 7] = [
    None,
    Some(Wire::Pickle),
    Some(Wire::Json),
    Some(Wire::Lines),
    Some(Wire::Syslog),
    Some(Wire::Gelf),
    Some(Wire::Lh),
];

const OVERSIZE: [Oversize; 3] = [Oversize::Split, Oversize::Truncate, Oversize::Drop];

/// One of its own for each way in which messages are taken.
struct Bench {
    listen: Listen,
    stream: PathBuf,
    datagrams: PathBuf,
}

fn bench(way: usize) -> Bench {
    let folder = std::env::temp_dir().join(format!("lh-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = |kind: &str| folder.join(format!("{kind}{way}"));
    let (stream, datagrams) = (path("stream"), path("gram"));
    let bound = vec![
        bind_path(false, &stream, 0o600, None).expect("a socket"),
        bind_path(true, &datagrams, 0o600, None).expect("a socket"),
    ];
    let (wire, rest) = (WIRES[way % WIRES.len()], way / WIRES.len());
    let options = ListenOptions {
        bound,
        wire,
        defaults: Defaults::default(),
        max_record: if rest == 0 { 1 << 16 } else { 40 },
        oversize: OVERSIZE[rest % OVERSIZE.len()],
        strip_ansi: rest == 1,
        masks: Vec::new(),
        dedup: None,
        key: None,
        tls: None,
        allow: Allow::default(),
        max_connections: 10,
        idle_timeout: None,
        state: None,
    };
    Bench {
        listen: Listen::new(options, Diag::silent()).expect("it listens"),
        stream,
        datagrams,
    }
}

const WAYS: usize = WIRES.len() * 4;

thread_local! {
    static BENCHES: RefCell<[Option<Bench>; WAYS]> = const { RefCell::new([const { None }; WAYS]) };
}

/// What makes a record the same one, but for when it came and from whom.
fn text(frame: &[u8], record: &Record<'_>) -> String {
    use std::fmt::Write;
    let mut text = format!(
        "{:?} {:?} {} {:?} {:?}",
        frame, record.level, record.name, record.message, record.exc_text
    );
    for (name, value) in &record.extra {
        if name != "peer" && name != "received" {
            let value = match value {
                Value::Text(text) => format!("{text:?}"),
                Value::Json(json) => json.to_string(),
            };
            let _ = write!(text, " {name}={value}");
        }
    }
    text
}

impl Bench {
    fn turns(&mut self, records: &mut Vec<String>) {
        let mut quiet = 0;
        while quiet < 2 {
            let now = Now::read();
            let turn = self
                .listen
                .turn(now, &mut |frame, record| records.push(text(frame, record)));
            self.listen.accepted(turn, now);
            quiet = if self.listen.has_more(now) {
                0
            } else {
                quiet + 1
            };
        }
    }

    /// The records of a stream that comes in these pieces.
    fn streamed(&mut self, pieces: &mut dyn Iterator<Item = &[u8]>) -> Vec<String> {
        let mut records = Vec::new();
        let mut stream = UnixStream::connect(&self.stream).expect("a connection");
        stream.set_nonblocking(true).expect("no blocking");
        for piece in pieces {
            // It may have been closed, because it was not understood.
            if stream.write_all(piece).is_err() {
                break;
            }
            self.turns(&mut records);
        }
        drop(stream);
        self.turns(&mut records);
        records
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&[way, seed], bytes)) = input.split_first_chunk::<2>() else {
        return;
    };
    if bytes.len() > 1 << 15 {
        return;
    }
    BENCHES.with_borrow_mut(|benches| {
        let way = usize::from(way) % WAYS;
        let bench = benches[way].get_or_insert_with(|| bench(way));
        let whole = bench.streamed(&mut std::iter::once(bytes));
        let mut step = usize::from(seed);
        let mut rest = bytes;
        let mut pieces = std::iter::from_fn(|| {
            step = step.wrapping_mul(5).wrapping_add(7) % 97;
            let (piece, after) = rest.split_at_checked(1 + step).unwrap_or((rest, &[]));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        });
        let pieces = bench.streamed(&mut pieces);
        // The numbers of the wire lh are known the second time. In a text, what
        // a NUL is depends on whether the byte behind it has come.
        let numbered = whole.len() != pieces.len() && bytes.starts_with(b"\x93lh");
        let text = match WIRES[way % WIRES.len()] {
            Some(Wire::Pickle | Wire::Lh) => false,
            None => bytes.first().is_some_and(|&byte| byte > 8),
            Some(_) => true,
        };
        let unsure = text && bytes.contains(&0);
        if !numbered && !unsure {
            assert_eq!(whole, pieces);
        }
        let socket = UnixDatagram::unbound().expect("a socket");
        let mut records = Vec::new();
        for datagram in bytes.split(|&byte| byte == b'|').take(8) {
            let _ = socket.send_to(datagram, &bench.datagrams);
        }
        bench.turns(&mut records);
    });
});
