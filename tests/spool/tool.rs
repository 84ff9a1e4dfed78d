//! `lh spool`: what it says and does, and that it is only a look where it
//! should be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::port::free_address;
use crate::support::*;

const SIZE: u64 = 64 << 10;

fn lh(args: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lh"))
        .arg("spool")
        .args(args)
        .arg(directory)
        .env("TZ", "UTC")
        .output()
        .expect("lh runs")
}

/// Its status, and what it has said on both outputs.
fn run(args: &[&str], directory: &Path) -> (i32, String, String) {
    let output = lh(args, directory);
    (
        output.status.code().expect("no signal"),
        String::from_utf8(output.stdout).expect("text"),
        String::from_utf8(output.stderr).expect("text"),
    )
}

fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(directory).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all.append(&mut files(&path)),
            false => {
                let bytes = std::fs::read(&path).expect("a file");
                all.insert(path, bytes);
            }
        }
    }
    all
}

/// Sixty records, of which ten are delivered, as a crash leaves them.
fn spool(folder: &Path) -> PathBuf {
    let spool = folder.join("spool");
    let (mut writer, mut reader, _) = open(&spool, SIZE);
    let target = lh::spool::Target {
        words: ["lh", "socket", "a b", "host:514"].map(Into::into).to_vec(),
        directory: "/tmp".into(),
        form: "json".to_owned(),
    };
    writer.set_target(&target).expect("noted");
    for number in 1..=60 {
        append(&mut writer, &[record(number, 150)]);
    }
    while read(&mut reader, 10_000).last().expect("records").0 < 60 {}
    reader.acknowledge(10).expect("noted");
    spool
}

fn text(numbers: std::ops::RangeInclusive<u64>) -> String {
    let all: Vec<u8> = numbers.flat_map(|number| record(number, 150)).collect();
    String::from_utf8(all).expect("text")
}

#[test]
fn ls_says_what_it_holds() {
    let folder = folder();
    let spool = spool(folder.path());
    let before = files(&spool);
    let (status, said, errors) = run(&["ls"], &spool);
    assert_eq!((status, errors.as_str()), (0, ""));
    let begin = format!("{}: 50 records, ", spool.display());
    let end = ", 0 known to be damaged, for lh socket 'a b' host:514\n";
    assert!(said.starts_with(&begin) && said.ends_with(end), "{said}");
    assert!(
        said.contains(" bytes, 3 segments, oldest from 20"),
        "{said}"
    );
    assert!(before == files(&spool), "it was only looked at");

    let halves = open(&spool, SIZE);
    let (status, said, _) = run(&["ls"], &spool);
    let owner = format!(", in use by process {}, for lh", std::process::id());
    assert!(status == 0 && said.contains(&owner), "{said}");
    drop(halves);
}

#[test]
fn cat_prints_what_waits() {
    let folder = folder();
    let spool = spool(folder.path());
    let before = files(&spool);
    assert_eq!(run(&["cat"], &spool), (0, text(11..=60), String::new()));
    assert!(before == files(&spool), "it was only looked at");
    assert_eq!(
        run(&["cat", "--all"], &spool),
        (0, text(1..=60), String::new())
    );
    let halves = open(&spool, SIZE);
    assert_eq!(run(&["cat"], &spool), (0, text(11..=60), String::new()));
    drop(halves);
}

#[test]
fn check_says_what_is_damaged_and_changes_nothing() {
    let folder = folder();
    let spool = spool(folder.path());
    let name = spool.display();
    let whole = format!("{name}: 60 records are whole\n");
    assert_eq!(run(&["check"], &spool), (0, whole, String::new()));

    let segment = segments(&spool).remove(1);
    let mut bytes = std::fs::read(&segment).expect("a segment");
    bytes[100] ^= 1;
    std::fs::write(&segment, &bytes).expect("written");
    std::fs::write(spool.join(format!("{:020}.seg", 5)), [7; 500]).expect("written");
    let last = segments(&spool).pop().expect("a segment");
    let length = last.metadata().expect("it").len();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&last)
        .and_then(|file| file.set_len(length - 3))
        .expect("cut");
    let before = files(&spool);
    let (status, said, errors) = run(&["check"], &spool);
    assert_eq!((status, errors.as_str()), (1, ""));
    let file = segment.file_name().expect("a name").to_string_lossy();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(
        lines[0].starts_with(&format!("{file}: the bytes 48 to ")),
        "{said}"
    );
    assert!(
        lines[1].starts_with("00000000000000000005.seg: holds no record"),
        "{said}"
    );
    let sum = "58 records are whole, 1 is missing, 2 places are damaged, the last ";
    assert!(lines[2].contains(sum), "{said}");
    assert!(before == files(&spool), "it was only looked at");

    let (status, _, errors) = run(&["cat"], &spool);
    let want =
        format!("lh: {name}: 2 damaged places were left out; lh spool check {name} says where\n");
    assert_eq!((status, errors), (1, want));
}

#[test]
fn drop_forgets_what_it_is_told_to() {
    let folder = folder();
    let spool = spool(folder.path());
    let name = spool.display();
    let said = |text: &str| format!("{name}: {text}\n");
    let dropped = run(&["drop", "--oldest", "7"], &spool);
    assert_eq!(
        dropped,
        (0, said("7 records dropped, 43 left"), String::new())
    );
    assert_eq!(run(&["cat"], &spool).1, text(18..=60));

    let halves = open(&spool, SIZE);
    let (status, out, errors) = run(&["drop", "--all"], &spool);
    let want = format!(
        "lh: the spool {name} is in use by process {}; give each lh a spool of its own\n",
        std::process::id()
    );
    assert_eq!((status, out.as_str(), errors), (1, "", want));
    drop(halves);

    let (status, _, errors) = run(&["drop"], &spool);
    assert!(
        status == 2 && errors.contains("<--oldest <N>|--all>"),
        "{errors}"
    );
    let dropped = run(&["drop", "--all"], &spool);
    assert_eq!(
        dropped,
        (0, said("43 records dropped, 0 left"), String::new())
    );
    assert_eq!(segments(&spool), Vec::<PathBuf>::new());
    assert_eq!(run(&["cat", "--all"], &spool).1, "");
    let (mut writer, mut reader, recovery) = open(&spool, SIZE);
    assert_eq!((recovery.waiting, recovery.notes()), (0, vec![]));
    assert!(writer.next_number() > 60);
    append(&mut writer, &[b"next".to_vec()]);
    assert_eq!(drain(&mut reader).len(), 1);
}

