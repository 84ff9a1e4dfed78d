//! Calls of Windows that no safe crate has.
//!
//! This is the one file for Windows with unsafe code. Each function is a single
//! call behind an interface that can't be used wrongly.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_IO_PENDING, ERROR_LOCK_VIOLATION, ERROR_SHARING_VIOLATION, HANDLE,
};
use windows_sys::Win32::Storage::FileSystem as files;
use windows_sys::Win32::System::Console;
use windows_sys::Win32::System::IO::OVERLAPPED;
use windows_sys::Win32::System::Threading as threads;

/// Text for the system: UTF-16, and a zero at its end.
pub fn wide(text: impl AsRef<std::ffi::OsStr>) -> Vec<u16> {
    // A zero within would end it there.
    let units = text.as_ref().encode_wide().filter(|unit| *unit != 0);
    units.chain([0]).collect()
}

fn handle(file: &File) -> HANDLE {
    file.as_raw_handle()
}

/// The answer of a call that gives zero for a failure.
fn done(answer: i32) -> io::Result<()> {
    match answer {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// What only an open file tells.
#[derive(Clone, Copy, Debug)]
pub struct Information {
    /// The number of its volume.
    pub volume: u32,
    /// Its own number there.
    pub index: u64,
    /// How many names it has.
    pub links: u32,
}

/// Asks for an open file's identity.
pub fn file_information(file: &File) -> io::Result<Information> {
    // SAFETY: it is made of integers only, for which zero is a value.
    let mut known: files::BY_HANDLE_FILE_INFORMATION = unsafe { std::mem::zeroed() };
    // SAFETY: the handle is open as long as the file is borrowed, and the pointer is
    // to a value of this function.
    done(unsafe { files::GetFileInformationByHandle(handle(file), &raw mut known) })?;
    Ok(Information {
        volume: known.dwVolumeSerialNumber,
        index: u64::from(known.nFileIndexHigh) << 32 | u64::from(known.nFileIndexLow),
        links: known.nNumberOfLinks,
    })
}

/// What a handle leads to.
fn file_type(file: &File) -> u32 {
    // SAFETY: the handle is open as long as the file is borrowed.
    unsafe { files::GetFileType(handle(file)) }
}

/// Whether it is a file on a disk.
pub fn is_disk(file: &File) -> bool {
    file_type(file) == files::FILE_TYPE_DISK
}

/// Whether it is a pipe or a socket.
pub fn is_pipe(file: &File) -> bool {
    file_type(file) == files::FILE_TYPE_PIPE
}

/// Moves a file, on the same volume, to a name that must be free.
pub fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (wide(from), wide(to));
    // SAFETY: both are ended by a zero, and are there until the call is over.
    done(unsafe { files::MoveFileExW(from.as_ptr(), to.as_ptr(), 0) })
}

/// Tries again for a fifth of a second what somebody else's open file forbids.
pub fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let until = Instant::now() + Duration::from_millis(200);
    loop {
        match attempt() {
            Err(error) if is_in_the_way(&error) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

fn is_in_the_way(error: &io::Error) -> bool {
    let passing = [
        ERROR_SHARING_VIOLATION,
        ERROR_LOCK_VIOLATION,
        ERROR_ACCESS_DENIED,
    ];
    super::is(error, &passing)
}

/// A byte that no file has: locks hold there, for on Windows what is locked
/// can't be read by others.
fn lock_place() -> OVERLAPPED {
    // SAFETY: it is made of integers and pointers, for which zero is a value.
    let mut place: OVERLAPPED = unsafe { std::mem::zeroed() };
    place.Anonymous.Anonymous.Offset = u32::MAX - 1;
    place.Anonymous.Anonymous.OffsetHigh = i32::MAX as u32;
    place
}

/// Locks a file against every other open of it. `false`: somebody has the lock,
/// and it was not to be waited for.
pub fn lock_file(file: &File, wait: bool) -> io::Result<bool> {
    let mut place = lock_place();
    let flags = match wait {
        true => files::LOCKFILE_EXCLUSIVE_LOCK,
        false => files::LOCKFILE_EXCLUSIVE_LOCK | files::LOCKFILE_FAIL_IMMEDIATELY,
    };
    // SAFETY: the handle is open as long as the file is borrowed, and was opened for
    // calls that wait, so the place is not used any more when this one is over.
    let answer = unsafe { files::LockFileEx(handle(file), flags, 0, 1, 0, &raw mut place) };
    match done(answer) {
        Ok(()) => Ok(true),
        Err(error) if !wait && super::is(&error, &[ERROR_LOCK_VIOLATION, ERROR_IO_PENDING]) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Gives that lock up.
pub fn unlock_file(file: &File) -> io::Result<()> {
    let mut place = lock_place();
    // SAFETY: as for `lock_file`.
    done(unsafe { files::UnlockFileEx(handle(file), 0, 1, 0, &raw mut place) })
}

/// The bytes that this user can still write below a directory.
pub fn free_space(directory: &Path) -> io::Result<u64> {
    let directory = wide(directory);
    let mut free = 0;
    // SAFETY: the name is ended by a zero, and the pointer is to a value of this
    // function; the others may be null.
    let answer = unsafe {
        files::GetDiskFreeSpaceExW(directory.as_ptr(), &raw mut free, null_mut(), null_mut())
    };
    done(answer).map(|()| free)
}

/// Makes a console show UTF-8, where a handle leads to one.
pub fn show_utf8(file: &File) {
    const UTF_8: u32 = 65001;
    let mut mode = 0;
    // SAFETY: the handle is open as long as the file is borrowed, and the pointer is
    // to a value of this function; the second call takes a number.
    unsafe {
        if Console::GetConsoleMode(handle(file), &raw mut mode) != 0 {
            Console::SetConsoleOutputCP(UTF_8);
        }
    }
}

/// Has a function called, on a thread of its own, for what the console or the
/// system asks of the process.
#[cfg(feature = "cli")]
pub fn on_control(handler: unsafe extern "system" fn(u32) -> i32) -> io::Result<()> {
    // SAFETY: the function is there as long as the program.
    done(unsafe { Console::SetConsoleCtrlHandler(Some(handler), 1) })
}

/// Ends a process.
pub fn terminate(process: BorrowedHandle<'_>, status: u32) -> io::Result<()> {
    // SAFETY: the handle is open as long as it is borrowed.
    done(unsafe { threads::TerminateProcess(process.as_raw_handle(), status) })
}

/// Waits until a process has ended.
pub fn wait_for(process: BorrowedHandle<'_>) {
    // SAFETY: the handle is open as long as it is borrowed.
    unsafe { threads::WaitForSingleObject(process.as_raw_handle(), threads::INFINITE) };
}

#[cfg(feature = "net")]
pub use net::{EventSource, Wanted, poll, register_source};

#[cfg(feature = "net")]
mod net {
    use super::*;
    use std::os::windows::io::AsRawSocket;

    use socket2::Socket;
    use windows_sys::Win32::Networking::WinSock;
    use windows_sys::Win32::System::EventLog as log;
    use windows_sys::Win32::System::Registry as registry;

    /// What a socket is waited for, and what came of it: the flags of WSAPoll.
    #[derive(Clone, Copy, Debug)]
    pub struct Wanted<'s> {
        pub socket: &'s Socket,
        pub wanted: i16,
        pub came: i16,
    }

    /// Waits until one of the sockets has something of what is wanted.
    pub fn poll(sockets: &mut [Wanted<'_>], most: Duration) -> io::Result<()> {
        let mut all: Vec<WinSock::WSAPOLLFD> = sockets
            .iter()
            .map(|one| WinSock::WSAPOLLFD {
                fd: one.socket.as_raw_socket() as _,
                events: one.wanted,
                revents: 0,
            })
            .collect();
        let most = most.as_nanos().div_ceil(1_000_000);
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        // SAFETY: the list is a value of this function, of the length that is told,
        // and its sockets are open as long as they are borrowed.
        let answer = unsafe { WinSock::WSAPoll(all.as_mut_ptr(), all.len() as u32, most) };
        if answer < 0 {
            return Err(io::Error::last_os_error());
        }
        for (one, seen) in sockets.iter_mut().zip(all) {
            one.came = seen.revents;
        }
        Ok(())
    }

    /// A name under which events are reported; given up when this is dropped.
    #[derive(Debug)]
    pub struct EventSource(HANDLE);

    // SAFETY: the handle is only a number to the calls that take it, and those may be
    // made on any thread.
    unsafe impl Send for EventSource {}

    impl EventSource {
        /// For the log of this machine.
        pub fn register(name: &str) -> io::Result<EventSource> {
            let name = wide(name);
            // SAFETY: the name is ended by a zero; no server's name means this machine.
            let handle = unsafe { log::RegisterEventSourceW(null(), name.as_ptr()) };
            match handle.is_null() {
                true => Err(io::Error::last_os_error()),
                false => Ok(EventSource(handle)),
            }
        }

        /// Reports one event with one text.
        pub fn report(&self, kind: u16, category: u16, id: u32, text: &str) -> io::Result<()> {
            let text = wide(text);
            let texts = [text.as_ptr()];
            // SAFETY: the handle is open as long as this is; there is one text, ended by
            // a zero, which is there until the call is over, and no other data.
            done(unsafe {
                log::ReportEventW(
                    self.0,
                    kind,
                    category,
                    id,
                    null_mut(),
                    1,
                    0,
                    texts.as_ptr(),
                    null(),
                )
            })
        }
    }

    impl Drop for EventSource {
        fn drop(&mut self) {
            // SAFETY: nothing uses the handle after this.
            unsafe { log::DeregisterEventSource(self.0) };
        }
    }

    /// Makes the registry's entry of a source of events below this key of the local
    /// machine: where the texts of its events are, and which types it has.
    pub fn register_source(key: &str, texts: &Path, types: u32) -> io::Result<()> {
        let said = |answer: u32| match answer {
            0 => Ok(()),
            code => Err(io::Error::from_raw_os_error(code as i32)),
        };
        let path = wide(key);
        let mut made: registry::HKEY = null_mut();
        // SAFETY: the name is ended by a zero, the pointer to the handle is to a value
        // of this function, and the others may be null.
        said(unsafe {
            registry::RegCreateKeyExW(
                registry::HKEY_LOCAL_MACHINE,
                path.as_ptr(),
                0,
                null(),
                registry::REG_OPTION_NON_VOLATILE,
                registry::KEY_SET_VALUE,
                null(),
                &raw mut made,
                null_mut(),
            )
        })?;
        let set = |name: &str, kind: u32, value: &[u8]| {
            let name = wide(name);
            // SAFETY: the handle was just made and is closed below; the name is ended by
            // a zero, and the value is as long as is told.
            said(unsafe {
                registry::RegSetValueExW(
                    made,
                    name.as_ptr(),
                    0,
                    kind,
                    value.as_ptr(),
                    value.len() as u32,
                )
            })
        };
        let texts: Vec<u8> = wide(texts)
            .iter()
            .flat_map(|unit| unit.to_le_bytes())
            .collect();
        let result = set("EventMessageFile", registry::REG_EXPAND_SZ, &texts)
            .and_then(|()| set("TypesSupported", registry::REG_DWORD, &types.to_le_bytes()));
        // SAFETY: nothing uses the handle after this.
        unsafe { registry::RegCloseKey(made) };
        result
    }
}
