//! `offsets reconcile`: records of several regions in, what counts out, and every write that lost beside it.

mod files;
mod inputs;
mod outputs;
mod rules;

pub(crate) use files::{Reconciled, reconcile};
