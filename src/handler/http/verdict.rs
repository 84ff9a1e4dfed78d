//! What a server's answer says of the records that were sent.

use std::time::Duration;

use crate::now::Timestamp;
use crate::text;

/// How much of an answer is read, in bytes.
pub(super) const LONGEST: usize = 64 << 10;

/// The longest wait that a server is granted.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What a server has answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub location: Option<String>,
    /// The body, as far as it was read.
    pub text: Vec<u8>,
}

/// What becomes of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They have arrived.
    Taken,
    /// The server does not want these bytes, however often they are sent: one
    /// record of them may be to blame.
    Refused,
    /// It takes nothing of us, whatever is sent: a wrong address, or credentials.
    Unwelcome,
    /// They may be taken later, or when somebody has changed something.
    Later,
}

impl Verdict {
    /// Whether the records are sent again, where those are kept that are not
    /// welcome.
    pub fn waits(self, keeps: bool) -> bool {
        self == Verdict::Later || (self == Verdict::Unwelcome && keeps)
    }
}

/// By the status alone.
pub(super) fn judge(status: u16) -> Verdict {
    match status {
        200..300 => Verdict::Taken,
        400 | 413 | 414 | 422 | 431 => Verdict::Refused,
        // Of these, all but 429 are about the moment or the connection, and
        // nothing that was sent: the same may be sent again (RFC 9110, sections
        // 15.5.9 and 15.5.20, and RFC 8470).
        408 | 421 | 425 | 429 => Verdict::Later,
        400..500 => Verdict::Unwelcome,
        _ => Verdict::Later,
    }
}

impl Answer {
    /// What it says, in words, none of which is a secret.
    pub fn reason(&self, secrets: &[String]) -> String {
        let name = name(self.status);
        let mut reason = match name {
            "" => format!("it answers {}", self.status),
            _ => format!("it answers {} {name}", self.status),
        };
        if let (300..400, Some(location)) = (self.status, &self.location) {
            // A query may be a secret.
            let place = location.split(['?', '#']).next().unwrap_or_default();
            let place = shown(place.as_bytes(), secrets);
            reason.push_str(&format!(
                ", to {place}, and is not followed: is the URL right?"
            ));
            return reason;
        }
        let text = shown(&self.text, secrets);
        if !text.is_empty() && !self.text.trim_ascii_start().starts_with(b"<") {
            reason.push_str(&format!(": {text}"));
        }
        match hint(self.status) {
            "" => reason,
            hint => format!("{reason}; {hint}"),
        }
    }

    /// How long it asks to be left alone.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        let wait = match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Duration::from_secs(text.parse().ok()?),
            false => {
                let seconds = seconds_of(text)? - now.secs();
                Duration::from_secs(u64::try_from(seconds).ok()?)
            }
        };
        Some(wait.min(LONGEST_WAIT))
    }
}

/// What to look at first.
pub(super) fn hint(status: u16) -> &'static str {
    match status {
        401 | 407 => "are the credentials right?",
        403 => "may these credentials write there?",
        404 | 405 | 410 => "is the URL right?",
        415 => "is it the right --body or --preset?",
        _ => "",
    }
}

/// The start of a body, as a message shows it.
pub(super) fn shown(body: &[u8], secrets: &[String]) -> String {
    let start = String::from_utf8_lossy(&body[..body.len().min(LONGEST)]);
    text::shown(&start, secrets)
}

/// The name of a status (RFC 9110, section 15, and RFC 6585).
fn name(status: u16) -> &'static str {
    ureq::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}

/// Seconds since the epoch of an HTTP date (RFC 9110, section 5.6.7): the form
/// that is sent, `Sun, 06 Nov 1994 08:49:37 GMT`.
fn seconds_of(date: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = date.split_once(", ")?;
    let mut parts = rest.split(' ');
    let mut next = || parts.next();
    let (day, month, year, time) = (next()?, next()?, next()?, next()?);
    if next() != Some("GMT") {
        return None;
    }
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    let (day, year) = (number(day)?, number(year)?);
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let mut clock = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let fits = (1..=31).contains(&day) && year < 10_000 && hour < 24 && minute < 60 && second <= 60;
    if !fits {
        return None;
    }
    // Days from the civil calendar, with years that begin in March.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    // 0000-03-01 to 1970-01-01.
    Some((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_with_a_record_costs_it() {
        for status in 100..700 {
            let want = match status {
                200..=299 => Verdict::Taken,
                400 | 413 | 414 | 422 | 431 => Verdict::Refused,
                408 | 421 | 425 | 429 => Verdict::Later,
                400..=499 => Verdict::Unwelcome,
                _ => Verdict::Later,
            };
            assert_eq!(judge(status), want, "{status}");
        }
    }

    #[test]
    fn what_a_server_asks_for() {
        let now = Timestamp::from_parts(784_111_777, 0).unwrap();
        let wait = |text: &str| {
            let answer = Answer {
                retry_after: Some(text.to_owned()),
                ..Answer::default()
            };
            answer.wait(now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("7"), Some(7));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:27 GMT"), None, "past");
        assert_eq!(wait("Tue, 29 Feb 2028 00:00:00 GMT"), Some(3600));
        assert_eq!(wait("99999999"), Some(3600));
        for text in [
            "",
            "-1",
            "soon",
            "1.5",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "99999999999999999999999",
        ] {
            assert!(
                wait(text).is_none_or(|wait| text.is_empty() && wait == 0),
                "{text}"
            );
        }
        assert_eq!(seconds_of("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            seconds_of("Tue, 29 Feb 2000 23:59:59 GMT"),
            Some(951_868_799)
        );
    }

    #[test]
    fn an_answer_is_shown_without_harm() {
        let answer = |status, text: &[u8]| Answer {
            status,
            text: text.to_vec(),
            location: Some("http://evil/\x1b[31m?token=s3cret".to_owned()),
            ..Answer::default()
        };
        let secrets = ["s3cret".to_owned()];
        let reason = answer(400, b"no s3cret \x1b]0;x\x07\nline\xff").reason(&secrets);
        assert_eq!(
            reason,
            "it answers 400 Bad Request: no *** \\u{1b}]0;x\\u{7} line\u{fffd}"
        );
        let long = answer(400, &[b'x'; 1000]).reason(&secrets);
        assert!(long.chars().count() < 240 && long.ends_with('…'), "{long}");
        let html = answer(404, b"<html>").reason(&secrets);
        assert_eq!(html, "it answers 404 Not Found; is the URL right?");
        let moved = answer(307, b"").reason(&secrets);
        assert!(
            moved.contains("to http://evil/\\u{1b}[31m, and is not followed"),
            "{moved}"
        );
        assert!(!moved.contains("s3cret"));
    }
}
