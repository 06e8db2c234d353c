//! The archive: how fast it takes syncs, what a sync costs on the disk, how soon it is open, how fast it answers.
//!
//!     cargo bench -p offsets-benches --bench archive
//!
//! One core: nothing here starts a thread, and the engine's own flusher is off.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use offsets_benches::folder_size;
use offsets_core::evidence::RecordedCommit;
use offsets_core::link::Link;
use offsets_core::mm2::OffsetSync;
use offsets_core::model::{Commit, CommittedOffset, GroupId, SourceOffset, TargetOffset, TopicPartition};
use offsets_store::{Archive, RecordPosition};

/// How many records the recorder is given before it saves, as `offsets archive run` does.
const HANDFUL: u64 = 65_536;

/// How a link's syncs follow each other.
#[derive(Clone, Copy)]
struct Stream {
    name: &'static str,
    syncs: u64,
    partitions: u64,
    /// The next pair of a partition, from the last one and a random number.
    next: fn((i64, i64), u64) -> (i64, i64),
}

const STREAMS: [Stream; 4] = [
    Stream {
        name: "even steps, 100 partitions",
        syncs: 20_000_000,
        partitions: 100,
        next: |(up, down), _| (up + 101, down + 101),
    },
    Stream {
        name: "dense, uneven steps, 100 partitions",
        syncs: 20_000_000,
        partitions: 100,
        next: |(up, down), random| {
            let step = 101 + (random % 40).cast_signed();
            (up + step, down + step)
        },
    },
    Stream {
        name: "dense, uneven steps, 5,000 partitions",
        syncs: 20_000_000,
        partitions: 5_000,
        next: |(up, down), random| {
            let step = 101 + (random % 40).cast_signed();
            (up + step, down + step)
        },
    },
    Stream {
        name: "every pair a surprise of 30 bits, 5,000 partitions",
        syncs: 5_000_000,
        partitions: 5_000,
        next: |(up, down), random| {
            (up + (random % (1 << 30)).cast_signed(), down + (random >> 34).cast_signed())
        },
    },
];

fn main() -> Result<()> {
    // `cargo test --benches` runs this too, and wants no figures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    println!(
        "| stream | syncs | taken a second | bytes a sync on disk | in segments | opened | opened and recalled | of 1 % of the partitions | lookup |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: |");
    for stream in STREAMS {
        let folder = tempfile::tempdir()?;
        measure(stream, folder.path())?;
    }
    println!();
    println!("| looks at commits | commits | of them moved each time | a look | folder at the end |");
    println!("| --: | --: | --: | --: | --: |");
    for moved in [0, 200] {
        let folder = tempfile::tempdir()?;
        look(moved, folder.path())?;
    }
    Ok(())
}

/// What a recorder that runs for hours does every second, each look saved by itself.
fn look(moved: usize, folder: &Path) -> Result<()> {
    const LOOKS: u32 = 20_000;
    const COMMITS: usize = 2_000;
    let mut archive = Archive::open_or_create(folder)?;
    let mut now = Timestamp::from_second(1_790_000_000)?;
    let mut commits = Vec::new();
    for number in 0..COMMITS {
        let committed = CommittedOffset { offset: SourceOffset::new(1_000_000)?, metadata: String::new() };
        let partition = TopicPartition::new("orders", i32::try_from(number % 50)?);
        let group = GroupId::new(format!("group-{}", number / 50));
        commits.push(RecordedCommit::new(Commit { group, partition, committed }, now));
    }
    let mut spent = Duration::ZERO;
    for _ in 0..LOOKS {
        now += jiff::SignedDuration::from_secs(1);
        for recorded in commits.iter_mut().take(moved) {
            recorded.commit.committed.offset = recorded.commit.committed.offset.plus(1_000);
        }
        let began = offsets_benches::now();
        archive.record(&Link::new("src", "dst"))?.commits(&commits, now)?;
        spent += began.elapsed();
    }
    drop(archive);
    let (a_look, bytes) = (spent / LOOKS, folder_size(folder)?);
    println!(
        "| {LOOKS} | {COMMITS} | {moved} | {:.2} ms | {:.1} MB |",
        a_look.as_secs_f64() * 1e3,
        bytes as f64 / 1e6
    );
    Ok(())
}

