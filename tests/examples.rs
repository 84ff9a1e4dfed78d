//! The program in examples/ does what it says.

use std::process::Command;

#[test]
fn handlers_of_a_rust_program() {
    // cargo has built it beside the tests.
    let own = std::env::current_exe().unwrap();
    let built = own.parent().unwrap().parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(built.join("examples/handlers"))
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"ding: order 400 is not paid for\n");
    assert_eq!(output.stderr, b"");

    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let app = ["app.log.3", "app.log.2", "app.log.1", "app.log"]
        .map(read)
        .concat();
    assert!(
        app.ends_with("DEBUG    shop: order 500 is looked at\n"),
        "{app}"
    );
    assert!(
        app.contains("ERROR    shop: order 400 is not paid for\n"),
        "{app}"
    );
    let incident = read("incident.log");
    let lines: Vec<_> = incident.lines().collect();
    assert!(lines[0].ends_with("order 381 is looked at"), "{incident}");
    assert!(
        lines[20].ends_with("order 400 is not paid for"),
        "{incident}"
    );
    assert_eq!(lines.len(), 21);
}
