//! Trial 40: whatever is done to the files of a spool, it opens, and all that
//! is whole comes out, in order and once; and it goes on.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::*;

/// Segments of 4 KiB.
const SIZE: u64 = 64 << 10;

/// The lengths of what stands before records, as the format says.
const HEADER: usize = 48;
const HEAD: usize = 20;

/// So many of the records are delivered.
const ACKED: u64 = 7;

/// A spool, as the bytes of its files, and where its records are.
struct Sample {
    files: BTreeMap<String, Vec<u8>>,
    /// By number: the record, its file, and where it is in that.
    records: BTreeMap<u64, (Vec<u8>, String, std::ops::Range<usize>)>,
}

impl Sample {
    fn new() -> Sample {
        let folder = folder();
        let spool = folder.path().join("spool");
        let (mut writer, mut reader, _) = open(&spool, SIZE);
        let made: Vec<Vec<u8>> = (1..=110)
            .map(|number| record(number, (number as usize * 37) % 311 + 12))
            .collect();
        for part in made.chunks(9) {
            append(&mut writer, part);
        }
        while read(&mut reader, 1 << 20).last().expect("records").0 < 100 {}
        reader.acknowledge(ACKED).expect("noted");
        close(writer, reader);
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(&spool).expect("a spool") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            files.insert(name.into_owned(), std::fs::read(&path).expect("a file"));
        }
        let mut records = BTreeMap::new();
        let mut number = 0;
        for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".seg")) {
            let mut at = HEADER;
            while at < bytes.len() {
                number += 1;
                let record = &made[number - 1];
                let end = at + HEAD + record.len();
                assert_eq!(&bytes[at + HEAD..end], record, "the format is another");
                records.insert(number as u64, (record.clone(), name.clone(), at..end));
                at = end;
            }
        }
        assert_eq!(number, 110);
        let segments = files.keys().filter(|name| name.ends_with(".seg")).count();
        assert!((5..=7).contains(&segments), "{segments} segments");
        Sample { files, records }
    }

    fn segments(&self) -> Vec<&String> {
        self.files
            .keys()
            .filter(|name| name.ends_with(".seg"))
            .collect()
    }

    /// Opens the spool with these files, and looks at what comes out. `hit`
    /// says which bytes of which file are no longer as they were.
    #[track_caller]
    fn check(
        &self,
        what: &str,
        files: &BTreeMap<String, Vec<u8>>,
        hit: impl Fn(&str, usize) -> bool,
    ) {
        let folder = folder();
        let spool = folder.path().join("spool");
        write(&spool, files);
        let (mut writer, mut reader, recovery) = open(&spool, SIZE);
        let found = drain(&mut reader);
        let mut last = 0;
        for (number, record) in &found {
            assert!(*number > last, "{what}: {number} behind {last}");
            last = *number;
            let known = self.records.get(number).map(|(record, ..)| record);
            assert_eq!(known, Some(record), "{what}: record {number}");
        }
        let cursor_hit = !files.contains_key("cursor") || recovery.cursor_lost;
        for (number, (_, name, place)) in &self.records {
            let whole = !place.clone().any(|at| hit(name, at));
            let delivered = found
                .binary_search_by_key(number, |(number, _)| *number)
                .is_ok();
            match *number <= ACKED && !cursor_hit {
                // The older mark may count, which knows of none.
                true => assert!(!delivered || hit("cursor", 0), "{what}: {number} again"),
                false => assert!(delivered || !whole, "{what}: record {number} is missing"),
            }
        }
        assert_eq!(reader.unread(), 0, "{what}");
        assert_eq!(reader.waiting(), found.len() as u64, "{what}");

        // And it goes on: no number is given twice, and what is acknowledged
        // stays so.
        let next = writer.next_number();
        let known = self.records.last_key_value().expect("records").0;
        assert!(next > *known, "{what}: {next} is given again");
        append(&mut writer, &[b"one more".to_vec()]);
        assert_eq!(drain(&mut reader), [(next, b"one more".to_vec())], "{what}");
        reader.acknowledge(found.len() as u64).expect("noted");
        drop((writer, reader));
        let (_, mut reader, _) = open(&spool, SIZE);
        assert_eq!(drain(&mut reader), [(next, b"one more".to_vec())], "{what}");
    }
}

