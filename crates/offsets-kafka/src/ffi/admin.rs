//! librdkafka's admin calls about groups, offsets and topics.
//!
//! `rd_kafka_DeleteConsumerGroupOffsets` is left out on purpose: where a broker lacks the API, the process aborts when
//! the client is dropped (confluentinc/librdkafka#3663).

use std::ffi::{CStr, CString, c_char, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::time::Duration;

use offsets_core::model::{CommittedOffset, GroupId, GroupState, TopicId, TopicName, TopicPartition};
use rdkafka::bindings::{
    self as native, rd_kafka_admin_op_t as Op, rd_kafka_consumer_group_state_t as NativeState,
};
use rdkafka::client::{Client, ClientContext};

use crate::Cause;
use crate::admin::{Call, GroupDescription, GroupKind, GroupListing, LONGEST, Member, Right};

/// A client that stays alive for as long as this is used.
#[derive(Clone, Copy)]
pub(crate) struct Native<'c>(*mut native::rd_kafka_t, PhantomData<&'c ()>);

impl<'c> Native<'c> {
    pub(crate) fn of<X: ClientContext>(client: &'c Client<X>) -> Self {
        Self(client.native_ptr(), PhantomData)
    }
}

/// `RD_KAFKA_OFFSET_INVALID`, which is a macro in C.
const NEVER_ANSWERED: i64 = -1001;
pub(crate) const TIMED_OUT: i32 = native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__TIMED_OUT as i32;
const INVALID_ARG: i32 = native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__INVALID_ARG as i32;

/// ListConsumerGroups: every broker is asked for the groups it coordinates.
pub(crate) struct ListGroups;

impl Call for ListGroups {
    /// The groups, and what went wrong on some broker.
    type Answer = (Vec<GroupListing>, Vec<Cause>);
    const OP: Op = Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
    const TO_COORDINATOR: bool = false;

    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause> {
        // SAFETY: client, options and queue are alive.
        unsafe { native::rd_kafka_ListConsumerGroups(client.0, options.0.as_ptr(), queue.0.as_ptr()) };
        Ok(())
    }

    fn read(&self, event: &Event) -> Result<Self::Answer, Cause> {
        // SAFETY: the result and all it points to live as long as the event, and are only read.
        unsafe {
            let result = present(native::rd_kafka_event_ListConsumerGroups_result(event.0.as_ptr()))?;
            let mut count = 0;
            let errors = native::rd_kafka_ListConsumerGroups_result_errors(result, &mut count);
            let errors = elements(errors, count).filter_map(|error| error_of(error)).collect();
            let groups = native::rd_kafka_ListConsumerGroups_result_valid(result, &mut count);
            let groups = elements(groups, count).map(|group| GroupListing {
                id: GroupId::new(text(native::rd_kafka_ConsumerGroupListing_group_id(group))),
                state: state(native::rd_kafka_ConsumerGroupListing_state(group)),
                kind: kind(native::rd_kafka_ConsumerGroupListing_type(group)),
                is_simple: native::rd_kafka_ConsumerGroupListing_is_simple_consumer_group(group) != 0,
            });
            Ok((groups.collect(), errors))
        }
    }
}

/// DescribeConsumerGroups for one group. librdkafka asks ConsumerGroupDescribe (KIP-848) first and falls back.
pub(crate) struct DescribeGroup<'a>(pub(crate) &'a GroupId);

impl Call for DescribeGroup<'_> {
    type Answer = GroupDescription;
    const OP: Op = Op::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
    const TO_COORDINATOR: bool = true;

    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause> {
        let group = c_string(self.0.as_str())?;
        let mut groups = [group.as_ptr()];
        // SAFETY: client, options, queue and the array of one name are alive during the call.
        unsafe {
            native::rd_kafka_DescribeConsumerGroups(
                client.0,
                groups.as_mut_ptr(),
                1,
                options.0.as_ptr(),
                queue.0.as_ptr(),
            );
        }
        Ok(())
    }

    fn read(&self, event: &Event) -> Result<Self::Answer, Cause> {
        // SAFETY: the result and all it points to live as long as the event, and are only read; `index` stays below
        // the member count.
        unsafe {
            let result = present(native::rd_kafka_event_DescribeConsumerGroups_result(event.0.as_ptr()))?;
            let mut count = 0;
            let groups = native::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count);
            let group = present(elements(groups, count).next().unwrap_or(ptr::null()))?;
            if let Some(cause) = error_of(native::rd_kafka_ConsumerGroupDescription_error(group)) {
                return Err(cause);
            }
            let members = (0..native::rd_kafka_ConsumerGroupDescription_member_count(group)).map(|index| {
                let member = native::rd_kafka_ConsumerGroupDescription_member(group, index);
                Member {
                    client_id: text(native::rd_kafka_MemberDescription_client_id(member)),
                    host: text(native::rd_kafka_MemberDescription_host(member)),
                }
            });
            let mut members: Vec<Member> = members.collect();
            members.sort();
            Ok(GroupDescription {
                state: state(native::rd_kafka_ConsumerGroupDescription_state(group)),
                kind: kind(native::rd_kafka_ConsumerGroupDescription_type(group)),
                members,
            })
        }
    }
}

