//! Facilities and severities: the numbers of RFC 5424 (section 6.2.1) with the
//! names of Python's `SysLogHandler`.

use std::fmt;
use std::str::FromStr;

use crate::level::Level;
use crate::record::Record;

/// The part of a system that a message is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Facility {
    /// The kernel.
    Kern,
    /// Programs of users: what is not said otherwise.
    #[default]
    User,
    /// Mail.
    Mail,
    /// Daemons that have none of their own.
    Daemon,
    /// Security and authorization.
    Auth,
    /// The syslog daemon itself.
    Syslog,
    /// Printers.
    Lpr,
    /// Network news.
    News,
    /// UUCP.
    Uucp,
    /// Clock daemons.
    Cron,
    /// Security and authorization, not for everybody's eyes.
    Authpriv,
    /// FTP.
    Ftp,
    /// NTP.
    Ntp,
    /// Log audit.
    Security,
    /// Log alert.
    Console,
    /// The clock daemon of Solaris.
    SolarisCron,
    /// Local use.
    Local0,
    /// Local use.
    Local1,
    /// Local use.
    Local2,
    /// Local use.
    Local3,
    /// Local use.
    Local4,
    /// Local use.
    Local5,
    /// Local use.
    Local6,
    /// Local use.
    Local7,
}

/// By their numbers.
const FACILITIES: [(Facility, &str); 24] = [
    (Facility::Kern, "kern"),
    (Facility::User, "user"),
    (Facility::Mail, "mail"),
    (Facility::Daemon, "daemon"),
    (Facility::Auth, "auth"),
    (Facility::Syslog, "syslog"),
    (Facility::Lpr, "lpr"),
    (Facility::News, "news"),
    (Facility::Uucp, "uucp"),
    (Facility::Cron, "cron"),
    (Facility::Authpriv, "authpriv"),
    (Facility::Ftp, "ftp"),
    (Facility::Ntp, "ntp"),
    (Facility::Security, "security"),
    (Facility::Console, "console"),
    (Facility::SolarisCron, "solaris-cron"),
    (Facility::Local0, "local0"),
    (Facility::Local1, "local1"),
    (Facility::Local2, "local2"),
    (Facility::Local3, "local3"),
    (Facility::Local4, "local4"),
    (Facility::Local5, "local5"),
    (Facility::Local6, "local6"),
    (Facility::Local7, "local7"),
];

impl Facility {
    /// Its number, 0 to 23.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The facility of a number.
    pub fn from_code(code: u8) -> Option<Facility> {
        FACILITIES
            .get(usize::from(code))
            .map(|(facility, _)| *facility)
    }

    /// The facility that a word is the name or the number of.
    pub(super) fn of_word(text: &str) -> Option<Facility> {
        let word = text.trim();
        let mut named = FACILITIES.iter();
        named
            .find(|(_, name)| word.eq_ignore_ascii_case(name))
            .map(|(facility, _)| *facility)
            .or_else(|| Facility::from_code(number(word)?))
    }

    /// Its name in Python's `SysLogHandler.facility_names`.
    pub fn name(self) -> &'static str {
        FACILITIES[usize::from(self.code())].1
    }
}

impl fmt::Display for Facility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A facility was asked for by a word that names none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "unknown facility {given:?}: use kern, user, mail, daemon, auth, syslog, lpr, news, uucp, \
     cron, authpriv, ftp, ntp, security, console, solaris-cron, local0 to local7, or a number \
     from 0 to 23"
)]
pub struct FacilityError {
    given: String,
}

impl FromStr for Facility {
    type Err = FacilityError;

    /// Reads a name in any case, or a number from 0 to 23.
    fn from_str(text: &str) -> Result<Facility, FacilityError> {
        Facility::of_word(text).ok_or_else(|| FacilityError {
            given: text.to_owned(),
        })
    }
}

/// A number of digits alone: `parse` takes a sign, too.
fn number(word: &str) -> Option<u8> {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| digits)
}

