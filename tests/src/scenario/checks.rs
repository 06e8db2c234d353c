//! The tool's answers, held against both logs and set beside MirrorMaker 2's own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Result, ensure};

use super::{Names, Scenario};
use crate::invariant::{Class, Report, Row, check_law};
use crate::kafka::{Isolation, Log};
use crate::rig::workspace_target;
use crate::tool::{self, Run};
use crate::truth::Truth;

impl Scenario<'_> {
    /// The names of the flow's topics.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The group that [`Scenario::group_at`] called `name`.
    pub fn group(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// Runs `offsets <subcommand>` on this flow and all of this scenario's groups, with more arguments.
    ///
    /// # Errors
    ///
    /// When it cannot be run; whatever its exit code is, is an answer.
    pub fn offsets(&self, subcommand: &str, arguments: &[&str]) -> Result<Run> {
        let mut command = tool::offsets(&self.rig.scratch().folder("home")?)?;
        command.arg(subcommand).arg("--mm2-config").arg(self.mirror.properties_file());
        command.arg("--link").arg(self.mirror.flow().to_string());
        // By name: another scenario's may begin with this one's.
        let groups: Vec<_> = self.groups.keys().map(String::as_str).collect();
        command.arg("--groups-regex").arg(groups.join("|")).args(arguments);
        Run::of(command)
    }

    /// Runs `offsets <subcommand>` on this flow and one group.
    ///
    /// # Errors
    ///
    /// When it cannot be run; whatever its exit code is, is an answer.
    pub fn offsets_of(&self, subcommand: &str, group: &str, arguments: &[&str]) -> Result<Run> {
        let mut command = tool::offsets(&self.rig.scratch().folder("home")?)?;
        command.arg(subcommand).arg("--mm2-config").arg(self.mirror.properties_file());
        command.arg("--link").arg(self.mirror.flow().to_string());
        command.args(["--group", group]).args(arguments);
        Run::of(command)
    }

    /// Runs `offsets archive` on this flow, with more arguments.
    ///
    /// # Errors
    ///
    /// When it cannot be run; whatever its exit code is, is an answer.
    pub fn offsets_archive(&self, arguments: &[&str]) -> Result<Run> {
        let mut command = tool::offsets(&self.rig.scratch().folder("home")?)?;
        command.arg("archive").arg("--mm2-config").arg(self.mirror.properties_file());
        command.arg("--link").arg(self.mirror.flow().to_string()).args(arguments);
        Run::of(command)
    }

    /// Runs `offsets <subcommand>` on the target alone, with more arguments.
    ///
    /// # Errors
    ///
    /// When it cannot be run; whatever its exit code is, is an answer.
    pub fn offsets_on_target(&self, subcommand: &str, arguments: &[&str]) -> Result<Run> {
        let mut command = tool::offsets(&self.rig.scratch().folder("home")?)?;
        command
            .arg(subcommand)
            .arg("--target.bootstrap-server")
            .arg(self.rig.target.bootstrap())
            .args(arguments);
        Run::of(command)
    }

    /// The rows of `offsets translate` for all of this scenario's groups.
    ///
    /// # Errors
    ///
    /// When it does not succeed, or its answer is not of the contract's shape.
    pub fn translate(&self, arguments: &[&str]) -> Result<Vec<Row>> {
        let arguments = [arguments, &["-o", "json"]].concat();
        let report: Report = self.offsets("translate", &arguments)?.expect_code(0)?.json()?;
        Ok(report.partitions)
    }

    /// Both logs compared as they are now. It does not need the source alive.
    ///
    /// # Errors
    ///
    /// When the target cannot be read.
    pub fn truth(&self) -> Result<Truth> {
        // what a group will read: aborted copies (exactly-once MM2) are not there for it
        let target = Log::read(&self.rig.target.bootstrap(), &self.names.mirrored, Isolation::ReadCommitted)?;
        Ok(Truth::of(&self.written, &target))
    }

    /// Translates every group, holds each answer against the truth, and notes the re-reads.
    ///
    /// # Panics
    ///
    /// When an answer breaks the law.
    ///
    /// # Errors
    ///
    /// When a group or partition has no answer, or something cannot be read.
    pub fn judge(&self, arguments: &[&str]) -> Result<Vec<Row>> {
        let rows = self.judge_known(arguments)?;
        let answered: BTreeSet<_> = rows.iter().map(|row| (&row.group, row.partition)).collect();
        let asked = self.groups.iter().flat_map(|(group, offsets)| offsets.keys().map(move |p| (group, *p)));
        let missing: Vec<_> = asked.filter(|pair| !answered.contains(pair)).collect();
        ensure!(missing.is_empty(), "no answer for {missing:?}");
        Ok(rows)
    }

    /// The same, and with both logs at hand every answer must be `exact`.
    ///
    /// # Panics
    ///
    /// When an answer breaks the law.
    ///
    /// # Errors
    ///
    /// As [`Scenario::judge`], and when an answer is not exact.
    pub fn judge_exact(&self, arguments: &[&str]) -> Result<Vec<Row>> {
        let rows = self.judge(arguments)?;
        let open: Vec<_> = rows.iter().filter(|row| row.class != Class::Exact).collect();
        ensure!(open.is_empty(), "{} of {} answers are not exact: {open:#?}", open.len(), rows.len());
        Ok(rows)
    }

    /// The same where not every group need be known: with the records of data topics, whose answers are given, and without.
    ///
    /// # Panics
    ///
    /// When an answer breaks the law.
    ///
    /// # Errors
    ///
    /// When something cannot be read.
    pub fn judge_known(&self, arguments: &[&str]) -> Result<Vec<Row>> {
        let unprobed = self.translate(&[arguments, &["--no-probe"]].concat())?;
        let rows = self.translate(arguments)?;
        let truth = self.truth()?;
        let table = self.rereads(&rows, &unprobed, &truth)?;
        println!("{table}");
        check_law(&unprobed, &truth)?;
        check_law(&rows, &truth)?;
        // `cargo xtask rereads` makes one table of all scenarios' files
        let folder = workspace_target().join("rig").join("rereads");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{}.tsv", self.name)), table)?;
        Ok(rows)
    }

    /// One line a row, tab-separated: scenario, group, partition, lag, class, records read twice after our answer, after the
    /// one without probes, after MM2's checkpoint (`-` where MM2 has none), and after what the tool says MM2 would do.
    fn rereads(&self, rows: &[Row], unprobed: &[Row], truth: &Truth) -> Result<String> {
        let checkpoints = self.checkpoints()?;
        let mut table =
            String::from("scenario\tgroup\tpartition\tlag\tclass\tours\tunprobed\tmm2\tmm2-predicted\n");
        for row in rows {
            let Some(g) = row.source_offset else { continue };
            let part = truth.partition(row.partition)?;
            let count = |at: Option<i64>| at.map_or("-".to_owned(), |at| part.reread(at, g).to_string());
            let checkpoint = checkpoints.get(&(row.group.clone(), row.partition)).map(|c| c.downstream);
            let plain = unprobed.iter().find(|r| (&r.group, r.partition) == (&row.group, row.partition));
            let plain = plain.and_then(|row| row.target_offset);
            let predicted = row.mm2.and_then(|mm2| mm2.target_offset);
            let lag = self.source_ends.get(&row.partition).map_or(0, |end| end - g);
            let (ours, plain) = (count(row.target_offset), count(plain));
            let (mm2, predicted) = (count(checkpoint), count(predicted));
            let (group, partition, class) = (&row.group, row.partition, row.class);
            let name = self.name;
            writeln!(
                table,
                "{name}\t{group}\t{partition}\t{lag}\t{class}\t{ours}\t{plain}\t{mm2}\t{predicted}"
            )?;
        }
        Ok(table)
    }
}
