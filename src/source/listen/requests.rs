//! Requests of HTTP: taken one after the other, and answered.

use std::sync::Arc;

use super::admit::Origin;
use super::connection::Connection;
use super::framing::Protocol;
use super::streams::Cut;
use super::{Answer, Awaited, Listen, RETRY};
use crate::now::Now;
use crate::source::Sink;
use crate::wire::http::{Outcome, Request, Unreadable, What};

impl Listen {
    /// Takes the requests of a connection that speaks HTTP; tells how many bytes
    /// that were, and why nothing more is to be heard. Without anybody who takes
    /// records, requests are told to come again later.
    pub(super) fn requests(
        &mut self,
        connection: &mut Connection,
        place: usize,
        work: &[u8],
        now: Now,
        mut each: Option<&mut Sink<'_>>,
    ) -> (usize, Option<Cut>) {
        let Some(Protocol::Http(mut http)) = connection.protocol.take() else {
            return (0, None);
        };
        connection.again = false;
        let (mut used, mut out) = (0, Vec::new());
        let mut cut = None;
        loop {
            let fed = http.feed(&work[used..], &mut out);
            used += fed.used;
            match fed.what {
                What::More => break,
                What::Close(why) => {
                    cut = Some(Cut::Refused(why.to_owned()));
                    break;
                }
                What::Request(request) => {
                    connection.useful = true;
                    let taken = match &mut each {
                        None => Err(None),
                        Some(each) => self.take_request(&request, connection, now, each),
                    };
                    let stays = match taken {
                        Ok(()) => {
                            connection.awaiting += 1;
                            self.awaited.push_back(Awaited {
                                turn: self.turn,
                                place,
                                generation: connection.generation,
                                since: now.mono,
                                answer: Answer::Http(request),
                            });
                            // The next one is taken when this one is answered.
                            connection.again = used < work.len();
                            break;
                        }
                        Err(None) => http.answer(&request, Outcome::Busy(RETRY), &mut out),
                        Err(Some(reason)) => {
                            self.tally.refused += 1;
                            let text = format_args!("a request is refused: {reason}");
                            self.complaints.tell(&connection.peer, text, now.mono);
                            http.answer_unreadable(&request, &reason, &mut out)
                        }
                    };
                    if !stays {
                        connection.closing = true;
                        break;
                    }
                }
            }
        }
        connection.protocol = Some(Protocol::Http(http));
        if let Err(error) = connection.send(&out).and_then(|()| connection.flush()) {
            cut = cut.or(Some(Cut::Broken(error)));
        }
        (used, cut)
    }

    fn take_request(
        &mut self,
        request: &Request,
        connection: &Connection,
        now: Now,
        each: &mut Sink<'_>,
    ) -> Result<(), Option<Unreadable>> {
        let defaults = Arc::clone(&self.admission.defaults);
        let received = std::mem::take(&mut self.admission.received);
        let origin = Origin {
            defaults: &defaults,
            peer: &connection.peer,
            received: &received,
            now,
        };
        let most = self.http.max_body;
        let admission = &mut self.admission;
        let read = request.records(most, &defaults, now.wall, &mut |bytes, record| {
            admission.hand_on(bytes, false, &origin, &mut record.view(), each);
        });
        self.admission.received = received;
        self.admission.malformed += read.map_err(Some)?;
        Ok(())
    }
}
