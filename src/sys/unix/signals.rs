//! Signals as events that a loop can wait for.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::unistd::{getpid, getsid};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGXFSZ,
};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::exfiltrator::origin::Origin;
use signal_hook::low_level::siginfo::Cause;

use super::{Waitable, ignores_signal, process};
use crate::event::{Event, Events, Notice};

/// The signals that lh understands.
pub struct Signals {
    delivery: SignalDelivery<UnixStream, WithOrigin>,
}

impl Signals {
    /// Catches the signals from now on; with a command, also those that are
    /// only passed on to it.
    ///
    /// SIGXFSZ is caught and ignored, so that a file at its size limit is an
    /// error of write(2) and not the end of the process; SIGPIPE is ignored by
    /// Rust's start-up code already. SIGINT and SIGQUIT stay ignored where
    /// they were, as in what a script runs in the background. So does SIGHUP
    /// with a command: caught, it would no longer be ignored there, and nohup
    /// would be undone. What is caught is unblocked, too.
    ///
    /// # Errors
    /// Those of socketpair(2), sigaction(2) and pthread_sigmask(3).
    pub fn catch(with_command: bool) -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        let mut signals = vec![SIGTERM, SIGALRM, SIGUSR1, SIGXFSZ];
        let mut unless_ignored = vec![SIGINT];
        match with_command {
            true => {
                signals.extend([SIGCHLD, SIGUSR2, SIGWINCH]);
                unless_ignored.extend([SIGHUP, SIGQUIT]);
            }
            false => signals.push(SIGHUP),
        }
        signals.extend(unless_ignored.into_iter().filter(|&n| !ignores_signal(n)));
        let delivery = SignalDelivery::with_pipe(read, write, WithOrigin::default(), &signals)?;
        process::unblock(&signals)?;
        Ok(Signals { delivery })
    }
}

impl Events for Signals {
    fn waitable(&self) -> Waitable<'_> {
        self.delivery.get_read().as_fd()
    }

    fn take(&mut self) -> Vec<Notice> {
        self.delivery.pending().filter_map(notice).collect()
    }
}

fn notice(origin: Origin) -> Option<Notice> {
    let event = match origin.signal {
        SIGINT => Event::Interrupt,
        SIGTERM => Event::Terminate,
        SIGHUP => Event::Reopen,
        SIGALRM => Event::RollOver,
        SIGUSR1 => Event::Report,
        SIGCHLD => Event::ChildEnded,
        SIGWINCH => Event::Resized,
        SIGQUIT | SIGUSR2 => Event::ForCommand,
        _ => return None,
    };
    let for_lh_alone = matches!(event, Event::RollOver | Event::ChildEnded);
    // What the kernel sends, a Ctrl-C for one, goes to all processes of the
    // terminal's foreground: the command has it already. But that the terminal is
    // gone is told to the leader of its session alone, and to the others only when
    // that one has ended.
    let for_leader_alone = origin.signal == SIGHUP && leads_session();
    // The command was told of a size that its own terminal did not have yet.
    let came_early = origin.signal == SIGWINCH;
    let everybody_has_it =
        matches!(origin.cause, Cause::Kernel) && !for_leader_alone && !came_early;
    Some(Notice {
        event,
        pass_on: (!for_lh_alone && !everybody_has_it).then_some(origin.signal),
    })
}

/// Whether the terminal, if there is one, was opened for lh itself, as
/// `xterm -e lh` and `ssh -t host lh` do, and not for a shell that runs it.
fn leads_session() -> bool {
    getsid(None) == Ok(getpid())
}
