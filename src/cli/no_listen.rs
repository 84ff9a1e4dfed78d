//! Stand-in for a build without the feature `net`.

use anyhow::anyhow;

use super::args::{InputArgs, ListenArgs};
use super::exit::Failure;
use super::feed::Fed;
use crate::diag::Diag;
use crate::pipeline::{Pipeline, Tally};

/// There is none.
pub fn run(
    _args: &ListenArgs,
    _input: &InputArgs,
    _pipeline: Pipeline,
    _diag: &Diag,
) -> Result<(Fed, Tally), Failure> {
    let text = "this lh was built without the feature net, and so without listen";
    Err(Failure::Failed(anyhow!(text)))
}
