//! `offsets reconcile`: records of several regions in, what counts out, and every write that lost beside it.

mod files;
mod inputs;
mod method;
mod outputs;

pub(crate) use files::reconcile;
