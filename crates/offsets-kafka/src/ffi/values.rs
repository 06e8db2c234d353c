//! What is copied out of an answer.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::time::Duration;

use offsets_core::model::{GroupKind, GroupState, TopicId, TopicName, TopicPartition};
use rdkafka::bindings::{self as native, rd_kafka_consumer_group_state_t as NativeState};

use crate::Cause;
use crate::admin::Right;

/// `RD_KAFKA_OFFSET_INVALID`, which is a macro in C.
pub(super) const NEVER_ANSWERED: i64 = -1001;
pub(crate) const TIMED_OUT: i32 = native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__TIMED_OUT as i32;
pub(super) const INVALID_ARG: i32 = native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__INVALID_ARG as i32;

/// What the library says of one partition.
pub(super) struct Row {
    pub(super) partition: TopicPartition,
    pub(super) outcome: Result<(), Cause>,
    /// Below zero when there is none.
    pub(super) offset: i64,
    pub(super) metadata: String,
}

impl Row {
    /// # Safety
    /// `element` points to a partition that is alive.
    pub(super) unsafe fn copy(element: *const native::rd_kafka_topic_partition_t, names: &mut Names) -> Self {
        // SAFETY: the element is alive; its metadata, where there is any, is as long as it says. The error is read as
        // the number it is in C.
        unsafe {
            let metadata = (*element).metadata.cast::<u8>();
            let metadata = match (*element).metadata_size {
                0 => String::new(),
                _ if metadata.is_null() => String::new(),
                size => String::from_utf8_lossy(std::slice::from_raw_parts(metadata, size)).into_owned(),
            };
            let offset = (*element).offset;
            let outcome = match (&raw const (*element).err).cast::<c_int>().read() {
                0 => Ok(()),
                code => Err(Cause::from_code(code, "")),
            };
            let topic = names.of((*element).topic);
            Self {
                partition: TopicPartition { topic, partition: (*element).partition },
                outcome,
                offset,
                metadata,
            }
        }
    }
}

/// The last topic's name, which the next partition mostly shares.
#[derive(Default)]
pub(super) struct Names(Option<TopicName>);

impl Names {
    /// # Safety
    /// `name` is a C string that is alive.
    pub(super) unsafe fn of(&mut self, name: *const c_char) -> TopicName {
        // SAFETY: promised by the caller.
        let name = unsafe { CStr::from_ptr(name) };
        match &self.0 {
            Some(known) if known.as_str().as_bytes() == name.to_bytes() => known.clone(),
            _ => self.0.insert(TopicName::new(name.to_string_lossy())).clone(),
        }
    }
}

/// The partitions of an answer about one group.
///
/// # Safety
/// `groups` points to `count` results that are alive.
pub(super) unsafe fn rows_of_group(
    groups: *mut *const native::rd_kafka_group_result_t,
    count: usize,
) -> Result<Vec<Row>, Cause> {
    // SAFETY: promised by the caller; a partition list holds `cnt` elements.
    unsafe {
        let group = present(elements(groups, count).next().unwrap_or(ptr::null()))?;
        if let Some(cause) = error_of(native::rd_kafka_group_result_error(group)) {
            return Err(cause);
        }
        let list = native::rd_kafka_group_result_partitions(group);
        let count = if list.is_null() { 0 } else { usize::try_from((*list).cnt).unwrap_or(0) };
        let mut names = Names(None);
        Ok((0..count).map(|index| Row::copy((*list).elems.add(index), &mut names)).collect())
    }
}

/// The pointers in an array of the library's; none when the array is null.
///
/// # Safety
/// `array` is null or points to `count` pointers that stay alive and unchanged while the iterator is used.
pub(super) unsafe fn elements<T>(array: *mut *const T, count: usize) -> impl Iterator<Item = *const T> {
    let count = if array.is_null() { 0 } else { count };
    // SAFETY: promised by the caller; the index stays below the count.
    (0..count).map(move |index| unsafe { array.add(index).read() })
}

/// A result that the library promises for this kind of event.
pub(super) fn present<T>(result: *const T) -> Result<*const T, Cause> {
    if result.is_null() {
        Err(Cause::from_code(INVALID_ARG, "the answer is of another kind"))
    } else {
        Ok(result)
    }
}

