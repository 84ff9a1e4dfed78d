//! Levels of severity: Python's numbers, with the three that syslog has beside them.

use std::fmt;

/// A level on Python's scale, where a larger number is more severe.
///
/// Any number is a level; the nine constants have names. See Python's
/// `logging` (DEBUG to CRITICAL) and RFC 5424, table 2 (NOTICE, ALERT,
/// EMERGENCY).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(pub u32);

impl Level {
    /// `logging.NOTSET`: below every level, where none is known.
    pub const NOTSET: Level = Level(0);
    /// Finer than DEBUG.
    pub const TRACE: Level = Level(5);
    /// `logging.DEBUG`.
    pub const DEBUG: Level = Level(10);
    /// `logging.INFO`.
    pub const INFO: Level = Level(20);
    /// Syslog's notice: normal but significant.
    pub const NOTICE: Level = Level(25);
    /// `logging.WARNING`.
    pub const WARNING: Level = Level(30);
    /// `logging.ERROR`.
    pub const ERROR: Level = Level(40);
    /// `logging.CRITICAL`.
    pub const CRITICAL: Level = Level(50);
    /// Syslog's alert: action must be taken at once.
    pub const ALERT: Level = Level(60);
    /// Syslog's emergency: the system is unusable.
    pub const EMERGENCY: Level = Level(70);

    /// The level that a word names: the canonical names and the other
    /// spellings that are in use, in any case. `None` for any other word.
    pub fn from_name(word: &[u8]) -> Option<Level> {
        // Longer than any spelling: not worth a comparison.
        if word.len() > 13 {
            return None;
        }
        SPELLINGS
            .iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
            .map(|&(_, level)| level)
    }

    /// A level of Go's log/slog that has no name of its own: `ERROR+4`, `INFO-2`.
    /// Its names are 4 apart where Python's are 10.
    pub fn from_stepped_name(word: &str) -> Option<Level> {
        let (name, steps) = word.split_at(word.find(['+', '-'])?);
        // A word with a number behind a hyphen is none.
        let steps: i64 = steps.parse().ok()?;
        let steps = Some(steps).filter(|steps| (-99..=99).contains(steps))?;
        let base = i64::from(Level::from_name(name.as_bytes())?.0);
        let level = base + (steps * 10).div_euclid(4);
        u32::try_from(level.max(1)).ok().map(Level)
    }

    /// The canonical upper-case name, if the number has one.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Level::TRACE => "TRACE",
            Level::DEBUG => "DEBUG",
            Level::INFO => "INFO",
            Level::NOTICE => "NOTICE",
            Level::WARNING => "WARNING",
            Level::ERROR => "ERROR",
            Level::CRITICAL => "CRITICAL",
            Level::ALERT => "ALERT",
            Level::EMERGENCY => "EMERGENCY",
            _ => return None,
        })
    }

    /// The level of a syslog severity, 0 (emergency) to 7 (debug): RFC 5424,
    /// section 6.2.1.
    pub fn from_syslog(severity: u32) -> Option<Level> {
        Some(match severity {
            0 => Level::EMERGENCY,
            1 => Level::ALERT,
            2 => Level::CRITICAL,
            3 => Level::ERROR,
            4 => Level::WARNING,
            5 => Level::NOTICE,
            6 => Level::INFO,
            7 => Level::DEBUG,
            _ => return None,
        })
    }

    /// The level of a pino or bunyan number: 10 trace to 60 fatal.
    pub fn from_pino(number: u32) -> Level {
        match number {
            0..=10 => Level::TRACE,
            11..=20 => Level::DEBUG,
            21..=30 => Level::INFO,
            31..=40 => Level::WARNING,
            41..=50 => Level::ERROR,
            _ => Level::CRITICAL,
        }
    }
}

/// Every spelling that is understood, canonical names first.
const SPELLINGS: &[(&str, Level)] = &[
    ("trace", Level::TRACE),
    ("debug", Level::DEBUG),
    ("info", Level::INFO),
    ("notice", Level::NOTICE),
    ("warning", Level::WARNING),
    ("error", Level::ERROR),
    ("critical", Level::CRITICAL),
    ("alert", Level::ALERT),
    ("emergency", Level::EMERGENCY),
    ("warn", Level::WARNING),
    ("err", Level::ERROR),
    ("crit", Level::CRITICAL),
    ("fatal", Level::CRITICAL),
    ("panic", Level::EMERGENCY),
    ("emerg", Level::EMERGENCY),
    ("information", Level::INFO),
    ("informational", Level::INFO),
    ("dbg", Level::DEBUG),
    ("fine", Level::DEBUG),
    ("finer", Level::TRACE),
    ("finest", Level::TRACE),
    ("verbose", Level::TRACE),
    ("severe", Level::ERROR),
    // Serilog and zerolog write three letters, zap has a level of its own.
    ("trc", Level::TRACE),
    ("vrb", Level::TRACE),
    ("inf", Level::INFO),
    ("wrn", Level::WARNING),
    ("ftl", Level::CRITICAL),
    ("dpanic", Level::CRITICAL),
];

impl fmt::Display for Level {
    /// The name, or `Level N` as `logging.getLevelName` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("Level {}", self.0)),
        }
    }
}

/// A level was asked for by a word that names none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "unknown level {given:?}: use trace, debug, info, notice, warning, error, critical, alert, \
     emergency or a number"
)]
pub struct LevelError {
    given: String,
}

impl std::str::FromStr for Level {
    type Err = LevelError;

    /// Reads a name in any spelling or case, a number, or `Level N`.
    fn from_str(text: &str) -> Result<Level, LevelError> {
        let word = text.trim();
        let digits = word.strip_prefix("Level ").unwrap_or(word);
        Level::from_name(word.as_bytes())
            .or_else(|| digits.parse().ok().map(Level))
            .ok_or_else(|| LevelError {
                given: text.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_in_any_case() {
        for &(name, level) in SPELLINGS {
            for word in [name.to_owned(), name.to_uppercase()] {
                assert_eq!(word.parse(), Ok(level), "{word}");
            }
        }
        assert_eq!("35".parse(), Ok(Level(35)));
        assert_eq!("Level 35".parse(), Ok(Level(35)));
        assert!("wran".parse::<Level>().is_err());
        assert!("".parse::<Level>().is_err());
        assert!("-1".parse::<Level>().is_err());
    }

    #[test]
    fn display_is_pythons() {
        assert_eq!(Level::WARNING.to_string(), "WARNING");
        assert_eq!(Level(35).to_string(), "Level 35");
        assert_eq!(format!("{:<8}|", Level::INFO), "INFO    |");
    }

    #[test]
    fn syslog_severities_keep_their_order() {
        let levels: Vec<_> = (0..8).filter_map(Level::from_syslog).collect();
        assert!(levels.windows(2).all(|w| w[0] > w[1]), "{levels:?}");
        assert_eq!(Level::from_syslog(8), None);
    }
}