fn write(spool: &Path, files: &BTreeMap<String, Vec<u8>>) {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().mode(0o700).create(spool);
    made.expect("a new folder");
    for (name, bytes) in files {
        std::fs::write(spool.join(name), bytes).expect("written");
    }
}

#[test]
fn nothing_is_done_to_it() {
    let sample = Sample::new();
    sample.check("as it is", &sample.files, |_, _| false);
}

#[test]
fn the_last_two_records_are_cut_at_every_byte() {
    let sample = Sample::new();
    let (_, name, place) = &sample.records[&109];
    for length in place.start..sample.files[name].len() {
        let mut files = sample.files.clone();
        files.get_mut(name).expect("it").truncate(length);
        sample.check(&format!("cut at {length}"), &files, |file, at| {
            file == name && at >= length
        });
    }
}

#[test]
fn a_segment_is_cut_anywhere() {
    let sample = Sample::new();
    for name in sample.segments() {
        for length in (0..sample.files[name].len()).step_by(97) {
            let mut files = sample.files.clone();
            files.get_mut(name).expect("it").truncate(length);
            sample.check(&format!("{name} cut at {length}"), &files, |file, at| {
                file == name && at >= length
            });
        }
    }
}

#[test]
fn each_byte_is_flipped() {
    let sample = Sample::new();
    let flip = |name: &String, at: usize| {
        let mut files = sample.files.clone();
        // Another bit at each, all of them in turn.
        files.get_mut(name).expect("it")[at] ^= 1 << (at % 8);
        sample.check(&format!("{name} flipped at {at}"), &files, |file, place| {
            file == name && (place == at || file == "cursor")
        });
    };
    // Twenty thousand spools are made and opened.
    const THREADS: usize = 4;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (sample, flip) = (&sample, &flip);
            scope.spawn(move || {
                for (name, bytes) in &sample.files {
                    (thread..bytes.len())
                        .step_by(THREADS)
                        .for_each(|at| flip(name, at));
                }
            });
        }
    });
}

#[test]
fn each_block_is_zeroed() {
    let sample = Sample::new();
    for size in [512, 4096] {
        for (name, bytes) in &sample.files {
            for start in (0..bytes.len()).step_by(size) {
                let end = (start + size).min(bytes.len());
                let mut files = sample.files.clone();
                files.get_mut(name).expect("it")[start..end].fill(0);
                let what = format!("{name} zeroed at {start}");
                sample.check(&what, &files, |file, at| {
                    file == name && ((start..end).contains(&at) || file == "cursor")
                });
            }
        }
    }
}

#[test]
fn each_file_is_deleted_or_filled_with_garbage() {
    let sample = Sample::new();
    let noise = (0..5000u32).map(|n| n.wrapping_mul(2_654_435_761) >> 3);
    let garbage: Vec<u8> = noise.flat_map(u32::to_be_bytes).collect();
    for name in sample.files.keys() {
        let mut files = sample.files.clone();
        files.remove(name);
        let gone = |file: &str, _: usize| file == name;
        sample.check(&format!("{name} deleted"), &files, gone);
        for length in [0, 10, 100, garbage.len()] {
            files.insert(name.clone(), garbage[..length].to_vec());
            sample.check(&format!("{name} garbage, {length}"), &files, gone);
        }
    }
}

#[test]
fn segments_are_doubled_and_change_places() {
    let sample = Sample::new();
    let none = |_: &str, _: usize| false;
    for (index, name) in sample.segments().into_iter().enumerate() {
        for copy in [
            name.replace(".seg", "-1.seg"),
            format!("{:020}.seg", index * 20 + 5),
            format!("{:020}.seg", 999),
        ] {
            let mut files = sample.files.clone();
            files.insert(copy.clone(), files[name].clone());
            sample.check(&format!("{name} doubled as {copy}"), &files, none);
        }
        for other in sample.segments() {
            let mut files = sample.files.clone();
            let (one, two) = (files[name].clone(), files[other].clone());
            files.insert(name.clone(), two);
            files.insert(other.clone(), one);
            sample.check(&format!("{name} and {other} change places"), &files, none);
        }
    }
}

