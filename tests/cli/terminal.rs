//! What a terminal sends to `-- COMMAND`, through lh or by itself: once.
//!
//! Not tested here: keys that end the input, and what `--progress` draws.

use crate::support::{Folder, peer};

/// Says how often it got a signal. One that is too many has a moment to come.
const COUNT: &str = "\
import signal, sys, time
got = []
signal.signal(getattr(signal, sys.argv[1]), lambda *_: got.append(1))
print('ready', flush=True)
end = time.monotonic() + 10
while not got and time.monotonic() < end: time.sleep(0.01)
time.sleep(0.2)
print(len(got), flush=True)
";

/// Runs a program at a terminal of its own, and presses a key there, or closes it.
const TERMINAL: &str = "\
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
end = time.monotonic() + 14
def wait(lines):
    while not os.path.exists('a') or open('a').read().count('\\n') < lines:
        assert time.monotonic() < end, lines
        time.sleep(0.01)
wait(1)
match sys.argv[1]:
    case 'SIGINT': os.write(terminal, b'\\x03')
    case 'SIGQUIT': os.write(terminal, b'\\x1c')
    case 'SIGHUP': os.close(terminal)
wait(2)
";

/// The keys reach all processes of the terminal's foreground. Its end reaches the leader
/// of its session, and the others when that ends: what lh has alone is passed on.
#[test]
fn what_a_terminal_sends_comes_once() {
    if !peer("python3") {
        return;
    }
    for signal in ["SIGINT", "SIGQUIT", "SIGHUP"] {
        for options in ["", "--pty"] {
            // With a shell for the leader, which does not end of a key, and with lh.
            for leader in ["sh -c 'trap : QUIT; \"$@\"; :' sh", ""] {
                let folder = Folder::new();
                folder.write("count.py", COUNT);
                folder.write("terminal.py", TERMINAL);
                let lh = format!("\"$LH\" {options} file a -- python3 count.py {signal}");
                let script = format!("exec python3 terminal.py {signal} {leader} {lh}");
                folder.sh(&script).run().ok();
                assert_eq!(folder.text("a"), "ready\n1\n", "{script}");
            }
        }
    }
}

/// Says how large its terminal is, and again when it is told that this has changed.
const SIZE: &str = "\
import os, signal, time
told = [1]
signal.signal(signal.SIGWINCH, lambda *_: told.append(1))
end = time.monotonic() + 10
lines = 0
while lines != 50 and time.monotonic() < end:
    if told:
        told.clear()
        columns, lines = os.get_terminal_size(1)
        print(columns, lines, flush=True)
    time.sleep(0.01)
";

/// Runs a program at a terminal whose size changes.
const WINDOW: &str = "\
import fcntl, os, pty, struct, sys, termios, time
def size(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
pid, terminal = pty.fork()
if pid == 0:
    size(1, 24, 100)
    os.execvp(sys.argv[1], sys.argv[1:])
end = time.monotonic() + 10
while not os.path.exists('a') or open('a').read().count('\\n') < 1:
    assert time.monotonic() < end
    time.sleep(0.01)
size(terminal, 50, 180)
os.waitpid(pid, 0)
";

#[test]
fn the_terminal_of_a_command_follows_that_of_lh() {
    if !peer("python3") {
        return;
    }
    let folder = Folder::new();
    folder.write("size.py", SIZE);
    folder.write("window.py", WINDOW);
    let lh = "\"$LH\" --pty file a -- python3 size.py";
    folder
        .sh(&format!("exec python3 window.py {lh}"))
        .run()
        .ok();
    let told = folder.text("a");
    assert!(told.starts_with("100 24\n"), "{told}");
    assert!(told.ends_with("180 50\n"), "{told}");
}
