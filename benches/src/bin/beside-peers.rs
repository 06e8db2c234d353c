//! Measures `offsets` beside its peers on two real brokers, and prints the tables as Markdown.
//!
//! `cargo xtask bench` builds and runs it. `beside-peers [translate|reset|version|probe]...` runs only some of it.

use std::cell::Cell;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use offsets_benches::workload::{self, Brackets, GROUPS, Positions, group_id};
use offsets_benches::{
    Contest, Contestant, Programs, ReadBack, Stopwatch, Usage, describe_machine, load_average,
};
use offsets_tests::rig::Rig;

/// How often our programs and native ones are measured.
const MANY: usize = 7;
/// How often the slower Java ones are.
const FEW: usize = 5;

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    eprintln!("starting two brokers");
    let rig = Rig::start()?;
    let bench = Bench::new(&rig)?;
    println!("{}\n", describe_machine(bench.programs.toolbox())?);
    if ["translate", "reset"].into_iter().any(is_wanted) {
        eprintln!("filling them");
        workload::fill_source(&rig.source.bootstrap())?;
        let bytes = workload::fill_target(&rig.target.bootstrap())?;
        if is_wanted("translate") {
            println!("{}", bench.translate(bytes)?);
        }
    }
    if is_wanted("reset") {
        println!("{}", bench.reset("200 groups x 50 partitions moved", 0..GROUPS)?);
        println!("{}", bench.reset("1 group x 50 partitions moved", 0..1)?);
    }
    if is_wanted("version") {
        println!("{}", bench.version()?);
    }
    if is_wanted("probe") {
        eprintln!("filling two thousand partitions");
        Brackets::fill(&rig.source.bootstrap(), &rig.target.bootstrap())?;
        println!("{}", bench.probe()?);
    }
    println!("Load average at the end: {}.", load_average()?);
    Ok(())
}

/// Everything that is measured, and where.
struct Bench {
    programs: Programs,
    stopwatch: Stopwatch,
    folder: PathBuf,
    /// How many files of positions there have been.
    positions: Cell<i64>,
}

impl Bench {
    fn new(rig: &Rig) -> Result<Self> {
        let programs = Programs::prepare(rig)?;
        let folder = rig.scratch().folder("bench")?;
        let stopwatch = Stopwatch::new(programs.toolbox().stopwatch(), folder.clone());
        Ok(Self { programs, stopwatch, folder, positions: Cell::new(0) })
    }

