//! `offsets reset` moves a real group, in the eyes of Kafka's own tool.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka;
use offsets_tests::rig::Rig;
use offsets_tests::scenario::{Outline, Scenario};
use offsets_tests::tool;

#[test]
fn a_group_is_where_translate_said_once_reset_has_executed_and_not_before() -> Result<()> {
    let mut rig = Rig::shared()?;
    let scenario = mirrored("reset", &mut rig)?;
    let rows = scenario.judge_exact(&[])?;
    let (group, target) = (scenario.group("app"), scenario.rig.target.bootstrap());
    let mirrored = scenario.names().mirrored.clone();
    scenario.offsets("reset", &[])?.expect_code(0)?;
    let before = kafka::committed(&target, &group, &mirrored, 3)?;
    ensure!(before.is_empty(), "a dry run has committed {before:?}");

    scenario.offsets("reset", &["--execute"])?.expect_code(0)?;
    let described = tool::described_offsets(scenario.rig.java(), &target, &group)?;
    let of_group = rows.iter().filter(|row| row.group == group);
    let expected: BTreeMap<_, _> =
        of_group.filter_map(|row| Some(((mirrored.clone(), row.partition), row.target_offset?))).collect();
    ensure!(described == expected, "kafka-consumer-groups: {described:?}, translate: {expected:?}");
    Ok(())
}

/// O2: MM2's sync leaves a group ahead of where it is on the source once it has rewound there.
#[test]
fn a_group_that_has_rewound_goes_back_from_where_mm2_put_it() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = mirrored("reset-rewound", &mut rig)?;
    let (group, source, target) =
        (scenario.group("app"), scenario.rig.source.bootstrap(), scenario.rig.target.bootstrap());
    let (topic, mirrored) = (scenario.names().topic.clone(), scenario.names().mirrored.clone());
    let checkpoints = kafka::checkpoints(&target, &scenario.names().checkpoints)?;
    let last = checkpoints.iter().rfind(|found| found.group == group && found.partition == 0);
    let last = last.context("no checkpoint")?.downstream;
    // Its checkpoint of the group that rewinds would be the last one.
    scenario.mirror.kill()?;
    kafka::commit(&source, &group, &topic, &BTreeMap::from([(0, 100)]))?;

    let synced = BTreeMap::from([(0, last)]);
    kafka::commit(&target, &group, &mirrored, &synced)?;
    let dry_run = scenario.offsets_of("reset", &group, &[])?.expect_code(0)?;
    ensure!(dry_run.stdout.contains(&format!("back from {last}, where MM2 put it")), "{}", dry_run.stdout);

    // from anywhere else it is not MM2 that has put it there
    kafka::commit(&target, &group, &mirrored, &BTreeMap::from([(0, last - 1)]))?;
    let refused = scenario.offsets_of("reset", &group, &[])?.expect_code(3)?;
    let flag = format!("--allow-backwards={group}");
    for word in [&format!("group {group:?} on {mirrored}-0"), &format!("stands at {}", last - 1), &flag] {
        ensure!(refused.stderr.contains(word.as_str()), "`{word}` is not in {}", refused.stderr);
    }
    scenario.offsets_of("reset", &group, &[&flag])?.expect_code(0)?;
    scenario.offsets_of("reset", &group, &["--allow-backwards=absent"])?.expect_code(2)?;
    Ok(())
}

#[test]
fn kafka_consumer_groups_takes_our_csv_and_we_take_its_export() -> Result<()> {
    let mut rig = Rig::shared()?;
    let scenario = mirrored("reset-csv", &mut rig)?;
    let (group, witness) = (scenario.group("app"), scenario.group("witness"));
    let target = scenario.rig.target.bootstrap();
    let folder = scenario.rig.scratch().folder("csv")?;
    let ours = scenario.offsets("translate", &["-o", "csv"])?.expect_code(0)?.stdout;
    let file = folder.join("ours.csv").display().to_string();
    fs::write(&file, &ours)?;
    let from_file = [
        "--reset-offsets",
        "--group",
        &group,
        "--group",
        &witness,
        "--from-file",
        &file,
        "--execute",
        "--export",
    ];
    let theirs = tool::consumer_groups(scenario.rig.java(), &target, &from_file)?.stdout;
    let rows = |csv: &str| -> BTreeMap<String, ()> {
        csv.lines().filter(|line| !line.is_empty()).map(|line| (line.replace('"', ""), ())).collect()
    };
    ensure!(rows(&ours) == rows(&theirs), "ours:\n{ours}\ntheirs:\n{theirs}");

    let file = folder.join("theirs.csv").display().to_string();
    fs::write(&file, &theirs)?;
    let again = scenario.offsets_on_target("reset", &["--from-file", &file])?.expect_code(0)?;
    ensure!(again.stdout.lines().skip(1).all(|line| line.ends_with("unchanged")), "{}", again.stdout);
    Ok(())
}