/// Of twenty records, the fifth is damaged, or the last.
#[test]
fn a_damaged_record_is_counted_and_told() {
    use std::io::{Read as _, Write as _};
    for (place, damaged) in [(4, "5\n"), (19, "20\n")] {
        let folder = folder();
        let spool = folder.path().join("spool");
        let name = spool.display().to_string();
        let socket = |address: &str, input: &str| {
            let words = "socket --wire lines --retry-start 1h --drain-timeout 500ms --spool";
            let mut running = Command::new(env!("CARGO_BIN_EXE_lh"))
                .args(words.split(' '))
                .args([&name, address])
                .stdin(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("lh runs");
            let mut stdin = running.stdin.take().expect("its input");
            stdin.write_all(input.as_bytes()).expect("taken");
            drop(stdin);
            let output = running.wait_with_output().expect("it ends");
            let stderr = String::from_utf8(output.stderr).expect("text");
            (output.status.code(), stderr)
        };
        let address = free_address().to_string();
        let lines: Vec<String> = (1..=20).map(|number| format!("{number}\n")).collect();
        let (status, said) = socket(&address, &lines.concat());
        assert_eq!(status, Some(0));
        assert!(said.contains("20 records stay in the spool"), "{said}");

        let segment = segments(&spool).remove(0);
        let mut bytes = std::fs::read(&segment).expect("a segment");
        let before: usize = lines[..place].iter().map(|line| 20 + line.len()).sum();
        bytes[48 + before + 20] ^= 1;
        std::fs::write(&segment, &bytes).expect("written");
        let counted = [": 19 records, ", ", 1 known to be damaged, "];
        let ls = || {
            let (status, said, _) = run(&["ls"], &spool);
            assert_eq!(status, 0);
            assert!(counted.iter().all(|part| said.contains(part)), "{said}");
        };
        ls();
        let (_, said, _) = run(&["check"], &spool);
        assert!(
            said.contains("19 records are whole, 1 is missing"),
            "{said}"
        );

        let (status, said) = socket(&address, "");
        assert_eq!(status, Some(1), "{said}");
        for text in [
            "1 records are missing",
            "19 records stay in the spool",
            "1 records were not delivered",
        ] {
            assert!(said.contains(text), "{said}");
        }
        ls();

        let listener = std::net::TcpListener::bind(&address).expect("its port");
        let receiver = std::thread::spawn(move || {
            let mut text = String::new();
            let (mut stream, _) = listener.accept().expect("a connection");
            stream.read_to_string(&mut text).expect("text");
            text
        });
        let (status, said) = socket(&address, "");
        assert_eq!(status, Some(1), "{said}");
        assert!(
            said.contains("1 records were not delivered; 19 were"),
            "{said}"
        );
        let all = lines.concat();
        let whole = all.replace(&format!("\n{damaged}"), "\n");
        assert_eq!(receiver.join().expect("it ends"), whole);
        assert_eq!(socket(&address, "").0, Some(0), "it is over");
    }
}

/// Nothing is made where no spool is.
#[test]
fn what_is_no_spool_is_left_alone() {
    let folder = folder();
    for words in [&["ls"][..], &["cat"], &["check"], &["drop", "--all"]] {
        let missing = folder.path().join("missing");
        let (status, out, errors) = run(words, &missing);
        assert_eq!((status, out.as_str()), (1, ""));
        assert!(errors.contains("No such file or directory"), "{errors}");
        let (status, _, errors) = run(words, folder.path());
        assert!(status == 1 && errors.contains("is no spool"), "{errors}");
        assert!(files(folder.path()).is_empty() && !missing.exists());
    }
}

/// Trial 31: a spool is free again however its owner ended, and its records
/// are there. The owner is this test in a process of its own.
#[test]
fn kill_9_frees_it() {
    use std::io::{BufRead, BufReader};
    if let Some(spool) = std::env::var_os("LH_TEST_SPOOL") {
        let (mut writer, reader, _) = open(spool.as_ref(), SIZE);
        append(&mut writer, &[record(1, 50)]);
        println!("\nready");
        std::thread::sleep(std::time::Duration::from_secs(60));
        drop((writer, reader));
        return;
    }
    let folder = folder();
    let spool = folder.path().join("spool");
    for round in 1..=20 {
        let mut owner = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "tool::kill_9_frees_it", "--nocapture"])
            .env("LH_TEST_SPOOL", &spool)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(owner.stdout.take().expect("its output")).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == "ready"));
        let error = lh::spool::open(options(&spool, SIZE), lh::now::Now::read());
        let error = error.expect_err("it is in use").to_string();
        assert!(
            error.contains(&format!("process {};", owner.id())),
            "{error}"
        );
        owner.kill().expect("killed");
        owner.wait().expect("it is over");
        let (_, mut reader, recovery) = open(&spool, SIZE);
        assert_eq!(
            (recovery.waiting, drain(&mut reader).len()),
            (round, round as usize)
        );
    }
}
