use offsets_core::model::GroupId;
use offsets_core::plan::{Backwards, Overrides, Undo, UndoEntry};

use super::apply::{Resets, target_state};
use super::session::{TargetSession, read};
use crate::args::{LinkArgs, OutputArgs, UndoArgs};
use crate::exit::Exit;
use crate::failure::Failure;

const SAVED: &str = "name the file that `offsets reset --execute` saved, whole and unchanged";

/// `offsets undo`. Going back is what it is for; what it checks instead is that nothing has moved since.
pub(crate) fn undo(link: &LinkArgs, output: &OutputArgs, args: &UndoArgs) -> Result<Exit, Failure> {
    let undo = Undo::read(&read(&args.file)?).map_err(|error| {
        Failure::from_error(Exit::Usage, &args.file.display().to_string(), &error).remedy(SAVED)
    })?;
    let session = TargetSession::open(link, output)?;
    if let (Some(saved), Some(here)) = (undo.cluster_id.as_deref(), session.cluster.cluster_id())
        && saved != here
    {
        return Err(Failure::new(
            Exit::Unverified,
            format!("this undo file is of cluster {saved}, and {} is {here}", session.cluster.alias()),
        ));
    }
    let resets = undo.resets();
    let state = target_state(&session.cluster, &resets, false, &session.deadline)?;
    let allowed = args.apply.backwards();
    // A commit that has gone, with its group or by expiry, is nothing that the group has done since.
    let drifted = |entry: &&UndoEntry| {
        let key: (GroupId, _) = (entry.group.clone(), entry.partition.clone());
        let found = state.committed.get(&key);
        entry.before.is_some()
            && found.is_some_and(|found| *found != entry.after)
            && !allowed.admits(&entry.group)
    };
    if let Some(entry) = undo.entries.iter().find(drifted) {
        return Err(Failure::new(
            Exit::Unverified,
            format!("group {} on {} is not where the reset left it", entry.group, entry.partition),
        )
        .remedy("the group has gone on since; use --allow-backwards to put it back all the same"));
    }
    for entry in undo.entries.iter().filter(|entry| entry.before.is_none()) {
        session.reporter.info(format!(
            "group {} on {} had no commit before and keeps this one",
            entry.group, entry.partition
        ));
    }
    if resets.is_empty() {
        return Err(Failure::new(
            Exit::Unsound,
            "nothing can be put back: no group had a commit before the reset",
        ));
    }
    let overrides = Overrides { backwards: Backwards::All, ..args.apply.overrides() };
    session.apply(Resets::of(resets), &overrides, &args.apply, output)
}
