//! Rows of an answer turned into JavaScript columns.

use js_sys::{Array, BigInt64Array, Int32Array, Object, Reflect};
use offsets_core::translate::{Finding, Row, Uncommitted};
use wasm_bindgen::prelude::JsValue;

/// The columns of these rows, under the names of the contract's JSON.
pub(crate) fn of(rows: &[Row]) -> Object {
    let partitions: Vec<i32> = rows.iter().map(|row| row.source.partition).collect();
    let source_offsets: Vec<i64> = rows.iter().map(|row| row.committed.offset.get()).collect();
    let target = |row: &Row| known(row.position.target().map(i64::from));
    object([
        ("group", column(rows, |row| known(row.group.as_ref().map(|group| group.as_str())))),
        ("topic", column(rows, |row| row.source.topic.as_str().into())),
        ("partition", Int32Array::from(partitions.as_slice()).into()),
        ("sourceOffset", BigInt64Array::from(source_offsets.as_slice()).into()),
        ("targetTopic", column(rows, |row| row.target.topic.as_str().into())),
        ("targetOffset", column(rows, target)),
        ("low", column(rows, target)),
        ("high", column(rows, |row| known(row.position.high().map(i64::from)))),
        ("class", column(rows, |row| row.position.class().into())),
        ("rereadMax", column(rows, |row| known(row.reread_max))),
        ("rereadMap", column(rows, |row| known(row.reread_map))),
        ("rereadAge", column(rows, |row| known(row.reread_age))),
        ("committedAt", column(rows, |row| known(row.committed_at.map(|at| at.to_string())))),
        ("asOf", column(rows, |row| row.as_of.to_string().into())),
        ("assumptions", column(rows, |row| array(row.assumptions.iter().map(|needed| needed.name().into())))),
        ("evidence", column(rows, |row| array(row.evidence.iter().map(finding)))),
        ("mm2TargetOffset", column(rows, |row| known(row.mm2.target.map(i64::from)))),
        ("mm2RereadMax", column(rows, |row| known(row.mm2.reread_max))),
        ("mm2Known", column(rows, |row| row.mm2.is_known.into())),
    ])
}

/// A value (64-bit numbers become bigint), or `null` for what is not known.
pub(crate) fn known(value: Option<impl Into<JsValue>>) -> JsValue {
    value.map_or(JsValue::NULL, Into::into)
}

/// A plain object.
pub(crate) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> Object {
    let object = Object::new();
    for (key, value) in properties {
        Reflect::set(&object, &key.into(), &value).expect("a new object takes properties");
    }
    object
}

fn finding(finding: &Finding) -> JsValue {
    object([("kind", finding.kind.into()), ("detail", finding.detail.as_str().into())]).into()
}

/// Partitions of which a group has no known commit, as objects.
pub(crate) fn uncommitted(found: &[Uncommitted]) -> Array {
    let one = |found: &Uncommitted| {
        JsValue::from(object([
            ("group", found.group.as_str().into()),
            ("topic", found.source.topic.as_str().into()),
            ("partition", found.source.partition.into()),
            ("targetTopic", found.target.topic.as_str().into()),
            ("targetLogStart", known(found.target_log.map(|log| i64::from(log.start)))),
            ("targetLogEnd", known(found.target_log.map(|log| i64::from(log.end)))),
            ("targetCommittedOffset", known(found.own.map(i64::from))),
        ]))
    };
    found.iter().map(one).collect()
}

fn column(rows: &[Row], cell: impl Fn(&Row) -> JsValue) -> JsValue {
    array(rows.iter().map(cell))
}

fn array(items: impl Iterator<Item = JsValue>) -> JsValue {
    items.collect::<Array>().into()
}
