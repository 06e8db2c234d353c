//! librdkafka's admin calls about groups, offsets and topics.
//!
//! `rd_kafka_DeleteConsumerGroupOffsets` is left out on purpose: where a broker lacks the API, the process aborts when
//! the client is dropped (confluentinc/librdkafka#3663).

use std::ffi::{c_char, c_int};
use std::ptr;

use offsets_core::model::{CommittedOffset, GroupId, TopicId, TopicName, TopicPartition};
use rdkafka::bindings::{self as native, rd_kafka_admin_op_t as Op};

use super::handles::{
    AlterRequest, DeleteRequest, Event, FetchRequest, Native, Options, PartitionList, Queue, TopicCollection,
};
use super::values::{
    NEVER_ANSWERED, Names, Row, TIMED_OUT, c_string, elements, error_of, kind, nothing_made, present, right,
    rows_of_group, state, text, topic_id,
};
use crate::Cause;
use crate::admin::{Call, GroupDescription, GroupListing, Member, Right};

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
                is_simple: native::rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(group) != 0,
                members,
            })
        }
    }
}

/// DeleteGroups for one group.
pub(crate) struct DeleteGroup<'a>(pub(crate) &'a GroupId);

impl Call for DeleteGroup<'_> {
    type Answer = ();
    const OP: Op = Op::RD_KAFKA_ADMIN_OP_DELETEGROUPS;
    const TO_COORDINATOR: bool = true;

    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause> {
        let group = c_string(self.0.as_str())?;
        // SAFETY: client, options, queue and name are alive during the calls; the request is copied, and destroyed when its handle
        // goes out of scope.
        unsafe {
            let request = native::rd_kafka_DeleteGroup_new(group.as_ptr());
            let request = DeleteRequest::own(request).ok_or_else(nothing_made)?;
            let mut requests = [request.0.as_ptr()];
            let (options, queue) = (options.0.as_ptr(), queue.0.as_ptr());
            native::rd_kafka_DeleteGroups(client.0, requests.as_mut_ptr(), 1, options, queue);
        }
        Ok(())
    }

    fn read(&self, event: &Event) -> Result<Self::Answer, Cause> {
        // SAFETY: the result and all it points to live as long as the event, and are only read.
        unsafe {
            let result = present(native::rd_kafka_event_DeleteGroups_result(event.0.as_ptr()))?;
            let mut count = 0;
            let groups = native::rd_kafka_DeleteGroups_result_groups(result, &mut count);
            let group = present(elements(groups, count).next().unwrap_or(ptr::null()))?;
            error_of(native::rd_kafka_group_result_error(group)).map_or(Ok(()), Err)
        }
    }
}

/// ListConsumerGroupOffsets for one group: named partitions, or all that have a commit.
pub(crate) struct FetchCommitted<'a> {
    pub(crate) group: &'a GroupId,
    pub(crate) partitions: Option<&'a [TopicPartition]>,
    /// Whether a commit that a transaction holds back is to be an error (KIP-447).
    pub(crate) stable: bool,
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
        if self.stable {
            options.set_stable()?;
        }
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
            let mut names = Names::default();
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
