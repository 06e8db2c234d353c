use serde_json::Value;
use twox_hash::XxHash3_128;

/// XXH3-128 of a text, as 32 hexadecimal digits. It guards against accidents, not against forgers.
pub(crate) fn of_text(text: &str) -> String {
    format!("{:032x}", XxHash3_128::oneshot(text.as_bytes()))
}

/// The digest of a document: [`of_text`] of its members but `digest`, as JSON without white space and with the names of every object
/// in the order of their bytes. So it stays the same where a file is only laid out differently.
pub(super) fn of_members(mut document: Value) -> String {
    if let Some(members) = document.as_object_mut() {
        members.remove("digest");
    }
    // A map of serde_json is sorted by name.
    of_text(&document.to_string())
}
