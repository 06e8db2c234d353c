use std::fmt;

use crate::{Extractor, IdentityRule, Order, RecordErrorKind, VersionRule};

/// Which operator judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperatorKind {
    /// [`Dedup`](crate::Dedup).
    Dedup,
    /// [`Upsert`](crate::Upsert).
    Upsert,
    /// [`Reread`](crate::Reread) and [`ReplayFilter`](crate::ReplayFilter).
    Reread,
}

/// Rules that are valid one by one, and together do nothing, or nothing that can be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// No two writes of an upsert that differ have one identity.
    #[error("by identity {0} every record of an upsert is a key of its own, and nothing is ever merged")]
    NothingMerges(IdentityRule),
    /// An upsert has nothing to find the winner by.
    #[error("an upsert has no order to find the winner of a key by")]
    NoOrder,
    /// An operator that compares no versions has an order.
    #[error("{0} compares no versions: an order decides nothing")]
    NoVersions(OperatorKind),
    /// The writes of one identity all have the same version.
    #[error("{0} is both the identity and the version: all writes of a key have the same version")]
    OneVersion(String),
    /// The version of a tombstone is where that of every other write is.
    #[error("a version by {0} is there in a tombstone too: a header for it alone is never looked at")]
    TombstoneHasVersion(VersionRule),
    /// A tombstone has no value to hold the field that is its identity.
    #[error("by identity {0} no tombstone can be identified: the header for its version is never used")]
    TombstoneHasNoIdentity(IdentityRule),
    /// No two records of topics have one origin. Over files it is another matter: pieces of a dump may overlap.
    #[error("by identity {0} no two records of topics are one event, and nothing is ever dropped")]
    NothingRepeats(IdentityRule),
    /// What a seed names is named by its copy.
    #[error(
        "by identity {0} nothing is known that a seed names: records in a seed are known by their copies"
    )]
    NotByCopy(IdentityRule),
}

impl Extractor {
    /// An examination for an operator. Records whose time, or the time that is their version, lies more than `max_ahead_ms` ahead of
    /// the clock are flawed.
    ///
    /// # Errors
    /// [`Misfit`] when the rules do not suit that operator, or one another.
    ///
    /// # Examples
    /// ```
    /// use offsets_reconcile::{Extractor, IdentityRule, Misfit, Order, OperatorKind, Regions, VersionRule};
    ///
    /// let regions = Regions::new(["a", "b"].map(str::to_owned))?;
    /// let order = Order { version: VersionRule::Timestamp, tombstones: None, regions };
    /// let by = |identity| Extractor::new(OperatorKind::Upsert, identity, Some(order.clone()), 3_600_000);
    /// assert!(by(IdentityRule::Key).is_ok());
    /// assert_eq!(by(IdentityRule::Origin), Err(Misfit::NothingMerges(IdentityRule::Origin)));
    /// # Ok::<(), offsets_reconcile::NotRegions>(())
    /// ```
    pub fn new(
        operator: OperatorKind,
        identity: IdentityRule,
        order: Option<Order>,
        max_ahead_ms: i64,
    ) -> Result<Self, Misfit> {
        let extractor = Self { identity, order, max_ahead_ms };
        extractor.suits(operator)?;
        Ok(extractor)
    }

    /// Whether it suits an operator: every combination of rules that cannot have been meant is refused here and nowhere else.
    ///
    /// # Errors
    /// [`Misfit`], with the rule that does not go with another.
    pub fn suits(&self, operator: OperatorKind) -> Result<(), Misfit> {
        let identity = || self.identity.clone();
        let order = match (operator, &self.order) {
            (OperatorKind::Upsert, None) => return Err(Misfit::NoOrder),
            (OperatorKind::Upsert, Some(order)) => order,
            (OperatorKind::Dedup | OperatorKind::Reread, Some(_)) => {
                return Err(Misfit::NoVersions(operator));
            }
            (OperatorKind::Reread, None) if self.identity != IdentityRule::Copy => {
                return Err(Misfit::NotByCopy(identity()));
            }
            (OperatorKind::Dedup | OperatorKind::Reread, None) => return Ok(()),
        };
        match (&self.identity, &order.version) {
            (IdentityRule::Origin | IdentityRule::Content | IdentityRule::Copy, _) => {
                return Err(Misfit::NothingMerges(identity()));
            }
            (IdentityRule::Json(id), VersionRule::Json(version)) if id == version => {
                return Err(Misfit::OneVersion(self.identity.to_string()));
            }
            (IdentityRule::Header(id), VersionRule::Header(version) | VersionRule::Hlc(version))
                if id == version =>
            {
                return Err(Misfit::OneVersion(self.identity.to_string()));
            }
            _ => {}
        }
        match (&order.tombstones, &order.version, &self.identity) {
            (None, ..) => Ok(()),
            (Some(_), VersionRule::Json(_), IdentityRule::Json(_)) => {
                Err(Misfit::TombstoneHasNoIdentity(identity()))
            }
            (Some(_), VersionRule::Json(_), _) => Ok(()),
            (Some(_), version, _) => Err(Misfit::TombstoneHasVersion(version.clone())),
        }
    }

    /// Whether a record can have such a flaw at all: a policy for one that no record can have does nothing.
    pub fn can_have(&self, operator: OperatorKind, cause: RecordErrorKind) -> bool {
        match cause {
            RecordErrorKind::Identity => !matches!(self.identity, IdentityRule::Content | IdentityRule::Copy),
            RecordErrorKind::Order | RecordErrorKind::Region => self.order.is_some(),
            RecordErrorKind::Clock => true,
            RecordErrorKind::Tie => operator == OperatorKind::Upsert,
        }
    }
}

/// The mode of that name.
impl fmt::Display for OperatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dedup => "dedup",
            Self::Upsert => "upsert",
            Self::Reread => "reread",
        })
    }
}
