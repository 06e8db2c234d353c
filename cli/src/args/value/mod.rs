//! What kinds of value options have, one parser for each: whatever an option is called, a duration is written in one way.

mod address;
mod bytes;
mod duration;
mod kept_file;
mod time;

pub(super) use address::parse_listen_address;
pub(super) use bytes::parse_bytes;
pub(super) use duration::parse_duration;
pub(super) use kept_file::kept_file;
pub(super) use time::parse_time;
