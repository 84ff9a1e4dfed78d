//! Stand-in for a build without the feature `net`.

use std::path::PathBuf;

use super::CommonArgs;
use super::remote::{ConnectionArgs, Target, WireArg};
use crate::diag::Diag;
use crate::handler::Handler;
use crate::handler::stage::Rendering;

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

/// The handler says what is wrong.
pub fn rendering(
    _wire: WireArg,
    _stream: bool,
    _key_file: Option<PathBuf>,
    _common: &CommonArgs,
) -> Result<Rendering, String> {
    Ok(Rendering::default())
}

/// Whether an address is that of a local socket.
pub fn is_path(address: &str) -> bool {
    address.contains('/')
}
