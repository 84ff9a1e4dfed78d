//! Who logs in, and how that is said (RFC 4954, RFC 4616).

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::diag::plain;
use crate::handler::Described;

/// No password is longer.
const LONGEST: u64 = 4096;

/// Where a password is.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// In a file, which is read again when it was refused. A newline at its end
    /// is not a part of it.
    File(PathBuf),
    /// This is it; from the environment, say.
    Text(String),
}

impl fmt::Debug for Password {
    /// Does not show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Password::File(path) => write!(f, "File({})", path.display()),
            Password::Text(_) => f.write_str("Text(***)"),
        }
    }
}

/// A user's name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// How they are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
}

impl Mechanism {
    /// The better one of those that a server offers.
    pub fn choose(offered: &[String]) -> Option<Mechanism> {
        let has = |name: &str| offered.iter().any(|word| word.eq_ignore_ascii_case(name));
        match (has("PLAIN"), has("LOGIN")) {
            (true, _) => Some(Mechanism::Plain),
            (false, true) => Some(Mechanism::Login),
            (false, false) => None,
        }
    }
}

/// Credentials that were read, as they are sent.
pub(super) struct Secret {
    user: String,
    password: String,
}

impl Credentials {
    /// Looks whether there is a password.
    ///
    /// # Errors
    /// When the file can't be read, or has no password in it.
    pub fn check(&self) -> io::Result<()> {
        self.read().map(drop)
    }

    /// Reads the password.
    ///
    /// # Errors
    /// When the file can't be read, or has no password in it.
    pub(super) fn read(&self) -> io::Result<Secret> {
        let password = match &self.password {
            Password::Text(text) => text.clone(),
            Password::File(path) => read(path)?,
        };
        Ok(Secret {
            user: self.user.clone(),
            password,
        })
    }
}

fn read(path: &Path) -> io::Result<String> {
    let error = |why: &str| {
        let text = format!("{}: {why}", path.display());
        io::Error::new(io::ErrorKind::InvalidInput, Described(text))
    };
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
        .map_err(|why| error(&format!("cannot read the password: {}", plain(&why))))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line.contains(['\0', '\n']) || line.is_empty() {
        true => Err(error("it should hold a password, on one line")),
        false => Ok(line.to_owned()),
    }
}

impl Secret {
    /// What PLAIN sends.
    pub fn plain(&self) -> String {
        STANDARD.encode(format!("\0{}\0{}", self.user, self.password))
    }

    /// What LOGIN sends: the name, then the password.
    pub fn login(&self) -> [String; 2] {
        [STANDARD.encode(&self.user), STANDARD.encode(&self.password)]
    }

    /// What no message may show.
    pub fn hidden(&self) -> Vec<String> {
        let [_, password] = self.login();
        vec![self.password.clone(), self.plain(), password]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let credentials = Credentials {
            user: "tim".to_owned(),
            password: Password::File(path.clone()),
        };
        assert!(credentials.read().is_err());
        for (text, plain) in [
            ("tanstaaftanstaaf\r\n", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"),
            ("tanstaaftanstaaf", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"),
        ] {
            std::fs::write(&path, text).unwrap();
            // The example of RFC 4616.
            assert_eq!(credentials.read().unwrap().plain(), plain);
        }
        for text in ["", "\n", "a\nb\n", "a\0b"] {
            std::fs::write(&path, text).unwrap();
            assert!(credentials.read().is_err(), "{text:?}");
        }
        let login = credentials.clone();
        let login = Credentials {
            password: Password::Text("pass word".to_owned()),
            ..login
        };
        assert_eq!(login.read().unwrap().login(), ["dGlt", "cGFzcyB3b3Jk"]);
        assert!(!format!("{login:?}").contains("pass word"));
    }

    #[test]
    fn the_better_mechanism() {
        let choose = |words: &str| {
            let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
            Mechanism::choose(&words)
        };
        assert_eq!(choose("LOGIN plain"), Some(Mechanism::Plain));
        assert_eq!(choose("CRAM-MD5 LOGIN"), Some(Mechanism::Login));
        assert_eq!(choose("CRAM-MD5"), None);
    }
}
