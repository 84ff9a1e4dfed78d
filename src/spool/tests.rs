use super::open::open_at;
use super::*;
use crate::batch::{Frames, OwnedFrames};
use crate::now::Now;
use crate::sys::Place;

fn options(directory: &std::path::Path) -> SpoolOptions {
    SpoolOptions {
        max_bytes: 64 << 10,
        ..SpoolOptions::new(directory.join("spool"))
    }
}

fn all(reader: &mut Reader) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut out = OwnedFrames::default();
    while let Some(run) = reader.read(&mut out, 1000).expect("read") {
        for (number, record) in (run.first..).zip(out.frames().iter()) {
            found.push((number, record.to_vec()));
        }
        out.clear();
    }
    found
}

#[test]
fn what_goes_in_comes_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Now::read();
    let (mut writer, mut reader, recovery) = open(options(folder.path()), now).expect("opened");
    assert_eq!(recovery, Recovery::default());
    let lines: String = (1..=1000).map(|n| format!("record {n}\n")).collect();
    writer
        .append(&Frames::lines(lines.as_bytes()), 0, now)
        .expect("appended");
    assert_eq!((writer.next_number(), reader.unread()), (1001, 1000));
    let found = all(&mut reader);
    assert_eq!(found.len(), 1000);
    for (index, (number, record)) in found.iter().enumerate() {
        assert_eq!(*number, index as u64 + 1);
        assert_eq!(record, format!("record {number}\n").as_bytes());
    }
    reader.acknowledge(400).expect("noted");
    assert_eq!((reader.unread(), reader.waiting()), (0, 600));
    let sender = writer.sender();
    writer.close(now).expect("closed");
    reader.close().expect("closed");
    drop((writer, reader));

    let (writer, mut reader, recovery) = open(options(folder.path()), now).expect("opened");
    assert_eq!((recovery.waiting, recovery.notes()), (600, vec![]));
    assert_eq!((writer.next_number(), writer.sender()), (1001, sender));
    let found = all(&mut reader);
    assert_eq!((found.len(), found[0].0), (600, 401));
    reader.acknowledge(600).expect("noted");
    assert_eq!(reader.waiting(), 0);
}

/// As after a failed sync: what was not durable is doubtful.
fn sync_fails(writer: &mut Writer, now: Now) -> std::io::Result<()> {
    writer.owe(now);
    writer.tick(now)
}

fn lines(numbers: std::ops::RangeInclusive<u64>) -> Vec<u8> {
    numbers
        .flat_map(|n| format!("record {n}\n").into_bytes())
        .collect()
}

#[track_caller]
fn append(writer: &mut Writer, numbers: std::ops::RangeInclusive<u64>, now: Now) {
    writer
        .append(&Frames::lines(&lines(numbers)), 0, now)
        .expect("appended");
}

#[track_caller]
fn expect(found: &[(u64, Vec<u8>)], numbers: std::ops::RangeInclusive<u64>) {
    let found: Vec<u8> = found
        .iter()
        .flat_map(|(_, record)| record.clone())
        .collect();
    assert_eq!(
        String::from_utf8_lossy(&found),
        String::from_utf8_lossy(&lines(numbers))
    );
}

/// Trial 39 without the failing disk: each way that a reader can be in.
#[test]
fn what_a_failed_sync_leaves_owing_is_written_anew() {
    // How much was durable before, and how much was read of the rest.
    for (synced, taken) in [(0, 0), (0, 5), (4, 0), (4, 2), (4, 7), (0, 12), (4, 12)] {
        let folder = tempfile::tempdir().expect("a folder");
        let now = Now::read();
        let options = SpoolOptions {
            fsync: Fsync::Close,
            ..options(folder.path())
        };
        let (mut writer, mut reader, _) = open(options.clone(), now).expect("opened");
        if synced > 0 {
            append(&mut writer, 1..=synced, now);
            writer.sync_now(now);
        }
        append(&mut writer, synced + 1..=12, now);
        let mut out = OwnedFrames::default();
        let mut before = 0;
        while before < taken {
            before += reader.read(&mut out, 9).expect("read").expect("some").count;
        }
        sync_fails(&mut writer, now).expect("there is room elsewhere");
        append(&mut writer, 13..=20, now);
        let on_disk: u64 = std::fs::read_dir(folder.path().join("spool"))
            .expect("a spool")
            .map(|entry| entry.expect("an entry"))
            .filter(|entry| entry.path().extension().is_some())
            .map(|entry| entry.metadata().expect("a file").len())
            .sum();
        assert_eq!(writer.status().bytes(), on_disk);
        let found = all(&mut reader);
        expect(&found, before + 1..=20);
        assert_eq!(found[0].0, before + 1);
        assert_eq!((reader.unread(), reader.waiting()), (0, 20));
        reader.rewind();
        expect(&all(&mut reader), 1..=20);
        drop((writer, reader));
        let (_writer, mut reader, recovery) = open(options, now).expect("opened");
        assert_eq!((recovery.waiting, recovery.notes()), (20, vec![]));
        expect(&all(&mut reader), 1..=20);
        reader.acknowledge(20).expect("noted");
        let left = reader.status().bytes();
        assert!(left < on_disk / 2, "{left} of {on_disk}");
    }
}

