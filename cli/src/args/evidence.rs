use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use offsets_core::translate::{EvidenceKind, EvidencePolicy};

/// Which evidence is asked for and used.
#[derive(Debug, Args)]
#[command(next_help_heading = "Evidence")]
pub(crate) struct EvidenceArgs {
    /// Use these kinds only: syncs, checkpoints, connect-offsets, target-scan, source-scan, content, headers
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = kind, global = true)]
    pub(crate) evidence: Vec<EvidenceKind>,

    /// Use what `offsets archive run` kept in this folder too: syncs, checkpoints, and the commits of a dead source
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) archive: Option<PathBuf>,

    /// Read no data topics
    #[arg(long, global = true)]
    pub(crate) no_probe: bool,

    /// How many offsets of a data partition may be read for one answer
    #[arg(long, value_name = "N", global = true, default_value_t = EvidencePolicy::PROBE_MAX_RECORDS)]
    pub(crate) probe_max_records: u64,
}

/// A kind of evidence, with or without blanks around it.
fn kind(text: &str) -> Result<EvidenceKind, <EvidenceKind as FromStr>::Err> {
    text.trim().parse()
}

impl EvidenceArgs {
    /// Which evidence may be used.
    pub(crate) fn rules(&self) -> EvidencePolicy {
        let kinds = if self.evidence.is_empty() { EvidenceKind::ALL.to_vec() } else { self.evidence.clone() };
        let rules = EvidencePolicy::only(kinds).reading_at_most(self.probe_max_records);
        if self.no_probe { rules.leaving_out_probes() } else { rules }
    }
}