/// Why a request that the library did not make has no answer.
pub(crate) fn nothing_made() -> Cause {
    Cause::from_code(INVALID_ARG, "the client library made no such request")
}

/// # Safety
/// `error` is null or an error that is alive.
pub(super) unsafe fn error_of(error: *const native::rd_kafka_error_t) -> Option<Cause> {
    if error.is_null() {
        return None;
    }
    // SAFETY: promised by the caller; the string is copied.
    unsafe {
        match raw::rd_kafka_error_code(error) {
            0 => None,
            code => Some(Cause::from_code(code, &text(native::rd_kafka_error_string(error)))),
        }
    }
}

/// # Safety
/// `string` is null or a C string that is alive.
pub(super) unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

/// # Safety
/// `id` is an id that is alive.
pub(super) unsafe fn topic_id(id: *const native::rd_kafka_Uuid_t) -> Option<TopicId> {
    // SAFETY: promised by the caller.
    let halves = unsafe {
        [native::rd_kafka_Uuid_most_significant_bits(id), native::rd_kafka_Uuid_least_significant_bits(id)]
    };
    let [most, least] = halves.map(|half| u128::from(half.cast_unsigned()));
    TopicId::new(most << 64 | least)
}

pub(super) fn c_string(name: &str) -> Result<CString, Cause> {
    CString::new(name).map_err(|_| Cause::from_code(INVALID_ARG, "the name holds a NUL character"))
}

pub(super) fn milliseconds(duration: Duration) -> c_int {
    c_int::try_from(duration.as_millis()).unwrap_or(c_int::MAX)
}

pub(super) fn right(operation: c_int) -> Option<Right> {
    use native::rd_kafka_AclOperation_t as Operation;
    match operation {
        code if code == Operation::RD_KAFKA_ACL_OPERATION_READ as c_int => Some(Right::Read),
        code if code == Operation::RD_KAFKA_ACL_OPERATION_WRITE as c_int => Some(Right::Write),
        code if code == Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS as c_int => {
            Some(Right::DescribeConfigs)
        }
        _ => None,
    }
}

pub(super) fn state(state: NativeState) -> GroupState {
    match state {
        NativeState::RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY => GroupState::Empty,
        NativeState::RD_KAFKA_CONSUMER_GROUP_STATE_DEAD => GroupState::Dead,
        NativeState::RD_KAFKA_CONSUMER_GROUP_STATE_STABLE => GroupState::Stable,
        NativeState::RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE => GroupState::PreparingRebalance,
        NativeState::RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE => GroupState::CompletingRebalance,
        // librdkafka has no word for KIP-848's Assigning and Reconciling; an unknown state counts as active.
        _ => GroupState::Unknown,
    }
}

pub(super) fn kind(kind: native::rd_kafka_consumer_group_type_t) -> GroupKind {
    match kind {
        native::rd_kafka_consumer_group_type_t::RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER => GroupKind::Consumer,
        native::rd_kafka_consumer_group_type_t::RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC => GroupKind::Classic,
        _ => GroupKind::Unknown,
    }
}

/// librdkafka's text for an error code; for one it does not know, the number.
pub(crate) fn error_text(code: i32) -> String {
    // SAFETY: any number is allowed; the text is copied at once, since for an unknown code it lies in a buffer of the
    // thread that the next call overwrites.
    unsafe { text(raw::rd_kafka_err2str(code)) }
}

/// The functions whose error codes the bindings would turn into an enum before anybody could look at the number.
pub(super) mod raw {
    use super::{c_char, c_int, native};

    unsafe extern "C" {
        pub(in crate::ffi) fn rd_kafka_event_error(event: *mut native::rd_kafka_event_t) -> c_int;
        pub(in crate::ffi) fn rd_kafka_error_code(error: *const native::rd_kafka_error_t) -> c_int;
        pub(in crate::ffi) fn rd_kafka_err2str(code: c_int) -> *const c_char;
        pub(in crate::ffi) fn rd_kafka_list_groups(
            client: *mut native::rd_kafka_t,
            group: *const c_char,
            list: *mut *const native::rd_kafka_group_list,
            timeout_ms: c_int,
        ) -> c_int;
    }
}