/// And where it can't be written anew yet, nothing more is taken.
#[test]
fn what_is_owed_comes_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Now::read();
    let options = SpoolOptions {
        fsync: Fsync::After(std::time::Duration::from_secs(60)),
        ..options(folder.path())
    };
    crate::sys::make_private_directory(&options.directory).expect("made");
    // As on systems where a directory can't be held.
    let place = Place::by_name(&options.directory).into_owned();
    let opened = open_at(place, &options.directory, &options);
    let (mut writer, mut reader, _) = opened.expect("opened");
    append(&mut writer, 1..=3, now);
    assert_eq!(
        writer.deadline(),
        Some(now.mono + std::time::Duration::from_secs(60))
    );
    let (spool, away) = (folder.path().join("spool"), folder.path().join("away"));
    std::fs::rename(&spool, &away).expect("moved away");
    sync_fails(&mut writer, now).expect_err("there is no directory");
    let due = writer.deadline().expect("it is tried again");
    assert!(due > now.mono);
    let error = writer
        .append(&Frames::lines(b"more\n"), 0, now)
        .expect_err("it is owed");
    assert_eq!((error.done, error.full), (0, false));
    assert_eq!(writer.next_number(), 4);
    std::fs::rename(&away, &spool).expect("moved back");
    append(&mut writer, 4..=6, now);
    expect(&all(&mut reader), 1..=6);
    writer.close(now).expect("closed");
    assert_eq!(writer.deadline(), None);
}

/// After a power cut that took records back, or with a cursor that is lost, no
/// number is given to another record: a receiver would take it for what it has.
#[test]
fn no_number_is_given_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Now::read();
    let (mut writer, mut reader, _) = open(options(folder.path()), now).expect("opened");
    append(&mut writer, 1..=50, now);
    assert_eq!(all(&mut reader).len(), 50);
    drop((writer, reader));
    let spool = folder.path().join("spool");
    let segment = spool.join(segment_name(1, 0));
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(segment)
        .expect("it");
    file.set_len(100).expect("taken back");
    let (mut writer, mut reader, recovery) = open(options(folder.path()), now).expect("opened");
    assert!(recovery.torn_bytes > 0);
    let left = all(&mut reader).len() as u64;
    assert!(left < 50 && writer.next_number() > 50);
    // What was left out on purpose is not missed.
    append(&mut writer, 51..=60, now);
    assert_eq!((reader.unread(), reader.status().lost()), (10, 0));
    expect(&all(&mut reader), 51..=60);
    assert_eq!(reader.status().lost(), 0);
    reader.acknowledge(u64::MAX).expect("noted");
    assert_eq!(reader.waiting(), 0);
    let next = writer.next_number();
    writer.close(now).expect("closed");
    drop((writer, reader));
    // Nothing is left but the cursor and the lock, and a torn tail is no bad one.
    assert_eq!(std::fs::read_dir(&spool).expect("a spool").count(), 2);
    let (writer, _reader, recovery) = open(options(folder.path()), now).expect("opened");
    assert_eq!((writer.next_number(), recovery.notes()), (next, vec![]));
}

/// Whether segments of theirs are there still, or in parts, or not at all.
#[test]
fn what_comes_back_stands_where_it_stood() {
    for (acknowledged, back) in [
        (1000, 1000),
        (1000, 1),
        (1000, 700),
        (990, 300),
        (600, 10),
        (600, 600),
        (3, 2),
    ] {
        for unread in [0, 500] {
            let folder = tempfile::tempdir().expect("a folder");
            let now = Now::read();
            let (mut writer, mut reader, _) = open(options(folder.path()), now).expect("opened");
            append(&mut writer, 1..=1000, now);
            let found = all(&mut reader);
            append(&mut writer, 1001..=1000 + unread, now);
            // Some in the midst of a segment.
            reader.acknowledge(acknowledged / 2).expect("noted");
            let rest = acknowledged - acknowledged / 2;
            reader.acknowledge(rest).expect("noted");
            let numbers = reader.acknowledged(back).expect("remembered");
            assert_eq!(reader.acknowledged(acknowledged + 1), None);
            writer.close(now).expect("closed");
            let mut frames = OwnedFrames::default();
            let first = acknowledged - back + 1;
            for (_, record) in &found[first as usize - 1..acknowledged as usize] {
                frames.buffer().extend_from_slice(record);
                frames.finish();
            }
            writer.put_back(&[frames], &numbers).expect("written");
            let what = format!("{back} of {acknowledged}, {unread} unread");
            let left = 1000 + unread - first + 1;
            assert_eq!(writer.status().waiting(), left, "{what}");
            drop((writer, reader));

            let (writer, mut reader, recovery) = open(options(folder.path()), now).expect("opened");
            assert_eq!((recovery.waiting, recovery.lost), (left, 0), "{what}");
            expect(&all(&mut reader), first..=1000 + unread);
            assert_eq!(writer.next_number(), 1001 + unread, "{what}");
            let status = writer.status();
            assert_eq!((status.unread(), status.lost()), (0, 0), "{what}");
            reader.acknowledge(left).expect("noted");
            assert_eq!(status.waiting(), 0, "{what}");
        }
    }
}
