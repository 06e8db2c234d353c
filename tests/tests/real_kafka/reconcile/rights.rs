//! Users who may not do everything that a run does: what is missing is said, and nothing comes of the run.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::Resource::{Group, Topic, TransactionalIds};
use offsets_tests::kafka::{self, Isolation, Resource, Right, grant, records, revoke, write};
use offsets_tests::rig::{Rig, USERS};
use offsets_tests::wait;

use super::Job;

const IN: &str = "rights.in";
const OUT: &str = "rights.out";
const LOST: &str = "rights.lost";
const DEAD: &str = "rights.dead";

/// One record that counts, one that does not, and one that cannot be judged: all outputs are written to.
const VALUES: [&str; 3] = [r#"{"id":1}"#, r#"{"id":1}"#, "no json"];

/// The names that the resources of one user have.
struct Names {
    group: String,
    changelog: String,
    ids: String,
}

/// What a user is not given, and what is said of it.
struct Case {
    what: &'static str,
    /// The right that is missing, among [`rights`].
    missing: usize,
    /// Whether it is known to the user that the topic exists.
    is_described: bool,
    /// Whether the changelog is there before the run.
    has_changelog: bool,
    said: fn(&Names) -> String,
}

/// Everything that the documentation says is needed, and nothing else.
fn rights(names: &Names) -> [(Resource<'_>, Right); 10] {
    let changelog = Topic(&names.changelog);
    [
        (Topic(IN), Right::Read),
        (Topic(OUT), Right::Write),
        (Topic(LOST), Right::Write),
        (Topic(DEAD), Right::Write),
        (Group(&names.group), Right::Read),
        (TransactionalIds(&names.ids), Right::Write),
        (changelog, Right::Read),
        (changelog, Right::Write),
        (changelog, Right::DescribeConfigs),
        (changelog, Right::Create),
    ]
}

fn cases() -> [Case; 12] {
    let case = |what, missing, said| Case { what, missing, is_described: false, has_changelog: true, said };
    [
        case("Read on an input", 0, |_| format!("Read on topic {IN}")),
        Case { is_described: true, ..case("the same, seen", 0, |_| format!("Read on topic {IN}")) },
        case("Write on the output", 1, |_| format!("Write on topic {OUT}")),
        Case { is_described: true, ..case("the same, seen", 1, |_| format!("Write on topic {OUT}")) },
        Case { is_described: true, ..case("Write on the ledger", 2, |_| format!("Write on topic {LOST}")) },
        Case { is_described: true, ..case("on dead letters", 3, |_| format!("Write on topic {DEAD}")) },
        case("Read on the group", 4, |names| format!("grant this principal Read on group {}", names.group)),
        case("Write on transactional ids", 5, |names| {
            format!("grant this principal Write on transactional ids that begin with {}", names.ids)
        }),
        case("Read on the changelog", 6, |names| format!("Read on topic {}", names.changelog)),
        case("Write on the changelog", 7, |names| format!("Write on topic {}", names.changelog)),
        case("DescribeConfigs on it", 8, |names| format!("DescribeConfigs on topic {}", names.changelog)),
        Case {
            has_changelog: false,
            ..case("Create on it", 9, |names| {
                let changelog = &names.changelog;
                format!("grant this principal Create, Read, Write and DescribeConfigs on topic {changelog}")
            })
        },
    ]
}

#[test]
fn each_right_that_is_missing_is_named_with_what_it_is_on_and_all_of_them_are_enough() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in [IN, OUT, LOST, DEAD] {
        kafka::Topic::new(topic, 1).create(&bootstrap)?;
    }
    write(&bootstrap, IN, &VALUES.map(|value| (0, Some("k"), Some(value))))?;
    for (user, case) in USERS.into_iter().zip(cases()) {
        let names = Names::of(user);
        if case.has_changelog {
            let changelog = kafka::Topic::new(&names.changelog, 1);
            changelog.set("cleanup.policy", "compact").create(&bootstrap)?;
        }
        let rights = rights(&names);
        let missing = rights[case.missing];
        let given: Vec<_> = rights.iter().copied().filter(|right| *right != missing).collect();
        grant(&bootstrap, user, &given)?;
        if case.is_described {
            grant(&bootstrap, user, &[(missing.0, Right::Describe)])?;
        }
        let job = job(&rig, user, &names)?;
        let run = job.once(&[]).with_context(|| case.what)?.expect_code(1)?;
        let said = (case.said)(&names);
        ensure!(run.stderr.contains("not authorised"), "without {}: {}", case.what, run.stderr);
        ensure!(run.stderr.contains(&said), "without {}: {said:?} is not in {}", case.what, run.stderr);
        ensure!(run.stderr.contains("--command-config"), "{}", run.stderr);
        ensure!(kafka::committed(&bootstrap, &names.group, IN, 1)?.is_empty(), "{}: committed", case.what);
    }
    for topic in [OUT, LOST, DEAD] {
        ensure!(records(&bootstrap, topic, Isolation::ReadUncommitted)?.is_empty(), "{topic} was written to");
    }

    // One whose changelog is not there yet.
    let user = USERS[cases().len()];
    let names = Names::of(user);
    grant(&bootstrap, user, &rights(&names))?;
    let job = job(&rig, user, &names)?;
    for _ in 0..2 {
        job.once(&[])?.expect_code(0)?;
    }
    for topic in [OUT, LOST, DEAD] {
        ensure!(records(&bootstrap, topic, Isolation::ReadCommitted)?.len() == 1, "{topic}");
    }
    Ok(())
}

#[test]
fn a_topic_between_needs_what_the_changelog_needs_and_a_group_of_its_own() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    let [.., user, _] = USERS;
    let names = Names::of(user);
    let [input, out] = ["between.in", "between.out"];
    for topic in [input, out] {
        kafka::Topic::new(topic, 1).create(&bootstrap)?;
    }
    write(&bootstrap, input, &[(0, Some("k"), Some(VALUES[0]))])?;
    grant(&bootstrap, user, &rights(&names)[4..])?;
    grant(&bootstrap, user, &[(Topic(input), Right::Read), (Topic(out), Right::Write)])?;
    let between = format!("{}-repartition", names.group);
    let ids = format!("{between}.");
    let topic = Topic(&between);
    let steps = [
        (format!("Read on topic {between}"), vec![(topic, Right::Read), (topic, Right::Write)]),
        (format!("on topic {between}"), vec![(topic, Right::DescribeConfigs), (topic, Right::Create)]),
        (format!("ids that begin with {ids}"), vec![(TransactionalIds(&ids), Right::Write)]),
        (format!("Read on group {between}"), vec![(Group(&between), Right::Read)]),
    ];
    let job = job_between(&rig, user, &names, &["--from", input, "--to", out, "--repartition"])?;
    for (said, granted) in steps {
        let run = job.once(&[])?.expect_code(1)?;
        ensure!(run.stderr.contains(&said), "{said:?} is not in {}", run.stderr);
        grant(&bootstrap, user, &granted)?;
    }
    job.once(&[])?.expect_code(0)?;
    ensure!(records(&bootstrap, out, Isolation::ReadCommitted)?.len() == 1, "it came through");
    Ok(())
}

