//! Whose spool it is: one process's at a time, in a directory of its own.

use std::os::unix::fs::{PermissionsExt, symlink};

use lh::now::Now;
use lh::spool::SpoolError;

use crate::support::*;

#[test]
fn a_second_one_is_told_who_has_it() {
    let folder = folder();
    let spool = folder.path().join("spool");
    let halves = open(&spool, 1 << 20);
    let error = lh::spool::open(options(&spool, 1 << 20), Now::read()).expect_err("it is in use");
    let pid = std::process::id();
    let want = format!(
        "the spool {} is in use by process {pid}; give each lh a spool of its own",
        spool.display()
    );
    assert_eq!(error.to_string(), want);
    let (writer, reader, _) = halves;
    drop(writer);
    assert!(
        lh::spool::open(options(&spool, 1 << 20), Now::read()).is_err(),
        "the other half"
    );
    drop(reader);
    open(&spool, 1 << 20);
}

#[test]
fn what_others_could_have_planted_is_refused() {
    let folder = folder();
    let refused = |name: &str| {
        let error = lh::spool::open(options(&folder.path().join(name), 1 << 20), Now::read());
        let error = error.expect_err(name);
        assert!(matches!(error, SpoolError::Refused { .. }), "{error}");
        error.to_string()
    };
    std::fs::create_dir(folder.path().join("real")).expect("made");
    symlink("real", folder.path().join("link")).expect("made");
    assert!(refused("link").contains("symbolic link"));
    assert!(refused("link/").contains("symbolic link"));
    std::fs::write(folder.path().join("file"), "").expect("made");
    assert!(refused("file").contains("no directory"));
    let open_to_all = folder.path().join("open");
    std::fs::create_dir(&open_to_all).expect("made");
    for mode in [0o770, 0o707, 0o702, 0o720] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&open_to_all, permissions).expect("set");
        assert!(refused("open").contains("can write it"));
    }
    if nix::unistd::geteuid().is_root() {
        let others = folder.path().join("others");
        std::fs::create_dir(&others).expect("made");
        std::os::unix::fs::chown(&others, Some(12345), None).expect("given away");
        assert!(refused("others").contains("another user"));
    }
    let missing = folder.path().join("no").join("spool");
    let error = lh::spool::open(options(&missing, 1 << 20), Now::read()).expect_err("no parent");
    assert!(
        error.to_string().contains("No such file or directory"),
        "{error}"
    );
}

#[test]
fn it_is_this_users_alone() {
    let wanted = lh::spool::Target {
        words: vec!["a".into(), "".into(), "b\n".into()],
        directory: "/tmp".into(),
        form: "lines".to_owned(),
    };
    let folder = folder();
    let spool = folder.path().join("spool");
    let (mut writer, _reader, _) = open(&spool, 1 << 20);
    append(&mut writer, &[b"secret".to_vec()]);
    writer.set_target(&wanted).expect("noted");
    let mode = |path: &std::path::Path| path.metadata().expect("it").permissions().mode() & 0o7777;
    assert_eq!(mode(&spool), 0o700);
    let mut count = 0;
    for entry in std::fs::read_dir(&spool).expect("a spool") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 4);
    let target = lh::spool::target(&spool).expect("read").expect("noted");
    assert_eq!(target, wanted);
}

/// Whoever moves a spool away and begins another of its name has two.
#[test]
fn one_that_is_moved_away_stays_one() {
    let folder = folder();
    let (spool, moved) = (folder.path().join("spool"), folder.path().join("moved"));
    // Segments of 4 KiB.
    let (mut writer, mut reader, _) = open(&spool, 1 << 16);
    let records: Vec<_> = (0..400).map(|number| record(number, 100)).collect();
    append(&mut writer, &records[..100]);
    std::fs::rename(&spool, &moved).expect("moved");
    let (mut other, other_reader, _) = open(&spool, 1 << 16);
    let others: Vec<_> = (0..300).map(|number| record(1000 + number, 100)).collect();
    append(&mut other, &others);
    let there = segments(&spool);

    append(&mut writer, &records[100..]);
    let got: Vec<_> = drain(&mut reader)
        .into_iter()
        .map(|(_, record)| record)
        .collect();
    assert!(got == records, "{} of {}", got.len(), records.len());
    reader.acknowledge(400).expect("noted");
    assert_eq!(writer.status().lost(), 0);
    close(writer, reader);
    assert_eq!(segments(&moved).len(), 0, "what is delivered is deleted");

    assert_eq!(segments(&spool), there);
    drop((other, other_reader));
    let (_, mut reader, recovery) = open(&spool, 1 << 16);
    assert_eq!((recovery.damaged, recovery.foreign), (0, 0));
    let got: Vec<_> = drain(&mut reader)
        .into_iter()
        .map(|(_, record)| record)
        .collect();
    assert!(got == others, "{} of {}", got.len(), others.len());
}

/// A link that is put in its place while it is open leads nowhere.
#[test]
fn a_link_in_its_place_is_not_followed() {
    let folder = folder();
    let (spool, planted) = (folder.path().join("spool"), folder.path().join("planted"));
    let (mut writer, mut reader, _) = open(&spool, 1 << 16);
    std::fs::rename(&spool, folder.path().join("moved")).expect("moved");
    std::fs::create_dir(&planted).expect("made");
    std::fs::write(planted.join("target"), "as it was").expect("made");
    symlink(&planted, &spool).expect("made");
    let records: Vec<_> = (0..400).map(|number| record(number, 100)).collect();
    append(&mut writer, &records);
    writer.set_target(&Default::default()).expect("noted");
    assert_eq!(drain(&mut reader).len(), 400);
    reader.acknowledge(400).expect("noted");
    close(writer, reader);
    let names: Vec<_> = std::fs::read_dir(&planted).expect("it").collect();
    assert_eq!(names.len(), 1);
    assert_eq!(
        std::fs::read(planted.join("target")).expect("it"),
        b"as it was"
    );
    // Nor is it believed by whoever sends what is left.
    let error = lh::spool::target(&spool).expect_err("it is a link");
    assert!(matches!(error, SpoolError::Refused { .. }), "{error}");
}

/// A link that stands where a segment could is moved away, and its target left.
#[test]
fn a_link_in_a_segments_place_is_not_followed() {
    let folder = folder();
    let spool = folder.path().join("spool");
    drop(open(&spool, 1 << 20));
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "as it was").expect("made");
    symlink(&victim, spool.join("00000000000000000001.seg")).expect("made");
    let (mut writer, mut reader, recovery) = open(&spool, 1 << 20);
    assert_eq!(recovery.damaged, 1);
    append(&mut writer, &[b"a".to_vec()]);
    assert_eq!(drain(&mut reader).len(), 1);
    assert_eq!(std::fs::read(&victim).expect("it"), b"as it was");
}
