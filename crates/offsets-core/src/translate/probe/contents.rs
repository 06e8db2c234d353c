use std::collections::HashMap;

use super::walk::Origin;
use crate::evidence::{Fingerprint, ScannedRecord};
use crate::model::{SourceOffset, TargetOffset};

/// Where on the source each content stands.
pub(super) struct Contents {
    places: HashMap<Look, Place>,
    /// Whether the timestamps of both sides are the producers' own.
    by_timestamp: bool,
}

/// What a record looks like: its timestamp, where that is the producer's on both sides, and its content.
type Look = (Option<i64>, Fingerprint);

/// The source records of one look.
#[derive(Debug, Clone, Copy)]
struct Place {
    least: SourceOffset,
    most: SourceOffset,
    /// How many more of them there are on the source than on the target.
    spare: i64,
}

impl Contents {
    /// Looks for records of `target` among those of `source`.
    pub(super) fn of(source: &[ScannedRecord<SourceOffset>], target: &[ScannedRecord<TargetOffset>]) -> Self {
        let by_timestamp = source.iter().all(|record| record.created_ms.is_some())
            && target.iter().all(|record| record.created_ms.is_some());
        let mut contents = Self { places: HashMap::with_capacity(source.len()), by_timestamp };
        for record in source {
            let (look, offset) = (contents.look(record), record.offset);
            let new = Place { least: offset, most: offset, spare: 0 };
            let place = contents.places.entry(look).or_insert(new);
            place.most = offset;
            place.spare += 1;
        }
        for record in target {
            let look = contents.look(record);
            if let Some(place) = contents.places.get_mut(&look) {
                place.spare -= 1;
            }
        }
        contents
    }

    /// What the content of a record says of it. A look that the target holds more often than the source says nothing:
    /// one of the copies may be of a record that the source has deleted since.
    pub(super) fn origin(&self, record: &ScannedRecord<TargetOffset>, g: SourceOffset) -> Origin {
        match self.places.get(&self.look(record)) {
            Some(&Place { spare: ..0, .. }) => Origin::Repeated,
            Some(&Place { least, most, .. }) if most < g => Origin::Read { least, most },
            Some(&Place { least, .. }) if least >= g => Origin::Unread { least },
            Some(_) | None => Origin::Unclear,
        }
    }

    /// Whether any source record looks like this one.
    pub(super) fn knows(&self, record: &ScannedRecord<TargetOffset>) -> bool {
        self.places.contains_key(&self.look(record))
    }

    /// The lowest and the highest source offset at which the content of a record stands.
    pub(super) fn place(&self, record: &ScannedRecord<TargetOffset>) -> Option<(SourceOffset, SourceOffset)> {
        self.places.get(&self.look(record)).map(|place| (place.least, place.most))
    }

    /// The highest source offset at which the content of a record stands.
    pub(super) fn most(&self, record: &ScannedRecord<TargetOffset>) -> Option<SourceOffset> {
        self.places.get(&self.look(record)).map(|place| place.most)
    }

    fn look<O>(&self, record: &ScannedRecord<O>) -> Look {
        (record.created_ms.filter(|_| self.by_timestamp), record.content)
    }
}
