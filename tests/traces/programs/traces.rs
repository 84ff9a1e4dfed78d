//! Prints panics to stderr, each between two lines that begin with `==`.

use std::panic::catch_unwind;

fn mark(name: &str) {
    eprintln!("== {name}");
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

fn deep(n: u64) -> u64 {
    if n == u64::MAX { 0 } else { deep(n + 1) + 1 }
}

fn main() {
    mark("a message of several lines");
    let _ = catch_unwind(|| panic!("several\nlines\n\nof text"));
    mark("a thread");
    let thread = std::thread::Builder::new().name("worker".into());
    let thread = thread.spawn(|| assert_eq!(1, 2, "why\nindeed"));
    let _ = thread.unwrap().join();
    mark("no message");
    let _ = catch_unwind(|| panic!(""));
    mark("below a line of the log");
    eprintln!("[2024-03-05T10:11:12Z ERROR app] giving up");
    let _ = catch_unwind(|| assert!(std::env::args().count() > 9));
    match std::env::args().nth(1).as_deref() {
        Some("overflow") => {
            mark("the stack overflows");
            println!("{}", deep(1));
        }
        Some("twice") => {
            mark("a panic of its own");
            let _bomb = catch_unwind(|| drop(Bomb));
        }
        _ => {}
    }
    mark("uncaught");
    let result: Result<u8, String> = Err("bad".into());
    result.unwrap();
}
