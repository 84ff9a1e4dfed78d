//! What the console asks for, as events that a loop can wait for.

use std::io;
use std::sync::Mutex;

use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};

use super::calls;
use super::waiting::{Ready, Waitable, locked, ring};
use crate::event::{Event, Events, Notice};

static CAME: Mutex<Vec<Notice>> = Mutex::new(Vec::new());

/// The events that lh understands: Ctrl-C; and Ctrl-Break, a console that is
/// closed and a system that goes down, which ask it to end. There is no way to
/// ask for a rollover or to open files anew.
pub struct Signals;

impl Signals {
    /// Catches them from now on. The console sends them to a command as well.
    ///
    /// # Errors
    /// Those of SetConsoleCtrlHandler.
    pub fn catch(_with_command: bool) -> io::Result<Signals> {
        calls::on_control(control)?;
        Ok(Signals)
    }
}

impl Events for Signals {
    fn waitable(&self) -> Waitable<'_> {
        self
    }

    fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut locked(&CAME))
    }
}

impl Ready for Signals {
    fn is_ready(&self) -> bool {
        !locked(&CAME).is_empty()
    }
}

fn put(event: Event) {
    let notice = Notice {
        event,
        pass_on: None,
    };
    locked(&CAME).push(notice);
    ring();
}

/// A child has ended.
pub(super) fn child_ended() {
    put(Event::ChildEnded);
}

extern "system" fn control(kind: u32) -> i32 {
    match kind {
        CTRL_C_EVENT => put(Event::Interrupt),
        CTRL_BREAK_EVENT => put(Event::Terminate),
        CTRL_CLOSE_EVENT | CTRL_LOGOFF_EVENT | CTRL_SHUTDOWN_EVENT => {
            put(Event::Terminate);
            // The system ends the process when this returns, and after a few
            // seconds anyway: what has come is delivered meanwhile.
            loop {
                std::thread::park();
            }
        }
        _ => return 0,
    }
    1
}
