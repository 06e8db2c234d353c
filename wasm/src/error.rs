use js_sys::Reflect;
use offsets_core::DocumentError;
use offsets_core::evidence::DumpError;
use wasm_bindgen::prelude::JsValue;

use crate::selection::SelectionError;

/// Anything that is thrown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The text is not a dump that can be used.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// What is wanted cannot be selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
}

/// An error as JavaScript sees it.
#[derive(Debug, PartialEq, Eq)]
struct Thrown {
    name: &'static str,
    code: &'static str,
    message: String,
    /// Line and column, when a place in the text is at fault.
    place: Option<(usize, usize)>,
}

impl Error {
    fn thrown(&self) -> Thrown {
        let (name, code, place) = match self {
            Self::Dump(DumpError::Document(DocumentError::Malformed { line, column, .. })) => {
                ("DumpError", "malformed-dump", Some((*line, *column)))
            }
            Self::Dump(DumpError::Document(DocumentError::OtherKind { .. })) => {
                ("DumpError", "other-kind", None)
            }
            Self::Dump(DumpError::Document(DocumentError::Edited { .. })) => {
                ("DumpError", "edited-dump", None)
            }
            Self::Dump(_) => ("DumpError", "unusable-dump", None),
            Self::Selection(SelectionError::Pattern { .. }) => ("SelectionError", "bad-pattern", None),
            Self::Selection(_) => ("SelectionError", "bad-selection", None),
        };
        Thrown { name, code, message: self.to_string(), place }
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let Thrown { name, code, message, place } = error.thrown();
        let error = js_sys::Error::new(&message);
        error.set_name(name);
        let mut properties = vec![("code", Self::from(code))];
        if let Some((line, column)) = place {
            properties.extend([("line", Self::from(line)), ("column", Self::from(column))]);
        }
        for (key, value) in properties {
            Reflect::set(&error, &key.into(), &value).expect("a new Error takes properties");
        }
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dump;

    fn thrown(text: &str) -> Thrown {
        Dump::read(text).unwrap_err().thrown()
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_dump() {
        let cut = "{\"apiVersion\":\"offsets/v1\",\n\"kind\":\"Evi";
        assert_eq!(thrown(&format!("\u{feff}{cut}")), thrown(cut));
    }

    #[test]
    fn a_text_that_stops_short_is_thrown_with_its_last_place() {
        assert_eq!(
            thrown("{\"apiVersion\":\"offsets/v1\",\n\"kind\":\"Evi"),
            Thrown {
                name: "DumpError",
                code: "malformed-dump",
                message: "the dump cannot be read at line 2, column 11: EOF while parsing a string"
                    .to_owned(),
                place: Some((2, 11)),
            }
        );
    }

    #[test]
    fn a_document_of_another_kind_has_no_place() {
        let thrown = thrown(r#"{"apiVersion":"offsets/v1","kind":"Translation"}"#);
        assert_eq!((thrown.code, thrown.place), ("other-kind", None));
        assert_eq!(
            thrown.message,
            "this is the output of `offsets translate -o json` (`Translation`), not a dump (`Evidence` of `offsets/v1`)"
        );
    }

    #[test]
    fn a_bad_pattern_has_a_code_of_its_own() {
        let pattern = SelectionError::Pattern { pattern: "(".to_owned(), cause: "unclosed group".to_owned() };
        assert_eq!(Error::from(pattern).thrown().code, "bad-pattern");
        assert_eq!(Error::from(SelectionError::TopicsWithOffsets).thrown().code, "bad-selection");
    }
}
