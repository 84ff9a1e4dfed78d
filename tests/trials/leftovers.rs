//! Kill -9 between the making of a temporary name and its rename, for what is
//! no log: the file of `--metrics-file` and the link of `--link`. The next
//! process takes away what is left, and nothing else.
//!
//! Not tested here: what is left of rollovers and compression (`kill`).

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::strace::inject;
use crate::support::{Lh, able, folder, names};

/// Ends at its first rename.
fn killed(lh: Lh, folder: &Path) {
    let fault = "rename,renameat,renameat2:signal=SIGKILL:when=1";
    let outcome = lh
        .under(inject(&folder.join("trace"), &[], &[fault]))
        .feed("one\n");
    assert_eq!(outcome.code(), 137, "{}", outcome.stderr);
}

/// The number of a process that has ended.
fn gone() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

#[test]
fn of_a_metrics_file_nothing_is_left_but_what_is_no_leftover() {
    if !able(&["strace"]) {
        return;
    }
    let folder = folder();
    let at = folder.path().join("textfiles");
    std::fs::create_dir(&at).unwrap();
    let lh = || Lh::new("null --metrics-file").arg(at.join("lh.prom"));
    killed(lh(), folder.path());
    let left = names(&at);
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].starts_with(".lh-metrics.") && left[0].ends_with(".0.tmp"));
    let (gone, here) = (gone(), std::process::id());
    let others = [
        format!(".lh-metrics.{here}.0.tmp"),
        format!(".lh-metrics.0{gone}.0.tmp"),
        format!(".lh-metrics.{gone}.00.tmp"),
        format!(".lh-metrics.{gone}.tmp"),
        format!(".lh-metrics.{gone}.0.tmp.kept"),
        format!(".lh-metrics.{gone}x.0.tmp"),
        ".lh-metrics.4294967295.0.tmp".to_owned(),
        format!("lh-metrics.{gone}.0.tmp"),
    ];
    for name in &others {
        std::fs::write(at.join(name), "").unwrap();
    }
    std::fs::write(at.join(format!(".lh-metrics.{gone}.99.tmp")), "").unwrap();
    // It makes neither of these.
    let [link, directory] = [1, 2].map(|number| format!(".lh-metrics.{gone}.{number}.tmp"));
    symlink(at.join("nowhere"), at.join(&link)).unwrap();
    std::fs::create_dir(at.join(&directory)).unwrap();
    let outcome = lh().feed("two\n").expect(0);
    assert_eq!(outcome.stderr, "");
    let mut kept = others.to_vec();
    kept.extend([link, directory, "lh.prom".to_owned()]);
    kept.sort();
    assert_eq!(names(&at), kept);
}

#[test]
fn of_a_link_nothing_is_left_but_what_is_no_leftover() {
    if !able(&["strace"]) {
        return;
    }
    for beside in [true, false] {
        let folder = folder();
        let (logs, links) = match beside {
            true => (folder.path().join("logs"), folder.path().join("logs")),
            false => (folder.path().join("logs"), folder.path().join("links")),
        };
        std::fs::create_dir(&logs).unwrap();
        std::fs::create_dir_all(&links).unwrap();
        let log = logs.join("app.log");
        let lh = || {
            Lh::new("rotate --max-bytes 1K --backups 2 --link")
                .arg(links.join("cur"))
                .arg(&log)
        };
        killed(lh(), folder.path());
        let left = names(&links);
        let left: Vec<_> = left.iter().filter(|name| *name != "app.log").collect();
        assert_eq!(left.len(), 1, "{left:?}");
        let target = std::fs::read_link(links.join(left[0])).unwrap();
        let (gone, here) = (gone(), std::process::id());
        let mut kept = vec![
            format!("cur.{here}.tmp"),
            format!("cur.0{gone}.tmp"),
            format!("cur.{gone}.tmp.kept"),
            format!("curs.{gone}.tmp"),
            "cur.4294967295.tmp".to_owned(),
            "cur.tmp".to_owned(),
        ];
        for name in &kept {
            symlink(&target, links.join(name)).unwrap();
        }
        // Neither another's link nor a file is one that it makes.
        let (others, file) = (format!("cur.{gone}.tmp"), format!("cur.{gone}1.tmp"));
        symlink("other.log", links.join(&others)).unwrap();
        std::fs::write(links.join(&file), "").unwrap();
        let outcome = lh().feed("two\n").expect(0);
        assert_eq!(outcome.stderr, "");
        kept.extend([others, file, "cur".to_owned()]);
        if beside {
            kept.push("app.log".to_owned());
        }
        kept.sort();
        assert_eq!(names(&links), kept);
        assert_eq!(std::fs::read_link(links.join("cur")).unwrap(), target);
        assert_eq!(std::fs::read_to_string(links.join("cur")).unwrap(), "two\n");
    }
}
