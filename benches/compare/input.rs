//! What is fed to both sides: made up, the same on every run, each line numbered.

use std::io::Write as _;

/// Where the number stands in a plain line: `2026-03-01 00:00:00,125 [000000000001] INFO ...`.
pub const NUMBER: std::ops::Range<usize> = 25..37;

pub struct Json {
    /// One object a line: created, levelname, name, message and two fields more.
    pub lines: Vec<u8>,
    /// The same as `{asctime} {levelname} {name}: {message}` in UTC.
    pub text: Vec<u8>,
}

/// Plain lines of 61 to 180 bytes, 107 on average; 3 % WARNING, 2 % ERROR.
pub fn plain(size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(size + 256);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut number = 0;
    while out.len() < size {
        let (level, name) = (dice.level(), dice.pick(&NAMES));
        write!(out, "{} [{number:012}] {level} {name}: ", Stamp(number)).expect("memory");
        dice.message(&mut out);
        out.push(b'\n');
        number += 1;
    }
    out
}

/// What goes in, and what has to come out.
pub struct Made {
    pub input: Vec<u8>,
    pub expected: Vec<u8>,
}

/// Plain lines, and after each 200 of them a stack trace, as it came.
pub fn traces(size: usize) -> Made {
    let mut input = Vec::with_capacity(size + 1024);
    for (count, line) in plain(size).split_inclusive(|&b| b == b'\n').enumerate() {
        input.extend_from_slice(line);
        if count % 200 == 199 {
            input.extend_from_slice(TRACES[count / 200 % TRACES.len()].as_bytes());
        }
    }
    Made {
        expected: input.clone(),
        input,
    }
}

const TRACES: [&str; 3] = [
    "Traceback (most recent call last):\n  File \"/srv/app/main.py\", line 17, in <module>\n    \
     main()\n  File \"/srv/app/main.py\", line 12, in main\n    work(None)\nValueError: no work\n",
    "Exception in thread \"main\" java.lang.IllegalStateException: no work\n\tat \
     app.Main.work(Main.java:17)\n\tat app.Main.main(Main.java:5)\nCaused by: \
     java.io.IOException: gone\n\tat app.Main.read(Main.java:30)\n\t... 2 more\n",
    "panic: no work\n\ngoroutine 1 [running]:\nmain.work(...)\n\t/srv/app/main.go:17\n\
     main.main()\n\t/srv/app/main.go:5 +0x1d\n",
];

/// Plain lines whose level has a colour; each tenth gives a password away.
pub fn coloured(size: usize) -> Made {
    let mut made = Made {
        input: Vec::with_capacity(size + size / 4),
        expected: Vec::with_capacity(size + size / 8),
    };
    for (count, line) in plain(size).split_inclusive(|&b| b == b'\n').enumerate() {
        let (head, rest) = line.split_at(NUMBER.end + 2);
        let level = rest.iter().position(|&b| b == b' ').unwrap_or(0);
        let (level, rest) = rest.split_at(level);
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        let (secret, hidden) = match count % 10 {
            0 => (" password=hunter2", " ***"),
            _ => ("", ""),
        };
        let input = [
            head,
            b"\x1b[32m",
            level,
            b"\x1b[0m",
            rest,
            secret.as_bytes(),
            b"\n",
        ];
        made.input.extend(input.concat());
        let expected = [head, level, rest, hidden.as_bytes(), b"\n"];
        made.expected.extend(expected.concat());
    }
    made
}

/// The lines of `plain` that say WARNING or ERROR.
pub fn severe(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() / 16);
    for line in plain.split_inclusive(|&b| b == b'\n') {
        let level = &line[NUMBER.end + 2..];
        if level.starts_with(b"WARNING ") || level.starts_with(b"ERROR ") {
            out.extend_from_slice(line);
        }
    }
    out
}

pub fn json(size: usize) -> Json {
    let mut made = Json {
        lines: Vec::with_capacity(size + 256),
        text: Vec::with_capacity(size),
    };
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    let mut number = 0;
    let mut message = Vec::new();
    while made.lines.len() < size {
        let (level, name, thread) = (dice.level(), dice.pick(&NAMES), dice.below(32));
        message.clear();
        dice.message(&mut message);
        let text = std::str::from_utf8(&message).expect("words are ASCII");
        let (second, milli) = Stamp(number).split();
        writeln!(
            made.lines,
            r#"{{"created": {second}.{milli:03}, "levelname": "{level}", "name": "{name}", "message": "{text}", "request": {number}, "thread_label": "worker-{thread}"}}"#
        )
        .expect("memory");
        writeln!(made.text, "{} {level} {name}: {text}", Stamp(number)).expect("memory");
        number += 1;
    }
    made
}

/// Eight lines a second, so that each time is exact as a binary fraction and no side may round it
/// another way.
struct Stamp(u64);

impl Stamp {
    fn split(&self) -> (u64, u64) {
        const FIRST: u64 = 1_772_323_200; // 2026-03-01T00:00:00Z
        (FIRST + self.0 / 8, self.0 % 8 * 125)
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (second, milli) = self.split();
        // Days to a date, after Howard Hinnant's "chrono-compatible low-level date algorithms".
        let days = second / 86_400 + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let date = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        let (hour, minute) = (second / 3600 % 24, second / 60 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{date:02} {hour:02}:{minute:02}:{:02},{milli:03}",
            second % 60
        )
    }
}

const NAMES: [&str; 6] = [
    "shop.cart",
    "shop.pay",
    "http.access",
    "db.pool",
    "jobs.mail",
    "auth",
];
const WORDS: [&str; 16] = [
    "request",
    "served",
    "from",
    "10.0.3.7",
    "in",
    "17",
    "ms",
    "user=4711",
    "status=200",
    "retry",
    "cache",
    "hit",
    "connection",
    "closed",
    "queue=default",
    "after",
];

/// xorshift64: the same lines on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len() as u64) as usize]
    }

    fn level(&mut self) -> &'static str {
        match self.below(100) {
            0..=1 => "ERROR",
            2..=4 => "WARNING",
            5..=39 => "DEBUG",
            _ => "INFO",
        }
    }

    fn message(&mut self, out: &mut Vec<u8>) {
        let words = 3 + self.below(10);
        for n in 0..words {
            if n > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(self.pick(&WORDS).as_bytes());
        }
    }
}
