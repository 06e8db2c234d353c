//! The operators of reconciliation: how many records they judge a second in memory and on a disk, and what an identity costs.
//!
//!     cargo bench -p offsets-benches --bench reconcile
//!
//! One core: nothing here starts a thread, and the engine's own flusher is off.

use std::convert::Infallible;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use offsets_benches::{Ids, Toolbox, folder_size, now};
use offsets_reconcile::{
    Decision, Dedup, DedupDecision, Extractor, Identity, IdentityRule, MemoryTable, Operator, Order, Pointer,
    Position, Record, Regions, Seen, Table as _, Upsert, UpsertRules, VersionRule, Window,
};
use offsets_store::{DurableTable, RedbLog, SegmentLog, SledLog, TableCost};
use offsets_tests::rig::{Jars, Java, Scratch};

/// Operations until five million identities are there, as the peers' stores were measured.
const OPERATIONS: usize = 7_142_797;
const DISTINCT: u64 = 5_000_000;

/// How many operations are made durable at a time.
const HANDFUL: usize = 100_000;

/// How many are said to come before they are judged: a poll brings more.
const TOGETHER: usize = 50;

/// Records of the peers' own stream.
const RECORDS: usize = 2_000_000;

const ROUNDS: usize = 3;

fn main() -> Result<()> {
    // `cargo test --benches` only wants to know that it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    println!("| what | operations | a second (median of {ROUNDS}) |\n| --- | --: | --: |");
    report("dedup in memory: one identity after another", OPERATIONS, dedup_in_memory)?;
    report("floor: a `HashSet<u128>` of the standard library, which only counts", OPERATIONS, floor)?;
    report("dedup of JSON records by a field: parsed, hashed, judged", RECORDS, dedup_of_json)?;
    report("upsert alone: candidates judged, 200,000 keys", RECORDS, upsert_alone)?;
    report("upsert of JSON records by a field, 200,000 keys", RECORDS, upsert_of_json)?;
    println!();
    println!(
        "| store | operations a second | identities | on disk, bytes an identity | memory of the table, bytes an identity | reopened |"
    );
    println!("| --- | --: | --: | --: | --: | --: |");
    store("sled", ROUNDS, |folder| Ok(SledLog::open(folder)?))?;
    // Slow enough for once to do.
    store("redb", 1, |folder| Ok(RedbLog::open(folder)?))?;
    match rocks() {
        Ok(row) => println!("{row}"),
        Err(missing) => println!("\nRocksDB was not measured: {missing:#}."),
    }
    println!();
    println!(
        "| sled, memory capped at | operations a second | identities in memory | sealed | index | filters | on disk, bytes an identity | segments read | of them in vain | reopened |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    for bytes in [CAP, CAP / 4] {
        capped(bytes)?;
    }
    Ok(())
}

/// About a quarter of what the table takes without a cap.
const CAP: usize = 64 * 1024 * 1024;

fn capped(cap: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let open = |log| DurableTable::<Seen, _>::open_capped(log, 0, cap);
    let Durable { spent, disk, reopened, cost } =
        durable(folder.path(), &|folder| Ok(SledLog::open(folder)?), open)?;
    println!(
        "| {} MiB | {:.0} | {} | {} | {:.1} MiB | {:.1} MiB | {:.1} | {} | {} | {:.2} s |",
        cap >> 20,
        OPERATIONS as f64 / spent.as_secs_f64(),
        cost.in_memory,
        cost.on_disk,
        cost.memtable_bytes as f64 / f64::from(1 << 20),
        cost.filter_bytes as f64 / f64::from(1 << 20),
        disk as f64 / DISTINCT as f64,
        cost.disk_reads,
        cost.false_positives,
        reopened.as_secs_f64(),
    );
    Ok(())
}