#[test]
fn a_right_that_is_taken_while_it_runs_ends_the_run_and_is_named() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    let [.., user] = USERS;
    let names = Names::of(user);
    let [input, out] = ["taken.in", "taken.out"];
    for topic in [input, out] {
        kafka::Topic::new(topic, 1).create(&bootstrap)?;
    }
    grant(&bootstrap, user, &rights(&names)[4..])?;
    // That a topic can be seen hides from the client that it may not write there.
    let [read, written] = [(Topic(input), Right::Read), (Topic(out), Right::Write)];
    let seen = [(read.0, Right::Describe), (written.0, Right::Describe)];
    grant(&bootstrap, user, &[&[read, written][..], &seen].concat())?;
    let job = job_between(&rig, user, &names, &["--from", input, "--to", out])?;
    let mut next = 0;
    for (name, taken, said) in
        [("no-output", written, "Write on topic taken.out"), ("no-input", read, "Read on topic taken.in")]
    {
        let mut instance = job.start(name, &[])?;
        let mut put = |count: usize| {
            next += count;
            let values: Vec<String> = (next - count..next).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
            let records: Vec<_> = values.iter().map(|value| (0, Some("k"), Some(value.as_str()))).collect();
            write(&bootstrap, input, &records).map(|()| next)
        };
        let count = put(10)?;
        wait::until("what was written to come out", wait::TIMEOUT, || {
            Ok((records(&bootstrap, out, Isolation::ReadCommitted)?.len() == count).then_some(()))
        })
        .with_context(|| instance.tail())?;
        let setbacks = |said: &str| said.matches("done again").count();
        let before = setbacks(&instance.tail());
        revoke(&bootstrap, user, &[taken])?;
        put(1_000)?;
        let ended =
            wait::until("the end of the run", wait::TIMEOUT, || Ok(instance.process.assert_running().err()));
        let ended = ended.with_context(|| instance.tail())?.to_string();
        ensure!(ended.contains("exit status: 1") && ended.contains(said), "{ended}");
        ensure!(setbacks(&ended) == before, "{ended}");

        grant(&bootstrap, user, &[taken])?;
        job.once(&[])?.expect_code(0)?;
        let values: Vec<_> = records(&bootstrap, out, Isolation::ReadCommitted)?;
        ensure!(values.len() == next, "{} of {next}", values.len());
    }
    Ok(())
}

impl Names {
    fn of(user: &str) -> Self {
        let group = format!("rights-{user}");
        Self { changelog: format!("{group}-changelog"), ids: format!("{group}."), group }
    }
}

fn job(rig: &Rig, user: &str, names: &Names) -> Result<Job> {
    let outputs = ["--to", OUT, "--ledger", LOST, "--dead-letter", DEAD, "--on", "identity=dead-letter"];
    job_between(rig, user, names, &[&["--from", IN][..], &outputs].concat())
}

fn job_between(rig: &Rig, user: &str, names: &Names, topics: &[&str]) -> Result<Job> {
    let properties = rig.scratch().folder(&names.group)?.join("client.properties");
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    let text = format!(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n\
         sasl.jaas.config={module} required username=\"{user}\" password=\"{user}\";\n"
    );
    fs::write(&properties, text)?;
    let properties = properties.to_string_lossy();
    let who = ["--command-config", &properties, "--mode", "dedup", "--identity", "json:/id"];
    Job::on(rig.target.bootstrap_of_users(), rig, &names.group, &[topics, &who].concat())
}
