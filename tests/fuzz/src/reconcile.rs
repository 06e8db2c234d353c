//! What reconciliation reads: a line of a file, an origin in a header, a JSON pointer and what it finds, a version, a stamp, the rules of a command.

use offsets_reconcile::{Hlc, IdentityRule, Line, Origin, Pointer, Record, Version, VersionRule};

/// Panics where a rule is broken.
pub fn reconcile(bytes: &[u8]) {
    if let Ok(line) = Line::read(bytes, &Line::default()) {
        let written = serde_json::to_vec(&line).expect("a record can be written");
        assert_eq!(Line::read(&written, &Line::default()).expect("what was written"), line);
    }
    if let Ok(origin) = Origin::read(bytes) {
        assert_eq!(Origin::read(&origin.write()).expect("what was written"), origin);
    }
    if let Some(stamp) = Hlc::read(bytes) {
        assert_eq!(Hlc::read(stamp.to_string().as_bytes()), Some(stamp));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (path, json) = text.split_once(' ').unwrap_or((text, text));
    let record = Record { value: Some(json.as_bytes()), key: Some(json.as_bytes()), ..Record::default() };
    if let Ok(pointer) = Pointer::parse(path) {
        let _ = pointer.find(json.as_bytes());
        let _ = IdentityRule::Json(pointer).identify(&record);
    }
    if let Ok(rule) = path.parse::<IdentityRule>() {
        assert_eq!(rule.to_string(), path);
        let _ = rule.identify(&record);
    }
    let _ = path.parse::<VersionRule>();
    if let Some(version) = Version::read(text) {
        assert_eq!(Version::read(&version.to_string()), Some(version));
    }
}