/// ListConsumerGroupOffsets for one group: named partitions, or all that have a commit.
pub(crate) struct FetchCommitted<'a> {
    pub(crate) group: &'a GroupId,
    pub(crate) partitions: Option<&'a [TopicPartition]>,
}

impl Call for FetchCommitted<'_> {
    type Answer = Vec<(TopicPartition, Result<Option<CommittedOffset<i64>>, Cause>)>;
    const OP: Op = Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
    const TO_COORDINATOR: bool = true;

    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause> {
        let group = c_string(self.group.as_str())?;
        let list = self
            .partitions
            .map(|partitions| {
                PartitionList::build(client, partitions.iter().map(|partition| (partition, None, "")))
            })
            .transpose()?;
        let list = list.as_ref().map_or(ptr::null_mut(), |list| list.0.as_ptr());
        // SAFETY: client, options, queue, name and list (null means all) are alive during the calls; the request is
        // copied, and destroyed when its handle goes out of scope.
        unsafe {
            let request = native::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), list);
            let request = FetchRequest::own(request).ok_or_else(nothing_made)?;
            let mut requests = [request.0.as_ptr()];
            let (options, queue) = (options.0.as_ptr(), queue.0.as_ptr());
            native::rd_kafka_ListConsumerGroupOffsets(client.0, requests.as_mut_ptr(), 1, options, queue);
        }
        Ok(())
    }

    fn read(&self, event: &Event) -> Result<Self::Answer, Cause> {
        // SAFETY: the result and all it points to live as long as the event, and are only read.
        unsafe {
            let result = present(native::rd_kafka_event_ListConsumerGroupOffsets_result(event.0.as_ptr()))?;
            let mut count = 0;
            let groups = native::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &mut count);
            let rows = rows_of_group(groups, count)?;
            let committed = |row: Row| {
                let Row { partition, outcome, offset, metadata } = row;
                (partition, outcome.map(|()| (offset >= 0).then_some(CommittedOffset { offset, metadata })))
            };
            Ok(rows.into_iter().map(committed).collect())
        }
    }
}

/// AlterConsumerGroupOffsets for one group. The leader epoch is left unset: it means nothing on another cluster.
pub(crate) struct AlterCommitted<'a> {
    pub(crate) group: &'a GroupId,
    pub(crate) commits: &'a [(TopicPartition, CommittedOffset<i64>)],
}

impl Call for AlterCommitted<'_> {
    type Answer = Vec<(TopicPartition, Result<(), Cause>)>;
    const OP: Op = Op::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS;
    const TO_COORDINATOR: bool = true;

    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause> {
        let group = c_string(self.group.as_str())?;
        let rows = self
            .commits
            .iter()
            .map(|(partition, committed)| (partition, Some(committed.offset), committed.metadata.as_str()));
        let list = PartitionList::build(client, rows)?;
        // SAFETY: client, options, queue, name and list are alive during the calls; the request is copied, and
        // destroyed when its handle goes out of scope.
        unsafe {
            let request = native::rd_kafka_AlterConsumerGroupOffsets_new(group.as_ptr(), list.0.as_ptr());
            let request = AlterRequest::own(request).ok_or_else(nothing_made)?;
            let mut requests = [request.0.as_ptr()];
            let (options, queue) = (options.0.as_ptr(), queue.0.as_ptr());
            native::rd_kafka_AlterConsumerGroupOffsets(client.0, requests.as_mut_ptr(), 1, options, queue);
        }
        Ok(())
    }

    fn read(&self, event: &Event) -> Result<Self::Answer, Cause> {
        // SAFETY: the result and all it points to live as long as the event, and are only read.
        unsafe {
            let result = present(native::rd_kafka_event_AlterConsumerGroupOffsets_result(event.0.as_ptr()))?;
            let mut count = 0;
            let groups = native::rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &mut count);
            Ok(rows_of_group(groups, count)?.into_iter().map(|row| (row.partition, row.outcome)).collect())
        }
    }
}