/// How severe a message is: the lower the number, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Severity {
    /// The system is unusable.
    Emergency,
    /// Action must be taken at once.
    Alert,
    /// Critical conditions.
    Critical,
    /// Errors.
    Error,
    /// Warnings.
    Warning,
    /// Normal, but significant.
    Notice,
    /// For information.
    Info,
    /// For debugging.
    Debug,
}

/// By their numbers, with every name that Python's
/// `SysLogHandler.priority_names` has; the first is the one shown.
const SEVERITIES: [(Severity, &[&str]); 8] = [
    (Severity::Emergency, &["emerg", "panic"]),
    (Severity::Alert, &["alert"]),
    (Severity::Critical, &["crit", "critical"]),
    (Severity::Error, &["err", "error"]),
    (Severity::Warning, &["warning", "warn"]),
    (Severity::Notice, &["notice"]),
    (Severity::Info, &["info"]),
    (Severity::Debug, &["debug"]),
];

impl Severity {
    /// Its number, 0 to 7.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The severity of a number.
    pub fn from_code(code: u8) -> Option<Severity> {
        SEVERITIES
            .get(usize::from(code))
            .map(|(severity, _)| *severity)
    }

    /// Its shortest usual name.
    pub fn name(self) -> &'static str {
        SEVERITIES[usize::from(self.code())].1[0]
    }

    /// The severity that a word names, in any case.
    pub fn from_name(word: &str) -> Option<Severity> {
        let mut named = SEVERITIES.iter();
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        named.find(|(_, names)| is(names)).map(|found| found.0)
    }

    /// The severity of a record: that of syslog's own name if its level has
    /// one of them, that of the level's namesake otherwise; `TRACE` is debug.
    /// A level with another name, or with none, is a warning, as in Python's
    /// `SysLogHandler.mapPriority`.
    pub fn of(record: &Record<'_>) -> Severity {
        match &record.level_name {
            None => Severity::of_level(record.level),
            Some(name) => Severity::from_name(name)
                .or_else(|| Level::from_name(name.as_bytes()).map(Severity::of_level))
                .unwrap_or(Severity::Warning),
        }
    }

    fn of_level(level: Level) -> Severity {
        match level {
            Level::TRACE | Level::DEBUG => Severity::Debug,
            Level::INFO => Severity::Info,
            Level::NOTICE => Severity::Notice,
            Level::ERROR => Severity::Error,
            Level::CRITICAL => Severity::Critical,
            Level::ALERT => Severity::Alert,
            Level::EMERGENCY => Severity::Emergency,
            _ => Severity::Warning,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A severity was asked for by a word that names none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "unknown syslog level {given:?}: use emerg, alert, crit, err, warning, notice, info, debug, \
     or a number from 0 to 7"
)]
pub struct SeverityError {
    given: String,
}

impl FromStr for Severity {
    type Err = SeverityError;

    /// Reads a name in any case, or a number from 0 to 7.
    fn from_str(text: &str) -> Result<Severity, SeverityError> {
        let word = text.trim();
        Severity::from_name(word)
            .or_else(|| Severity::from_code(number(word)?))
            .ok_or_else(|| SeverityError {
                given: text.to_owned(),
            })
    }
}

/// `FACILITY[.LEVEL]`, as `-p` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// `None` where a level stands alone.
    pub facility: Option<Facility>,
    /// `None` where each record's own level counts.
    pub severity: Option<Severity>,
}

