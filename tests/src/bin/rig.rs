//! `cargo xtask rig up`: the rig of the tests, for a person to play with.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Result;
use offsets_tests::kafka::{self, Producer, RecordId, Topic};
use offsets_tests::rig::{Flow, Mirror, Properties, Rig};
use offsets_tests::wait;

const TOPIC: &str = "orders";
const GROUP: &str = "app-g";
const PARTITIONS: i32 = 3;
const RECORDS_EACH: i64 = 30_000;
/// How far `app-g` lags behind on each partition.
const LAGS: [i64; 3] = [0, 1_234, 20_000];

fn main() -> ExitCode {
    match up() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn up() -> Result<()> {
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        // a second interrupt has no receiver
        interrupt.send(()).ok();
    })?;

    eprintln!("starting two brokers");
    let rig = Rig::start()?;
    let source = rig.source.bootstrap();
    Topic::new(TOPIC, PARTITIONS).create(&source)?;
    let producer = Producer::new(&source, TOPIC)?;
    for number in 0..RECORDS_EACH * i64::from(PARTITIONS) {
        let partition = i32::try_from(number % i64::from(PARTITIONS))?;
        producer.send(partition, &format!("key-{number}"), RecordId(number.unsigned_abs()))?;
    }
    producer.flush()?;
    let offsets: BTreeMap<i32, i64> = (0..).zip(LAGS.map(|lag| RECORDS_EACH - lag)).collect();
    kafka::commit(&source, GROUP, TOPIC, &offsets)?;

    eprintln!("starting MirrorMaker 2");
    let flow = Flow { source: "src".to_owned(), target: "dst".to_owned() };
    let mut mirror = rig.mirror(&flow, &Properties::default().set("topics", ".*").set("groups", ".*"))?;
    mirror.start()?;
    await_checkpoint(&rig, &mut mirror)?;
    describe(&rig, &mirror);

    // the sender lives in the handler, as long as this process does
    interrupted.recv()?;
    eprintln!("cleaning up");
    Ok(())
}

fn await_checkpoint(rig: &Rig, mirror: &mut Mirror) -> Result<()> {
    let checkpoints = format!("{}.checkpoints.internal", mirror.flow().source);
    wait::until("the first checkpoints", Duration::from_secs(120), || {
        mirror.assert_running()?;
        Ok(kafka::checkpoints(&rig.target.bootstrap(), &checkpoints)?.first().map(drop))
    })
}

fn describe(rig: &Rig, mirror: &Mirror) {
    let (source, target) = (rig.source.bootstrap(), rig.target.bootstrap());
    let (file, flow) = (mirror.properties_file().display(), mirror.flow());
    println!(
        "
source   {source}   topic {TOPIC}, {PARTITIONS} partitions of {RECORDS_EACH} records; group {GROUP} lags by {LAGS:?}
target   {target}   topic {}.{TOPIC}
mm2      {file}

  offsets translate --mm2-config {file} --link '{flow}' --group {GROUP}
  offsets translate --mm2-config {file} --link '{flow}' --all-groups -o json
  offsets reset --mm2-config {file} --link '{flow}' --group {GROUP}

Ctrl-C stops it and removes its files.",
        flow.source
    );
}
