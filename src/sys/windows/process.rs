//! Commands that lh runs.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::process::{Child, Command, ExitStatus};

use super::calls;

/// The number of SIGTERM, which stands for being asked to end.
pub const TERMINATE: i32 = 15;

/// The end of a pipe as a file.
pub fn file_of(end: impl Into<OwnedHandle>) -> File {
    end.into().into()
}

/// Starts a command.
///
/// # Errors
/// Those of CreateProcess.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    command.spawn()
}

/// Ends a child if it is asked to end: there is no milder way to tell a program
/// that. Other signals do not exist.
pub fn signal_child(child: &Child, signal: i32) -> io::Result<()> {
    match signal {
        TERMINATE => calls::terminate(child.as_handle(), 128 + TERMINATE as u32),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Has it told as an event when a child has ended.
pub fn watch_child(child: &Child) -> io::Result<()> {
    let process = child.as_handle().try_clone_to_owned()?;
    std::thread::spawn(move || {
        calls::wait_for(process.as_handle());
        #[cfg(feature = "cli")]
        super::signals::child_ended();
    });
    Ok(())
}

/// The program's own status, as far as it is one of a shell's.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(u8::MAX)
}

/// A terminal for one output of a command.
///
/// # Errors
/// `Unsupported`, always.
pub fn terminal(_columns: u16, _rows: u16) -> io::Result<(File, File)> {
    let text = "this system has no pseudo-terminals (--pty)";
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}

/// Gives a terminal another size.
///
/// # Errors
/// `Unsupported`, always.
pub fn set_terminal_size(_end: &File, _columns: u16, _rows: u16) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether an error of a read is the end of a terminal: there is none.
pub fn is_hangup(_error: &io::Error) -> bool {
    false
}

/// There is no such limit.
#[cfg(all(feature = "cli", feature = "net"))]
pub fn raise_descriptor_limit() {}
