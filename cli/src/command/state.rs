//! `offsets state`: what an instance of `reconcile` keeps in its folder, and copies of that.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::Path;

use offsets_store::{Acknowledged, Error, SavedState, StateFolder, StateFolderError};

use super::output::Output;
use crate::args::{
    OutputArgs, StateAcknowledgeArgs, StateArgs, StateCommand, StateExportArgs, StateImportArgs,
    StateShowArgs,
};
use crate::exit::Exit;
use crate::failure::{Failure, with_causes};
use crate::print::{Reporter, print_state};

/// `offsets state`.
pub(crate) fn state(output: &OutputArgs, args: &StateArgs) -> Result<Exit, Failure> {
    match &args.command {
        StateCommand::Show(args) => show(output, args),
        StateCommand::Export(args) => export(output, args),
        StateCommand::Import(args) => import(output, args),
        StateCommand::Acknowledge(args) => acknowledge(output, args),
    }
}

fn show(output: &OutputArgs, args: &StateShowArgs) -> Result<Exit, Failure> {
    let reporter = Reporter::new(output);
    let (partitions, bytes_on_disk) = match (&args.dir, &args.file) {
        (Some(dir), _) => {
            let folder = StateFolder::open(dir).map_err(failure)?;
            for path in folder.set_aside().map_err(failure)? {
                reporter.info(format!("{}: it was damaged and moved aside; {ACKNOWLEDGE}", path.display()));
            }
            (folder.partitions().map_err(failure)?, Some(folder.footprint().map_err(failure)?))
        }
        (None, file) => {
            let file = file.as_deref().unwrap_or(Path::new("-"));
            let read = StateFolder::read_copy(&mut opened(file)?);
            (read.map_err(|error| in_copy(error, file))?, None)
        }
    };
    print_state(&partitions, bytes_on_disk, output)?;
    let mut exit = Exit::Done;
    for SavedState { partition, damage, salvaged, .. } in &partitions {
        if let Some(salvaged) = salvaged {
            reporter.error(format!("partition {partition} was salvaged: {salvaged}; {ACKNOWLEDGE}"));
            exit = Exit::Unsound;
        }
        if let Some(damage) = damage {
            reporter.error(format!("partition {partition} is damaged: {damage}; {DAMAGED}"));
            exit = Exit::Unsound;
        }
    }
    Ok(exit)
}

fn export(output: &OutputArgs, args: &StateExportArgs) -> Result<Exit, Failure> {
    let folder = StateFolder::open(&args.dir).map_err(failure)?;
    let mut copy = Output::begin(&args.file)?;
    let partitions = folder.export(&mut copy).map_err(|error| match error {
        StateFolderError::Io(error) => copy.failed(error),
        error => failure(error),
    })?;
    Output::publish(vec![copy])?;
    report(&args.file, &partitions, Reporter::new(output));
    Ok(Exit::Done)
}

fn import(output: &OutputArgs, args: &StateImportArgs) -> Result<Exit, Failure> {
    let mut copy = opened(&args.file)?;
    let partitions = StateFolder::import(&args.dir, &mut copy).map_err(|error| in_copy(error, &args.file))?;
    report(&args.dir, &partitions, Reporter::new(output));
    Ok(Exit::Done)
}

/// A copy to be read. It is read twice, so that stdin goes into a file first.
fn opened(path: &Path) -> Result<BufReader<File>, Failure> {
    let unreadable = |error: io::Error| Failure::unreadable(path, &error);
    if path != Path::new("-") {
        return Ok(BufReader::new(File::open(path).map_err(unreadable)?));
    }
    let mut spooled = tempfile::tempfile().map_err(unreadable)?;
    io::copy(&mut io::stdin().lock(), &mut spooled).map_err(unreadable)?;
    spooled.rewind().map_err(unreadable)?;
    Ok(BufReader::new(spooled))
}

/// Says what is in a folder or a copy that was written.
fn report(path: &Path, partitions: &[SavedState], reporter: Reporter) {
    let path = if path == Path::new("-") { "the copy".to_owned() } else { path.display().to_string() };
    let identities: u64 = partitions.iter().filter_map(|state| state.identities).sum();
    let count = partitions.len();
    reporter.info(format!(
        "{path}: {count} {}, {identities} identities",
        if count == 1 { "partition" } else { "partitions" }
    ));
    for SavedState { partition, .. } in partitions.iter().filter(|state| state.next.is_none()) {
        reporter.info(format!(
            "partition {partition}: how far it goes in the changelog is not known, so nothing of it counts"
        ));
    }
}

fn acknowledge(output: &OutputArgs, args: &StateAcknowledgeArgs) -> Result<Exit, Failure> {
    let reporter = Reporter::new(output);
    let acknowledged = StateFolder::open(&args.dir).and_then(StateFolder::acknowledge).map_err(failure)?;
    let Acknowledged { salvaged, removed, .. } = acknowledged;
    for (partition, damage) in &salvaged {
        reporter.info(format!("partition {partition}: acknowledged: {damage}"));
    }
    for path in &removed {
        reporter.info(format!("removed {}", path.display()));
    }
    if salvaged.is_empty() && removed.is_empty() {
        reporter.info("there was nothing to acknowledge");
    }
    Ok(Exit::Done)
}

/// What is to be done about what was damaged.
const ACKNOWLEDGE: &str = "`offsets state acknowledge` takes note of it";

/// What is to be done about damage.
const DAMAGED: &str = "`offsets reconcile` reads what is damaged from the changelog again";

/// What is wrong with a copy, which is named; or with a folder, which names itself.
fn in_copy(error: StateFolderError, path: &Path) -> Failure {
    use StateFolderError::{DamagedCopy, Io, More, Newer, NotACopy};
    let remedy = match error {
        NotACopy => "take a file that `offsets state export` wrote",
        Newer { .. } => "use the version of offsets that wrote it, or a newer one",
        DamagedCopy { .. } | More => "nothing was written; make the copy again with `offsets state export`",
        Io(error) => return Failure::unreadable(path, &error),
        error => return failure(error),
    };
    Failure::usage(with_causes(&error)).in_file(path).remedy(remedy)
}

fn failure(error: StateFolderError) -> Failure {
    let (exit, remedy) = match &error {
        StateFolderError::Missing { .. } | StateFolderError::Foreign { .. } => {
            (Exit::Usage, "name the folder that `offsets reconcile --state` names")
        }
        StateFolderError::NotEmpty { .. } => (Exit::Usage, "name a folder that is empty or not there yet"),
        StateFolderError::Damaged { .. } => (
            Exit::Unsound,
            "start `offsets reconcile` with it: what is damaged is read from the changelog again",
        ),
        StateFolderError::Store(Error::InUse { .. }) => (
            Exit::Failed,
            "stop the `offsets reconcile` that has it open: SIGTERM is safe, and it goes on from there later",
        ),
        StateFolderError::Store(Error::Engine { .. }) => {
            (Exit::Unsound, "move the folder away: the state is read from the changelog then")
        }
        StateFolderError::Store(error) if error.is_full() => (Exit::Failed, "make room on the disk"),
        StateFolderError::Store(_) => (Exit::Failed, "check the permissions of the folder and the disk"),
        _ => return Failure::new(Exit::Failed, with_causes(&error)),
    };
    Failure::new(exit, with_causes(&error)).remedy(remedy)
}
