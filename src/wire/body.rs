//! How the body of an HTTP request is made of records that were written one by
//! one.

use std::collections::HashMap;

use super::presets::{elasticsearch, otlp};

/// How records are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assembly {
    /// A record is the body.
    Alone,
    /// One behind the other, a newline behind each.
    Lines,
    /// The same without newlines.
    Row,
    /// An array of JSON values.
    Array,
    /// Those that are the same up to a mark become one: each is
    /// `PREFIX MARK item ]}`, and so are the groups, with commas between them.
    Groups {
        /// What stands before all.
        start: Vec<u8>,
        /// What ends the part that is the same.
        mark: &'static [u8],
        /// What stands behind all.
        end: &'static [u8],
    },
    /// Records of OpenTelemetry, each behind its scope, and that behind its resource.
    Resources {
        /// The resource of records that have none of their own, up to its scopes.
        usual: Vec<u8>,
    },
    /// Documents of Elasticsearch, each behind its action.
    Bulk,
}

/// What ends the record and its group.
const GROUP_END: &[u8] = b"]}";

impl Assembly {
    /// Appends the body of records. Each may have the newline behind it that it
    /// has in a spool. `id` gives the lasting name of the record with this
    /// index.
    pub fn assemble<'r>(
        &self,
        records: impl Iterator<Item = &'r [u8]>,
        id: impl Fn(usize) -> String,
        out: &mut Vec<u8>,
    ) {
        let records = records.map(|record| record.strip_suffix(b"\n").unwrap_or(record));
        match self {
            Assembly::Alone | Assembly::Row => records.for_each(|r| out.extend_from_slice(r)),
            Assembly::Lines => records.for_each(|record| {
                out.extend_from_slice(record);
                out.push(b'\n');
            }),
            Assembly::Array => {
                out.push(b'[');
                join(records, out);
                out.push(b']');
            }
            Assembly::Groups { start, mark, end } => {
                out.extend_from_slice(start);
                grouped(records, mark, out);
                out.extend_from_slice(end);
            }
            Assembly::Resources { usual } => {
                out.extend_from_slice(otlp::START);
                by_resource(records, usual, out);
                out.extend_from_slice(otlp::END);
            }
            Assembly::Bulk => {
                for (index, record) in records.enumerate() {
                    elasticsearch::write_action(&id(index), record, out);
                }
            }
        }
    }
}

fn join<'r>(items: impl Iterator<Item = &'r [u8]>, out: &mut Vec<u8>) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
}

type Groups<'r> = Vec<(&'r [u8], Vec<&'r [u8]>)>;

/// Puts items with the same head together, in the order of the first of each.
fn gathered<'r>(items: impl Iterator<Item = (&'r [u8], &'r [u8])>) -> Groups<'r> {
    let mut groups: Groups<'r> = Vec::new();
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut place = 0;
    for (head, item) in items {
        // Most are of the group of the one before.
        if groups.get(place).is_none_or(|(known, _)| *known != head) {
            place = *places.entry(head).or_insert_with(|| {
                groups.push((head, Vec::new()));
                groups.len() - 1
            });
        }
        groups[place].1.push(item);
    }
    groups
}

fn grouped<'r>(records: impl Iterator<Item = &'r [u8]>, mark: &[u8], out: &mut Vec<u8>) {
    let finder = memchr::memmem::Finder::new(mark);
    let parted = records.map(|record| {
        // A quote within a string has a backslash before it, so that none can
        // hold the mark.
        let head = finder.find(record).map_or(0, |at| at + mark.len());
        let (head, item) = record.split_at(head);
        (head, item.strip_suffix(GROUP_END).unwrap_or(item))
    });
    for (index, (head, items)) in gathered(parted).iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(head);
        join(items.iter().copied(), out);
        out.extend_from_slice(GROUP_END);
    }
}