/// ListOffsets over many partitions at once, spread over their leaders by the library.
pub(crate) struct ListOffsets<'a> {
    /// Each partition with a timestamp in milliseconds, or one of the two below.
    pub(crate) wanted: &'a [(TopicPartition, i64)],
    /// Whether the end is the last stable offset rather than the high watermark.
    pub(crate) read_committed: bool,
}

impl ListOffsets<'_> {
    pub(crate) const EARLIEST: i64 = native::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST as i64;
    pub(crate) const LATEST: i64 = native::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST as i64;
}

impl Call for ListOffsets<'_> {
    /// The offset found, `None` when there is none (no record is that young).
    type Answer = Vec<(TopicPartition, Result<Option<i64>, Cause>)>;
    const OP: Op = Op::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    const TO_COORDINATOR: bool = false;

    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause> {
        let rows = self.wanted.iter().map(|(partition, spec)| (partition, Some(*spec), ""));
        let list = PartitionList::build(client, rows)?;
        options.set_read_committed(self.read_committed)?;
        // SAFETY: client, list, options and queue are alive; the list is copied.
        unsafe {
            native::rd_kafka_ListOffsets(client.0, list.0.as_ptr(), options.0.as_ptr(), queue.0.as_ptr())
        };
        Ok(())
    }

    fn read(&self, event: &Event) -> Result<Self::Answer, Cause> {
        // SAFETY: the result and all it points to live as long as the event, and are only read.
        unsafe {
            let result = present(native::rd_kafka_event_ListOffsets_result(event.0.as_ptr()))?;
            let mut count = 0;
            let infos = native::rd_kafka_ListOffsets_result_infos(result, &mut count);
            let mut names = Names(None);
            elements(infos, count)
                .map(|info| {
                    let row = present(native::rd_kafka_ListOffsetsResultInfo_topic_partition(info))?;
                    let row = Row::copy(row, &mut names);
                    let found = match row.offset {
                        // What the library had put there before it asked. When one of several leaders does not
                        // answer it stays, and no error beside it.
                        NEVER_ANSWERED => Err(Cause::from_code(TIMED_OUT, "the leader gave no answer")),
                        offset => Ok((offset >= 0).then_some(offset)),
                    };
                    Ok((row.partition, row.outcome.and(found)))
                })
                .collect()
        }
    }
}

/// DescribeTopics: topics with their ids. No topic comes into being by it.
pub(crate) struct DescribeTopics<'a> {
    pub(crate) topics: &'a [TopicName],
    /// Whether it is to be told what may be done with them.
    pub(crate) with_rights: bool,
}

/// What is told of a topic.
pub(crate) struct Described {
    /// Its id, where the cluster gives one.
    pub(crate) id: Option<TopicId>,
    /// What this principal may do with it, where that was asked and the cluster tells.
    pub(crate) rights: Option<Vec<Right>>,
}

impl Call for DescribeTopics<'_> {
    type Answer = Vec<(TopicName, Result<Described, Cause>)>;
    const OP: Op = Op::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    const TO_COORDINATOR: bool = false;

    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause> {
        let names =
            self.topics.iter().map(|topic| c_string(topic.as_str())).collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        if self.with_rights {
            options.set_rights_wanted()?;
        }
        // SAFETY: client, options, queue and the array of names are alive during the calls; the collection is ours and
        // copied.
        unsafe {
            let topics = native::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            let topics = TopicCollection::own(topics).ok_or_else(nothing_made)?;
            let (options, queue) = (options.0.as_ptr(), queue.0.as_ptr());
            native::rd_kafka_DescribeTopics(client.0, topics.0.as_ptr(), options, queue);
        }
        Ok(())
    }

    fn read(&self, event: &Event) -> Result<Self::Answer, Cause> {
        // SAFETY: the result and all it points to live as long as the event, and are only read.
        unsafe {
            let result = present(native::rd_kafka_event_DescribeTopics_result(event.0.as_ptr()))?;
            let mut count = 0;
            let topics = native::rd_kafka_DescribeTopics_result_topics(result, &mut count);
            let described = |topic| {
                let name = TopicName::new(text(native::rd_kafka_TopicDescription_name(topic)));
                let id = native::rd_kafka_TopicDescription_topic_id(topic);
                let id = if id.is_null() { None } else { topic_id(id) };
                let mut rights_count = 0;
                let rights =
                    native::rd_kafka_TopicDescription_authorized_operations(topic, &mut rights_count);
                let rights = rights.cast::<c_int>();
                let told = || (0..rights_count).filter_map(|index| right(*rights.add(index))).collect();
                let rights = (!rights.is_null()).then(told);
                let described = Described { id, rights };
                (name, error_of(native::rd_kafka_TopicDescription_error(topic)).map_or(Ok(described), Err))
            };
            Ok(elements(topics, count).map(described).collect())
        }
    }
}

