//! What librdkafka makes for a request and for its answer, each destroyed once by its owner.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::time::Duration;

use offsets_core::model::TopicPartition;
use rdkafka::bindings::{self as native, rd_kafka_admin_op_t as Op};
use rdkafka::client::{Client, ClientContext};

use super::values::{c_string, error_of, milliseconds, nothing_made, present, raw, text};
use crate::Cause;
use crate::admin::MAX_TIMEOUT;

/// A client that stays alive for as long as this is used.
#[derive(Clone, Copy)]
pub(crate) struct Native<'c>(pub(super) *mut native::rd_kafka_t, PhantomData<&'c ()>);

impl<'c> Native<'c> {
    pub(crate) fn of<X: ClientContext>(client: &'c Client<X>) -> Self {
        Self(client.native_ptr(), PhantomData)
    }
}

/// Declares the owning handle of a native object.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $native:ty, $destroy:path) => {
        $(#[$doc])*
        pub(crate) struct $name(pub(super) NonNull<$native>);

        impl $name {
            /// Takes ownership.
            ///
            /// # Safety
            /// Nothing else destroys the object.
            pub(super) unsafe fn own(object: *mut $native) -> Option<Self> {
                NonNull::new(object).map(Self)
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: the object is owned by this handle alone, so this is its only destruction.
                unsafe { $destroy(self.0.as_ptr()) }
            }
        }
    };
}

handle! {
    /// A queue of our own, on which answers arrive in any order.
    Queue, native::rd_kafka_queue_t, native::rd_kafka_queue_destroy
}
handle! {
    /// One answer, and the owner of everything that is read out of it.
    Event, native::rd_kafka_event_t, native::rd_kafka_event_destroy
}
handle! {
    /// Time-out, isolation and the number of one request.
    Options, native::rd_kafka_AdminOptions_t, native::rd_kafka_AdminOptions_destroy
}
handle! {
    /// Partitions with offsets and metadata.
    PartitionList, native::rd_kafka_topic_partition_list_t, native::rd_kafka_topic_partition_list_destroy
}
handle! {
    FetchRequest, native::rd_kafka_ListConsumerGroupOffsets_t, native::rd_kafka_ListConsumerGroupOffsets_destroy
}
handle! {
    AlterRequest, native::rd_kafka_AlterConsumerGroupOffsets_t, native::rd_kafka_AlterConsumerGroupOffsets_destroy
}

handle! {
    DeleteRequest, native::rd_kafka_DeleteGroup_t, native::rd_kafka_DeleteGroup_destroy
}

handle! {
    /// Names of topics.
    TopicCollection, native::rd_kafka_TopicCollection_t, native::rd_kafka_TopicCollection_destroy
}

impl Queue {
    pub(crate) fn new(client: Native<'_>) -> Option<Self> {
        // SAFETY: the client is alive; the queue is ours.
        unsafe { Self::own(native::rd_kafka_queue_new(client.0)) }
    }

    /// The next answer, if one comes in time.
    pub(crate) fn poll(&self, timeout: Duration) -> Option<Event> {
        // SAFETY: the queue is alive; the event, if any, is ours.
        unsafe { Event::own(native::rd_kafka_queue_poll(self.0.as_ptr(), milliseconds(timeout))) }
    }
}

impl Event {
    /// The number that the request's [`Options`] were given.
    pub(crate) fn index(&self) -> Option<usize> {
        // SAFETY: the event is alive. The opaque is the request's number plus one, never a pointer to anything.
        unsafe { native::rd_kafka_event_opaque(self.0.as_ptr()) }.addr().checked_sub(1)
    }

    /// Why there is no answer.
    pub(crate) fn error(&self) -> Option<Cause> {
        // SAFETY: the event is alive, and so is its string, which is copied.
        unsafe {
            match raw::rd_kafka_event_error(self.0.as_ptr()) {
                0 => None,
                code => {
                    Some(Cause::from_code(code, &text(native::rd_kafka_event_error_string(self.0.as_ptr()))))
                }
            }
        }
    }
}

