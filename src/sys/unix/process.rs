//! Child processes: their signals, their statuses, and terminals for them.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::Pid;

/// The end of a pipe as a file.
pub fn file_of(end: impl Into<OwnedFd>) -> File {
    end.into().into()
}

/// The number of SIGTERM.
pub const TERMINATE: i32 = Signal::SIGTERM as i32;

/// Whether the process was started with a signal ignored. Where the system does
/// not tell, it was not.
#[cfg(feature = "cli")]
pub fn ignores_signal(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// The signals that were blocked when lh was started.
static GIVEN: OnceLock<SigSet> = OnceLock::new();

/// Lets signals come that whoever started lh has blocked: they would be caught
/// and never come. A parent does that for its own sake, and what it starts has
/// the same mask.
///
/// # Errors
/// Those of pthread_sigmask(3).
#[cfg(feature = "cli")]
pub(super) fn unblock(signals: &[i32]) -> io::Result<()> {
    let mut set = SigSet::empty();
    for signal in signals {
        set.add(Signal::try_from(*signal)?);
    }
    let given = set.thread_swap_mask(SigmaskHow::SIG_UNBLOCK)?;
    GIVEN.get_or_init(|| given);
    Ok(())
}

/// Starts a command that has the same signals blocked as lh had at its start, as
/// it would have without lh: std leaves the mask of the thread that starts it.
///
/// # Errors
/// Those of fork(2) and execve(2).
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    let Some(given) = GIVEN.get() else {
        return command.spawn();
    };
    let own = given.thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let child = command.spawn();
    // It was this thread's a moment ago: nothing can be wrong with it.
    let _ = own.thread_set_mask();
    child
}

/// Sends a signal to a child that was not waited for yet, so that its number
/// can't be another process's by now.
pub fn signal_child(child: &Child, signal: i32) -> io::Result<()> {
    let pid = i32::try_from(child.id()).map_err(|_| Errno::ESRCH)?;
    kill(Pid::from_raw(pid), Signal::try_from(signal)?).map_err(io::Error::from)
}

/// Has it told as an event when a child has ended, which SIGCHLD does.
pub fn watch_child(_child: &Child) -> io::Result<()> {
    Ok(())
}

/// The status as a shell gives it: the program's own, or 128 and the number of
/// the signal that ended it.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    // wait(2) has eight bits of the one and seven of the other.
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}

/// A terminal of its own for one output of a command: what lh reads from, and
/// what the command writes to. Bytes go through as they are, and nothing is
/// echoed.
///
/// # Errors
/// Those of openpty(3).
pub fn terminal(columns: u16, rows: u16) -> io::Result<(File, OwnedFd)> {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let OpenptyResult { master, slave } = openpty(&size, None)?;
    for end in [&master, &slave] {
        // The command has its copy as an output; another one of either would
        // keep the terminal open.
        fcntl(end.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    let mut settings = tcgetattr(&slave)?;
    cfmakeraw(&mut settings);
    tcsetattr(&slave, SetArg::TCSANOW, &settings)?;
    Ok((master.into(), slave))
}

/// Whether an error of read(2) says that nobody has the other end of a
/// terminal open any more: its end of file.
pub fn is_hangup(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::EIO as i32)
}

/// Lets the process have as many files open as it may have at most.
#[cfg(all(feature = "cli", feature = "net"))]
pub fn raise_descriptor_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it can't be raised, it stays.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