/// Declares the owning handle of a native object.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $native:ty, $destroy:path) => {
        $(#[$doc])*
        pub(crate) struct $name(NonNull<$native>);

        impl $name {
            /// Takes ownership.
            ///
            /// # Safety
            /// Nobody else destroys the object.
            unsafe fn own(object: *mut $native) -> Option<Self> {
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
        let timeout = milliseconds(timeout.clamp(Duration::from_millis(1), LONGEST));
        let mut said = [0; 256];
        // SAFETY: the client and the options are alive, and the error buffer is as long as said. The opaque is a
        // number that nobody follows.
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

    fn set_rights_wanted(&self) -> Result<(), Cause> {
        // SAFETY: the options are alive.
        let error =
            unsafe { native::rd_kafka_AdminOptions_set_include_authorized_operations(self.0.as_ptr(), 1) };
        settled(error)
    }

    fn set_read_committed(&self, read_committed: bool) -> Result<(), Cause> {
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
fn settled(error: *mut native::rd_kafka_error_t) -> Result<(), Cause> {
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
    fn build<'a>(
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

/// What the library says of one partition.
struct Row {
    partition: TopicPartition,
    outcome: Result<(), Cause>,
    /// Below zero when there is none.
    offset: i64,
    metadata: String,
}

impl Row {
    /// # Safety
    /// `element` points to a partition that is alive.
    unsafe fn copy(element: *const native::rd_kafka_topic_partition_t, names: &mut Names) -> Self {
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
struct Names(Option<TopicName>);

impl Names {
    /// # Safety
    /// `name` is a C string that is alive.
    unsafe fn of(&mut self, name: *const c_char) -> TopicName {
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
unsafe fn rows_of_group(
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
unsafe fn elements<T>(array: *mut *const T, count: usize) -> impl Iterator<Item = *const T> {
    let count = if array.is_null() { 0 } else { count };
    // SAFETY: promised by the caller; the index stays below the count.
    (0..count).map(move |index| unsafe { array.add(index).read() })
}

/// A result that the library promises for this kind of event.
fn present<T>(result: *const T) -> Result<*const T, Cause> {
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
unsafe fn error_of(error: *const native::rd_kafka_error_t) -> Option<Cause> {
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
unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

/// # Safety
/// `id` is an id that is alive.
unsafe fn topic_id(id: *const native::rd_kafka_Uuid_t) -> Option<TopicId> {
    // SAFETY: promised by the caller.
    let halves = unsafe {
        [native::rd_kafka_Uuid_most_significant_bits(id), native::rd_kafka_Uuid_least_significant_bits(id)]
    };
    let [most, least] = halves.map(|half| u128::from(half.cast_unsigned()));
    TopicId::new(most << 64 | least)
}

fn c_string(name: &str) -> Result<CString, Cause> {
    CString::new(name).map_err(|_| Cause::from_code(INVALID_ARG, "the name holds a NUL character"))
}

fn milliseconds(duration: Duration) -> c_int {
    c_int::try_from(duration.as_millis()).unwrap_or(c_int::MAX)
}

fn right(operation: c_int) -> Option<Right> {
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

fn state(state: NativeState) -> GroupState {
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

fn kind(kind: native::rd_kafka_consumer_group_type_t) -> GroupKind {
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
mod raw {
    use super::{c_char, c_int, native};

    unsafe extern "C" {
        pub(super) fn rd_kafka_event_error(event: *mut native::rd_kafka_event_t) -> c_int;
        pub(super) fn rd_kafka_error_code(error: *const native::rd_kafka_error_t) -> c_int;
        pub(super) fn rd_kafka_err2str(code: c_int) -> *const c_char;
    }
}
