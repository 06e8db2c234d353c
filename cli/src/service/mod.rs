//! What a command that keeps running needs: signals that stop it, metrics and health.

mod monitor;
mod stop;

pub(crate) use monitor::monitor;
pub(crate) use stop::{end_on_signals_as_first_process, stop_on_signals};
