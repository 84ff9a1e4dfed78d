//! Trials 1, 3 and 14: last lines, empty lines, a reader of the copy that goes
//! away, lines without end, and bytes that are no text.
//!
//! Not tested here: JSON and formats of such input, `--max-record` policies.

use std::time::Duration;

use crate::support::{Lh, Random, Report, folder, records, sh};

#[test]
fn every_last_line_is_kept_and_ended() {
    for handler in [
        "file",
        "rotate --max-bytes 1M --backups 2",
        "timed --when H",
    ] {
        for (input, output) in [
            (&b"a\n\nb"[..], &b"a\n\nb\n"[..]),
            (b"a\n\nb\n", b"a\n\nb\n"),
            (b"", b""),
            (b"\n", b"\n"),
            (b"x", b"x\n"),
            (b"a\r\nb\r\n", b"a\r\nb\r\n"),
            (b"a\rb", b"a\rb\n"),
            (b"\0\xff\xfe\n\0", b"\0\xff\xfe\n\0\n"),
            (b"\x1b[31mred\x1b[0m\n", b"\x1b[31mred\x1b[0m\n"),
        ] {
            let folder = folder();
            let file = folder.path().join("app.log");
            Lh::new(handler).arg(&file).feed(input).expect(0);
            assert_eq!(std::fs::read(&file).unwrap(), output, "{handler}");
        }
    }
}

#[test]
fn the_log_goes_on_when_the_reader_of_the_copy_is_gone() {
    for handler in ["file", "rotate --max-bytes 20K --backups 100"] {
        let folder = folder();
        let input = folder.path().join("input");
        std::fs::write(&input, records(1..=20_000)).unwrap();
        let script = format!(
            "{{ {} --tee {handler} app.log 2> stderr; echo $? > status; }} < input | head -n 1 > copy",
            env!("CARGO_BIN_EXE_lh")
        );
        sh(folder.path(), &script);
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text("status"), "0\n", "{}", text("stderr"));
        assert!(text("stderr").lines().count() <= 1, "{}", text("stderr"));
        assert_eq!(text("copy").as_bytes(), records(1..=1));
        Report::of(folder.path(), 1..=20_000).assert_perfect(handler);
    }
}

#[test]
fn random_bytes_come_out_as_they_went_in() {
    let mut random = Random::new(14);
    let mut bytes: Vec<u8> = (0..10 << 20).map(|_| random.below(256) as u8).collect();
    bytes.push(b'\n');
    for (handler, many) in [
        ("file", false),
        ("rotate --max-bytes 1M --backups 50", true),
    ] {
        let folder = folder();
        let mut running = Lh::new(handler).arg(folder.path().join("app.log")).spawn();
        let input = bytes.clone();
        running.pour(input);
        running.end().expect(0);
        let mut all = Vec::new();
        if many {
            for number in (1..=50).rev() {
                let path = folder.path().join(format!("app.log.{number}"));
                all.extend(std::fs::read(path).unwrap_or_default());
            }
        }
        all.extend(std::fs::read(folder.path().join("app.log")).unwrap());
        assert!(
            all == bytes,
            "{handler}: {} of {} bytes",
            all.len(),
            bytes.len()
        );
    }
}

#[test]
fn a_line_without_end_takes_no_memory() {
    const SIZE: usize = 64 << 20;
    for handler in [
        "file",
        "rotate --max-bytes 5M --backups 50",
        "file -f {timestamp}_{message}",
    ] {
        let folder = folder();
        let mut running = Lh::new(handler).arg(folder.path().join("app.log")).spawn();
        running.pour_by(|stdin| {
            let block = vec![b'a'; 1 << 20];
            for _ in 0..SIZE >> 20 {
                let _ = std::io::Write::write_all(stdin, &block);
            }
            // Long enough to look at the process.
            std::thread::sleep(Duration::from_millis(700));
        });
        let mut peak = 0;
        while !running.has_ended() {
            peak = running.peak_memory().max(peak);
            std::thread::sleep(Duration::from_millis(20));
        }
        let outcome = running.end().expect(0);
        assert!(peak > 0 && peak <= 32 << 10, "{handler}: {peak} KiB");
        let mut count = 0;
        for name in crate::support::names(folder.path()) {
            let bytes = std::fs::read(folder.path().join(name)).unwrap();
            count += bytes.iter().filter(|byte| **byte == b'a').count();
            assert!(!bytes.contains(&0));
        }
        assert_eq!(count, SIZE, "{handler}");
        assert!(outcome.stderr.contains("longer than"), "{}", outcome.stderr);
    }
}
