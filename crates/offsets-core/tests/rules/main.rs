//! The rules of translation and the formats of files and records, through the public API.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod archived_evidence;
mod brackets;
mod cases;
mod checkpoint_history;
mod checkpoints;
mod consumer_offsets;
mod csv;
mod documents;
mod histories;
mod java_properties;
mod mm2_properties;
mod mm2_records;
mod mm2_sync_store;
mod probes;
mod reset_plan;
mod seed_file;
mod seeding;
mod selection;
mod topic_ids;
mod way_back;
