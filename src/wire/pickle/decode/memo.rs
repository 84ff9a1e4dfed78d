//! What a pickle has put aside under a number.

use std::collections::HashMap;

use super::NotAPickle;
use super::objects::Item;

/// What may be recalled. Picklers number from 0 or from 1 on; other numbers
/// cost more, and no more memory.
pub(super) struct Memo<'a> {
    dense: Vec<Option<Item<'a>>>,
    sparse: HashMap<u64, Item<'a>>,
    gaps: u64,
}

impl<'a> Memo<'a> {
    /// An empty one that uses this room.
    pub(super) fn new(room: Vec<Option<Item<'a>>>) -> Memo<'a> {
        Memo {
            dense: room,
            sparse: HashMap::new(),
            gaps: 0,
        }
    }

    /// The room, for the next one.
    pub(super) fn into_room(self) -> Vec<Option<Item<'a>>> {
        self.dense
    }

    pub(super) fn len(&self) -> u64 {
        (self.dense.len() + self.sparse.len()) as u64 - self.gaps
    }

    /// Takes what makes the value, so that it goes from registers to its place
    /// and not by way of the stack.
    #[inline(always)]
    pub(super) fn put(&mut self, key: u64, item: impl Fn() -> Item<'a>) {
        match key == self.dense.len() as u64 {
            true => self.dense.push(Some(item())),
            false => self.put_anywhere(key, item()),
        }
    }

    #[cold]
    fn put_anywhere(&mut self, key: u64, item: Item<'a>) {
        let place = usize::try_from(key).ok();
        if let Some(place) = place.and_then(|place| self.dense.get_mut(place)) {
            self.gaps -= u64::from(place.is_none());
            *place = Some(item);
        } else if (self.dense.len(), key) == (0, 1) {
            self.dense.extend([None, Some(item)]);
            self.gaps += 1;
        } else {
            self.sparse.insert(key, item);
        }
    }

    pub(super) fn get(&self, key: u64) -> Result<Item<'a>, NotAPickle> {
        let place = usize::try_from(key).ok();
        match place.and_then(|place| self.dense.get(place)) {
            Some(found) => *found,
            None => self.sparse.get(&key).copied(),
        }
        .ok_or(NotAPickle::Memo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first keys that picklers use, and those that only an attacker does.
    #[test]
    fn a_memo_is_no_larger_than_what_is_put_into_it() {
        let mut memo = Memo::new(Vec::new());
        for (count, key) in [1, 2, 3, 0, u64::MAX, 1 << 40, 2, 4]
            .into_iter()
            .enumerate()
        {
            memo.put(key, || Item::Int(count as i64));
        }
        let got = |key| match memo.get(key) {
            Ok(Item::Int(number)) => Some(number),
            _ => None,
        };
        let want = [Some(3), Some(0), Some(6), Some(2), Some(7), None];
        assert_eq!([0, 1, 2, 3, 4, 5].map(got), want);
        assert_eq!([got(u64::MAX), got(1 << 40)], [Some(4), Some(5)]);
        assert_eq!((memo.len(), memo.dense.len()), (7, 5));
    }
}
