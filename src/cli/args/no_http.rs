//! Stand-in for a build without the feature `http`.

use super::http::HttpArgs;
use crate::diag::Diag;
use crate::handler::Stage;

/// There is none.
pub fn stage(_args: HttpArgs, _diag: &Diag) -> Result<Stage, String> {
    Err("this lh was built without the feature http".to_owned())
}
