//! Names that come more than once, of which every writer would keep the last.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Gives each name that was there before a number: `ip`, `ip.2`, `ip.3`. Allocates
/// nothing where there is none, and few names.
pub(crate) fn number<V>(named: &mut [(Cow<'_, str>, V)]) {
    if !has_repeats(named) {
        return;
    }
    let mut taken: HashSet<String> = named.iter().map(|(name, _)| name.to_string()).collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (name, _) in named {
        let Some(count) = counts.get_mut(&**name) else {
            counts.insert(name.to_string(), 1);
            continue;
        };
        let free = loop {
            *count += 1;
            let numbered = format!("{name}.{count}");
            if taken.insert(numbered.clone()) {
                break numbered;
            }
        };
        *name = Cow::Owned(free);
    }
}

fn has_repeats<V>(named: &[(Cow<'_, str>, V)]) -> bool {
    // Comparing each with each is fastest for what there usually is, and quadratic
    // for what a hostile sender may have.
    if named.len() > 24 {
        let mut seen = HashSet::with_capacity(named.len());
        return !named.iter().all(|(name, _)| seen.insert(&**name));
    }
    let mut rest = named;
    while let [(name, _), behind @ ..] = rest {
        if behind.iter().any(|(other, _)| other == name) {
            return true;
        }
        rest = behind;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_another_one() {
        let numbered = |names: &[&'static str]| {
            let mut named: Vec<_> = names.iter().map(|&name| (name.into(), ())).collect();
            number(&mut named);
            let names: Vec<Cow<'_, str>> = named.into_iter().map(|(name, ())| name).collect();
            names.join(" ")
        };
        for (names, want) in [
            (&[][..], ""),
            (&["a", "b"], "a b"),
            (&["a", "a"], "a a.2"),
            (&["a", "b", "a", "b", "a"], "a b a.2 b.2 a.3"),
            // What is called so already stays.
            (&["a", "a", "a.2", "a"], "a a.3 a.2 a.4"),
            (&["a.2", "a", "a.2", "a"], "a.2 a a.2.2 a.3"),
            (&["", "", "a"], " .2 a"),
        ] {
            assert_eq!(numbered(names), want);
        }
        let many = vec!["n"; 10_000];
        let numbered = numbered(&many);
        assert!(numbered.ends_with(" n.10000"));
        let names: HashSet<_> = numbered.split(' ').collect();
        assert_eq!(names.len(), many.len());
    }
}
