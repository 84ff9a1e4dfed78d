//! A spool to which anything was done: it opens, and what comes out was once
//! put in, in order and once.
#![no_main]

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lh::batch::{Frames, OwnedFrames};
use lh::now::Now;
use lh::spool::{SpoolOptions, open};
use libfuzzer_sys::fuzz_target;

const SIZE: u64 = 8 << 10;

const COUNT: u64 = 40;

fn record(number: u64) -> Vec<u8> {
    let length = number as usize * 37 % 90;
    format!("{number} {}\n", "x".repeat(length)).into_bytes()
}

fn folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let base = match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    };
    base.join(format!("lh-fuzz-spool-{}", std::process::id()))
}

fn fresh(directory: &Path) -> SpoolOptions {
    let _ = std::fs::remove_dir_all(directory);
    SpoolOptions {
        max_bytes: SIZE,
        ..SpoolOptions::new(directory)
    }
}

/// The files of a sound spool, by their names.
fn sample() -> &'static Vec<(String, Vec<u8>)> {
    static SAMPLE: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let directory = folder();
        let now = Now::read();
        let (mut writer, _reader, _) = open(fresh(&directory), now).expect("a spool");
        for number in 1..=COUNT {
            let record = record(number);
            writer
                .append(&Frames::lines(&record), 0, now)
                .expect("it fits");
        }
        let entries = std::fs::read_dir(&directory).expect("a spool");
        let mut files: Vec<(String, Vec<u8>)> = entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name").to_string_lossy();
                (name.into_owned(), std::fs::read(&path).expect("a file"))
            })
            .collect();
        files.sort();
        files
    })
}

fuzz_target!(|changes: Vec<(u8, u8, u16, Vec<u8>)>| {
    let mut files = sample().clone();
    for (what, which, at, bytes) in changes {
        let count = files.len();
        let other = at as usize % count;
        let (name, file) = &mut files[which as usize % count];
        let at = at as usize % (file.len() + 1);
        let end = (at + bytes.len()).min(file.len());
        match what % 6 {
            0 => file[at..end].copy_from_slice(&bytes[..end - at]),
            1 => drop(file.splice(at..at, bytes)),
            2 => drop(file.drain(at..end)),
            3 => file.truncate(at),
            4 => {
                let copy = file.clone();
                files[other].1 = copy;
            }
            _ => {
                let name = format!("{:020}-{what}.seg", u64::from(which) + name.len() as u64);
                let copy = file.clone();
                files.push((name, copy));
            }
        }
        // Each is opened and read, so that many would take long.
        files.truncate(24);
    }
    let directory = folder();
    let options = fresh(&directory);
    let mut maker = std::fs::DirBuilder::new();
    maker.mode(0o700).create(&directory).expect("made");
    for (name, bytes) in &files {
        std::fs::write(directory.join(name), bytes).expect("written");
    }
    let now = Now::read();
    let (mut writer, mut reader, _) = open(options, now).expect("it opens");
    let mut out = OwnedFrames::default();
    let mut last = 0;
    while let Some(run) = reader.read(&mut out, 300).expect("it is read") {
        for (number, found) in (run.first..).zip(out.frames().iter()) {
            assert!(number > last, "{number} behind {last}");
            last = number;
            assert_eq!(found, record(number));
        }
        out.clear();
        reader.acknowledge(run.count / 2).expect("noted");
    }
    assert_eq!(reader.unread(), 0);
    let next = writer.next_number();
    assert!(next > last);
    let more = Frames::lines(b"more\n");
    if let Err(error) = writer.append(&more, 0, now) {
        // Damage takes room too, as long as records beside it wait.
        assert!(error.full && reader.waiting() > 0, "{error:?}");
        let used = writer.status().bytes();
        assert!(used + 128 > SIZE, "full with {used} bytes");
        reader.acknowledge(reader.waiting()).expect("noted");
        writer.append(&more, 0, now).expect("it goes on");
    }
    let run = reader
        .read(&mut out, 300)
        .expect("it is read")
        .expect("it is there");
    assert_eq!((run.first, out.frames().bytes()), (next, &b"more\n"[..]));
});