/// A priority that can not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PriorityError {
    /// What stands before the point, or alone, is no facility.
    #[error(transparent)]
    Facility(#[from] FacilityError),
    /// What stands behind the point is no severity.
    #[error(transparent)]
    Severity(#[from] SeverityError),
}

impl FromStr for Priority {
    type Err = PriorityError;

    /// Reads `FACILITY`, `FACILITY.LEVEL`, or the name of a level alone, as
    /// `logger -p` does. A number alone is a facility's.
    fn from_str(text: &str) -> Result<Priority, PriorityError> {
        let (facility, severity) = match text.split_once('.') {
            Some((facility, severity)) => (Some(facility.parse()?), Some(severity.parse()?)),
            None => match Severity::from_name(text.trim()) {
                Some(severity) => (None, Some(severity)),
                None => (Some(text.parse()?), None),
            },
        };
        Ok(Priority { facility, severity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::Timestamp;
    use crate::record::Defaults;

    #[test]
    fn numbers_and_names_are_one_table() {
        for (code, (facility, name)) in (0..).zip(FACILITIES) {
            assert_eq!((facility.code(), facility.name()), (code, name));
            assert_eq!(Facility::from_code(code), Some(facility));
            assert_eq!(name.to_uppercase().parse(), Ok(facility));
            assert_eq!(code.to_string().parse(), Ok(facility));
            let error = "nobody".parse::<Facility>().unwrap_err().to_string();
            assert!(error.contains(name.trim_end_matches(char::is_numeric)));
        }
        for (code, (severity, names)) in (0..).zip(SEVERITIES) {
            assert_eq!((severity.code(), severity.name()), (code, names[0]));
            assert_eq!(Severity::from_code(code), Some(severity));
            assert_eq!(code.to_string().parse(), Ok(severity));
            for name in names {
                assert_eq!(name.to_uppercase().parse(), Ok(severity));
            }
            let error = "loud".parse::<Severity>().unwrap_err().to_string();
            assert!(error.contains(names[0]));
            let level = Level::from_syslog(code.into());
            assert_eq!(level.map(Severity::of_level), Some(severity));
        }
        assert_eq!(format!("{:<9}|", Facility::Local3), "local3   |");
        assert_eq!(Severity::Error.to_string(), "err");
    }

    #[test]
    fn priorities() {
        let cases = [
            ("local0.err", Some(Facility::Local0), Some(Severity::Error)),
            (
                "LOCAL7.Panic",
                Some(Facility::Local7),
                Some(Severity::Emergency),
            ),
            ("mail", Some(Facility::Mail), None),
            ("16.6", Some(Facility::Local0), Some(Severity::Info)),
            ("16", Some(Facility::Local0), None),
            ("kern.7", Some(Facility::Kern), Some(Severity::Debug)),
            ("err", None, Some(Severity::Error)),
            (
                "solaris-cron.warn",
                Some(Facility::SolarisCron),
                Some(Severity::Warning),
            ),
        ];
        for (text, facility, severity) in cases {
            assert_eq!(text.parse(), Ok(Priority { facility, severity }), "{text}");
        }
        for text in [
            "",
            ".",
            "mail.",
            ".err",
            "mail.loud",
            "24",
            "0.8",
            "-1",
            "+1",
            "mail.err.x",
        ] {
            assert!(text.parse::<Priority>().is_err(), "{text}");
        }
        let error = "mial.err".parse::<Priority>().unwrap_err();
        assert!(error.to_string().starts_with("unknown facility \"mial\""));
    }

    #[test]
    fn a_record_s_severity() {
        let cases = [
            (Level::TRACE, None, Severity::Debug),
            (Level::DEBUG, None, Severity::Debug),
            (Level::INFO, None, Severity::Info),
            (Level::NOTICE, None, Severity::Notice),
            (Level::WARNING, None, Severity::Warning),
            (Level::ERROR, None, Severity::Error),
            (Level::CRITICAL, None, Severity::Critical),
            (Level::ALERT, None, Severity::Alert),
            (Level::EMERGENCY, None, Severity::Emergency),
            (Level(35), None, Severity::Warning),
            (Level(0), None, Severity::Warning),
            (Level(1000), None, Severity::Warning),
            (Level::INFO, Some("panic"), Severity::Emergency),
            (Level(35), Some("Notice"), Severity::Notice),
            (Level::ERROR, Some("LOUD"), Severity::Warning),
            (Level::CRITICAL, Some("FATAL"), Severity::Critical),
        ];
        let defaults = Defaults::default();
        for (level, name, want) in cases {
            let mut record = Record::new(&defaults, Timestamp(0));
            record.level = level;
            record.level_name = name.map(Into::into);
            assert_eq!(Severity::of(&record), want, "{level} {name:?}");
        }
    }
}
