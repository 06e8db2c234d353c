//! What a table says of itself, and who may open it.

use offsets_reconcile::{ReadBefore, Seen, Table as _, Winner};
use offsets_store::{
    ChangeBuffer, DurableTable, Error, Key, MemoryLog, SegmentLog, SledLog, StoredValue, Stream, TableOptions,
};

use crate::{FORMATS, drawn, id, log_of, samples, seen};

fn header(space: u32) -> Key {
    Key { stream: Stream { space, kind: 20 }, sequence: 0 }
}

fn has_header(log: &impl SegmentLog, space: u32) -> bool {
    log.get(header(space), &mut |_| ()).unwrap()
}

fn refused<V: StoredValue>(log: &MemoryLog, space: u32) -> String {
    let before = drawn(log);
    for options in [TableOptions::new(), TableOptions::new().capped(5_000)] {
        let error = options.open::<V, _>(log.clone(), space).err().unwrap();
        assert!(matches!(error, Error::OtherTable { .. }), "{error}");
    }
    // Nor may it be salvaged: nothing of it is damaged.
    let error = DurableTable::<V, _>::salvage(log.clone(), space).err().unwrap();
    assert!(matches!(error, Error::OtherTable { .. }), "{error}");
    assert_eq!(drawn(log), before);
    error.to_string()
}

/// The library report L2: opened as `Winner`, a table of `Seen` lost all its entries. Those of earlier versions have no header.
#[test]
fn a_table_is_not_opened_as_one_of_another_type() {
    for format in FORMATS {
        let log = log_of(format);
        assert_eq!(refused::<Winner>(&log, 1), "space 1 holds Seen (format 1), and not Winner (format 1)");
        assert_eq!(
            refused::<ReadBefore>(&log, 1),
            "space 1 holds Seen (format 1), and not ReadBefore (format 1)"
        );
        assert_eq!(refused::<Seen>(&log, 2), "space 2 holds ReadBefore (format 1), and not Seen (format 1)");
        assert_eq!(
            refused::<Winner>(&log, 2),
            "space 2 holds ReadBefore (format 1), and not Winner (format 1)"
        );
        assert_eq!(refused::<Seen>(&log, 3), "space 3 holds Winner (format 1), and not Seen (format 1)");
    }
    // What is sealed has entries of its own.
    for sealed in [include_str!("format-2-sealed.txt"), include_str!("format-3-sealed.txt")] {
        assert_eq!(
            refused::<Winner>(&log_of(sealed), 4),
            "space 4 holds Seen (format 1), and not Winner (format 1)"
        );
    }
}

#[test]
fn a_table_is_not_opened_by_other_rules() {
    let by = |rules| TableOptions::new().rules(rules);
    let mut table = by("a window of 1000").open::<Seen, _>(MemoryLog::default(), 7).unwrap();
    table.put(id(1), seen(1)).unwrap();
    table.save(b"").unwrap();
    let log = table.into_log();
    let error = by("a window of 60 s").open::<Seen, _>(log.clone(), 7).unwrap_err();
    assert_eq!(
        error.to_string(),
        "space 7 holds Seen (format 1, rules `a window of 1000`), and not Seen (format 1, rules `a window of 60 s`)"
    );
    // A caller that names no rules looks at the table, and does not change what it says.
    let mut any = DurableTable::<Seen, _>::open(log, 7).unwrap();
    assert_eq!(any.identity().rules.as_deref(), Some("a window of 1000"));
    any.save(b"").unwrap();
    let log = any.into_log();
    assert!(by("a window of 60 s").open::<Seen, _>(log.clone(), 7).is_err());
    by("a window of 1000").open::<Seen, _>(log, 7).unwrap();
}

/// A table of an earlier version gets its header with the next save and not before.
#[test]
fn an_old_table_gets_its_header_with_the_next_save() {
    let (values, _, _) = samples();
    for format in &FORMATS[..2] {
        let log = log_of(format);
        assert!(!has_header(&log, 1));
        let mut table =
            TableOptions::new().rules("by key").open::<Seen, _>(ChangeBuffer::over(log), 1).unwrap();
        assert_eq!(table.log().changes().count(), 0, "opening writes nothing");
        assert_eq!(table.len(), values.len() as u64);
        table.save(b"on").unwrap();
        assert!(has_header(table.log(), 1));
        table.log_mut().commit(Vec::new()).unwrap();
        table.save(b"on").unwrap();
        let changed: Vec<_> = table.log().changes().map(|(key, _)| key.stream.kind).collect();
        assert_eq!(changed, [17], "it is written once");
        let log = table.into_log().committed().clone();
        assert!(TableOptions::new().rules("by value").open::<Seen, _>(log.clone(), 1).is_err());
        let again = TableOptions::new().rules("by key").open::<Seen, _>(log, 1).unwrap();
        assert_eq!((again.progress(), again.len()), (Some(&b"on"[..]), values.len() as u64));
    }
}

/// The library report L2: of two tables on one space half of what was put in was lost.
#[test]
fn a_space_is_open_in_one_table_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let log = SledLog::open(folder.path()).unwrap();
    let table = DurableTable::<Seen, _>::open(log.clone(), 0).unwrap();
    let boxed = || ChangeBuffer::over(Box::new(log.clone()) as Box<dyn SegmentLog>);
    for error in [
        DurableTable::<Seen, _>::open(log.clone(), 0).err().unwrap(),
        DurableTable::<Winner, _>::open_capped(log.clone(), 0, 1_000).err().unwrap(),
        DurableTable::<Seen, _>::salvage(log.clone(), 0).err().unwrap(),
        DurableTable::<Seen, _>::open(boxed(), 0).err().unwrap(),
    ] {
        assert!(matches!(error, Error::Claimed { space: 0 }), "{error}");
        assert_eq!(error.to_string(), "space 0 is open in another table");
    }
    let _other = DurableTable::<Winner, _>::open(log.clone(), 1).unwrap();
    drop(table);
    let table = DurableTable::<Seen, _>::open(boxed(), 0).unwrap();
    let log = table.into_log();
    DurableTable::<Seen, _>::open(log, 0).unwrap();
}
