use std::fmt;
use std::str::FromStr;

/// A kind of evidence that can be left out. Commits, log ranges and names are not evidence but the question itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EvidenceKind {
    /// The offset syncs.
    Syncs,
    /// Every group's checkpoints.
    Checkpoints,
    /// How far the replicator's worker says it has copied.
    ConnectOffsets,
    /// Which records the target holds inside the bracket.
    TargetScan,
    /// Which offsets the source holds inside the bracket.
    SourceScan,
    /// The same records recognised on both sides.
    Content,
    /// Source offsets that the replicator wrote into headers.
    Headers,
}

/// Which evidence may be asked for and used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidencePolicy {
    kinds: Vec<EvidenceKind>,
    pub(super) probe_max_records: u64,
}

impl EvidenceKind {
    /// All kinds, cheapest first.
    pub const ALL: [Self; 7] = [
        Self::Syncs,
        Self::Checkpoints,
        Self::ConnectOffsets,
        Self::TargetScan,
        Self::SourceScan,
        Self::Content,
        Self::Headers,
    ];

    /// The name used in options and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syncs => "syncs",
            Self::Checkpoints => "checkpoints",
            Self::ConnectOffsets => "connect-offsets",
            Self::TargetScan => "target-scan",
            Self::SourceScan => "source-scan",
            Self::Content => "content",
            Self::Headers => "headers",
        }
    }

    /// Whether it reads data topics.
    pub fn is_probe(self) -> bool {
        matches!(self, Self::TargetScan | Self::SourceScan | Self::Content | Self::Headers)
    }
}

impl EvidencePolicy {
    /// How many offsets are read for one answer unless said otherwise. Brackets of real links are about a hundred
    /// offsets wide, and seldom more than a few thousand.
    pub const PROBE_MAX_RECORDS: u64 = 100_000;

    /// Only these kinds.
    pub fn only(kinds: impl IntoIterator<Item = EvidenceKind>) -> Self {
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self { kinds, probe_max_records: Self::PROBE_MAX_RECORDS }
    }

    /// Everything that can be had without reading a data topic.
    pub fn without_probes() -> Self {
        Self::default().leaving_out_probes()
    }

    /// The same without what reads data topics.
    #[must_use]
    pub fn leaving_out_probes(mut self) -> Self {
        self.kinds.retain(|kind| !kind.is_probe());
        self
    }

    /// The same with another limit to how many offsets of a data partition may be read for one answer, on either side.
    #[must_use]
    pub fn reading_at_most(self, probe_max_records: u64) -> Self {
        Self { probe_max_records, ..self }
    }

    /// Whether a kind may be used.
    pub fn allows(&self, kind: EvidenceKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether anything may be used that reads data topics.
    pub(super) fn allows_probes(&self) -> bool {
        self.kinds.iter().any(|kind| kind.is_probe())
    }

    /// Whether any of them may be used.
    pub(super) fn allows_any(&self, kinds: &[EvidenceKind]) -> bool {
        kinds.iter().any(|&kind| self.allows(kind))
    }
}

/// Everything.
impl Default for EvidencePolicy {
    fn default() -> Self {
        Self::only(EvidenceKind::ALL)
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no kind of evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of evidence; there are {all}", all = EvidenceKind::ALL.map(EvidenceKind::name).join(", "))]
pub struct UnknownKind(pub String);

impl FromStr for EvidenceKind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| UnknownKind(name.to_owned()))
    }
}
