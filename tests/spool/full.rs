//! No room: in the spool, or on the disk.

use lh::batch::Frames;
use lh::now::Now;

use crate::support::*;

#[test]
fn it_takes_what_fits_and_goes_on_when_there_is_room() {
    let folder = folder();
    let (mut writer, mut reader, _) = open(&folder.path().join("spool"), 16 << 10);
    let lines: Vec<u8> = (1..=500).flat_map(|n| record(n, 80)).collect();
    let frames = Frames::lines(&lines);
    let mut at = 0;
    let mut delivered = Vec::new();
    while let Err(error) = writer.append(&frames, at, Now::read()) {
        assert!(
            error.full && error.source.to_string().contains("16384"),
            "{error:?}"
        );
        assert!(error.done > at || !delivered.is_empty(), "nothing fits");
        assert!(writer.status().bytes() <= 16 << 10);
        at = error.done;
        let more = drain(&mut reader);
        assert!(!more.is_empty());
        reader.acknowledge(more.len() as u64).expect("noted");
        delivered.extend(more);
    }
    delivered.extend(drain(&mut reader));
    let want: Vec<Numbered> = (1..=500).map(|n| (n, record(n, 80))).collect();
    assert_eq!(delivered, want);
}

/// One that is longer than the spool may be is taken where nothing else waits:
/// or nothing would ever come of it.
#[test]
fn a_record_of_any_length_is_taken_alone() {
    let folder = folder();
    let (mut writer, mut reader, _) = open(&folder.path().join("spool"), 4096);
    let long = record(1, 100_000);
    for _ in 0..3 {
        append(&mut writer, std::slice::from_ref(&long));
        let error = writer
            .append(&Frames::lines(b"a\n"), 0, Now::read())
            .expect_err("it is full");
        assert!(error.full);
        assert_eq!(drain(&mut reader).len(), 1);
        reader.acknowledge(1).expect("noted");
    }
}

/// Trial 5 and 23 for the spool: on a full disk what fits is there, nothing
/// torn, and it goes on when there is room. In a namespace of its own.
#[test]
fn a_full_disk_tears_nothing() {
    if let Some(disk) = std::env::var_os("LH_TEST_DISK") {
        return fill(disk.as_ref());
    }
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: not root");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "LH_REQUIRE_PEERS=1, and not root");
        return;
    }
    let folder = folder();
    let script = "mount -t tmpfs -o size=128k tmpfs \"$LH_TEST_DISK\" && exec \"$@\"";
    let status = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "full::a_full_disk_tears_nothing", "--nocapture"])
        .env("LH_TEST_DISK", folder.path())
        .status()
        .expect("unshare runs");
    assert!(status.success());
}

fn fill(disk: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(disk, private).expect("it is ours");
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, [1; 90 << 10]).expect("written");
    let spool = disk.join("spool");
    let (mut writer, mut reader, _) = open(&spool, 64 << 20);
    let lines: Vec<u8> = (1..=400).flat_map(|n| record(n, 100)).collect();
    let frames = Frames::lines(&lines);
    let error = writer
        .append(&frames, 0, Now::read())
        .expect_err("the disk is full");
    assert!(!error.full);
    assert_eq!(error.source.raw_os_error(), Some(28), "{error:?}");
    assert!(error.done > 0 && lines[error.done - 1] == b'\n');
    let again = writer
        .append(&frames, error.done, Now::read())
        .expect_err("still");
    assert_eq!(again.done, error.done);
    // Nothing torn is on the disk.
    let aside = folder();
    copy(&spool, &aside.path().join("copy"));
    let (_, mut other, recovery) = open(&aside.path().join("copy"), 64 << 20);
    assert_eq!((recovery.torn_bytes, recovery.damaged), (0, 0));
    let there = drain(&mut other);
    assert_eq!(
        there.iter().map(|(_, record)| record.len()).sum::<usize>(),
        error.done
    );

    std::fs::remove_file(&ballast).expect("removed");
    writer
        .append(&frames, error.done, Now::read())
        .expect("there is room");
    let want: Vec<Numbered> = (1..=400).map(|n| (n, record(n, 100))).collect();
    assert!(drain(&mut reader) == want);
}
