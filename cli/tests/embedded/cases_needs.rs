//! Options and keys that change nothing where they stand, and values that name nothing: each is refused before anything is contacted.

use crate::run::{Folder, offsets};

const DEDUP: &str = "--mode dedup --identity key";

/// P2, https://github.com/apache/kafka/pull/4069: an option that is taken and not read moves what was not asked for, or nothing.
#[test]
fn an_option_that_changes_nothing_is_refused() {
    let folder = Folder::new();
    folder.write("a.jsonl", r#"{"key":"1","value":"a"}"#);
    let dry =
        |option: &str| format!("--demo reconcile --group m --from src.orders {DEDUP} --dry-run {option}");
    let from_file = |rest: &str| format!("reconcile --from a.jsonl {DEDUP} {rest}");
    for (line, option) in [
        (format!("--config nope.toml {}", from_file("--dry-run")), "--config"),
        (from_file("--to out.jsonl --dead-letter dead.jsonl"), "--dead-letter"),
        (from_file("--to - -o json"), "-o"),
        (dry("--state kept"), "--state"),
        (dry("--instance one"), "--instance"),
        (dry("--once"), "--once"),
        (dry("--adopt-positions"), "--adopt-positions"),
        (dry("--commit-interval 1s"), "--commit-interval"),
        (dry("--transaction-timeout 5s"), "--transaction-timeout"),
        (dry("--changelog-replicas 1"), "--changelog-replicas"),
        ("--demo translate --group app-g --offsets-as-strings".to_owned(), "--offsets-as-strings"),
        ("--demo translate --group app-g --offsets-as-strings -o csv".to_owned(), "--offsets-as-strings"),
        ("--demo reset --group app-g --offsets-as-strings".to_owned(), "--offsets-as-strings"),
        ("--demo translate --topic orders:0 --offset 5 --exclude-groups x".to_owned(), "--exclude-groups"),
        ("--target.bootstrap-server x:1 undo u.json --policy identity".to_owned(), "--policy"),
        ("--target.bootstrap-server x:1 undo u.json --syncs-topic t".to_owned(), "--syncs-topic"),
        (
            "--target.bootstrap-server x:1 reset --group g --topic t --to earliest --syncs-topic s"
                .to_owned(),
            "--syncs-topic",
        ),
        ("--demo archive run --dir kept --once --all-links".to_owned(), "--all-links"),
    ] {
        let run = folder.offsets(&line).fails(2, &[option]);
        assert!(run.stderr.contains("remedy: "), "{line}: {}", run.stderr);
    }
    assert_eq!(folder.files(), ["a.jsonl"]);
    folder.offsets("--demo translate --group app-g --offsets-as-strings -o jsonl").expect(0);
}

/// P11, https://github.com/apache/kafka/pull/14768: a name that is empty or has a blank at its end.
#[test]
fn a_name_that_names_nothing_is_refused() {
    let folder = Folder::new();
    folder.write("a.jsonl", r#"{"key":"1","value":"a"}"#);
    for line in [
        format!("reconcile --from '' {DEDUP} --dry-run"),
        format!("reconcile --from r= {DEDUP} --dry-run"),
        format!("reconcile --from ' =a.jsonl' {DEDUP} --dry-run"),
        format!("--demo reconcile --group ' m' --from src.orders {DEDUP} --dry-run"),
        format!("--demo reconcile --group '' --from src.orders {DEDUP} --dry-run"),
        format!("--demo reconcile --group m --from src.orders {DEDUP} --to x --changelog a/b"),
        format!("--demo reconcile --group m --from src.orders {DEDUP} --to x --changelog ''"),
        format!("--demo reconcile --group m --from src.orders {DEDUP} --to x --repartition 'a b'"),
        "--demo translate --all-groups --exclude-groups ''".to_owned(),
        "--demo translate --all-groups --exclude-groups ,".to_owned(),
    ] {
        folder.offsets(&line).expect(2);
    }
    folder.offsets_with(&[("OFFSETS_CONFIG", "")], "translate --group g").expect(2);
    folder.offsets_with(&[("OFFSETS_CONFIG", "")], "reconcile --job x").expect(2);
    // An empty region says none, and the file's is taken.
    folder.write("eu.jsonl", r#"{"key":"1","value":"a","timestamp":1,"region":""}"#);
    folder
        .offsets(
            "reconcile --from eu.jsonl --mode upsert --identity key --order timestamp --regions eu --dry-run",
        )
        .expect(0);
}

/// Limits of nothing: an archive of no bytes would be emptied.
#[test]
fn a_limit_of_nothing_is_refused() {
    offsets("--demo archive run --dir kept --once --max-bytes 0").fails(2, &["--max-bytes"]);
    offsets("--demo archive run --dir kept --once --expire-after 0s").fails(2, &["--expire-after"]);
    offsets(&format!("--demo reconcile --group m --from src.orders {DEDUP} --to x --transaction-timeout 0s"))
        .fails(2, &["--transaction-timeout"]);
}

/// The same in files: a key that says how much of something, where nothing says how often.
#[test]
fn a_key_of_a_scenario_without_its_partner_is_refused() {
    let folder = Folder::new();
    for (text, key, partner) in [
        ("[source]\ncompacted = 0.3", "source.compacted", "source.compact-every"),
        ("[replication]\nlost-syncs = 3", "replication.lost-syncs", "replication.lose-syncs-every"),
        ("[replication]\nunacknowledged = 3", "replication.unacknowledged", "replication.restart-every"),
        ("[replication]\ncopied-again = '5s'", "replication.copied-again", "replication.restart-every"),
        ("[target]\nforeign-records = 3", "target.foreign-records", "target.foreign-every"),
        ("[target]\nforeign-alike = true", "target.foreign-alike", "target.foreign-every"),
    ] {
        folder.write("s.toml", text);
        folder.offsets("simulate --scenario s.toml").fails(2, &["s.toml", key, partner]);
    }
}

/// A job's keys are options: what would be dropped in silence, or is not theirs to say, is named with the file and the table.
#[test]
fn a_key_of_a_job_that_says_nothing_is_refused() {
    let folder = Folder::new();
    folder.write("a.jsonl", r#"{"key":"1","value":"a"}"#);
    for (text, key) in [
        ("from = []\nmode = 'dedup'", "`from` is []"),
        ("from = ['a.jsonl', ['b.jsonl']]", "`from` is"),
        ("from = false", "`from` is false"),
        ("from = ['a.jsonl']\nmode = true", "`mode` is true"),
        ("from = ['a.jsonl']\nmode = ['dedup', 'upsert']", "`mode` is"),
        ("from = ['a.jsonl']\nonce = 1", "`once` is 1"),
        ("from = ['a.jsonl']\njob = 'x'", "a key `job`"),
        ("from = ['a.jsonl']\nconfig = 'x'", "a key `config`"),
        ("from = ['a.jsonl']\nhelp = true", "a key `help`"),
    ] {
        folder.write("offsets.toml", format!("[reconcile.x]\n{text}\n"));
        folder.offsets("reconcile --job x --dry-run").fails(2, &["offsets.toml: [reconcile.x]", key]);
    }
    // What clap says of an option names it as a flag: where it is from stands beside it.
    folder.write("offsets.toml", "[reconcile.x]\nfrom = ['']\nmode = 'dedup'\n");
    folder
        .offsets("reconcile --job x --dry-run")
        .fails(2, &["--from", "offsets.toml: [reconcile.x] gives the options"]);
    // A dry run of a job leaves out what a dry run does not use, and the format given counts, however it is spelt.
    folder.write(
        "offsets.toml",
        "[reconcile.x]\nfrom = ['a.jsonl']\nmode = 'dedup'\nidentity = 'key'\nto = 'out.jsonl'\noutput = 'json'\n",
    );
    folder.offsets("reconcile --job x --dry-run -o table").expect(0);
    folder.write(
        "offsets.toml",
        "[reconcile.x]\nfrom = ['src.orders']\nmode = 'dedup'\nidentity = 'key'\nto = 'out'\ngroup = 'm'\nstate = 'kept'\n\
         instance = 'one'\nonce = true\nmax-memory = '1GB'\n",
    );
    folder.offsets("--demo reconcile --job x --dry-run").expect(0);
}
