//! `--stats`: the figures as one JSON object on one line.
//!
//! Keys keep their names and their order, and none is left out, so that a
//! script needs no cases.

use std::io::Write as _;

use crate::figures::{HandlerFigures, Report};
use crate::wire::json::write_string;

/// The object and its newline.
pub fn object(report: &Report) -> Vec<u8> {
    let input = &report.input;
    let mut out = Vec::with_capacity(256 + 256 * report.handlers.len());
    out.push(b'{');
    // Writing to a vector cannot fail.
    let _ = write!(
        out,
        "\"elapsed_seconds\":{:.3}",
        report.elapsed.as_secs_f64()
    );
    number("records_in", input.records, &mut out);
    number("bytes_in", input.bytes, &mut out);
    number("malformed", input.malformed, &mut out);
    let _ = write!(
        out,
        ",\"oversize\":{{\"split\":{},\"truncated\":{},\"dropped\":{}}}",
        input.split, input.truncated, input.dropped
    );
    number("joined", input.joined, &mut out);
    number("masked", input.masked, &mut out);
    number("repeats", input.repeats, &mut out);
    number("connections", input.connections, &mut out);
    number("refused", input.refused, &mut out);
    number("duplicates", input.duplicates, &mut out);
    number("unread", input.unread, &mut out);
    out.extend_from_slice(b",\"handlers\":[");
    for (at, figures) in report.handlers.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        handler(figures, &mut out);
    }
    out.extend_from_slice(b"]}\n");
    out
}

fn handler(figures: &HandlerFigures, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"handler\":");
    write_string(figures.handler.as_bytes(), out);
    out.extend_from_slice(b",\"target\":");
    write_string(figures.target.as_bytes(), out);
    number("received", figures.received, out);
    number("filtered", figures.filtered, out);
    number("delivered", figures.delivered, out);
    number("bytes", figures.bytes, out);
    number("dropped", figures.dropped, out);
    number("forgotten", figures.forgotten, out);
    number("waiting", figures.waiting, out);
    number("spooled", figures.spooled, out);
    number("rollovers", figures.rollovers, out);
    number("errors", figures.errors, out);
    out.extend_from_slice(b",\"last_error\":");
    match &figures.last_error {
        Some(reason) => write_string(reason.as_bytes(), out),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
}

fn number(key: &str, value: u64, out: &mut Vec<u8>) {
    let _ = write!(out, ",\"{key}\":{value}");
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// The whole object: what scripts rely on.
    #[test]
    fn every_figure_stands_under_its_key() {
        let text = String::from_utf8(object(&report())).unwrap();
        assert_eq!(text.find('\n'), Some(text.len() - 1), "one line");
        let expected = json!({
            "elapsed_seconds": 83.457,
            "records_in": 1_234_567,
            "bytes_in": 123_456_789,
            "malformed": 11,
            "oversize": {"split": 12, "truncated": 13, "dropped": 14},
            "joined": 15,
            "masked": 16,
            "repeats": 17,
            "connections": 18,
            "refused": 19,
            "duplicates": 20,
            "unread": 21,
            "handlers": [
                {
                    "handler": "file", "target": "app.log",
                    "received": 100, "filtered": 101, "delivered": 102, "bytes": 103,
                    "dropped": 104, "forgotten": 105, "waiting": 106, "spooled": 107,
                    "rollovers": 108, "errors": 0, "last_error": null
                },
                {
                    "handler": "syslog", "target": "logs.example:514",
                    "received": 200, "filtered": 201, "delivered": 202, "bytes": 203,
                    "dropped": 204, "forgotten": 205, "waiting": 206, "spooled": 207,
                    "rollovers": 208, "errors": 209,
                    "last_error": "cannot send: \"refused\"\nlast line"
                },
            ],
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert!(text.starts_with("{\"elapsed_seconds\":83.457,\"records_in\":"));
    }

    #[test]
    fn a_chain_of_nothing_is_an_object_too() {
        let mut report = report();
        report.handlers.clear();
        report.input.bytes = u64::MAX;
        let value: Value = serde_json::from_slice(&object(&report)).unwrap();
        assert_eq!(value["handlers"], json!([]));
        assert_eq!(value["bytes_in"], json!(u64::MAX));
    }

    proptest! {
        /// A target is a path, so any text; an error's text may quote a peer.
        #[test]
        fn any_text_makes_one_line_of_json(target in any::<String>(), reason in any::<String>()) {
            let mut report = report();
            report.handlers[0].target.clone_from(&target);
            report.handlers[0].last_error = Some(reason.clone());
            let text = String::from_utf8(object(&report)).unwrap();
            let body = text.strip_suffix('\n').unwrap();
            prop_assert!(!body.chars().any(char::is_control), "{:?}", body);
            let value: Value = serde_json::from_str(body).unwrap();
            prop_assert_eq!(value["handlers"][0]["target"].as_str(), Some(&*target));
            prop_assert_eq!(value["handlers"][0]["last_error"].as_str(), Some(&*reason));
        }
    }
}