/// Of two copies, each with another record damaged, all records come out.
#[test]
fn two_damaged_copies_make_one_good_one() {
    let sample = Sample::new();
    let name = sample.segments()[1].clone();
    let inside: Vec<_> = sample
        .records
        .values()
        .filter(|(_, file, _)| *file == name)
        .map(|(.., place)| place.clone())
        .collect();
    let mut files = sample.files.clone();
    let mut copy = files[&name].clone();
    copy[inside[5].start + 30] ^= 1;
    copy[inside[9].start + 2] ^= 1;
    files.insert(name.replace(".seg", "-1.seg"), copy);
    let one = files.get_mut(&name).expect("it");
    one[inside[2].start + 1] ^= 1;
    one[inside[7].start + 30] ^= 1;
    sample.check("two copies", &files, |_, _| false);
}

/// What a newer program has written is not read, and not destroyed.
#[test]
fn a_newer_version_is_set_aside_as_a_whole() {
    let sample = Sample::new();
    let name = sample.segments()[2].clone();
    let mut files = sample.files.clone();
    let bytes = files.get_mut(&name).expect("it");
    bytes[11] = 2;
    let crc = crc32c::crc32c(&bytes[..HEADER - 4]).to_be_bytes();
    bytes[HEADER - 4..HEADER].copy_from_slice(&crc);
    let newer = bytes.clone();
    sample.check("newer", &files, |file, _| file == name);
    let folder = folder();
    let spool = folder.path().join("spool");
    write(&spool, &files);
    let (_, _, recovery) = open(&spool, SIZE);
    assert_eq!(recovery.foreign, 1);
    assert!(
        recovery.notes()[0].contains("newer version"),
        "{:?}",
        recovery.notes()
    );
    let kept = std::fs::read(spool.join("bad").join(&name)).expect("it is kept");
    assert!(kept == newer, "it is as it was");
}

/// What is damaged is kept under a name that says where it was.
#[test]
fn damaged_bytes_are_set_aside() {
    let sample = Sample::new();
    let (_, name, place) = &sample.records[&40];
    let mut files = sample.files.clone();
    let bytes = files.get_mut(name).expect("it");
    bytes[place.start + HEAD + 3] ^= 0xff;
    let damaged = bytes[place.clone()].to_vec();
    let folder = folder();
    let spool = folder.path().join("spool");
    write(&spool, &files);
    let (_writer, mut reader, _) = open(&spool, SIZE);
    assert_eq!(drain(&mut reader).len() as u64, 110 - ACKED - 1);
    let status = reader.status();
    let figures = (status.damaged(), status.damaged_bytes(), status.lost());
    assert_eq!(figures, (1, damaged.len() as u64, 1));
    let path = spool.join("bad").join(format!("{name}.{}", place.start));
    assert_eq!(std::fs::read(path).expect("it is kept"), damaged);
    // Met again, it is counted once.
    reader.rewind();
    assert_eq!(drain(&mut reader).len() as u64, 110 - ACKED - 1);
    assert_eq!((status.damaged(), status.lost()), (1, 1));
}

/// Numbers at their end: nothing overflows, and nothing is given twice.
#[test]
fn numbers_come_to_their_end() {
    let sample = Sample::new();
    let mut files = sample.files.clone();
    let name = sample.segments()[0].clone();
    let mut header = files[&name][..HEADER].to_vec();
    header[28..36].copy_from_slice(&(u64::MAX - 2).to_be_bytes());
    header[36..44].copy_from_slice(&110u64.to_be_bytes());
    let crc = crc32c::crc32c(&header[..HEADER - 4]).to_be_bytes();
    header[HEADER - 4..].copy_from_slice(&crc);
    files.insert("99999999999999999999.seg".to_owned(), b"no number".to_vec());
    files.insert(format!("{:020}.seg", u64::MAX - 2), header);
    let folder = folder();
    let spool = folder.path().join("spool");
    write(&spool, &files);
    let (mut writer, mut reader, _) = open(&spool, SIZE);
    assert_eq!(drain(&mut reader).len() as u64, 110 - ACKED);
    let frames = lh::batch::Frames::lines(b"a\nb\nc\n");
    let error = writer
        .append(&frames, 0, lh::now::Now::read())
        .expect_err("no number");
    assert_eq!((error.full, error.done), (false, 0));
    drop((writer, reader));
    open(&spool, SIZE);
}
