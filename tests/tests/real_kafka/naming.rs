//! Other names for mirrored topics, and another place for the syncs.

use anyhow::{Result, ensure};
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

const IDENTITY: &str = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy";

#[test]
fn an_identity_policy_keeps_the_law() -> Result<()> {
    let names = mirror(Outline::new("identity", 2).mm2("replication.policy.class", IDENTITY))?;
    ensure!(names == ["identity-orders", "mm2-offset-syncs.identitydst.internal"], "{names:?}");
    Ok(())
}

#[test]
fn a_custom_separator_keeps_the_law() -> Result<()> {
    let names = mirror(Outline::new("separator", 2).mm2("replication.policy.separator", "-"))?;
    ensure!(
        names == ["separatorsrc-separator-orders", "mm2-offset-syncs-separatordst-internal"],
        "{names:?}"
    );
    Ok(())
}

#[test]
fn syncs_on_the_target_keep_the_law() -> Result<()> {
    let names = mirror(Outline::new("syncs-on-target", 2).mm2("offset-syncs.topic.location", "target"))?;
    ensure!(names[1] == "mm2-offset-syncs.syncsontargetsrc.internal", "{names:?}");
    Ok(())
}

/// Mirrors a dense stream and judges; gives the names of the mirror topic and the syncs topic.
fn mirror(outline: Outline) -> Result<[String; 2]> {
    let mut rig = Rig::shared()?;
    let mut scenario = outline.on(&mut rig)?;
    scenario.produce(10_000)?;
    scenario.groups_lagging(&[0, 150, 4_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.judge_exact(&[])?;
    let names = scenario.names();
    Ok([names.mirrored.clone(), names.syncs.clone()])
}
