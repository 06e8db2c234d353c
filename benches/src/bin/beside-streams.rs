//! Measures `offsets reconcile` between topics beside Kafka Streams on a real broker, and prints the tables as Markdown.
//!
//! `cargo xtask bench streams` builds and runs it. `beside-streams [dedup|upsert|settings|growth]...` runs only some of it.

use std::fs;

use anyhow::Result;
use offsets_benches::reconciliation::{Contenders, Guarantee, Input, Job, Run};
use offsets_benches::{Contest, Contestant, describe_machine, load_average};
use offsets_chart::{Axis, Chart, Line, Scale};
use offsets_tests::rig::{Rig, workspace_target};

/// How often the two that are compared are measured.
const MANY: usize = 3;
/// How often other settings and sizes are.
const FEW: usize = 1;
/// What there is to reconcile.
const RECORDS: u64 = 2_000_000;
const PARTITIONS: i32 = 4;

/// Each four times the one before.
const SIZES: [u64; 3] = [RECORDS / 4, RECORDS, 4 * RECORDS];

/// As often as Kafka Streams commits where it promises exactly once.
const AS_OFTEN: [&str; 2] = ["--commit-interval", "100ms"];

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    eprintln!("starting a broker");
    let mut rig = Rig::start()?;
    // One cluster is enough.
    rig.target.kill()?;
    let bootstrap = rig.source.bootstrap();
    let contenders = Contenders::prepare(&rig)?;
    println!("{}\n", describe_machine(contenders.toolbox())?);
    for job in [Job::Dedup, Job::Upsert].into_iter().filter(|job| is_wanted(job.name())) {
        println!("{}", side_by_side(&contenders, filled(&bootstrap, job, RECORDS)?)?);
    }
    if is_wanted("settings") {
        println!("{}", settings(&contenders, filled(&bootstrap, Job::Dedup, RECORDS)?)?);
    }
    if is_wanted("growth") {
        growth(&contenders, &bootstrap)?;
    }
    println!("Load average at the end: {}.", load_average()?);
    Ok(())
}

/// A topic with this number of records, which is filled if it does not exist.
fn filled(bootstrap: &str, job: Job, records: u64) -> Result<Input> {
    let input = Input { job, records, partitions: PARTITIONS };
    if offsets_tests::kafka::partition_count(bootstrap, &input.topic())?.is_none() {
        eprintln!("filling {}", input.topic());
        input.fill(bootstrap)?;
    }
    Ok(input)
}

/// The two programs, both of which commit ten times a second.
fn side_by_side<'r>(contenders: &'r Contenders<'_>, input: Input) -> Result<Contest<'r, Run>> {
    let name = input.job.name();
    let contestants = vec![
        Contestant::new(
            format!("`offsets reconcile --mode {name} --commit-interval 100ms`"),
            MANY,
            move || contenders.offsets(&input, 1, &AS_OFTEN),
        ),
        Contestant::new("Kafka Streams, exactly_once_v2", MANY, move || {
            contenders.streams(&input, Guarantee::ExactlyOnce, 1)
        }),
    ];
    let title = format!("{name}: {} records, {} partitions", input.records, input.partitions);
    Contest::new(title, contestants).cold().hold()
}

/// What else can be set.
fn settings<'r>(contenders: &'r Contenders<'_>, input: Input) -> Result<Contest<'r, Run>> {
    let ours = |name: &str, more: &'static [&'static str]| {
        let name = format!("`offsets reconcile` {name}");
        Contestant::new(name, FEW, move || contenders.offsets(&input, 1, more))
    };
    let streams = |name: &str, guarantee, threads| {
        let name = format!("Kafka Streams, {name}");
        Contestant::new(name, FEW, move || contenders.streams(&input, guarantee, threads))
    };
    let contestants = vec![
        ours("as it is, committing every 200 ms", &[]),
        ours("with a copy of the state on the disk (`--state`)", &["--state", "STATE"]),
        ours("committing every second", &["--commit-interval", "1s"]),
        ours("through a repartition topic (`--repartition`)", &["--repartition"]),
        streams("exactly_once_v2, 2 threads", Guarantee::ExactlyOnce, 2),
        streams("at_least_once", Guarantee::AtLeastOnce, 1),
    ];
    Contest::new("dedup: other settings", contestants).cold().hold()
}

/// Who reconciles, and how that is drawn.
struct Grower {
    label: &'static str,
    who: Who,
    class: &'static str,
    colours: [&'static str; 2],
}

/// Who reconciles.
#[derive(Clone, Copy)]
enum Who {
    /// This number of instances of `offsets reconcile`, with these arguments as well.
    Ours(usize, &'static [&'static str]),
    Streams,
}

const GROWERS: [Grower; 5] = [
    Grower { label: "offsets", who: Who::Ours(1, &AS_OFTEN), class: "one", colours: ["#1a7f37", "#56d364"] },
    Grower {
        label: "offsets, 2 instances",
        who: Who::Ours(2, &AS_OFTEN),
        class: "two",
        colours: ["#0969da", "#79c0ff"],
    },
    Grower {
        label: "offsets, 4 instances",
        who: Who::Ours(4, &AS_OFTEN),
        class: "four",
        colours: ["#8250df", "#d2a8ff"],
    },
    Grower {
        label: "offsets, --max-memory 128 MiB",
        who: Who::Ours(1, &["--commit-interval", "100ms", "--state", "STATE", "--max-memory", "134217728"]),
        class: "capped",
        colours: ["#9a6700", "#d29922"],
    },
    Grower { label: "Kafka Streams", who: Who::Streams, class: "streams", colours: ["#bc4c00", "#ffa657"] },
];

/// Topics of several sizes, deduplicated by one instance, by several, and by one whose memory is capped.
fn growth(contenders: &Contenders<'_>, bootstrap: &str) -> Result<()> {
    let mut lines = GROWERS.map(|Grower { label, class, colours, .. }| Line {
        class,
        label: label.to_owned(),
        colours,
        points: Vec::new(),
    });
    for records in SIZES {
        let input = filled(bootstrap, Job::Dedup, records)?;
        let contestants = GROWERS.iter().map(|grower| {
            Contestant::new(grower.label, FEW, move || match grower.who {
                Who::Ours(instances, more) => contenders.offsets(&input, instances, more),
                Who::Streams => contenders.streams(&input, Guarantee::ExactlyOnce, 1),
            })
        });
        let contest =
            Contest::new(format!("growth: {records} records"), contestants.collect()).cold().hold()?;
        println!("{contest}");
        for (line, rate) in lines.iter_mut().zip(contest.medians(Run::rate)) {
            line.points.push((records as f64, rate));
        }
    }
    let chart = Chart {
        title: "Deduplicated records a second, by size of the topic",
        description: "Records deduplicated in a second, exactly once, by how many there are",
        across: Axis {
            name: "records in the topic, on 4 partitions",
            scale: Scale::Logarithmic,
            ticks: SIZES.map(|size| size as f64).to_vec(),
        },
        up: Axis {
            name: "a second",
            scale: Scale::Logarithmic,
            ticks: vec![5e3, 10e3, 20e3, 50e3, 100e3, 200e3, 500e3, 1e6],
        },
        lines: lines.to_vec(),
    };
    let file = workspace_target().join("reconcile-by-size.svg");
    fs::write(&file, chart.to_svg())?;
    println!("The chart is in {}.", file.display());
    Ok(())
}