impl Options {
    /// `index` is the request's number, by which its answer is known.
    pub(crate) fn new(client: Native<'_>, op: Op, timeout: Duration, index: usize) -> Result<Self, Cause> {
        let timeout = milliseconds(timeout.clamp(Duration::from_millis(1), MAX_TIMEOUT));
        let mut said = [0; 256];
        // SAFETY: the client and the options are alive, and the error buffer is as long as said. The opaque is a
        // number that is never dereferenced.
        unsafe {
            let options =
                Self::own(native::rd_kafka_AdminOptions_new(client.0, op)).ok_or_else(nothing_made)?;
            let set = native::rd_kafka_AdminOptions_set_request_timeout(
                options.0.as_ptr(),
                timeout,
                said.as_mut_ptr(),
                said.len(),
            );
            native::rd_kafka_AdminOptions_set_opaque(
                options.0.as_ptr(),
                ptr::without_provenance_mut(index + 1),
            );
            match set as i32 {
                0 => Ok(options),
                code => Err(Cause::from_code(code, &text(said.as_ptr()))),
            }
        }
    }

    pub(super) fn set_rights_wanted(&self) -> Result<(), Cause> {
        // SAFETY: the options are alive.
        let error =
            unsafe { native::rd_kafka_AdminOptions_set_include_authorized_operations(self.0.as_ptr(), 1) };
        settled(error)
    }

    pub(super) fn set_stable(&self) -> Result<(), Cause> {
        // SAFETY: the options are alive.
        settled(unsafe { native::rd_kafka_AdminOptions_set_require_stable_offsets(self.0.as_ptr(), 1) })
    }

    pub(super) fn set_read_committed(&self, read_committed: bool) -> Result<(), Cause> {
        use native::rd_kafka_IsolationLevel_t as Level;
        let level = if read_committed {
            Level::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
        } else {
            Level::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED
        };
        // SAFETY: the options are alive.
        let error = unsafe { native::rd_kafka_AdminOptions_set_isolation_level(self.0.as_ptr(), level) };
        settled(error)
    }
}

/// What became of setting an option. The error object, if there is one, is ours and is gone with this.
pub(super) fn settled(error: *mut native::rd_kafka_error_t) -> Result<(), Cause> {
    // SAFETY: the object is null, or alive, copied and then destroyed once.
    unsafe {
        let cause = error_of(error);
        if !error.is_null() {
            native::rd_kafka_error_destroy(error);
        }
        cause.map_or(Ok(()), Err)
    }
}

impl PartitionList {
    pub(super) fn build<'a>(
        client: Native<'_>,
        rows: impl ExactSizeIterator<Item = (&'a TopicPartition, Option<i64>, &'a str)>,
    ) -> Result<Self, Cause> {
        let size = c_int::try_from(rows.len()).unwrap_or(c_int::MAX);
        // SAFETY: the new list is ours. Each element is the list's own until the next one is added; its metadata is
        // allocated by the library that will free it, and filled to its exact length.
        unsafe {
            let list = Self::own(native::rd_kafka_topic_partition_list_new(size)).ok_or_else(nothing_made)?;
            for (partition, offset, metadata) in rows {
                let topic = c_string(partition.topic.as_str())?;
                let element = native::rd_kafka_topic_partition_list_add(
                    list.0.as_ptr(),
                    topic.as_ptr(),
                    partition.partition,
                );
                if let Some(offset) = offset {
                    (*element).offset = offset;
                }
                if !metadata.is_empty() {
                    let copy = present(native::rd_kafka_mem_malloc(client.0, metadata.len()).cast_const())?
                        .cast_mut();
                    ptr::copy_nonoverlapping(metadata.as_ptr(), copy.cast::<u8>(), metadata.len());
                    (*element).metadata = copy;
                    (*element).metadata_size = metadata.len();
                }
            }
            Ok(list)
        }
    }
}
