//! Logging in, and what nobody gets to see.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::server::{Server, able};
use crate::support::Certificates;
use crate::trials::{Lh, folder};

const PASSWORD: &str = "correct horse";

fn password(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("password");
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("a mode");
    path
}

#[test]
fn plain_and_login_over_tls() {
    if !able() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let (cert, key) = (certificates.cert("good"), certificates.key("good"));
    let file = password(folder.path(), &format!("{PASSWORD}\n"));
    for (mechanism, how) in [
        ("PLAIN", "--starttls"),
        ("LOGIN", "--starttls"),
        ("PLAIN", "--implicit"),
    ] {
        let server = Server::start(
            folder.path(),
            &format!(
                "{how} {} {} --mechanism AUTH_{mechanism} --auth ann:correct_horse",
                cert.display(),
                key.display()
            )
            .replace("AUTH_", ""),
        );
        let tls = match how {
            "--implicit" => "--tls implicit",
            // It is what credentials ask for.
            _ => "",
        };
        let ca = certificates.cert("ca");
        let options = format!(
            "smtp {} {tls} --ca {} --user ann",
            server.options(),
            ca.display()
        );
        let lh = Lh::new(&options).arg("--password-file").arg(&file);
        lh.feed("one\ntwo\n").expect(0);
        // From the environment.
        let lh = Lh::new(&options).env("LH_SMTP_PASSWORD", PASSWORD);
        lh.feed("three\n").expect(0);
        let logins = server.events_of("login");
        assert_eq!(logins.len(), 2, "once for each connection: {logins:?}");
        for login in &logins {
            assert_eq!(
                (&login["mechanism"], &login["good"], &login["tls"]),
                (&mechanism.into(), &true.into(), &true.into())
            );
        }
        let mails = server.accepted();
        assert_eq!(mails.len(), 3);
        assert!(
            mails
                .iter()
                .all(|mail| mail["tls"] == true && mail["user"] == "ann")
        );
    }
}

#[test]
fn a_wrong_password_keeps_the_records_and_is_not_shown() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--mechanism PLAIN --auth ann:other");
    let file = password(folder.path(), PASSWORD);
    let (spool, dead) = (folder.path().join("spool"), folder.path().join("dead"));
    let options = format!(
        "smtp {} --tls none --insecure-auth --user ann --password-file {} --drain-timeout 2s \
         --spool {} --dead-letter {}",
        server.options(),
        file.display(),
        spool.display(),
        dead.display()
    );
    let outcome = Lh::new(&options).feed("one\n").expect(0);
    let stderr = &outcome.stderr;
    assert!(stderr.contains("the log-in is refused: 535"), "{stderr}");
    assert!(stderr.contains("is the password right?"), "{stderr}");
    assert!(!stderr.contains(PASSWORD), "{stderr}");
    assert!(!dead.exists());
    // It is read again.
    password(folder.path(), "other");
    Lh::new(&options).feed("two\n").expect(0);
    assert_eq!(server.accepted().len(), 2);
}

#[test]
fn nothing_is_said_in_clear() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--auth ann:x");
    let file = password(folder.path(), PASSWORD);
    let with = |more: &str| {
        let file = file.display();
        let options = server.options();
        Lh::new(&format!(
            "smtp {options} --user ann --password-file {file} --drain-timeout 1s {more}"
        ))
    };
    let outcome = with("--tls none").feed("one\n").expect(2);
    assert!(
        outcome.stderr.contains("would be sent in clear"),
        "{}",
        outcome.stderr
    );
    // It offers no STARTTLS.
    let outcome = with("").feed("one\n").expect(1);
    assert!(
        outcome.stderr.contains("offers no STARTTLS"),
        "{}",
        outcome.stderr
    );
    assert!(server.events_of("login").is_empty() && server.mails().is_empty());
}

#[test]
fn a_password_has_to_be_somewhere() {
    let folder = folder();
    let base = "smtp --host 127.0.0.1:9 --from a@x --to b@x";
    let outcome = Lh::new(&format!("{base} --user ann")).feed("").expect(2);
    assert!(
        outcome.stderr.contains("LH_SMTP_PASSWORD"),
        "{}",
        outcome.stderr
    );
    let missing = folder.path().join("missing");
    let options = format!("{base} --user ann --password-file {}", missing.display());
    let outcome = Lh::new(&options).feed("").expect(2);
    assert!(
        outcome.stderr.contains("cannot read the password"),
        "{}",
        outcome.stderr
    );
    let file = password(folder.path(), "x");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("a mode");
    let options = format!("{base} --user ann --password-file {}", file.display());
    let outcome = Lh::new(&options).feed("").expect(0);
    assert!(
        outcome.stderr.contains("others can read this secret"),
        "{}",
        outcome.stderr
    );
    // There is no such option, whose value everybody could see.
    Lh::new(&format!("{base} --user ann --password x"))
        .feed("")
        .expect(2);
}

/// `lh check` logs in, and sends nothing.
#[test]
fn a_log_in_is_tried() {
    if !able() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let (cert, key) = (certificates.cert("good"), certificates.key("good"));
    let server = Server::start(
        folder.path(),
        &format!(
            "--starttls {} {} --mechanism PLAIN --auth ann:correct_horse",
            cert.display(),
            key.display()
        ),
    );
    let ca = certificates.cert("ca");
    for (word, code, said) in [
        (
            PASSWORD,
            0,
            "it answers, its certificate is good, it lets ann in",
        ),
        ("wrong", 1, "FAILED"),
    ] {
        let options = server.options();
        let options = format!("check smtp {options} --ca {} --user ann", ca.display());
        let lh = Lh::new(&options)
            .env("LH_SMTP_PASSWORD", word)
            .read_stdout();
        let outcome = lh.feed("");
        assert_eq!(outcome.code(), code, "{}", outcome.stderr);
        let out = String::from_utf8_lossy(&outcome.stdout).into_owned();
        assert!(out.contains(said) && !out.contains(word), "{out}");
    }
    assert!(server.mails().is_empty());
}
