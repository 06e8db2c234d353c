use crate::{
    Dedup, DedupDecision, Identity, IdentityRule, Order, Position, Rank, ReadBefore, Reason, Record,
    RecordError, RecordErrorCause, RecordErrorKind, Reread, Seen, Table, Upsert, UpsertDecision, Version,
    VersionRule, Winner,
};

/// What a runner asks of each record: whether it passes, and which write loses.
pub trait Operator {
    /// Why its table cannot be read or written.
    type Error;

    /// What becomes of a candidate. The same one at the same position is answered the same until it is settled.
    ///
    /// # Errors
    /// When the table cannot be read or written; the candidate is undecided then.
    fn process(&mut self, keyed: &KeyedRecord) -> Result<Decision, Self::Error>;

    /// The same, where of a tie ([`Decision::Tie`]) the greater hash is to win: arbitrary, and the same in every region. What it
    /// answers then is remembered as any answer.
    ///
    /// # Errors
    /// When the table cannot be read or written; the candidate is undecided then.
    fn process_by_content(&mut self, keyed: &KeyedRecord) -> Result<Decision, Self::Error>;

    /// Declares everything below `next` done: it is out and will not come again. `next` has at most one position for each input, the next
    /// to be read; of an input that is not named nothing changes.
    ///
    /// # Errors
    /// When the table cannot be written.
    fn on_committed(&mut self, next: &[Position]) -> Result<(), Self::Error>;

    /// Gives up an input that was revoked: what was decided of it and is not settled will not be asked again, unless the input is assigned
    /// again and goes on from its committed position. An operator that keeps nothing for it does nothing.
    ///
    /// # Errors
    /// When the table cannot be written.
    fn release(&mut self, input: u16) -> Result<(), Self::Error> {
        let _ = input;
        Ok(())
    }
}

/// A record as far as it matters to an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRecord {
    /// Which event, or which key.
    pub identity: Identity,
    /// Its place among the writes of its key, where an order was asked for.
    pub rank: Option<Rank>,
    /// Where it came in.
    pub position: Position,
    /// Its timestamp in milliseconds since 1970 (UTC), where it has one. For a window it is as old as can be without; its tombstone
    /// is remembered for ever.
    pub timestamp_ms: Option<i64>,
    /// Whether it deletes its key.
    pub tombstone: bool,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It goes on to the output.
    Emit {
        /// The write that it beats, if there was one.
        over: Option<Loss>,
    },
    /// It does not: another stands in its place.
    Suppress(Loss),
    /// Only its content tells it from the write that stands. Nothing is changed: either it is set aside, or
    /// [`Operator::process_by_content`] decides. To put it out as it is would leave the table with another write than the output.
    Tie(Loss),
    /// It has no rank, and this operator judges by nothing else: [`Extractor::order`] is missing. Nothing is changed.
    Unranked,
}

/// A write that is not, or no longer, what counts; and the one that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The write that loses.
    pub loser: WriteRef,
    /// The write that stands; `None` where the group read it before it moved.
    pub winner: Option<WriteRef>,
    /// Why.
    pub reason: Reason,
}

/// One of the two writes of a [`Loss`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteRef {
    /// Where it came in.
    pub position: Position,
    /// Its rank, where there is an order.
    pub rank: Option<Rank>,
}

/// How records become candidates.
///
/// # Examples
/// ```
/// use offsets_reconcile::{Extractor, RecordErrorKind, IdentityRule, Position, Record};
///
/// let extractor = Extractor { identity: IdentityRule::Key, order: None, max_ahead_ms: 60_000 };
/// let position = Position::new(0, 5).expect("in range");
/// let record = Record { key: Some(b"17"), timestamp_ms: Some(1_000_000), ..Record::default() };
/// assert!(extractor.extract(&record, position, 1_000_000)?.tombstone);
///
/// let flawed = extractor.extract(&Record { key: None, ..record }, position, 1_000_000).unwrap_err();
/// assert_eq!(flawed.kind, RecordErrorKind::Identity);
/// let ahead = extractor.extract(&record, position, 900_000).unwrap_err();
/// assert_eq!(ahead.to_string(), "its time is 100000 ms ahead of the clock");
/// # Ok::<(), offsets_reconcile::RecordError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extractor {
    /// What makes two records the same.
    pub identity: IdentityRule,
    /// The order of the writes of a key, where the greatest is to win: an [`Upsert`] judges nothing without it.
    pub order: Option<Order>,
    /// How far a record's time, or the time that is its version, may lie ahead of the clock, in milliseconds.
    pub max_ahead_ms: i64,
}

impl Extractor {
    /// What an operator is to know of a record that came in at `position`. What the time is, is an argument.
    ///
    /// # Errors
    /// [`RecordError`] when the record cannot be judged.
    pub fn extract(
        &self,
        record: &Record<'_>,
        position: Position,
        now_ms: i64,
    ) -> Result<KeyedRecord, RecordError> {
        let timestamp_ms = record.time_ms();
        if let Some(ahead_ms) = timestamp_ms.and_then(|time_ms| self.ahead(time_ms, now_ms)) {
            return Err(RecordErrorCause::Ahead { ahead_ms }.of(RecordErrorKind::Clock));
        }
        let rank = self.order.as_ref().map(|order| order.rank(record)).transpose().map_err(|cause| {
            let kind = if matches!(cause, RecordErrorCause::UnknownRegion(_)) {
                RecordErrorKind::Region
            } else {
                RecordErrorKind::Order
            };
            cause.of(kind)
        })?;
        // What would win for as long as it is ahead.
        let ahead = match rank.map(|rank| rank.version) {
            Some(Version::Stamp(stamp)) => {
                self.ahead(stamp.millis(), now_ms).map(|ahead_ms| RecordErrorCause::Drift { stamp, ahead_ms })
            }
            Some(Version::Time(time)) => self
                .ahead(time.as_millisecond(), now_ms)
                .map(|ahead_ms| RecordErrorCause::VersionAhead { time, ahead_ms }),
            Some(Version::Number(_)) | None => None,
        };
        if let Some(cause) = ahead {
            return Err(cause.of(RecordErrorKind::Clock));
        }
        let identity = self.identity.identify(record).map_err(|cause| cause.of(RecordErrorKind::Identity))?;
        Ok(KeyedRecord { identity, rank, position, timestamp_ms, tombstone: record.is_tombstone() })
    }

