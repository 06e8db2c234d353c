//! What kinds of value options have, one parser for each: whatever an option is called, a duration is written in one way.

mod address;
mod bytes;
mod duration;
mod kept_file;
mod name;
mod time;

pub(super) use address::parse_listen_address;
pub(super) use bytes::{parse_bytes, some_bytes};
pub(super) use duration::{parse_duration, some_time};
pub(super) use kept_file::kept_file;
pub(super) use name::{group_name, input_name, topic_name, topic_name_or_none};
pub(super) use time::parse_time;
