//! What each kind of evidence is worth by itself: how much is read again from it alone.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use super::Scenario;
use crate::invariant::check_law;
use crate::rig::workspace_target;

/// The kinds that `--evidence` names.
const KINDS: [&str; 7] =
    ["syncs", "checkpoints", "connect-offsets", "target-scan", "source-scan", "content", "headers"];

impl Scenario<'_> {
    /// Translates every group from each kind of evidence alone and from all, holds each answer against the truth, and
    /// notes the re-reads beside those of MM2's own checkpoints.
    ///
    /// # Panics
    ///
    /// When an answer breaks the law.
    ///
    /// # Errors
    ///
    /// When something cannot be read, or an answer is not of the contract's shape.
    pub fn weigh_evidence(&self) -> Result<()> {
        let (truth, checkpoints) = (self.truth()?, self.checkpoints()?);
        // `cargo xtask rereads` makes one table of all scenarios' files
        let mut table = String::from("scenario\tevidence\tlag\treread\n");
        let mut note = |evidence: &str, partition: i32, g: i64, at: Option<i64>| -> Result<()> {
            let lag = self.source_ends.get(&partition).map_or(0, |end| end - g);
            let Some(at) = at else { return Ok(()) };
            let reread = truth.partition(partition)?.reread(at, g);
            Ok(writeln!(table, "{}\t{evidence}\t{lag}\t{reread}", self.name)?)
        };
        for kind in KINDS.into_iter().map(Some).chain([None]) {
            let arguments = kind.map(|kind| ["--evidence", kind]);
            let rows = self.translate(arguments.as_ref().map_or(&[], |arguments| &arguments[..]))?;
            check_law(&rows, &truth)?;
            for row in &rows {
                let Some(g) = row.source_offset else { continue };
                note(kind.unwrap_or("all"), row.partition, g, row.target_offset)?;
                if kind.is_none() {
                    let checkpoint = checkpoints.get(&(row.group.clone(), row.partition));
                    note("mm2", row.partition, g, checkpoint.map(|checkpoint| checkpoint.downstream))?;
                }
            }
        }
        let folder = workspace_target().join("rig").join("rereads-by-evidence");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{}.tsv", self.name)), table)?;
        Ok(())
    }
}
