//! Inputs that get more partitions while they are read.

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Topic, records, write};
use offsets_tests::rig::Rig;
use offsets_tests::wait::{self, TIMEOUT};

use super::{Instance, Job};

#[test]
fn a_partition_that_is_added_is_read_and_an_input_that_does_not_fit_any_more_ends_the_run() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for (topic, partitions) in [("grown.a", 1), ("grown.b", 1), ("grown.out", 2)] {
        Topic::new(topic, partitions).create(&bootstrap)?;
    }
    Topic::new("grown-changelog", 2).set("cleanup.policy", "compact").create(&bootstrap)?;
    let topics = ["--from", "a=grown.a", "--from", "b=grown.b", "--to", "grown.out"];
    let dedup =
        ["--mode", "dedup", "--identity", "json:/id", "-X", "topic.metadata.refresh.interval.ms=1000"];
    let job = Job::new(&rig, "grown", &[&topics[..], &dedup].concat())?;
    let mut instance = job.start("one", &[])?;
    let mut count = 0;
    let mut comes_out = |topic: &str, partition: i32, instance: &mut Instance| {
        count += 1;
        let value = format!(r#"{{"id":{count}}}"#);
        write(&bootstrap, topic, &[(partition, None, Some(value.as_str()))])?;
        wait::until(&format!("record {count} to come out"), TIMEOUT, || {
            // Where it noticed that one of the inputs had grown before the other one had, it has ended.
            if instance.process.assert_running().is_err() {
                *instance = job.start("again", &[])?;
            }
            let out = records(&bootstrap, "grown.out", Isolation::ReadCommitted)?;
            Ok((out.len() == count).then_some(()))
        })
        .with_context(|| instance.tail())
    };
    comes_out("grown.a", 0, &mut instance)?;
    for topic in ["grown.b", "grown.a"] {
        Topic::grow(&bootstrap, topic, 2)?;
    }
    comes_out("grown.a", 1, &mut instance)?;
    comes_out("grown.b", 1, &mut instance)?;

    Topic::grow(&bootstrap, "grown.a", 3)?;
    let ended = wait::until("the end of the run", TIMEOUT, || Ok(instance.process.assert_running().err()))?;
    let ended = ended.to_string();
    ensure!(ended.contains("grown.b has 2") && ended.contains("grown.a has 3"), "{ended}");
    Ok(())
}
