//! The law every answer is held against: never skip, and claim nothing that is not so.

use std::fmt;

use anyhow::Result;
use serde::Deserialize;

use crate::truth::{PartitionTruth, Truth};

/// What `offsets translate -o json` prints, as far as the law looks at it.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    /// One row a group and partition.
    pub partitions: Vec<Row>,
}

/// One answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Consumer group.
    pub group: String,
    /// Topic on the source.
    pub topic: String,
    /// Partition, the same on both clusters.
    pub partition: i32,
    /// The committed offset that was translated.
    pub source_offset: Option<i64>,
    /// What would be committed on the target.
    pub target_offset: Option<i64>,
    /// Lowest possible position.
    pub low: Option<i64>,
    /// Highest possible position.
    pub high: Option<i64>,
    /// What the answer claims to be.
    pub class: Class,
    /// How many records are read twice at most.
    pub reread_max: Option<u64>,
    /// What MM2 would have committed, as the tool works it out.
    pub mm2: Option<Mm2>,
    /// Which facts it follows from.
    #[serde(default)]
    pub evidence: Vec<Finding>,
}

/// A fact behind an answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Finding {
    /// What kind of evidence it is.
    pub kind: String,
    /// The fact, in words.
    pub detail: String,
}

/// The class of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Proved.
    Exact,
    /// Between two bounds.
    Bounded,
    /// Above a lower bound.
    Floor,
    /// The evidence contradicts itself.
    Unsafe,
    /// Nothing to translate from.
    Unknown,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exact => "exact",
            Self::Bounded => "bounded",
            Self::Floor => "floor",
            Self::Unsafe => "unsafe",
            Self::Unknown => "unknown",
        })
    }
}

/// MM2's own answer, in the words of the tool.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mm2 {
    /// Where MM2 would send the group.
    pub target_offset: Option<i64>,
    /// How many records it would read twice at most.
    pub reread_max: Option<u64>,
}

/// Holds every row against the truth.
///
/// # Panics
///
/// When a row breaks the law; the message lists every breach of every row.
///
/// # Errors
///
/// When a row names a partition that the mirror topic does not have.
pub fn check_law(rows: &[Row], truth: &Truth) -> Result<()> {
    let mut breaches = Vec::new();
    for row in rows {
        let found = breaches_of(row, truth.partition(row.partition)?);
        breaches.extend(found.into_iter().map(|breach| format!("{breach}: {row:?}")));
    }
    assert!(breaches.is_empty(), "{} breaches of the law\n{}", breaches.len(), breaches.join("\n"));
    Ok(())
}

/// Every way in which one row breaks the law.
fn breaches_of(row: &Row, truth: &PartitionTruth) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut must = |holds: bool, rule: String| {
        if !holds {
            breaches.push(rule);
        }
    };
    let shape = match row.class {
        Class::Exact => row.low.is_some() && row.low == row.high && row.low == row.target_offset,
        Class::Bounded => row.low.is_some() && row.low < row.high && row.target_offset.is_some(),
        Class::Floor => row.low.is_some() && row.high.is_none() && row.target_offset.is_some(),
        Class::Unsafe => true,
        Class::Unknown => row.target_offset.is_none(),
    };
    must(shape, format!("a row of class {} does not look like this", row.class));
    let Some(g) = row.source_offset else {
        must(row.target_offset.is_none(), "a target offset for no source offset".to_owned());
        return breaches;
    };
    let (first, last) = (truth.first(g), truth.last(g));
    let beyond = |at: i64, limit: i64| truth.rank(at) > truth.rank(limit);
    if let Some(low) = row.low {
        must(!beyond(low, last), format!("LOW {low} is above the last right position {last}"));
    }
    if let Some(high) = row.high {
        must(!beyond(first, high), format!("HIGH {high} is below the first right position {first}"));
    }
    if let Some(target) = row.target_offset {
        let past = truth.past(target, g);
        must(past == 0, format!("TARGET {target} skips: it is {past} records past {last}"));
        if row.class == Class::Exact {
            must(!beyond(first, target), format!("exact, but TARGET {target} is below {first}"));
        }
        if let Some(most) = row.reread_max {
            let reread = truth.reread(target, g);
            must(reread as u64 <= most, format!("{reread} records are read twice, not {most} at most"));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::{Log, LoggedRecord, RecordId};

    /// Ten records, source offsets 0..10, copied to target offsets 100..110.
    fn truth() -> Truth {
        let log = |shift: i64| {
            let mut log = Log::default();
            for id in 0..10 {
                log.push(0, LoggedRecord { offset: shift + id, id: Some(RecordId(id.unsigned_abs())) });
            }
            log
        };
        Truth::of(&log(0), &log(100))
    }

    fn row(class: Class, low: i64, high: Option<i64>, target: i64, reread_max: Option<u64>) -> Row {
        Row {
            group: "g".into(),
            topic: "t".into(),
            partition: 0,
            source_offset: Some(5),
            target_offset: Some(target),
            low: Some(low),
            high,
            class,
            reread_max,
            mm2: None,
            evidence: Vec::new(),
        }
    }

    fn breaches(row: &Row) -> String {
        breaches_of(row, truth().partition(0).unwrap()).join("; ")
    }

    #[test]
    fn true_answers_of_every_class_pass() {
        for row in [
            row(Class::Exact, 105, Some(105), 105, Some(0)),
            row(Class::Bounded, 101, Some(107), 101, Some(6)),
            row(Class::Floor, 101, None, 101, None),
        ] {
            assert_eq!(breaches(&row), "");
        }
    }

    #[test]
    fn a_target_past_the_position_is_a_skip() {
        let breach = breaches(&row(Class::Bounded, 101, Some(107), 106, Some(6)));
        assert!(breach.contains("TARGET 106 skips"), "{breach}");
    }

    #[test]
    fn a_low_above_and_a_high_below_the_position_are_breaches() {
        assert!(breaches(&row(Class::Floor, 106, None, 105, None)).contains("LOW 106"));
        assert!(breaches(&row(Class::Bounded, 101, Some(104), 101, Some(9))).contains("HIGH 104"));
    }

    #[test]
    fn exact_must_be_exact() {
        assert!(breaches(&row(Class::Exact, 104, Some(104), 104, Some(1))).contains("exact, but"));
    }

    #[test]
    fn the_promised_reread_must_hold() {
        assert!(breaches(&row(Class::Bounded, 101, Some(107), 101, Some(3))).contains("4 records"));
    }

    #[test]
    fn a_class_must_have_its_shape() {
        assert!(breaches(&row(Class::Floor, 101, Some(105), 101, None)).contains("class floor"));
        assert!(breaches(&row(Class::Exact, 101, Some(105), 105, Some(4))).contains("class exact"));
    }

    #[test]
    fn rows_of_the_contract_are_understood() {
        let text = r#"{"apiVersion": "offsets/v1", "kind": "Translation", "asOf": "2026-11-23T08:00:00Z",
            "link": {"source": "src", "target": "dst"}, "partitions": [
            {"group": "app-g", "topic": "orders", "partition": 0, "sourceOffset": 998400,
             "targetTopic": "src.orders", "targetOffset": 898301, "low": 898301, "high": 898400,
             "class": "bounded", "rereadMax": 99, "asOf": "2026-11-23T08:00:00Z",
             "assumptions": ["order"], "evidence": [{"kind": "sync", "detail": "998300:898300"}],
             "mm2": {"targetOffset": null, "rereadMax": null}}]}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!(report.partitions[0].class, Class::Bounded);
        assert_eq!(report.partitions[0].reread_max, Some(99));
    }
}
