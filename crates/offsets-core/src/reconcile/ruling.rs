use super::{Candidate, Examination, Flaw, FlawKind, Flawed, Loss, Operator, Outcome, Position, Record};

/// How records are judged, and what becomes of those that cannot be. The [module](super) shows the loop around it.
///
/// # Examples
/// ```
/// use offsets_core::reconcile::{
///     Dedup, Examination, FlawKind, IdentityRule, MemoryTable, Policies, Policy, Position, Record, Rules, Ruling, Window,
/// };
///
/// let examination = Examination { identity: IdentityRule::Header("id".to_owned()), order: None, max_ahead_ms: 0 };
/// let policies = Policies::from_iter([(FlawKind::Identity, Policy::DeadLetter)]);
/// let mut dedup = Dedup::new(MemoryTable::default(), Window::Unbounded);
/// let position = Position::new(0, 5).expect("in range");
/// let ruling = Rules { examination, policies }.rule(&mut dedup, &Record::default(), position, 0)?;
/// let Ruling::SetAside { flawed, policy: Policy::DeadLetter } = ruling else { panic!("it has no id") };
/// assert_eq!(flawed.to_string(), "it has no header id");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How a record becomes a candidate.
    pub examination: Examination,
    /// What becomes of a record that is none.
    pub policies: Policies,
}

/// What becomes of a record that cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// The run ends, and nothing of it counts.
    #[default]
    Fail,
    /// It goes where somebody looks after it.
    DeadLetter,
    /// It goes to the output unjudged. Of a tie the greater hash wins instead, and the other write goes into the ledger: so
    /// what was put out last of a key is what is remembered of it.
    Pass,
}

/// A policy for each kind of flaw; [`Policy::Fail`] where none was set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies(Vec<(FlawKind, Policy)>);

/// What is to be done with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It goes to the output.
    Passes {
        /// What it is.
        candidate: Candidate,
        /// The write that it beats, if there was one: that one goes into the ledger.
        over: Option<Loss>,
    },
    /// It goes into the ledger.
    Loses {
        /// What it is.
        candidate: Candidate,
        /// To which other write, and why.
        loss: Loss,
    },
    /// It cannot be judged.
    SetAside {
        /// Why not.
        flawed: Flawed,
        /// What becomes of it.
        policy: Policy,
    },
}

impl Rules {
    /// What is to be done with a record that came in at `position`. What the time is, is an argument.
    ///
    /// # Errors
    /// When the operator's table cannot be read or written; the record is undecided then.
    pub fn rule<O: Operator + ?Sized>(
        &self,
        operator: &mut O,
        record: &Record<'_>,
        position: Position,
        now_ms: i64,
    ) -> Result<Ruling, O::Error> {
        let candidate = match self.examination.examine(record, position, now_ms) {
            Ok(candidate) => candidate,
            Err(flawed) => return Ok(self.set_aside(flawed)),
        };
        let ties = self.policies.of(FlawKind::Tie);
        let outcome = match operator.judge(&candidate)? {
            Outcome::Tied(_) if ties == Policy::Pass => operator.judge_by_content(&candidate)?,
            outcome => outcome,
        };
        Ok(match outcome {
            Outcome::Passes { over } => Ruling::Passes { candidate, over },
            Outcome::Loses(loss) => Ruling::Loses { candidate, loss },
            Outcome::Tied(_) => {
                // The operator remembers the other write, so this one never passes beside it.
                let policy = if ties == Policy::Pass { Policy::Fail } else { ties };
                Ruling::SetAside { flawed: Flaw::Tie.of(FlawKind::Tie), policy }
            }
            // That is no mistake of the record's, and true of every other too: no policy covers it.
            Outcome::Unranked => {
                Ruling::SetAside { flawed: Flaw::NoOrder.of(FlawKind::Order), policy: Policy::Fail }
            }
        })
    }

    fn set_aside(&self, flawed: Flawed) -> Ruling {
        let policy = self.policies.of(flawed.kind);
        Ruling::SetAside { flawed, policy }
    }
}

impl Ruling {
    /// What goes into the ledger: the write that loses, and the candidate that was judged.
    pub fn loss(&self) -> Option<(&Candidate, &Loss)> {
        match self {
            Self::Passes { candidate, over } => Some((candidate, over.as_ref()?)),
            Self::Loses { candidate, loss } => Some((candidate, loss)),
            Self::SetAside { .. } => None,
        }
    }
}

impl Policies {
    /// What is to become of records with this flaw.
    pub fn of(&self, kind: FlawKind) -> Policy {
        let said = self.0.iter().rev().find(|(of, _)| *of == kind);
        said.map_or(Policy::default(), |(_, policy)| *policy)
    }

    /// Whether anything is to go where somebody looks after it.
    pub fn has_dead_letters(&self) -> bool {
        self.0.iter().any(|(kind, _)| self.of(*kind) == Policy::DeadLetter)
    }
}

/// Of two words on one flaw the last counts.
impl FromIterator<(FlawKind, Policy)> for Policies {
    fn from_iter<I: IntoIterator<Item = (FlawKind, Policy)>>(policies: I) -> Self {
        Self(policies.into_iter().collect())
    }
}