#[test]
fn a_group_with_members_is_refused_and_nothing_is_written() -> Result<()> {
    let mut rig = Rig::shared()?;
    let scenario = mirrored("reset-active", &mut rig)?;
    let (group, target) = (scenario.group("app"), scenario.rig.target.bootstrap());
    let mirrored = scenario.names().mirrored.clone();
    let member = kafka::join(&target, &group, &mirrored)?;
    let refused = scenario.offsets("reset", &["--execute"])?.expect_code(5)?;
    ensure!(refused.stdout.contains("--allow-active"), "{}", refused.stdout);
    // the coordinator has the last word; the scenario's other group has no members and is moved
    scenario.offsets("reset", &["--execute", "--allow-active"])?.expect_code(7)?;
    drop(member);
    let committed = kafka::committed(&target, &group, &mirrored, 3)?;
    ensure!(committed.is_empty(), "committed all the same: {committed:?}");
    Ok(())
}

#[test]
fn undo_puts_back_what_a_reset_overwrote_unless_the_group_has_gone_on() -> Result<()> {
    let mut rig = Rig::shared()?;
    let scenario = mirrored("undo", &mut rig)?;
    let (group, target) = (scenario.group("app"), scenario.rig.target.bootstrap());
    let mirrored = scenario.names().mirrored.clone();
    let before = BTreeMap::from([(0, 5), (1, 6), (2, 7)]);
    kafka::commit(&target, &group, &mirrored, &before)?;
    let file = scenario.rig.scratch().folder("undo")?.join("undo.json").display().to_string();
    scenario.offsets("reset", &["--execute", "--undo-file", &file])?.expect_code(0)?;
    let moved = kafka::committed(&target, &group, &mirrored, 3)?;
    ensure!(moved != before, "nothing was moved");

    scenario.offsets_on_target("undo", &[&file])?.expect_code(0)?;
    ensure!(kafka::committed(&target, &group, &mirrored, 3)? == moved, "a dry run has written");
    scenario.offsets_on_target("undo", &[&file, "--execute"])?.expect_code(0)?;
    ensure!(kafka::committed(&target, &group, &mirrored, 3)? == before, "not put back");
    scenario.offsets_on_target("undo", &[&file, "--execute"])?.expect_code(4)?;
    Ok(())
}

#[test]
fn destinations_on_the_target_are_those_of_the_java_tool() -> Result<()> {
    let mut rig = Rig::shared()?;
    let scenario = mirrored("reset-to", &mut rig)?;
    let (group, target) = (scenario.group("app"), scenario.rig.target.bootstrap());
    let mirrored = scenario.names().mirrored.clone();
    let topic = format!("{mirrored}:0,1");
    kafka::commit(&target, &group, &mirrored, &BTreeMap::from([(0, 4_000), (1, 4_000)]))?;
    for (ours, theirs) in [
        ("earliest", &["--to-earliest"] as &[&str]),
        ("latest", &["--to-latest"]),
        ("offset:1234", &["--to-offset", "1234"]),
        ("shift:-17", &["--shift-by", "-17"]),
        ("datetime:2001-01-01T00:00:00Z", &["--to-datetime", "2001-01-01T00:00:00.000Z"]),
        ("duration:PT0S", &["--by-duration", "PT0S"]),
    ] {
        let arguments =
            ["--group", &group, "--topic", &topic, "--to", ours, "--allow-backwards", "-o", "csv"];
        let ours = scenario.offsets_on_target("reset", &arguments)?.expect_code(0)?.stdout;
        let theirs =
            [&["--reset-offsets", "--group", &group, "--topic", &topic, "--dry-run", "--export"], theirs];
        let theirs = tool::consumer_groups(scenario.rig.java(), &target, &theirs.concat())?.stdout;
        // the Java tool mixes remarks into its export and sorts nothing
        let mut theirs: Vec<_> = theirs
            .lines()
            .map(|line| line.replace('"', ""))
            .filter(|line| line.starts_with(&mirrored))
            .collect();
        theirs.sort();
        ensure!(
            ours.lines().eq(theirs.iter().map(String::as_str)),
            "{arguments:?}: ours\n{ours}theirs {theirs:?}"
        );
    }
    Ok(())
}

/// A dense topic, mirrored, with a group `app` that lags.
fn mirrored<'r>(name: &'static str, rig: &'r mut Rig) -> Result<Scenario<'r>> {
    let mut scenario = Outline::new(name, 3).on(rig)?;
    scenario.produce(10_000)?;
    scenario.group_at("app", BTreeMap::from([(0, 10_000), (1, 7_654), (2, 321)]))?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    Ok(scenario)
}
