//! `rd_kafka_list_groups`. rdkafka panics where a group's name is not UTF-8.

use std::ptr::{self, NonNull};
use std::time::Duration;

use offsets_core::model::GroupId;
use rdkafka::bindings as native;

use super::handles::Native;
use super::values::{INVALID_ARG, c_string, milliseconds, raw, text};
use crate::Cause;

/// A group as a broker lists it, whatever its kind, and as DescribeGroups version 0 describes it.
pub(crate) struct ListedGroup {
    pub(crate) id: GroupId,
    state: String,
    protocol_type: String,
}

impl ListedGroup {
    /// Whether the group is listed and yet unknown to the classic protocol.
    pub(crate) fn is_dead(&self) -> bool {
        self.state == "Dead" && self.protocol_type.is_empty()
    }
}

/// The groups that the brokers list: all, or those of one name. Blocks for `timeout` at most.
pub(crate) fn list_every_group(
    client: Native<'_>,
    group: Option<&GroupId>,
    timeout: Duration,
) -> Result<Vec<ListedGroup>, Cause> {
    let group = group.map(|group| c_string(group.as_str())).transpose()?;
    let name = group.as_ref().map_or(ptr::null(), |group| group.as_ptr());
    let mut list: *const native::rd_kafka_group_list = ptr::null();
    // SAFETY: client and name are alive during the call; the list, if one is given, is ours.
    let (code, list) = unsafe {
        let code = raw::rd_kafka_list_groups(client.0, name, &mut list, milliseconds(timeout));
        (code, NonNull::new(list.cast_mut()).map(List))
    };
    let list = match (code, list) {
        (0, Some(list)) => list,
        (0, None) => return Err(Cause::from_code(INVALID_ARG, "there is no list")),
        (code, _) => return Err(Cause::from_code(code, "")),
    };
    // SAFETY: the list holds `group_cnt` groups whose strings live as long as it does; all are copied.
    unsafe {
        let list = list.0.as_ref();
        let count = usize::try_from(list.group_cnt).unwrap_or(0);
        let listed = |index: usize| {
            let group = list.groups.add(index);
            ListedGroup {
                id: GroupId::new(text((*group).group)),
                state: text((*group).state),
                protocol_type: text((*group).protocol_type),
            }
        };
        Ok((0..count).map(listed).collect())
    }
}

/// Destroyed once, by this.
struct List(NonNull<native::rd_kafka_group_list>);

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the list is owned by this alone.
        unsafe { native::rd_kafka_group_list_destroy(self.0.as_ptr()) }
    }
}
