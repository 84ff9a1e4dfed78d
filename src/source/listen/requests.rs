//! Requests of HTTP: taken one after the other, and answered.

use std::fmt;
use std::sync::Arc;

use super::admit::Origin;
use super::answers::{Answer, Awaited};
use super::connection::Connection;
use super::framing::{Kind, Protocol};
use super::streams::Cut;
use super::{Listen, RETRY, SHARE};
use crate::now::Now;
use crate::record::LinePart;
use crate::source::Sink;
use crate::wire::http::{HttpConversation, Outcome, Records, Request, Unreadable, What};

/// A request whose records are on their way into the chain, a portion in each
/// turn.
#[derive(Debug)]
pub(super) struct Parcel {
    request: Box<Request>,
    records: Records,
    /// A handler has ended that had a part of it.
    lost: bool,
}

impl Parcel {
    /// How many bytes it takes.
    pub(super) fn held(&self) -> usize {
        self.records.held()
    }
}

impl Listen {
    /// Takes the requests of a connection that speaks HTTP; tells how many bytes
    /// that were, and why nothing more is to be heard. Where nobody `takes` records,
    /// requests are told to come again later.
    pub(super) fn requests(
        &mut self,
        connection: &mut Connection,
        work: &[u8],
        now: Now,
        takes: bool,
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
                What::Request(mut request) => {
                    connection.useful = true;
                    let taken = match takes {
                        false => Err(None),
                        true => self.unpack(&mut request),
                    };
                    let stays = match taken {
                        Ok(records) => {
                            connection.awaiting += 1;
                            connection.parcel = Some(Box::new(Parcel {
                                request,
                                records,
                                lost: false,
                            }));
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

    /// The records of a request. `None`: there is no room for them at the moment,
    /// as those of others wait for their turns.
    fn unpack(&self, request: &mut Request) -> Result<Records, Option<Unreadable>> {
        let records = request.take_records(self.http.max_body).map_err(Some)?;
        match self.held + records.held() > self.most_held() && records.held() > SHARE.0 {
            true => Err(None),
            false => Ok(records),
        }
    }

    /// Hands on the next portion of a connection's request; tells its weight.
    pub(super) fn hand_on(
        &mut self,
        connection: &mut Connection,
        place: usize,
        most: usize,
        now: Now,
        each: &mut Sink<'_>,
    ) -> usize {
        let Some(mut parcel) = connection.parcel.take() else {
            return 0;
        };
        let defaults = Arc::clone(&self.admission.defaults);
        let received = std::mem::take(&mut self.admission.received);
        let origin = Origin {
            defaults: &defaults,
            peer: &connection.peer,
            received: &received,
            stream: LinePart::MANY,
            now,
        };
        let admission = &mut self.admission;
        let records = &mut parcel.records;
        let portion = records.hand_out(most, &defaults, now.wall, &mut |bytes, record| {
            admission.hand_on(bytes, Kind::Auto, false, &origin, &mut record.view(), each);
        });
        self.admission.received = received;
        self.admission.malformed += portion.malformed;
        match parcel.records.is_done() {
            false => connection.parcel = Some(parcel),
            true => self.awaited.push_back(Awaited {
                turn: self.turn,
                place,
                generation: connection.generation,
                since: now.mono,
                answer: Answer::Http(parcel.request, parcel.lost),
            }),
        }
        portion.weight
    }

    /// Goes on with a request of which a part was handed on, in place of reading.
    pub(super) fn hand_on_more(
        &mut self,
        mut connection: Box<Connection>,
        place: usize,
        most: usize,
        now: Now,
        each: Option<&mut Sink<'_>>,
    ) -> usize {
        self.held -= connection.held();
        let weight = match each {
            Some(each) => self.hand_on(&mut connection, place, most, now, each),
            None => 0,
        };
        self.held += connection.held();
        self.put_back(place, connection, now);
        weight
    }

    /// A handler has given up what it had: of requests of which a part was handed on,
    /// not all is safe, whatever becomes of the rest.
    pub fn lose_parts(&mut self) {
        for connection in self.connections.iter_mut().flatten() {
            if let Some(parcel) = &mut connection.parcel {
                parcel.lost = true;
            }
        }
    }

    /// Nothing is handed on any more: whoever has sent what is not all in the chain
    /// is told to send it again.
    pub(super) fn give_back(&mut self, place: usize, now: Now) {
        let Some(Some(connection)) = self.connections.get_mut(place) else {
            return;
        };
        let (held, generation) = (connection.held(), connection.generation);
        if let Some(parcel) = connection.parcel.take() {
            self.held -= held - connection.held();
            let whom = (place, generation);
            self.answer_request(whom, &parcel.request, Outcome::Busy(RETRY), now);
        }
    }

    /// Ends a connection that has sent a part of a message, and says why. One that
    /// speaks HTTP learns it from the last answer.
    pub(super) fn break_off(
        &mut self,
        place: usize,
        answer: impl FnOnce(&mut HttpConversation, &mut Vec<u8>),
        why: fmt::Arguments<'_>,
        now: Now,
    ) {
        let slot = self.connections.get_mut(place);
        // The answer to another request would come first.
        let found = slot.and_then(|slot| slot.take_if(|found| found.awaiting == 0));
        let Some(mut connection) = found else {
            return self.cut_off(place, why, now);
        };
        let mut out = Vec::new();
        self.held -= connection.held();
        if let Some(Protocol::Http(http)) = &mut connection.protocol {
            answer(http, &mut out);
        }
        self.held += connection.held();
        // That it has gone is seen when it is read.
        let _ = connection.send(&out);
        connection.closing = true;
        self.tally.refused += 1;
        self.complaints.tell(&connection.peer, why, now.mono);
        self.put_back(place, connection, now);
    }

    /// Whoever speaks HTTP is not closed before it can have read its last answer.
    pub(super) fn begins_to_linger(&mut self, connection: &mut Connection, now: Now) -> bool {
        let begins =
            connection.speaks_http() && !connection.ended && connection.lingering.is_none();
        if begins {
            self.held -= connection.held();
            connection.linger(now.mono);
            self.held += connection.held();
        }
        begins
    }

    /// Reads on from one that is not heard any more.
    pub(super) fn ignore(
        &mut self,
        mut connection: Box<Connection>,
        place: usize,
        size: usize,
        now: Now,
    ) -> usize {
        let count = connection.ignore(&mut self.read_room, size, now.mono);
        self.tally.bytes += count as u64;
        self.put_back(place, connection, now);
        count
    }
}
