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
