use super::{ANY_LOG, Assumptions, Bound, Finding, Row};

/// Every bound that was found for a position, whichever of them decided it.
#[derive(Debug, Clone, Default)]
pub struct Derivation {
    /// In the order in which the rules gave them: what cost least first.
    pub floors: Vec<Bound>,
    /// In the same order.
    pub ceilings: Vec<Bound>,
    /// The floor from which the records were read. What they prove, they prove from there on.
    pub probed_from: Option<Bound>,
}

/// One step of a derivation, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivationStep {
    /// `floor` or `ceiling`.
    pub bound: &'static str,
    /// The target offset.
    pub at: i64,
    /// The fact it follows from.
    pub finding: Finding,
    /// What it takes for granted.
    pub needs: Assumptions,
    /// Whether it is what the answer came to.
    pub decides: bool,
}

impl Row {
    /// How the answer was derived, floors before ceilings; nothing where nothing was to be derived.
    pub fn derivation_steps(&self) -> Vec<DerivationStep> {
        let log = self.target_log.unwrap_or(ANY_LOG);
        let (low, high) = (self.position.target(), self.position.high());
        let step = |name, bound: &Bound, end| DerivationStep {
            bound: name,
            at: bound.at.get(),
            finding: Finding::of(bound, log),
            needs: bound.needs,
            decides: Some(bound.at) == end,
        };
        let floors = self.derivation.floors.iter().map(|bound| step("floor", bound, low));
        let ceilings = self.derivation.ceilings.iter().map(|bound| step("ceiling", bound, high));
        floors.chain(ceilings).collect()
    }
}
