//! The trials: faults that users of log tools meet, made to happen to the
//! `lh` program, and what has to come out. The numbers are those of the
//! project's list of trials; each module opens with its own.
//!
//! Records are numbered and carry a checksum, so that each loss, doubling and
//! tear is seen. What a machine lacks (root, strace, faketime, gcc, mkfs.ext4)
//! is skipped with a word, or is a failure under `LH_REQUIRE_PEERS=1`. With
//! `LH_TRIALS=long` the random trials run at their full counts.
//!
//! Not tested here: `listen`, damage to a spool (`tests/spool`), Windows, and
//! the options of the file handlers as such.

#![cfg(target_os = "linux")]

mod support;

mod black_hole;
mod clock;
mod disk_full;
mod fsync_fails;
mod inject;
mod input;
mod kill;
mod leftovers;
mod limits;
mod local_daemon;
mod logrotate;
mod many;
mod names;
mod peers_gone;
mod permissions;
mod planted;
mod power_cut;
mod rename_fails;
mod retention;
mod short_writes;
mod signals;
mod slow_peer;
mod spool;
mod stderr_gone;
mod two_on_a_spool;
