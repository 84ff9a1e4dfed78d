//! Files that two parts of one run would write: neither would have what it wrote.

use std::fs::canonicalize;
use std::path::{Path, PathBuf};

use super::args::{Files, HandlerCommand};
use crate::handler::BaseRotatingHandler;
use crate::sys::{self, FileId};

/// Looks whether the figures, the dead letters or the log of a handler would go where
/// another handler rolls a log over, or the figures or dead letters into a log, or the
/// figures where dead letters go.
///
/// # Errors
/// Which two are one file.
pub fn check(metrics: Option<&Path>, chain: &mut [HandlerCommand]) -> Result<(), String> {
    let files: Vec<_> = chain.iter_mut().map(HandlerCommand::files).collect();
    let logs: Vec<_> = files
        .iter()
        .filter_map(|files| files.log.as_deref())
        .collect();
    let letters = files
        .iter()
        .filter_map(|files| files.dead_letters.as_deref());
    let letters: Vec<_> = letters.collect();
    let apart = |option: &str, path: Option<&&Path>, what: &str, others: &[&Path]| {
        let Some(path) = path else {
            return Ok(());
        };
        match others.iter().any(|other| is_same(path, other)) {
            true => Err(format!(
                "{option}: {}: it is {what} as well",
                path.display()
            )),
            false => Ok(()),
        }
    };
    let log = "the log of a handler";
    apart("--metrics-file", metrics.as_ref(), log, &logs)?;
    let rotating = || files.iter().filter_map(|files| files.rotating.as_ref());
    let named = [("--metrics-file", metrics)].into_iter();
    for (option, path) in named.chain(letters.iter().map(|path| ("--dead-letter", Some(*path)))) {
        if let Some(path) = path
            && rotating().any(|handler| {
                let link = handler.link();
                handler.makes(path) || link.is_some_and(|link| is_same(path, link))
            })
        {
            return Err(format!(
                "{option}: {}: it is the name of a rolled-over file, or of the link, of a handler",
                path.display()
            ));
        }
    }
    for link in rotating().filter_map(BaseRotatingHandler::link) {
        let name = link.display();
        // The link may be there, and lead to the log.
        if logs.iter().any(|log| is_one_place(link, log)) {
            return Err(format!("--link: {name}: it is {log} as well"));
        }
        if rotating().any(|handler| handler.makes(link)) {
            return Err(format!(
                "--link: {name}: it is the name of a rolled-over file of a handler"
            ));
        }
    }
    rolled_by_another(&files)?;
    apart(
        "--metrics-file",
        metrics.as_ref(),
        "a file of dead letters",
        &letters,
    )?;
    letters
        .iter()
        .try_for_each(|letters| apart("--dead-letter", Some(letters), log, &logs))
}

/// Looks whether a handler would roll over, or delete for the sake of its own backups,
/// what another one writes. Handlers on one file would also keep backups by two counts.
fn rolled_by_another(files: &[Files]) -> Result<(), String> {
    for (index, one) in files.iter().enumerate() {
        let (Some(own), Some(rotating)) = (&one.log, &one.rotating) else {
            continue;
        };
        if !rotating.rolls() {
            continue;
        }
        let others = files
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        for log in others.filter_map(|(_, other)| other.log.as_deref()) {
            let name = log.display();
            // What is no file is never rolled over, whoever writes to it.
            if sys::stat(log).is_ok_and(|meta| !meta.regular) {
                continue;
            }
            if is_same(own, log) {
                return Err(format!(
                    "{name}: two handlers would write it, and one of them rolls it over; give \
                     each a file of its own"
                ));
            }
            let real = canonicalize(log).ok();
            // Of a file that is not there yet, a link may tell the place.
            let real = real.or_else(|| sys::behind_link(log, true));
            if rotating.makes(log) || real.is_some_and(|real| rotating.makes(&real)) {
                return Err(format!(
                    "{name}: it is the log of a handler, and the name of a rolled-over file of \
                     another, which would delete it; give it another name"
                ));
            }
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, which need not be there yet.
fn is_same(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| -> Option<FileId> {
        let meta = sys::stat(path).ok()?;
        meta.regular.then_some(meta.id)
    };
    match (id(one), id(other)) {
        (Some(one), Some(other)) => one == other,
        _ => is_one_place(one, other),
    }
}

/// Whether two paths are one name in one directory.
fn is_one_place(one: &Path, other: &Path) -> bool {
    one == other || place(one).is_some_and(|place_of_one| Some(place_of_one) == place(other))
}

/// A name in its directory, without the ways that lead there.
fn place(path: &Path) -> Option<PathBuf> {
    let directory = canonicalize(sys::directory_of(path)).ok()?;
    Some(directory.join(path.file_name()?))
}
