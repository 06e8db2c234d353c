use crate::{
    Decision, Extractor, KeyedRecord, Loss, Operator, Position, Record, RecordError, RecordErrorCause,
    RecordErrorKind,
};

/// How records are judged, and what becomes of those that cannot be. The [module](crate) shows the loop around it.
///
/// # Examples
/// ```
/// use offsets_reconcile::{
///     Dedup, Extractor, RecordErrorKind, IdentityRule, MemoryTable, Policies, Policy, Position, Record, RecordRules, Routing, Window,
/// };
///
/// let extractor = Extractor { identity: IdentityRule::Header("id".to_owned()), order: None, max_ahead_ms: 0 };
/// let policies = Policies::from_iter([(RecordErrorKind::Identity, Policy::DeadLetter)]);
/// let mut dedup = Dedup::new(MemoryTable::default(), Window::Unbounded);
/// let position = Position::new(0, 5).expect("in range");
/// let routing = RecordRules { extractor, policies }.route(&mut dedup, &Record::default(), position, 0)?;
/// let Routing::Reject { flawed, policy: Policy::DeadLetter } = routing else { panic!("it has no id") };
/// assert_eq!(flawed.to_string(), "it has no header id");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRules {
    /// How a record becomes a candidate.
    pub extractor: Extractor,
    /// What becomes of a record that is none.
    pub policies: Policies,
}

/// What becomes of a record that cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// The run ends, and nothing of it counts.
    #[default]
    Fail,
    /// It goes to the dead letters.
    DeadLetter,
    /// It goes to the output unjudged. Of a tie the greater hash wins instead, and the other write goes into the ledger: so
    /// what was put out last of a key is what is remembered of it.
    Pass,
}

/// A policy for each kind of flaw; [`Policy::Fail`] where none was set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies(Vec<(RecordErrorKind, Policy)>);

/// What is to be done with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// It goes to the output.
    Emit {
        /// What it is.
        keyed: KeyedRecord,
        /// The write that it beats, if there was one: that one goes into the ledger.
        over: Option<Loss>,
    },
    /// It goes into the ledger.
    Suppress {
        /// What it is.
        keyed: KeyedRecord,
        /// To which other write, and why.
        loss: Loss,
    },
    /// It cannot be judged.
    Reject {
        /// Why not.
        flawed: RecordError,
        /// What becomes of it.
        policy: Policy,
    },
}

impl RecordRules {
    /// What is to be done with a record that came in at `position`. What the time is, is an argument.
    ///
    /// # Errors
    /// When the operator's table cannot be read or written; the record is undecided then.
    pub fn route<O: Operator + ?Sized>(
        &self,
        operator: &mut O,
        record: &Record<'_>,
        position: Position,
        now_ms: i64,
    ) -> Result<Routing, O::Error> {
        let keyed = match self.extractor.extract(record, position, now_ms) {
            Ok(keyed) => keyed,
            Err(flawed) => return Ok(self.set_aside(flawed)),
        };
        let ties = self.policies.of(RecordErrorKind::Tie);
        let outcome = match operator.process(&keyed)? {
            Decision::Tie(_) if ties == Policy::Pass => operator.process_by_content(&keyed)?,
            outcome => outcome,
        };
        Ok(match outcome {
            Decision::Emit { over } => Routing::Emit { keyed, over },
            Decision::Suppress(loss) => Routing::Suppress { keyed, loss },
            Decision::Tie(_) => {
                // The operator remembers the other write, so this one never passes beside it.
                let policy = if ties == Policy::Pass { Policy::Fail } else { ties };
                Routing::Reject { flawed: RecordErrorCause::Tie.of(RecordErrorKind::Tie), policy }
            }
            // That is no mistake of the record's, and true of every other too: no policy covers it.
            Decision::Unranked => Routing::Reject {
                flawed: RecordErrorCause::NoOrder.of(RecordErrorKind::Order),
                policy: Policy::Fail,
            },
        })
    }

    fn set_aside(&self, flawed: RecordError) -> Routing {
        let policy = self.policies.of(flawed.kind);
        Routing::Reject { flawed, policy }
    }
}

impl Routing {
    /// What goes into the ledger: the write that loses, and the candidate that was judged.
    pub fn loss(&self) -> Option<(&KeyedRecord, &Loss)> {
        match self {
            Self::Emit { keyed, over } => Some((keyed, over.as_ref()?)),
            Self::Suppress { keyed, loss } => Some((keyed, loss)),
            Self::Reject { .. } => None,
        }
    }
}

impl Policies {
    /// What is to become of records with this flaw.
    pub fn of(&self, kind: RecordErrorKind) -> Policy {
        let said = self.0.iter().rev().find(|(of, _)| *of == kind);
        said.map_or(Policy::default(), |(_, policy)| *policy)
    }

    /// Whether anything is to go to the dead letters.
    pub fn has_dead_letters(&self) -> bool {
        self.0.iter().any(|(kind, _)| self.of(*kind) == Policy::DeadLetter)
    }
}

/// Of two words on one flaw the last counts.
impl FromIterator<(RecordErrorKind, Policy)> for Policies {
    fn from_iter<I: IntoIterator<Item = (RecordErrorKind, Policy)>>(policies: I) -> Self {
        Self(policies.into_iter().collect())
    }
}
