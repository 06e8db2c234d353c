use std::process;
use std::sync::OnceLock;

use offsets_kafka::Stop;

use crate::exit::Exit;
use crate::failure::Failure;

/// What SIGINT, SIGTERM and SIGHUP request, once a verb ends by it.
static STOP: OnceLock<Stop> = OnceLock::new();

/// Exit code of a process that SIGTERM ended, as shells and container runtimes have it.
const ENDED: i32 = 143;

/// A stop that SIGINT, SIGTERM and SIGHUP request.
pub(crate) fn stop_on_signals() -> Result<Stop, Failure> {
    let stop = STOP.get_or_init(Stop::default).clone();
    handle_signals().map_err(|error| Failure::from_error(Exit::Failed, "signals", &error))?;
    Ok(stop)
}

/// Lets these signals end the first process of a container, as they end any other one: the kernel takes none for it that it has no
/// handler for (`pid_namespaces(7)`).
pub(crate) fn end_on_signals_as_first_process() {
    if process::id() == 1 {
        // Without a handler everything works but the signals.
        let _ = handle_signals();
    }
}

fn handle_signals() -> Result<(), ctrlc::Error> {
    let handled = ctrlc::set_handler(|| match STOP.get() {
        Some(stop) => stop.request(),
        None => process::exit(ENDED),
    });
    match handled {
        Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        handled => handled,
    }
}
