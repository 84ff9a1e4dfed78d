//! `--join trace` on real traces: those that the languages which are here
//! print, and samples of all others.
//!
//! Not tested here: the option itself, and levels, which are the program's.

mod languages;
mod samples;
mod support;
