//! Reading a plain JavaScript object, with an error that names the place of what is wrong.

use js_sys::{Array, BigInt, Object};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;

use crate::selection::{BareOffset, Choice, SelectionError};

/// Reads what is to be selected. Keys whose value is `undefined` count as left out.
pub(crate) fn selection(value: &JsValue) -> Result<Choice, SelectionError> {
    let mut choice = Choice::default();
    for (key, value) in entries(value, "selection")? {
        let place = format!("selection.{key}");
        match key.as_str() {
            "groups" => choice.groups = Some(strings(&value, &place)?),
            "allGroups" => choice.all_groups = boolean(&value, &place)?,
            "groupsRegex" => choice.groups_regex = Some(string(&value, &place)?),
            "topics" => choice.topics = strings(&value, &place)?,
            "offsets" => choice.offsets = Some(items(&value, &place, bare_offset)?),
            _ => {
                return Err(unknown_key("selection", key, "groups, allGroups, groupsRegex, topics, offsets"));
            }
        }
    }
    Ok(choice)
}

fn bare_offset(value: &JsValue, place: &str) -> Result<BareOffset, SelectionError> {
    let (mut topic, mut partition, mut offset) = (JsValue::UNDEFINED, JsValue::UNDEFINED, JsValue::UNDEFINED);
    for (key, value) in entries(value, place)? {
        match key.as_str() {
            "topic" => topic = value,
            "partition" => partition = value,
            "offset" => offset = value,
            _ => return Err(unknown_key(place, key, "topic, partition, offset")),
        }
    }
    Ok(BareOffset {
        topic: string(&topic, &format!("{place}.topic"))?,
        partition: int32(&partition, &format!("{place}.partition"))?,
        offset: bigint(&offset, &format!("{place}.offset"))?,
    })
}

fn entries(value: &JsValue, place: &str) -> Result<Vec<(String, JsValue)>, SelectionError> {
    if !value.is_object() || Array::is_array(value) {
        return Err(wrong_type(place, "an object", value));
    }
    let entries = Object::entries(value.unchecked_ref()).into_iter().filter_map(|entry| {
        let entry: Array = entry.unchecked_into();
        let value = entry.get(1);
        (!value.is_undefined()).then(|| (entry.get(0).as_string().unwrap_or_default(), value))
    });
    Ok(entries.collect())
}

fn items<T>(
    value: &JsValue,
    place: &str,
    read: impl Fn(&JsValue, &str) -> Result<T, SelectionError>,
) -> Result<Vec<T>, SelectionError> {
    let array: &Array = value.dyn_ref().ok_or_else(|| wrong_type(place, "an array", value))?;
    array.iter().enumerate().map(|(at, item)| read(&item, &format!("{place}[{at}]"))).collect()
}

fn strings(value: &JsValue, place: &str) -> Result<Vec<String>, SelectionError> {
    items(value, place, string)
}

fn string(value: &JsValue, place: &str) -> Result<String, SelectionError> {
    value.as_string().ok_or_else(|| wrong_type(place, "a string", value))
}

fn boolean(value: &JsValue, place: &str) -> Result<bool, SelectionError> {
    value.as_bool().ok_or_else(|| wrong_type(place, "a boolean", value))
}

fn int32(value: &JsValue, place: &str) -> Result<i32, SelectionError> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX));
    number.map(|number| number as i32).ok_or_else(|| wrong_type(place, "a whole number of 32 bits", value))
}

fn bigint(value: &JsValue, place: &str) -> Result<i64, SelectionError> {
    i64::try_from(value.clone()).map_err(|value| wrong_type(place, "a bigint below 2^63", &value))
}

fn unknown_key(place: &str, key: String, known: &'static str) -> SelectionError {
    SelectionError::UnknownKey { place: place.to_owned(), key, known }
}

fn wrong_type(place: &str, expected: &'static str, found: &JsValue) -> SelectionError {
    let found = match found.dyn_ref::<BigInt>().map(|number| number.to_string(10)) {
        Some(Ok(digits)) => String::from(digits),
        _ if found.is_null() => "null".to_owned(),
        _ => found.js_typeof().as_string().unwrap_or_default(),
    };
    SelectionError::WrongType { place: place.to_owned(), expected, found }
}
