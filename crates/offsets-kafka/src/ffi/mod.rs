//! The one module with `unsafe` code: what librdkafka can do and rdkafka does not wrap, or wraps so that it panics.
//!
//! Rules that make it sound, and that every block in here leans on:
//! - every native object lives in one of the owning handles ([`Queue`], [`Options`], ...), which destroys it once;
//! - what a result points into is owned by its [`Event`], so it is copied out while the event lives;
//! - librdkafka copies all it is given before a submitting call returns;
//! - what is borrowed from rdkafka lives as long as the borrow says;
//! - an error code is read as a plain number: a newer broker may send one for which the bindings' enum has no variant.
#![allow(unsafe_code)]

mod admin;
mod every_group;
mod handles;
mod headers;
mod values;

pub(crate) use admin::{
    AlterCommitted, DeleteGroup, DescribeGroup, DescribeTopics, FetchCommitted, ListGroups, ListOffsets,
};
pub(crate) use every_group::{ListedGroup, list_every_group};
pub(crate) use handles::{Event, Native, Options, Queue};
pub(crate) use headers::{header, without};
pub(crate) use values::{TIMED_OUT, error_text, nothing_made};
