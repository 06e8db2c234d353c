//! The headers of a record. rdkafka panics where the name of one is not UTF-8, and cannot take one away.

use std::ffi::{CStr, CString};
use std::ptr;

use rdkafka::bindings as native;
use rdkafka::message::{BorrowedHeaders, OwnedHeaders};

/// The name that stands for one that is not UTF-8.
const NAMELESS: &str = "\u{fffd}";

/// The name and the value of a header; a null value is `None`.
pub(crate) fn header(headers: &BorrowedHeaders, at: usize) -> Option<(&str, Option<&[u8]>)> {
    let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
    let list = ptr::from_ref(headers).cast::<native::rd_kafka_headers_t>();
    // SAFETY: a `BorrowedHeaders` is librdkafka's list seen through another type, alive for as long as it is borrowed; the
    // list is not changed.
    let known = unsafe { native::rd_kafka_header_get_all(list, at, &mut name, &mut value, &mut size) };
    if known != native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
        return None;
    }
    // SAFETY: the name is a C string in the list, and so lives as long.
    let name = unsafe { CStr::from_ptr(name) }.to_str().unwrap_or(NAMELESS);
    // SAFETY: so does the value, of `size` bytes where it is not null.
    let value = (!value.is_null()).then(|| unsafe { std::slice::from_raw_parts(value.cast::<u8>(), size) });
    Some((name, value))
}

/// A copy of the headers without those of this name.
pub(crate) fn without(headers: &BorrowedHeaders, name: &str) -> OwnedHeaders {
    let copy = headers.detach();
    if let Ok(name) = CString::new(name) {
        let list = ptr::from_ref(copy.as_borrowed()).cast::<native::rd_kafka_headers_t>().cast_mut();
        // SAFETY: the copy is ours alone and nothing is borrowed from it; the name is a C string. That there is no such header is
        // an answer too.
        unsafe { native::rd_kafka_header_remove(list, name.as_ptr()) };
    }
    copy
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header, Headers as _};

    use super::*;

    /// rdkafka itself ends the process with such a name.
    #[test]
    fn a_name_that_is_no_text_is_shown_as_none_and_passed_on() {
        let named = |key, value| Header { key, value: Some(value) };
        let headers = OwnedHeaders::new().insert(named("a", "1")).insert(named("b", "2"));
        let list = ptr::from_ref(headers.as_borrowed()).cast::<native::rd_kafka_headers_t>().cast_mut();
        let (name, value) = ([0xff_u8, 0xfe], *b"3");
        // SAFETY: the list is ours alone, and what is added is copied.
        unsafe {
            let (name, value) = (name.as_ptr().cast(), value.as_ptr().cast());
            native::rd_kafka_header_add(list, name, 2, value, 1);
        }
        let shown = |headers: &OwnedHeaders| -> Vec<_> {
            let shown = (0..headers.count()).map(|at| header(headers.as_borrowed(), at));
            shown
                .map(|header| header.map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))))
                .collect()
        };
        let is = |name: &str, value: &[u8]| Some((name.to_owned(), Some(value.to_vec())));
        assert_eq!(shown(&headers), [is("a", b"1"), is("b", b"2"), is(NAMELESS, b"3")]);
        assert_eq!(header(headers.as_borrowed(), 3), None);

        let rest = without(headers.as_borrowed(), "a");
        assert_eq!(shown(&rest), [is("b", b"2"), is(NAMELESS, b"3")]);
        assert_eq!(shown(&without(headers.as_borrowed(), "c")), shown(&headers));
        let mut bytes = ptr::null();
        let list = ptr::from_ref(rest.as_borrowed()).cast::<native::rd_kafka_headers_t>();
        // SAFETY: the name is looked at while the list lives.
        let bytes = unsafe {
            native::rd_kafka_header_get_all(list, 1, &mut bytes, &mut ptr::null(), &mut 0);
            CStr::from_ptr(bytes).to_bytes()
        };
        assert_eq!(bytes, name, "it is sent on as it came");
    }
}