    fn translate(&self, bytes: u64) -> Result<Contest<'_, Usage>> {
        let ours = |format: &'static str, check: fn(&str) -> Result<()>| {
            Contestant::new(
                format!("`offsets translate --all-groups --no-probe -o {format}`"),
                MANY,
                move || {
                    let command = self.programs.offsets_translate(format, &["--no-probe"]);
                    let (usage, text) = self.stopwatch.time(&command)?;
                    check(&text).map(|()| usage)
                },
            )
        };
        let poll_loop = move || {
            let (usage, text) = self.stopwatch.time(&self.programs.poll_loop())?;
            workload::check_count(&text, bytes).map(|()| usage)
        };
        let java = || {
            let (usage, text) = self.stopwatch.time(&self.programs.remote_cluster_utils())?;
            workload::check_csv(&text).map(|()| usage)
        };
        let contestants = vec![
            ours("json", workload::check_json),
            Contestant::new("tuned rdkafka poll loop, which only counts", MANY, poll_loop),
            Contestant::new("`RemoteClusterUtils.translateOffsets`, regex overload", FEW, java),
            ours("table", workload::check_table),
            Contestant::new(
                "`offsets translate --all-groups -o json`: 10,000 brackets proved exact",
                MANY,
                move || {
                    let (usage, text) = self.stopwatch.time(&self.programs.offsets_translate("json", &[]))?;
                    workload::check_exact_json(&text).map(|()| usage)
                },
            ),
        ];
        Contest::new("1,000,000 checkpoints, 200 groups x 50 partitions translated", contestants).hold()
    }

    fn reset(&self, title: &str, groups: Range<i32>) -> Result<Contest<'_, Usage>> {
        let programs = &self.programs;
        let one = (groups.len() == 1).then(|| group_id(groups.start));
        let ids: Vec<String> = groups.clone().map(group_id).collect();
        let contestants = vec![
            self.mover(
                "`offsets reset --execute`: checks, undo file, commits, read-back",
                MANY,
                groups.clone(),
                move |files| programs.offsets_reset(&files.for_tools, one.as_deref()),
            ),
            self.mover(
                "`kafka-consumer-groups --reset-offsets --execute`, no read-back",
                FEW,
                groups.clone(),
                move |files| programs.consumer_groups_reset(&files.for_tools, &ids),
            ),
            self.mover(
                "Java admin client, all commits in flight, no read-back",
                FEW,
                groups.clone(),
                |files| programs.admin_client(&files.named, ReadBack::No),
            ),
            self.mover("the same with read-back", FEW, groups, |files| {
                programs.admin_client(&files.named, ReadBack::Yes)
            }),
        ];
        Contest::new(title, contestants).hold()
    }

    /// A program that moves groups, each turn further on. After each turn Kafka's own client looks where they are.
    fn mover<'b>(
        &'b self,
        name: &str,
        turns: usize,
        groups: Range<i32>,
        command: impl Fn(&Files) -> Command + 'b,
    ) -> Contestant<'b, Usage> {
        Contestant::new(name, turns, move || {
            let files = self.positions(groups.clone())?;
            let (usage, _) = self.stopwatch.time(&command(&files))?;
            self.programs.check_committed(&files.named)?;
            Ok(usage)
        })
    }

    /// One bracket in each of two thousand partitions proved by its records, beside a program that only fetches these.
    fn probe(&self) -> Result<Contest<'_, Usage>> {
        let spans = self.folder.join("spans");
        fs::write(&spans, Brackets::spans())?;
        let ours = |name: &str, more: &'static [&'static str], check: fn(&str) -> Result<()>| {
            Contestant::new(name, MANY, move || {
                let (usage, text) = self.stopwatch.time(&self.programs.offsets_probe(more))?;
                check(&text).map(|()| usage)
            })
        };
        let contestants = vec![
            ours("`offsets translate -o json`: every bracket proved exact", &[], Brackets::check_exact),
            Contestant::new("bare rdkafka, which fetches the same records on both sides", MANY, move || {
                let (usage, text) = self.stopwatch.time(&self.programs.fetch_brackets(&spans))?;
                Brackets::check_count(&text).map(|()| usage)
            }),
            ours(
                "`offsets translate --no-probe -o json`: everything else",
                &["--no-probe"],
                Brackets::check_bounded,
            ),
        ];
        Contest::new("A bracket of 100 records in each of 2,000 partitions", contestants).hold()
    }

    fn version(&self) -> Result<Contest<'_, Usage>> {
        let contestant = |name, turns, command: fn(&Programs) -> Command| {
            Contestant::new(name, turns, move || {
                let (usage, text) = self.stopwatch.time(&command(&self.programs))?;
                ensure!(text.contains('.'), "`{text}` is no version");
                Ok(usage)
            })
        };
        let contestants = vec![
            contestant("`offsets --version`", 3 * MANY, Programs::offsets_version),
            contestant("`kafka-consumer-groups --version`", FEW, Programs::consumer_groups_version),
        ];
        Contest::new("A process that does nothing", contestants).hold()
    }

    /// Writes the next positions to files.
    fn positions(&self, groups: Range<i32>) -> Result<Files> {
        let is_one = groups.len() == 1;
        let positions = Positions::new(groups, self.positions.replace(self.positions.get() + 1));
        let files = Files { for_tools: self.folder.join("tools.csv"), named: self.folder.join("named.csv") };
        let for_tools = if is_one { positions.without_groups() } else { positions.with_groups() };
        fs::write(&files.for_tools, for_tools)?;
        fs::write(&files.named, positions.with_groups())?;
        Ok(files)
    }
}

/// The same positions in two forms.
struct Files {
    /// As command-line tools like it: the lines of a single group do not name it.
    for_tools: PathBuf,
    /// With the group on every line.
    named: PathBuf,
}
