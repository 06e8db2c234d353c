//! The seed as a file.

use offsets_core::DocumentError;
use offsets_core::evidence::Fingerprint;
use offsets_core::model::{GroupId, TargetOffset, TopicPartition};
use offsets_core::translate::{Seed, SeedError, SeedGap, SeedLink, SeedPart};
use offsets_record::Identity;
use proptest::prelude::*;

fn id(number: u8) -> Identity {
    Identity::of("test", &[Some(&[number])])
}

fn seed(from: i64, until: Option<i64>, read: Vec<Identity>) -> Seed {
    let offset = |offset| TargetOffset::new(offset).unwrap();
    let link = SeedLink { source: "src".into(), target: "dst".into() };
    let mut seed = Seed::new("2026-01-01T00:00:00Z".parse().unwrap(), link, GroupId::from("app"));
    let partition = TopicPartition::new("src.orders", 0);
    let (from, until) = (offset(from), until.map(offset));
    seed.windows.push(SeedPart {
        partition,
        from,
        until,
        read,
        left_out: 2,
        assumptions: vec!["order".to_owned()],
    });
    let partition = TopicPartition::new("src.orders", 1);
    seed.unseeded.push(SeedGap { partition, why: "nothing is known of it".to_owned() });
    seed
}

#[test]
fn a_record_and_what_was_kept_of_it_are_one() {
    let (key, value) = (Some(&b"17"[..]), Some(&b"paid"[..]));
    assert_eq!(
        Identity::of_copy(Some(5), key, value),
        Identity::of_copied(Some(5), Fingerprint::of(key, value)),
        "a living source and an archive name a record alike"
    );
    // What stands in files is to be read by later versions.
    assert_eq!(
        Identity::of_copy(Some(5), key, value).unwrap().to_string(),
        "cad282a6af22ae658d7ba45278a357a9"
    );
    assert_ne!(Identity::of_copy(Some(5), key, None), Identity::of_copy(Some(5), key, Some(b"")));
}

#[test]
fn what_is_no_seed_is_refused_with_the_place_or_the_partition() {
    // Without the digest, by which any change would be noticed.
    let text = seed(100, Some(104), vec![id(1)]).write();
    let (before, after) = text.split_once("\"digest\":\"").unwrap();
    let text = format!("{before}{}", after.split_once("\",").unwrap().1);
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        Seed::read(&text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let one = r#"{"topic":"src.orders","partition":0,"from":100,"until":104,"read":[]},"#;
    for (from, to, words) in [
        ("\"Seed\"", "\"Undo\"", "this is an undo file for `offsets undo` (`Undo`), not a seed"),
        ("offsets/v1", "offsets/v2", "`offsets/v2`"),
        ("\"from\":100", "\"from\":-1", "negative"),
        ("\"from\":100", "\"from\":105", "src.orders-0"),
        ("\"until\":104", "\"until\":281474976710656", "2^48"),
        ("\"partition\":0", "\"partition\":-2", "partition -2 is negative"),
        ("\"windows\":[", &format!("\"windows\":[{one}"), "two windows for src.orders-0"),
        ("\"read\":[\"", "\"read\":[\"+", "32 hexadecimal digits"),
        ("\"group\":\"app\"", "\"group\":7", "line 1, column"),
        ("}\n", "", "line 1, column"),
    ] {
        let said = refused(from, to);
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(seed(0, None, Vec::new()).window(&TopicPartition::new("src.orders", 1)), None);
    assert!(matches!(Seed::read("["), Err(SeedError::Document(DocumentError::Malformed { line: 1, .. }))));
    assert!(Seed::read("[]").is_err_and(|error| error.to_string().contains("without a `kind`")));
}

proptest! {
    #[test]
    fn a_seed_is_read_as_it_was_written(
        from in 0..(1_i64 << 47),
        wide in prop::option::of(0..(1_i64 << 46)),
        read in prop::collection::vec(any::<u128>(), 0..20),
    ) {
        let seed = seed(from, wide.map(|wide| from + wide), read.into_iter().map(Identity::from_bits).collect());
        prop_assert_eq!(Seed::read(&seed.write()).unwrap(), seed);
    }
}