fn measure(stream: Stream, folder: &Path) -> Result<()> {
    let link = Link::new("src", "dst");
    let taken = record(stream, folder, &link)?;
    let count = stream.syncs as f64;

    let began = offsets_benches::now();
    let mut archive = Archive::open(folder)?;
    let opened = began.elapsed();
    let kept = archive.load(&link)?;
    let recalled = began.elapsed();
    let began = offsets_benches::now();
    let few = archive.load_with_syncs_of(&link, &|partition| partition.partition % 100 == 0)?;
    let recalled_few = opened + began.elapsed();
    anyhow::ensure!(few.syncs.len() * 100 == kept.syncs.len(), "another number of syncs was recalled");
    let in_segments = archive.stats()?.first().context("no link")?.bytes;
    let on_disk = folder_size(folder)?;

    let lookup = look_up(stream, &kept.syncs)?;
    println!(
        "| {} | {} | {:.0} | {:.1} | {:.1} | {:.0} ms | {:.2} s | {:.2} s | {} ns |",
        stream.name,
        stream.syncs,
        count / taken.as_secs_f64(),
        on_disk as f64 / count,
        in_segments as f64 / count,
        opened.as_secs_f64() * 1e3,
        recalled.as_secs_f64(),
        recalled_few.as_secs_f64(),
        lookup.as_nanos(),
    );
    Ok(())
}

/// From the bytes of the topic's records to the disk.
fn record(stream: Stream, folder: &Path, link: &Link) -> Result<Duration> {
    let mut archive = Archive::open_or_create(folder)?;
    let now = Timestamp::from_second(1_790_000_000)?;
    let first = (SourceOffset::new(1_000_000_000)?, TargetOffset::new(999_000_000)?);
    let encode = |partition: u64| -> Result<(Vec<u8>, Vec<u8>)> {
        let (topic, partition) = ("orders", i32::try_from(partition)?);
        Ok(OffsetSync { topic, partition, upstream: first.0, downstream: first.1 }.encode())
    };
    let mut records = (0..stream.partitions).map(encode).collect::<Result<Vec<_>>>()?;
    let mut pairs = vec![(first.0.get(), first.1.get()); records.len()];
    let mut random = Random(1);
    let began = offsets_benches::now();
    let mut recorder = archive.record(link)?;
    for offset in 0..stream.syncs {
        let at = (offset % stream.partitions) as usize;
        pairs[at] = (stream.next)(pairs[at], random.next());
        let (key, value) = &mut records[at];
        value[..8].copy_from_slice(&pairs[at].0.to_be_bytes());
        value[8..].copy_from_slice(&pairs[at].1.to_be_bytes());
        let sync = OffsetSync::decode(Some(key), Some(value))?.context("a tombstone")?;
        recorder.sync(RecordPosition::of(offset.cast_signed(), Some(key), Some(value)), &sync, now)?;
        if offset % HANDFUL == HANDFUL - 1 {
            recorder.save()?;
        }
    }
    recorder.save()?;
    Ok(began.elapsed())
}

fn look_up(stream: Stream, syncs: &offsets_core::history::SyncHistory) -> Result<Duration> {
    const LOOKUPS: u64 = 1_000_000;
    let partition = |number: u64| Ok(TopicPartition::new("orders", i32::try_from(number)?));
    let partitions = (0..stream.partitions).map(partition).collect::<Result<Vec<_>>>()?;
    let mut random = Random(2);
    let began = offsets_benches::now();
    for _ in 0..LOOKUPS {
        let number = random.next();
        let partition = &partitions[(number % stream.partitions) as usize];
        let history = syncs.get(partition).context("a partition is missing")?;
        let g = SourceOffset::new(1_000_000_000 + (number >> 8).cast_signed() % 20_000_000)?;
        black_box(history.neighbours(g));
    }
    Ok(began.elapsed() / u32::try_from(LOOKUPS)?)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