    fn ahead(&self, time_ms: i64, now_ms: i64) -> Option<i64> {
        Some(time_ms.saturating_sub(now_ms)).filter(|ahead| *ahead > self.max_ahead_ms)
    }

    /// The headers that are looked at, so that a reader need not bring others.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        let identity = match &self.identity {
            IdentityRule::Header(name) => Some(name),
            _ => None,
        };
        let order = self.order.as_ref().and_then(|order| match &order.version {
            VersionRule::Header(name) | VersionRule::Hlc(name) => Some(name),
            VersionRule::Json(_) | VersionRule::Timestamp => None,
        });
        let tombstones = self.order.as_ref().and_then(|order| order.tombstones.as_ref());
        [identity, order, tombstones].into_iter().flatten().map(String::as_str)
    }
}

impl KeyedRecord {
    /// Its time as windows take it.
    fn time_ms(&self) -> i64 {
        self.timestamp_ms.unwrap_or_default()
    }

    fn side(&self) -> WriteRef {
        WriteRef { position: self.position, rank: self.rank }
    }

    pub(crate) fn loses(&self, winner: Option<WriteRef>, reason: Reason) -> Loss {
        Loss { loser: self.side(), winner, reason }
    }

    /// The write that it is, where there is an order.
    fn write(&self) -> Option<Winner> {
        // Without a time of its own a delete has no horizon: it is remembered for ever.
        let deleted_ms = self.timestamp_ms.filter(|_| self.tombstone);
        self.rank.map(|rank| Winner { rank, position: self.position, deleted_ms })
    }

    fn outcome(&self, write: &Winner, standing: UpsertDecision) -> Decision {
        let side = |winner: Winner| WriteRef { position: winner.position, rank: Some(winner.rank) };
        let loses_to = |other: Winner| self.loses(Some(side(other)), write.rank.decided_by(&other.rank));
        match standing {
            UpsertDecision::Won { over: None } => Decision::Emit { over: None },
            UpsertDecision::Won { over: Some(over) } => {
                let reason = write.rank.decided_by(&over.rank);
                let over = Loss { loser: side(over), winner: Some(self.side()), reason };
                Decision::Emit { over: Some(over) }
            }
            UpsertDecision::Lost { to } => Decision::Suppress(loses_to(to)),
            UpsertDecision::Tied { with } => Decision::Tie(loses_to(with)),
        }
    }
}

impl<T: Table<Seen>> Operator for Dedup<T> {
    type Error = T::Error;

    fn process(&mut self, keyed: &KeyedRecord) -> Result<Decision, T::Error> {
        let decision = self.decide(keyed.identity, keyed.position, keyed.time_ms())?;
        Ok(match decision {
            DedupDecision::First => Decision::Emit { over: None },
            DedupDecision::Duplicate { first } => {
                let first = WriteRef { position: first, rank: None };
                Decision::Suppress(keyed.loses(Some(first), Reason::Duplicate))
            }
        })
    }

    /// No two records are tied.
    fn process_by_content(&mut self, keyed: &KeyedRecord) -> Result<Decision, T::Error> {
        self.process(keyed)
    }

    fn on_committed(&mut self, next: &[Position]) -> Result<(), T::Error> {
        Self::on_committed(self, next)
    }

    fn release(&mut self, input: u16) -> Result<(), T::Error> {
        Self::release(self, input)
    }
}

impl<T: Table<ReadBefore>> Operator for Reread<T> {
    type Error = T::Error;

    fn process(&mut self, keyed: &KeyedRecord) -> Result<Decision, T::Error> {
        let again = self.is_reread(keyed.identity, keyed.position)?;
        Ok(if again {
            Decision::Suppress(keyed.loses(None, Reason::Reread))
        } else {
            Decision::Emit { over: None }
        })
    }

    /// No two records are tied.
    fn process_by_content(&mut self, keyed: &KeyedRecord) -> Result<Decision, T::Error> {
        self.process(keyed)
    }

    fn on_committed(&mut self, next: &[Position]) -> Result<(), T::Error> {
        Self::on_committed(self, next)
    }
}

impl<T: Table<Winner>> Operator for Upsert<T> {
    type Error = T::Error;

    fn process(&mut self, keyed: &KeyedRecord) -> Result<Decision, T::Error> {
        let Some(write) = keyed.write() else { return Ok(Decision::Unranked) };
        let standing = self.decide(keyed.identity, write, keyed.time_ms())?;
        Ok(keyed.outcome(&write, standing))
    }

    fn process_by_content(&mut self, keyed: &KeyedRecord) -> Result<Decision, T::Error> {
        let Some(write) = keyed.write() else { return Ok(Decision::Unranked) };
        let standing = self.decide_by_content(keyed.identity, write, keyed.time_ms())?;
        Ok(keyed.outcome(&write, standing))
    }

    fn on_committed(&mut self, next: &[Position]) -> Result<(), T::Error> {
        Self::on_committed(self, next)
    }

    fn release(&mut self, input: u16) -> Result<(), T::Error> {
        Self::release(self, input);
        Ok(())
    }
}
