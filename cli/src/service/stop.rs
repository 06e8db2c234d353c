use offsets_kafka::Stop;

use crate::exit::Exit;
use crate::failure::Failure;

/// A stop that SIGINT, SIGTERM and SIGHUP request.
pub(crate) fn stop_on_signals() -> Result<Stop, Failure> {
    let stop = Stop::default();
    let said = stop.clone();
    ctrlc::set_handler(move || said.say())
        .map_err(|error| Failure::from_error(Exit::Failed, "signals", &error))?;
    Ok(stop)
}