fn store<L: SegmentLog>(name: &str, rounds: usize, open: impl Fn(&Path) -> Result<L>) -> Result<()> {
    let mut taken = Vec::new();
    for _ in 0..rounds {
        let folder = tempfile::tempdir()?;
        taken.push(durable(folder.path(), &open, |log| DurableTable::open(log, 0))?);
    }
    taken.sort_by_key(|round| round.spent);
    let Durable { spent, disk, reopened, cost } = &taken[rounds / 2];
    println!(
        "| {name}, durable every {HANDFUL} | {:.0} | {DISTINCT} | {:.1} | {:.1} | {:.2} s |",
        OPERATIONS as f64 / spent.as_secs_f64(),
        *disk as f64 / DISTINCT as f64,
        cost.memtable_bytes as f64 / DISTINCT as f64,
        reopened.as_secs_f64(),
    );
    Ok(())
}

/// The peer, which comes with the jars of Kafka Streams.
fn rocks() -> Result<String> {
    let java = Java::new(Jars::locate_streams()?)?;
    let scratch = Scratch::new()?;
    let toolbox = Toolbox::prepare(&[], &java, &scratch, &["RememberInRocks.java"])?;
    let folder = scratch.folder("rocks")?;
    let mut command = toolbox.java(&["-Xmx700m"], "RememberInRocks");
    command.arg(&folder).args([OPERATIONS.to_string(), DISTINCT.to_string()]);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = said.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [rate, reopened] = numbers[..] else { anyhow::bail!("it said {said:?}") };
    let disk = folder_size(&folder)? as f64 / DISTINCT as f64;
    Ok(format!(
        "| RocksDB through Java, durable every {HANDFUL} | {rate:.0} | {DISTINCT} | {disk:.1} |  | {reopened:.2} s |"
    ))
}

fn report(what: &str, operations: usize, mut run: impl FnMut() -> Result<Duration>) -> Result<()> {
    let mut rounds = (0..ROUNDS).map(|_| run()).collect::<Result<Vec<_>>>()?;
    rounds.sort();
    println!("| {what} | {operations} | {:.0} |", operations as f64 / rounds[ROUNDS / 2].as_secs_f64());
    Ok(())
}

fn identities() -> Vec<Identity> {
    let key = |id| Identity::from_bits(u128::from_le_bytes(Ids::key(id)));
    Ids::default().take(OPERATIONS).map(key).collect()
}

fn at(number: usize) -> Result<Position> {
    Position::new(0, number as i64).context("an offset that a log can have")
}

fn dedup_in_memory() -> Result<Duration> {
    let identities = identities();
    let began = now();
    let mut dedup = Dedup::new(MemoryTable::<Seen>::default(), Window::Unbounded);
    for (number, identity) in identities.into_iter().enumerate() {
        let Ok(decision) = dedup.decide(identity, at(number)?, 0);
        black_box(decision);
    }
    let spent = began.elapsed();
    ensure!(dedup.table().len() == DISTINCT);
    Ok(spent)
}

fn floor() -> Result<Duration> {
    let identities: Vec<_> = identities().into_iter().map(Identity::to_bits).collect();
    let began = now();
    let mut set = std::collections::HashSet::new();
    let first = identities.into_iter().filter(|identity| set.insert(*identity)).count();
    let spent = began.elapsed();
    ensure!(first as u64 == DISTINCT);
    Ok(spent)
}

struct Durable {
    spent: Duration,
    disk: u64,
    reopened: Duration,
    cost: TableCost,
}

fn durable<L: SegmentLog>(
    folder: &Path,
    log: &impl Fn(&Path) -> Result<L>,
    open: impl Fn(L) -> Result<DurableTable<Seen, L>, offsets_store::Error>,
) -> Result<Durable> {
    let identities = identities();
    let began = now();
    let table = open(log(folder)?)?;
    let mut dedup = Dedup::new(table, Window::Unbounded);
    let mut first = 0_u64;
    let mut number = 0;
    for some in identities.chunks(TOGETHER) {
        dedup.table().prefetch(&mut some.iter().copied());
        for identity in some {
            first += u64::from(dedup.decide(*identity, at(number)?, 0)? == DedupDecision::First);
            number += 1;
        }
        if number % HANDFUL == 0 {
            dedup.table().save(&number.to_le_bytes())?;
        }
    }
    dedup.table().save(&OPERATIONS.to_le_bytes())?;
    let spent = began.elapsed();
    ensure!(first == DISTINCT, "{first}");
    let cost = dedup.table().cost();
    drop(dedup);
    let began = now();
    let table = open(log(folder)?)?;
    let reopened = began.elapsed();
    ensure!(table.len() == DISTINCT);
    Ok(Durable { spent, disk: folder_size(folder)?, reopened, cost })
}

