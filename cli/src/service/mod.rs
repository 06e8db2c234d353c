//! What a command that keeps running needs: the word to stop, and somebody to ask how it goes.

mod monitor;
mod stop;

pub(crate) use monitor::{Monitored, listen, serve};
pub(crate) use stop::stop_on_signals;
