//! The program's own code in memory, by madvise(2).

use nix::libc;

/// Gives the pages of the program's code back, of which reading the command line
/// takes most: they are half of what a run takes otherwise. What is needed again is
/// mapped again from the page cache, some dozens of faults. Costs a read of
/// /proc/self/maps.
///
/// A debugger's breakpoints are gone with them.
pub fn forget_code() {
    let here = forget_code as fn() as usize;
    let range = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        let range = address(start)?..address(end)?;
        (rest.starts_with("r-xp") && range.contains(&here)).then_some(range)
    };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    if let Some(range) = maps.lines().find_map(range) {
        let start = std::ptr::with_exposed_provenance_mut::<libc::c_void>(range.start);
        // SAFETY: it is one mapping of a file, private, and not writable, so that its
        // pages are those of the file whenever they are looked at again.
        unsafe { libc::madvise(start, range.len(), libc::MADV_DONTNEED) };
    }
}