fn extractor(identity: IdentityRule, order: Option<Order>) -> Extractor {
    Extractor { identity, order, max_ahead_ms: i64::MAX }
}

/// About as long as the peers' records.
fn json(id: u64, version: usize) -> Vec<u8> {
    let payload = "x".repeat(24);
    format!(
        r#"{{"id":"{id:016x}","version":{version},"customer":"c-{:06}","note":"{payload}"}}"#,
        id % 100_000
    )
    .into_bytes()
}

fn dedup_of_json() -> Result<Duration> {
    let values: Vec<_> = Ids::default().take(RECORDS).map(|id| json(id, 1)).collect();
    let extractor = extractor(IdentityRule::Json(Pointer::parse("/id")?), None);
    let mut dedup = Dedup::new(MemoryTable::<Seen>::default(), Window::Unbounded);
    let (spent, passed) = judged(&extractor, &mut dedup, &values, |_| Vec::new())?;
    ensure!(passed == 1_401_067, "{passed}");
    Ok(spent)
}

/// Versions that rise, so that every write beats one before it.
fn upsert_alone() -> Result<Duration> {
    let (extractor, ids, values) = versions()?;
    let keys: Vec<_> = ids.iter().map(|id| Ids::key(*id)).collect();
    let mut candidates = Vec::with_capacity(RECORDS);
    for (number, (key, value)) in keys.iter().zip(&values).enumerate() {
        let record = Record { region: "a", key: Some(key), value: Some(value), ..Record::default() };
        candidates.push(extractor.extract(&record, at(number)?, 0)?);
    }
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
    let began = now();
    for (number, keyed) in candidates.iter().enumerate() {
        let Ok(outcome) = upsert.process(keyed);
        black_box(outcome);
        if number % HANDFUL == HANDFUL - 1 {
            let Ok(()) = upsert.on_committed(&[at(number + 1)?]);
        }
    }
    Ok(began.elapsed())
}

fn upsert_of_json() -> Result<Duration> {
    let (extractor, ids, values) = versions()?;
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
    let (spent, passed) = judged(&extractor, &mut upsert, &values, |at| Ids::key(ids[at]).to_vec())?;
    ensure!(passed == RECORDS as u64, "versions rise: {passed}");
    Ok(spent)
}

/// Writes to 200,000 keys, each of a version of its own.
fn versions() -> Result<(Extractor, Vec<u64>, Vec<Vec<u8>>)> {
    const KEYS: u64 = 200_000;
    let ids: Vec<_> = Ids::default().take(RECORDS).map(|id| id % KEYS).collect();
    let values: Vec<_> = ids.iter().enumerate().map(|(version, id)| json(*id, version)).collect();
    let version = VersionRule::Json(Pointer::parse("/version")?);
    let regions = Regions::new(["a".to_owned()]).map_err(anyhow::Error::msg)?;
    let order = Order { version, tombstones: None, regions };
    Ok((extractor(IdentityRule::Key, Some(order)), ids, values))
}

fn judged(
    extractor: &Extractor,
    operator: &mut impl Operator<Error = Infallible>,
    values: &[Vec<u8>],
    key: impl Fn(usize) -> Vec<u8>,
) -> Result<(Duration, u64)> {
    let keys: Vec<_> = (0..values.len()).map(key).collect();
    let began = now();
    let mut passed = 0;
    for (number, (key, value)) in keys.iter().zip(values).enumerate() {
        let record = Record { region: "a", key: Some(key), value: Some(value), ..Record::default() };
        let keyed = extractor.extract(&record, at(number)?, 0)?;
        let Ok(outcome) = operator.process(&keyed);
        passed += u64::from(matches!(outcome, Decision::Emit { .. }));
        if number % HANDFUL == HANDFUL - 1 {
            let Ok(()) = operator.on_committed(&[at(number + 1)?]);
        }
    }
    Ok((began.elapsed(), passed))
}
