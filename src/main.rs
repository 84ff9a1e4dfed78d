//! The `lh` program.

fn main() -> std::process::ExitCode {
    lh::cli::run(std::env::args_os())
}
