//! Host names to addresses, with a bound on how long that takes.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

type Answer = io::Result<Vec<SocketAddr>>;

/// Asks the system's resolver on a thread of its own: getaddrinfo(3) can't be
/// told how long it may take.
///
/// A thread that gets no answer in time is left behind, and the next lookup
/// waits for it instead of starting another, so that there is never more than
/// one. Its answer is used where it comes late: a resolver that always takes
/// longer than the time-out would otherwise never be heard.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    pending: Option<Receiver<Answer>>,
}

impl Lookup {
    /// The addresses of a host, in the resolver's order; never none.
    pub fn addresses(&mut self, host: &str, port: u16, most: Duration) -> Answer {
        // No thread for what need not be looked up.
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let host = host.to_owned();
        self.ask(most, move || {
            (host.as_str(), port)
                .to_socket_addrs()
                .map(Iterator::collect)
        })
    }

    fn ask(&mut self, most: Duration, resolve: impl FnOnce() -> Answer + Send + 'static) -> Answer {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => {
                let (sender, receiver) = sync_channel(1);
                let thread = Builder::new().name("lookup".to_owned());
                thread.spawn(move || {
                    // Nobody may be there any more to hear it.
                    let _ = sender.send(resolve());
                })?;
                receiver
            }
        };
        match pending.recv_timeout(most) {
            Ok(Ok(addresses)) if addresses.is_empty() => {
                Err(io::Error::new(io::ErrorKind::NotFound, "it has no address"))
            }
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                self.pending = Some(pending);
                let text = "the resolver does not answer";
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(io::Error::other("the resolver's thread ended"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn addresses_need_no_resolver() {
        let mut lookup = Lookup::default();
        let found = lookup.addresses("::1", 5, Duration::ZERO).unwrap();
        assert_eq!(found, [SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 5))]);
        let found = lookup.addresses("localhost", 5, Duration::from_secs(10));
        assert!(
            found
                .unwrap()
                .iter()
                .all(|address| address.ip().is_loopback())
        );
    }

    #[test]
    fn a_resolver_that_hangs_is_asked_once_and_heard_late() {
        let asked = Arc::new(AtomicUsize::new(0));
        let (answer, wait) = std::sync::mpsc::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let mut lookup = Lookup::default();
        let mut ask = |most| {
            let (asked, wait) = (asked.clone(), wait.clone());
            lookup.ask(most, move || {
                asked.fetch_add(1, Ordering::SeqCst);
                let _ = wait.lock().unwrap().recv();
                Ok(vec![SocketAddr::from(([127, 0, 0, 1], 1))])
            })
        };
        for _ in 0..3 {
            let error = ask(Duration::from_millis(20)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
        answer.send(()).unwrap();
        assert_eq!(ask(Duration::from_secs(10)).unwrap().len(), 1);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        drop(answer);
        ask(Duration::from_secs(10)).unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2, "it is asked anew");
    }
}
