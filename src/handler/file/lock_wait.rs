//! Waiting for the lock on a file that another process holds, and saying so
//! where that takes long: whoever wants lh to end should see what it waits for.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::diag::Diag;
use crate::sys;

/// A batch is written in milliseconds. What takes longer is told of.
const LONG: Duration = Duration::from_secs(1);

/// The waits of one handler, whose threads may wait at the same time.
#[derive(Debug)]
pub struct LockWait {
    /// The file, for messages.
    name: String,
    diag: Diag,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    /// Since when somebody waits without a pause.
    since: Option<Instant>,
    /// Somebody began to wait since the watch looked last.
    busy: bool,
    /// There is a watch.
    watched: bool,
    told: bool,
}

impl LockWait {
    /// For the file of this name.
    pub fn new(name: String, diag: Diag) -> Arc<LockWait> {
        let state = Mutex::default();
        Arc::new(LockWait { name, diag, state })
    }

    /// Locks the file, and waits for that as long as it takes.
    ///
    /// # Errors
    /// Those of the lock.
    pub fn lock(self: &Arc<Self>, file: &File) -> io::Result<()> {
        if sys::try_lock(file)? {
            return Ok(());
        }
        self.begin();
        let locked = sys::lock(file);
        self.end();
        locked
    }

    /// A lock can't be waited for with a limit, so another thread looks at the
    /// clock. It ends when nobody has waited for a while: most never start one.
    fn begin(self: &Arc<Self>) {
        let mut state = self.state();
        state.waiting += 1;
        state.busy = true;
        state.since.get_or_insert_with(Instant::now);
        if !std::mem::replace(&mut state.watched, true) {
            let watch = Arc::clone(self);
            let started = std::thread::Builder::new().spawn(move || watch.watch());
            state.watched = started.is_ok();
        }
    }

    fn end(&self) {
        let mut state = self.state();
        state.waiting -= 1;
        if state.waiting > 0 {
            return;
        }
        let since = state.since.take();
        let told = std::mem::take(&mut state.told);
        drop(state);
        if let Some(since) = since.filter(|_| told) {
            self.diag.warn(format_args!(
                "{}: locked after {:.1} s; nothing was lost",
                self.name,
                since.elapsed().as_secs_f64()
            ));
        }
    }

    fn watch(&self) {
        loop {
            std::thread::sleep(LONG);
            let mut state = self.state();
            let is_long = state.since.is_some_and(|since| since.elapsed() >= LONG);
            let tell = is_long && !std::mem::replace(&mut state.told, true);
            if state.since.is_none() && !state.busy {
                state.watched = false;
                return;
            }
            state.busy = false;
            drop(state);
            if tell {
                self.diag.warn(format_args!(
                    "{}: cannot lock: another process has it locked, as lh does during a slow \
                     --rotator; waiting until that is over; nothing is lost so far",
                    self.name
                ));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A wait that is short is nobody's business; one that is long is told of
    /// once, and when it is over.
    #[test]
    fn a_long_wait_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let theirs = File::create(&path).unwrap();
        let ours = File::options().append(true).open(&path).unwrap();
        let (tell, told) = mpsc::channel();
        let diag = Diag::new(move |_, text| tell.send(text.to_string()).unwrap());
        let wait = LockWait::new("app.log".to_owned(), diag);

        wait.lock(&ours).unwrap();
        sys::unlock(&ours).unwrap();
        assert!(!wait.state().watched, "nobody has waited");

        sys::lock(&theirs).unwrap();
        let waiting = {
            let wait = Arc::clone(&wait);
            std::thread::spawn(move || wait.lock(&ours).map(|()| ours))
        };
        let text = told.recv_timeout(Duration::from_secs(15)).unwrap();
        assert!(
            text.starts_with("app.log: cannot lock: another process"),
            "{text}"
        );
        sys::unlock(&theirs).unwrap();
        let ours = waiting.join().unwrap().unwrap();
        let text = told.recv_timeout(Duration::from_secs(15)).unwrap();
        assert!(text.starts_with("app.log: locked after "), "{text}");

        sys::unlock(&ours).unwrap();
        wait.lock(&theirs).unwrap();
        assert!(told.try_recv().is_err(), "there is nothing more to say");
    }
}
