//! What the core costs: decoding, the sync history and its lookups, the checkpoint history, the simulator, bytes held.
//!
//! Streams are those that MM2's own store was measured with: a million syncs of step 101, spread evenly over 50 or
//! 20,000 source partitions, then uniform random lookups.

#![allow(clippy::unwrap_used, reason = "what the benches make up is well formed")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use offsets_core::history::{CheckpointHistory, SyncHistory};
use offsets_core::mm2::{Checkpoint, OffsetSync};
use offsets_core::model::{SourceOffset, TargetOffset, TopicPartition};
use offsets_sim::{Case, History, Random as Seeded, Truth};

const SYNCS: usize = 1_000_000;
const STEP: i64 = 101;
const LOOKUPS: usize = 1 << 16;

/// A record as it comes out of a topic.
type Record = (Vec<u8>, Vec<u8>);

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(SYNCS as u64));
    let syncs = Stream::dense(SYNCS, 50).records();
    group.bench_function("syncs", |bencher| {
        bencher.iter(|| {
            for (key, value) in &syncs {
                black_box(OffsetSync::decode(Some(key), Some(value)).unwrap());
            }
        });
    });
    let checkpoints = checkpoints();
    group.bench_function("checkpoints", |bencher| {
        bencher.iter(|| {
            for (key, value) in &checkpoints {
                black_box(Checkpoint::decode(Some(key), Some(value)).unwrap());
            }
        });
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.sample_size(20).throughput(Throughput::Elements(SYNCS as u64));
    for partitions in [50, 20_000] {
        for (name, stream) in
            [("dense", Stream::dense(SYNCS, partitions)), ("jittered", Stream::jittered(SYNCS, partitions))]
        {
            let records = stream.records();
            group.bench_function(format!("syncs/{name}/{partitions}"), |bencher| {
                bencher.iter_batched(|| (), |()| read(&records), BatchSize::PerIteration);
            });
        }
    }
    let checkpoints = checkpoints();
    group.bench_function("checkpoints/50", |bencher| {
        bencher.iter_batched(
            CheckpointHistory::default,
            |mut history| {
                for (at, (key, value)) in checkpoints.iter().enumerate() {
                    history.read(at as i64, at as i64, Some(key), Some(value)).unwrap();
                }
                history
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn looking_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lookup");
    group.throughput(Throughput::Elements(LOOKUPS as u64));
    for partitions in [50, 20_000] {
        for (name, stream) in
            [("dense", Stream::dense(SYNCS, partitions)), ("jittered", Stream::jittered(SYNCS, partitions))]
        {
            let history = read(&stream.records());
            let sources = history.partitions();
            let highest = STEP as u64 * (SYNCS / partitions) as u64;
            let mut random = Random::default();
            let queries: Vec<(&TopicPartition, SourceOffset)> = (0..LOOKUPS)
                .map(|_| {
                    let source = &sources[random.below(partitions as u64) as usize];
                    (source, upstream(random.below(highest) as i64))
                })
                .collect();
            group.bench_function(format!("{name}/{partitions}"), |bencher| {
                bencher.iter(|| {
                    for &(source, g) in &queries {
                        black_box(history.get(source).map(|partition| partition.neighbours(g)));
                    }
                });
            });
        }
    }
    group.finish();
}

/// Simulated source records a second: a log as it mostly is, told and with its truth worked out; and the short, eventful
/// histories of the properties, once told only and once with questions asked and every answer judged.
fn simulator(criterion: &mut Criterion) {
    const RECORDS: u32 = 10_000_000;
    const HISTORIES: u64 = 1_000;
    let mut group = criterion.benchmark_group("simulator");
    let steady = History::steady(RECORDS, &mut Seeded::from_seed(1));
    group.throughput(Throughput::Elements(u64::from(RECORDS)));
    group.bench_function("steady", |bencher| {
        bencher.iter(|| {
            let (read, now) = steady.tell();
            black_box((Truth::of(&now), read));
        });
    });
    let cases: Vec<_> = (0..HISTORIES).map(Case::from_seed).collect();
    let records = cases.iter().map(|case| case.history.tell().0.source.len()).sum();
    group.throughput(Throughput::Elements(records));
    group.bench_function("eventful", |bencher| {
        bencher.iter(|| cases.iter().for_each(|case| drop(black_box(case.history.tell()))));
    });
    group.throughput(Throughput::Elements(HISTORIES));
    group.bench_function("judged-histories", |bencher| {
        bencher.iter(|| cases.iter().for_each(|case| drop(black_box(case.run()))));
    });
    group.finish();
}

/// Prints what histories weigh; a million syncs tell the bytes a sync, twenty million what a large link needs.
fn weighing() {
    println!(
        "{:<24}{:>12}{:>14}{:>14}{:>16}",
        "stream", "partitions", "syncs", "bytes a sync", "resident MB"
    );
    for (syncs, partitions) in [(SYNCS, 50), (SYNCS, 20_000), (20 * SYNCS, 50), (20 * SYNCS, 20_000)] {
        for (name, stream) in
            [("dense", Stream::dense(syncs, partitions)), ("jittered", Stream::jittered(syncs, partitions))]
        {
            let before = resident();
            let mut history = SyncHistory::default();
            stream.each(|sync| {
                history.add(sync.topic, sync.partition, (sync.upstream, sync.downstream).into());
            });
            let grown = resident().zip(before).map_or(-1.0, |(now, before)| (now - before) as f64 / 1e6);
            let each = history.footprint() as f64 / syncs as f64;
            println!("{name:<24}{partitions:>12}{syncs:>14}{each:>14.2}{grown:>16.0}");
        }
    }
}

/// Resident bytes of this process, where the system tells.
fn resident() -> Option<i64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split(' ').nth(1)?.parse::<i64>().ok().map(|pages| pages * 4096)
}

fn read(records: &[Record]) -> SyncHistory {
    let mut history = SyncHistory::default();
    for (at, (key, value)) in records.iter().enumerate() {
        history.read(at as i64, Some(key), Some(value)).unwrap();
    }
    history
}

/// A million checkpoints of 200 groups on 50 partitions, each group a little behind the one before.
fn checkpoints() -> Vec<Record> {
    (0..SYNCS as i64)
        .map(|at| {
            let (group, partition, round) = (at % 200, at / 200 % 50, at / 10_000);
            let position = 1_000 * round + 200 - group;
            let group = format!("anchor.cg-{group}");
            Checkpoint {
                group: &group,
                topic: "src.anchor.topic",
                partition: partition as i32,
                upstream: upstream(position),
                downstream: downstream(position),
                metadata: "",
            }
            .encode()
        })
        .collect()
}

/// Syncs that rise by turns on all partitions of one topic.
struct Stream {
    syncs: usize,
    partitions: usize,
    /// Steps vary, and the target falls behind the source by the holes between.
    jittered: bool,
}

impl Stream {
    fn dense(syncs: usize, partitions: usize) -> Self {
        Self { syncs, partitions, jittered: false }
    }

    fn jittered(syncs: usize, partitions: usize) -> Self {
        Self { syncs, partitions, jittered: true }
    }

    fn each(&self, mut take: impl FnMut(OffsetSync<'_>)) {
        let mut random = Random::default();
        let mut at = vec![(0, 0); self.partitions];
        for sync in 0..self.syncs {
            let partition = sync % self.partitions;
            let (source, target) = &mut at[partition];
            let (upstream, downstream) = (upstream(*source), downstream(*target));
            take(OffsetSync { topic: "anchor.topic", partition: partition as i32, upstream, downstream });
            let (step, holes) = if self.jittered {
                (STEP - 50 + random.below(100) as i64, random.below(10) as i64)
            } else {
                (STEP, 0)
            };
            *source += step;
            *target += step - holes;
        }
    }

    fn records(&self) -> Vec<Record> {
        let mut records = Vec::with_capacity(self.syncs);
        self.each(|sync| records.push(sync.encode()));
        records
    }
}

/// SplitMix64: the same numbers in every run.
#[derive(Default)]
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn upstream(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn downstream(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

criterion_group!(benches, decoding, reading, looking_up, simulator);

fn main() {
    weighing();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
