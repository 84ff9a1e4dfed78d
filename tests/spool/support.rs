//! A spool in a folder of its own, and what is in it.

use std::path::{Path, PathBuf};

use lh::batch::{Frames, OwnedFrames};
use lh::fsync::Fsync;
use lh::now::Now;
use lh::spool::{Reader, Recovery, SpoolOptions, Writer};

/// A number and its record.
pub type Numbered = (u64, Vec<u8>);

/// A folder in memory, where there is one: these tests make many small files.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.expect("a temporary folder")
}

/// The options of a spool with segments of 1/16 of a size.
pub fn options(directory: &Path, max_bytes: u64) -> SpoolOptions {
    SpoolOptions {
        directory: directory.to_owned(),
        max_bytes,
        fsync: Fsync::Never,
    }
}

#[track_caller]
pub fn open(directory: &Path, max_bytes: u64) -> (Writer, Reader, Recovery) {
    lh::spool::open(options(directory, max_bytes), Now::read()).expect("the spool opens")
}

/// Appends records, which all fit.
#[track_caller]
pub fn append(writer: &mut Writer, records: &[Vec<u8>]) {
    let bytes = records.concat();
    let ends: Vec<usize> = records
        .iter()
        .scan(0, |end, record| {
            *end += record.len();
            Some(*end)
        })
        .collect();
    writer
        .append(&Frames::listed(&bytes, &ends), 0, Now::read())
        .expect("they fit");
}

/// The records that one read gives.
#[track_caller]
pub fn read(reader: &mut Reader, max_bytes: usize) -> Vec<Numbered> {
    let mut out = OwnedFrames::default();
    let Some(run) = reader.read(&mut out, max_bytes).expect("it can be read") else {
        return Vec::new();
    };
    let frames = out.frames();
    assert_eq!(frames.count(0, frames.len()), run.count);
    assert!(run.count == 1 || frames.len() <= max_bytes);
    let records = frames.iter().map(<[u8]>::to_vec);
    (run.first..).zip(records).collect()
}

/// All that is to be read.
#[track_caller]
pub fn drain(reader: &mut Reader) -> Vec<Numbered> {
    let mut all = Vec::new();
    loop {
        let more = read(reader, 1000);
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

/// A record of some length that no other is equal to.
pub fn record(number: u64, length: usize) -> Vec<u8> {
    let mut record = format!("record {number} ").into_bytes();
    while record.len() < length {
        record.push(b'a' + (number as usize * 7 + record.len() * 11) as u8 % 26);
    }
    record.push(b'\n');
    record
}

pub fn close(mut writer: Writer, mut reader: Reader) {
    writer.close(Now::read()).expect("closed");
    reader.close().expect("closed");
}

/// The segments of a spool, in the order of their names.
pub fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("a spool")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "seg"))
        .collect();
    paths.sort();
    paths
}

/// Copies the files of a spool, as a crash would leave them.
pub fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(to)
        .expect("a new folder");
    for entry in std::fs::read_dir(from).expect("a spool") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => {
                std::fs::copy(&path, to.join(name)).expect("copied");
            }
        }
    }
}
