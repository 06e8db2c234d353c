//! Records of MM2 and of group coordinators: any bytes give a value or an error, and a value that is written again reads the same.

use offsets_core::consumer_offsets::{CommitLog, OffsetCommit};
use offsets_core::mm2::{Checkpoint, OffsetSync, SourcePosition};

/// Panics where a rule is broken.
pub fn records(record: (Option<&[u8]>, Option<&[u8]>)) {
    let (key, value) = record;
    SourcePosition::decode(key, value);
    if let Ok(Some(sync)) = OffsetSync::decode(key, value) {
        let (key, value) = sync.encode();
        assert_eq!(OffsetSync::decode(Some(&key), Some(&value)), Ok(Some(sync)));
    }
    if let Ok(Some(checkpoint)) = Checkpoint::decode(key, value) {
        let (key, value) = checkpoint.encode();
        assert_eq!(Checkpoint::decode(Some(&key), Some(&value)), Ok(Some(checkpoint)));
    }
    if let Ok(Some(commit)) = OffsetCommit::decode(key, value) {
        assert!(CommitLog::default().take(key, value).is_ok());
        let (key, value) = commit.encode();
        assert_eq!(OffsetCommit::decode(Some(&key), value.as_deref()), Ok(Some(commit)));
    }
}
