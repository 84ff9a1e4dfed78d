//! Trial 34: retention deletes what the handler itself would have made, and
//! nothing beside it.
//!
//! Not tested here: `--namer` patterns one by one (the names' own tests).

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;

use crate::support::{Lh, Report, folder, records};

/// Names near to a backup's that are none.
const FOREIGN: [&str; 22] = [
    "app.log.bak",
    "app.log.1.txt",
    "app.log.1.bz2",
    "app.log.01",
    "app.log.1.gz.bak",
    "app.log.+1",
    "app.log.-1",
    "app.log.1 ",
    "app.log.",
    "app.log.0",
    "app.log2",
    "app.log2.2026-01-01",
    "app.log.2026-01-01",
    "app.log.2026-13-01_00-00-00",
    "app.log.2026-01-01_00-00-00.txt",
    "app.log.2026-01-01_00-00-00-1",
    "app.log.2026-1-1_0-0-0",
    "xapp.log.1",
    "APP.LOG.1",
    "app.logs.1",
    "app-log.1",
    "app.log.old.1",
];

#[test]
fn foreign_files_stay() {
    for handler in [
        "rotate --max-bytes 500 --backups 2",
        "rotate --max-bytes 500 --backups 2 --compress gzip",
        "rotate --max-bytes 500 --backups 2 --max-total 2K",
        "timed --when S --max-bytes 500 --backups 2",
        "timed --when S --max-bytes 500 --backups 2 --max-age 1s --max-total 2K",
    ] {
        let folder = folder();
        let mut foreign = BTreeMap::new();
        for name in FOREIGN {
            std::fs::write(folder.path().join(name), name).unwrap();
            foreign.insert(name, name.as_bytes().to_vec());
        }
        std::fs::create_dir(folder.path().join("app.log.7")).unwrap();
        symlink("app.log.bak", folder.path().join("app.log.8")).unwrap();
        Lh::new(handler)
            .arg(folder.path().join("app.log"))
            .feed(records(1..=300))
            .expect(0);
        for (name, bytes) in &foreign {
            let there = std::fs::read(folder.path().join(name));
            assert_eq!(there.ok().as_ref(), Some(bytes), "{handler}: {name}");
        }
        assert!(folder.path().join("app.log.7").is_dir(), "{handler}");
        assert!(folder.path().join("app.log.8").is_symlink(), "{handler}");
        for name in FOREIGN {
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
        let report = Report::of(folder.path(), 300..=300);
        report.assert_perfect(handler);
        assert_eq!(report.backups(), 2, "{handler}: {report}");
    }
}