fn by_resource<'r>(records: impl Iterator<Item = &'r [u8]>, usual: &'r [u8], out: &mut Vec<u8>) {
    let finder = memchr::memmem::Finder::new(otlp::SCOPES);
    let parted = records.map(|record| {
        if !record.starts_with(otlp::RESOURCE) {
            return (usual, record);
        }
        let head = finder.find(record).map_or(0, |at| at + otlp::SCOPES.len());
        let (head, item) = record.split_at(head);
        (head, item.strip_suffix(otlp::RESOURCE_END).unwrap_or(item))
    });
    for (index, (resource, items)) in gathered(parted).iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(resource);
        grouped(items.iter().copied(), otlp::MARK, out);
        out.extend_from_slice(otlp::RESOURCE_END);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::presets::loki;

    fn assembled(assembly: &Assembly, records: &[&str]) -> String {
        let mut out = Vec::new();
        let records = records.iter().map(|record| record.as_bytes());
        assembly.assemble(records, |index| format!("id{index}"), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bodies() {
        let records = ["{\"a\":1}\n", "{}\n"];
        let all = |assembly| assembled(&assembly, &records);
        assert_eq!(all(Assembly::Lines), "{\"a\":1}\n{}\n");
        assert_eq!(all(Assembly::Row), "{\"a\":1}{}");
        assert_eq!(all(Assembly::Array), "[{\"a\":1},{}]");
        assert_eq!(
            all(Assembly::Bulk),
            "{\"create\":{\"_id\":\"id0\"}}\n{\"a\":1}\n{\"create\":{\"_id\":\"id1\"}}\n{}\n"
        );
        assert_eq!(assembled(&Assembly::Alone, &["a\n\n"]), "a\n");
    }

    #[test]
    fn records_stand_behind_their_resources() {
        let usual = r#"{"resource":{"attributes":[1]},"scopeLogs":["#;
        let assembly = Assembly::Resources {
            usual: usual.into(),
        };
        let scope = |name: &str, record: &str| {
            format!("{{\"scope\":{{\"name\":\"{name}\"}},\"logRecords\":[{record}]}}")
        };
        let of = |host: u8, scope: &str| {
            format!("{{\"resource\":{{\"attributes\":[{host}]}},\"scopeLogs\":[{scope}]}}")
        };
        let records = [
            scope("a", "11"),
            of(2, &scope("a", "21")),
            scope("b", "12"),
            of(2, &scope("a", "22")),
            of(2, &scope("b", "23")),
            scope("a", "13"),
        ];
        let records: Vec<_> = records.iter().map(|record| record.as_str()).collect();
        let scopes = |one: &str, two: &str| [scope("a", one), scope("b", two)].join(",");
        let all = |resources: &[String]| format!("{{\"resourceLogs\":[{}]}}", resources.join(","));
        assert_eq!(
            assembled(&assembly, &records),
            all(&[of(1, &scopes("11,13", "12")), of(2, &scopes("21,22", "23"))])
        );
        assert_eq!(
            assembled(&assembly, &records[1..2]),
            all(&[of(2, &scope("a", "21"))])
        );
        assert_eq!(
            assembled(&assembly, &records[..1]),
            all(&[of(1, &scope("a", "11"))])
        );
    }

    #[test]
    fn groups_keep_their_order_and_no_text_is_a_mark() {
        let assembly = Assembly::Groups {
            start: b"{\"streams\":[".to_vec(),
            mark: loki::MARK,
            end: b"]}",
        };
        let record = |label: &str, line: &str| {
            format!("{{\"stream\":{{\"l\":\"{label}\"}},\"values\":[[\"1\",\"{line}\"]]}}\n")
        };
        let (a, b) = (record("}\\\",\\\"values\\\":[", "1"), record("b", "2]}"));
        let c = record("}\\\",\\\"values\\\":[", "3");
        assert_eq!(
            assembled(&assembly, &[&a, &b, &c]),
            "{\"streams\":[{\"stream\":{\"l\":\"}\\\",\\\"values\\\":[\"},\"values\":[[\"1\",\"1\"],[\"1\",\"3\"]]},\
             {\"stream\":{\"l\":\"b\"},\"values\":[[\"1\",\"2]}\"]]}]}"
        );
    }
}
