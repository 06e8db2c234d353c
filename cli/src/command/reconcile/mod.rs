//! `offsets reconcile`: records of several regions in, what counts out, and every write that lost beside it.

mod failed;
mod files;
mod inputs;
mod log_throttle;
mod method;
mod progress_view;
mod reread;
mod rights;
mod run_state;
mod topics;

use crate::args::{LinkArgs, OutputArgs, ReconcileArgs};
use crate::exit::Exit;
use crate::failure::Failure;

/// `offsets reconcile`, over files or, where a group is named, between topics.
pub(crate) fn reconcile(link: &LinkArgs, output: &OutputArgs, args: &ReconcileArgs) -> Result<Exit, Failure> {
    match &args.topics.group {
        Some(group) => topics::reconcile(link, output, args, group),
        None => files::reconcile(output, args),
    }
}
