//! What a command that keeps running needs: the word to stop, and somebody to ask how it goes.

mod monitor;
mod stop;

pub(crate) use monitor::{Monitored, listen, serve};
pub(crate) use stop::{end_on_signals_as_first_process, stop_on_signals};
