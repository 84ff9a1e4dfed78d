//! `lh cat` and `lh tail`.

use std::path::PathBuf;

use clap::Args;
use regex::bytes::Regex;

use crate::cli::pick::{Wanted, parse_when};
use crate::level::Level;
use crate::now::Timestamp;
use crate::roll::follow::Lines;

/// Print a file with its rolled-over files, in the order in which they were
/// written.
///
/// FILE.2 before FILE.1 before FILE, as rotate names them; by their times, as
/// timed does; and those that are compressed are unpacked. Nothing is changed.
///
/// The names of logrotate and savelog (FILE-20261123, FILE.0) and of rotatelogs are
/// read as well. What timed has noted with its files says how they followed one
/// another; where that is lost, or another program has rolled over, the times in the
/// names do, and of files whose names tell nothing about each other, when they were
/// written last.
///
/// What looks like one of the files and is not read is named: a link, what neither
/// gzip nor zstd has compressed, a number with a zero before it. A number of a
/// million or more, or one like 202611, with others missing before it, is rather a
/// date that another program has written, and left out as well. Where FILE.1
/// and FILE.1.gz both are there with different texts, both are printed, by the times
/// when they were written. A FILE that is one of another FILE's rolled-over files is
/// printed with that one alone, so that `app.log*` prints nothing twice.
///
/// Bytes are printed as they are, unless records are picked: text of UTF-16 and UTF-32
/// becomes UTF-8 then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lh cat app.log | grep -c ERROR
  lh cat --since 10:30 --until 11:00 --min-level warning app.log
  lh cat --namer '{stem}-{suffix}{ext}' app.log | less")]
pub struct LogCatArgs {
    /// The file that is written, without the number or the time of the others
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    pub names: NamesArgs,

    #[command(flatten)]
    pub picks: PickArgs,
}

/// Print the last lines of a file with its rolled-over files, and follow it.
///
/// Text of UTF-16 and UTF-32 that begins with a byte order mark is printed as UTF-8,
/// and without a mark where records are picked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lh tail -n 1000 app.log
  lh tail -f --min-level error app.log")]
pub struct LogTailArgs {
    /// The file that is written, without the number or the time of the others
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// How many lines, or with a + all from that one on, counted from the oldest;
    /// of records that are picked, records
    #[arg(short = 'n', long, value_name = "[+]N", default_value = "10")]
    pub lines: Lines,

    /// Go on with what is written from then on, also across rollovers: each
    /// line once. Waits for a file that is not there yet.
    ///
    /// Files that were renamed are read on, the last four, as a program may not know
    /// yet that they were; once deleted, until 10 s after there is text in the next
    /// one. A link is followed to where it leads by then: to the file, and what was
    /// rolled over of it since.
    // Of tail(1): by its name, and not as the file that it was.
    #[arg(short, short_alias = 'F', long)]
    pub follow: bool,

    #[command(flatten)]
    pub names: NamesArgs,

    #[command(flatten)]
    pub picks: PickArgs,
}

#[derive(Debug, Args)]
pub struct NamesArgs {
    /// The names of rolled-over files, as it was given to rotate or timed
    #[arg(long, value_name = "TEMPLATE")]
    pub namer: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Picking records")]
pub struct PickArgs {
    /// From this time on: 2026-11-23T10:00:00Z, '2026-11-23 10:00', 2026-11-23,
    /// 10:30 today, or 2h for two hours ago
    ///
    /// A record is a line with the lines that continue it: those that are indented,
    /// and behind a line that begins with a time, those that do not. What stands
    /// before the first time is left out, and that no line begins with one is told.
    ///
    /// Times are these: 2026-11-23 10:00:00 with T, _ or a comma between, with slashes
    /// or as 20261123, with a fraction or without seconds; Nov 23 10:00:00 with a year
    /// or without, behind a weekday or not, and 'Nov 23, 2026 10:00:00 AM'; 23 Nov 2026
    /// 10:00:00 with spaces, hyphens or slashes; I1123 10:00:00.123456 of klog and glog,
    /// 11-23 10:00:00.123 of Android; seconds since the epoch from 2001 on, or milli-,
    /// micro- or nanoseconds; TAI64N as of multilog and svlogd (those of s6-log, which
    /// count leap seconds, are read 27 seconds late). They stand at the start of a line,
    /// also in brackets, parentheses or quotes, behind a level, the priority of syslog
    /// or a colour; in an access log in its brackets; in an object of JSON or a line of
    /// logfmt as its attribute.
    ///
    /// A zone may follow: Z, +0100, +01:00, or a name such as UTC or CET. A name that
    /// several zones have is the local one, if that is among them; else it is told. What
    /// has no zone is local; what has no year is of the last one that brings it no more
    /// than a day beyond now.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// Of this level or above; a record without a level is INFO
    ///
    /// It stands in the first line, or in a further one as its first word in capitals.
    #[arg(long, value_name = "LEVEL")]
    pub min_level: Option<Level>,

    /// With a match; of several, one has to
    ///
    /// Of a record that is longer than 1 MiB, in the first MiB; it is told where that
    /// has none.
    #[arg(long, value_name = "REGEX", value_parser = super::pattern)]
    pub grep: Vec<Regex>,
}

impl PickArgs {
    /// What is asked for, at this time.
    ///
    /// # Errors
    /// What is no time.
    pub fn wanted(&self, now: Timestamp) -> Result<Wanted, String> {
        let when = |option: &str, text: &Option<String>| {
            let when = text.as_deref().map(|text| parse_when(text, now));
            when.transpose()
                .map_err(|error| format!("{option}: {error}"))
        };
        Ok(Wanted {
            since: when("--since", &self.since)?,
            until: when("--until", &self.until)?,
            min_level: self.min_level,
            grep: self.grep.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, parse};

    #[test]
    fn tail_follows_as_that_of_coreutils_does() {
        for option in ["-f", "-F", "--follow"] {
            let words = ["lh", "tail", option, "a"].map(Into::into);
            match parse(words.to_vec()).map(|piece| piece.command) {
                Ok(Command::Tail(args)) => assert!(args.follow, "{option}"),
                other => panic!("{option}: {other:?}"),
            }
        }
    }
}
