//! Stand-in for a build without the feature `smtp`.

use super::smtp::SmtpArgs;
use crate::diag::Diag;
use crate::handler::Stage;

/// There is none.
pub fn stage(_args: SmtpArgs, _diag: &Diag) -> Result<Stage, String> {
    Err("this lh was built without the feature smtp".to_owned())
}
