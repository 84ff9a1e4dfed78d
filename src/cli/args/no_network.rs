//! Stand-in for a build without the feature `net`.

use std::path::PathBuf;

use super::CommonArgs;
use super::remote::{ConnectionArgs, Target, WireArg};
use crate::diag::Diag;
use crate::handler::Handler;
use crate::handler::stage::Rendering;
use crate::wire::nt_event::SourceOptions;

/// There is none.
pub fn handler(
    target: Target,
    _connection: &ConnectionArgs,
    _diag: &Diag,
) -> Result<Box<dyn Handler>, String> {
    Err(format!(
        "this lh was built without the feature net, and so without {}",
        target.kind
    ))
}

/// There is none.
pub fn event_log(
    _socket: Option<PathBuf>,
    _source: SourceOptions,
    _connection: &ConnectionArgs,
    _diag: &Diag,
) -> Result<Box<dyn Handler>, String> {
    Err("this lh was built without the feature net, and so without eventlog".to_owned())
}

/// The handler says what is wrong, unless something else is as well.
pub fn rendering(
    wire: WireArg,
    _stream: bool,
    _key_file: Option<PathBuf>,
    common: &CommonArgs,
) -> Result<Rendering, String> {
    if !matches!(wire, WireArg::Lines | WireArg::Syslog) {
        common.refuse_format("this wire carries whole records")?;
    }
    Ok(Rendering::default())
}

/// Whether an address is that of a local socket.
pub fn is_path(address: &str) -> bool {
    address.contains('/')
}
