use std::path::Path;

use offsets_core::translate::Seed;
use offsets_core::translate::Translation;

use crate::args::{SeedArgs, SelectionArgs};
use crate::failure::Failure;
use crate::new_file::create;
use crate::print::Reporter;

/// The seed of a translation and the file it goes to, where one was asked for.
pub(super) struct SeedFile<'a> {
    path: &'a Path,
    seed: Seed,
}

impl SeedArgs {
    /// A seed is what one group had read.
    pub(super) fn fits(&self, selection: &SelectionArgs) -> Result<(), Failure> {
        if self.seed_out.is_some() && selection.groups.group.len() != 1 {
            return Err(Failure::usage("--seed-out is for one group: each has read something else")
                .remedy("name exactly one with --group"));
        }
        if self.seed_out.as_deref() == Some(Path::new("-")) {
            return Err(Failure::usage("--seed-out needs a file: stdout has the answer"));
        }
        Ok(())
    }

    /// What is to be written, if anything is.
    pub(super) fn of<'a>(&'a self, translation: &mut Translation) -> Option<SeedFile<'a>> {
        let path = self.seed_out.as_deref()?;
        Some(SeedFile { path, seed: translation.seeds.pop()? })
    }
}

impl SeedFile<'_> {
    /// Writes it, whole or not at all, and says what is in it.
    pub(super) fn save(&self, reporter: Reporter) -> Result<(), Failure> {
        create(self.path, &self.seed.write())?;
        self.report(&format!("seed {}", self.path.display()), reporter);
        Ok(())
    }

    /// Says what would be in it.
    pub(super) fn report_dry_run(&self, reporter: Reporter) {
        self.report(&format!("seed {} (not written: a dry run)", self.path.display()), reporter);
    }

    fn report(&self, file: &str, reporter: Reporter) {
        let Seed { windows, unseeded, group, .. } = &self.seed;
        let left_out = match windows.iter().map(|window| window.left_out).sum::<u64>() {
            0 => String::new(),
            left_out => format!(", and {left_out} more that are left out"),
        };
        reporter.info(format!(
            "{file}: {group} has read {} that {} again, in {}{left_out}; {} not seeded",
            many(self.seed.records(), "record", "records"),
            if self.seed.records() == 1 { "comes" } else { "come" },
            many(windows.len(), "window", "windows"),
            many(unseeded.len(), "partition is", "partitions are"),
        ));
        for without in unseeded {
            reporter.info(format!("not seeded: {}: {}", without.partition, without.why));
        }
    }
}

fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
