//! Cases from the field about a source that is lost: nothing of it is needed any more, at any door.

use crate::lab::Lab;
use crate::run::{Folder, offsets};

const ASK: &str = Lab::ASK;
const ANSWER: &str = Lab::ANSWER;

/// What is wrong with a source whose region is lost: a line of its client properties, and a word of the error about it.
const LOST: &[(&str, &str)] = &[
    ("client.id = ${env:SECRET_OF_THE_SOURCE}", "SECRET_OF_THE_SOURCE"),
    ("client.id = ${file:/nowhere/secrets:key}", "/nowhere/secrets"),
    ("client.id = ${vault:a:b}", "com.example.Vault"),
    ("security.protocol = SASL_PLAINTEXT", "sasl.mechanism"),
    ("security.protocol = NONSENSE", "security.protocol"),
    ("request.timeout.ms = soon", "request.timeout.ms"),
    ("bootstrap.servers = SSL://elsewhere:99999", "bootstrap.servers"),
    ("bootstrap.servers =", "bootstrap.servers"),
];

const VAULT: &str = "config.providers = vault\nconfig.providers.vault.class = com.example.Vault\n";

/// A folder in which each door leads to a link whose source cannot be used, and the flags for that door.
fn doors(line: &str, target: &str) -> (Folder, Vec<String>) {
    let folder = Folder::new();
    folder.write(
        "mm2.properties",
        format!(
            "{VAULT}clusters = src, dst\nsrc->dst.enabled = true\nsrc.bootstrap.servers = 127.0.0.1:1\nsrc.{line}\n\
             dst.bootstrap.servers = {target}\n\
             src.admin.{line}\nsrc.consumer.{line}\n"
        ),
    );
    folder.write("source.properties", format!("{VAULT}bootstrap.servers = 127.0.0.1:1\n{line}\n"));
    folder.write(
        "offsets.toml",
        format!(
            "[links.own]\nsource = {{ alias = \"src\", command-config = \"source.properties\" }}\n\
             target = {{ alias = \"dst\", bootstrap-server = \"{target}\" }}\n\
             [links.mm2]\nmm2-config = \"mm2.properties\"\nflow = \"src->dst\"\n"
        ),
    );
    let flags = vec![
        "--mm2-config mm2.properties".to_owned(),
        "--mm2-config mm2.properties --link 'src->dst'".to_owned(),
        format!(
            "--source.alias src --source.command-config source.properties --target.bootstrap-server {target} \
             --target.alias dst"
        ),
        "--link own".to_owned(),
        "--link mm2".to_owned(),
    ];
    (folder, flags)
}

/// P21: with the source dead, everything of the source had to be there still
/// (https://github.com/RamenDR/ramen/issues/533, https://github.com/strimzi/strimzi-kafka-operator/pull/10942).
#[test]
fn p21_nothing_of_a_dead_source_is_looked_at_at_any_door() {
    let lab = Lab::new().mirrored("orders", 10).target_syncs("orders", &[(0, 0), (9, 9)]);
    for (line, word) in LOST {
        let (folder, doors) = doors(line, lab.target.settings().bootstrap_servers());
        for door in doors {
            let dead = format!("{door} --syncs-location target --source-dead --timeout 20s {ASK}");
            let run = folder.offsets(&dead).expect(0);
            assert_eq!(run.stdout, ANSWER, "{line}, {door}");
            assert!(!run.stderr.contains(word), "{line}, {door}:\n{}", run.stderr);
            let run = folder.offsets(&format!("{door} {ASK}")).fails(2, &[word]);
            assert!(run.remedy().ends_with("--source-dead"), "{line}, {door}:\n{}", run.stderr);
        }
    }
    let (folder, doors) = doors("client.id = x", lab.target.settings().bootstrap_servers());
    std::fs::remove_file(folder.path().join("source.properties")).unwrap();
    for door in doors {
        let overrides = "-X source.bootstrap.servers=nonsense -X source.no.such.key=1";
        let dead = format!("{door} {overrides} --syncs-location target --source-dead --timeout 20s {ASK}");
        assert_eq!(folder.offsets(&dead).expect(0).stdout, ANSWER, "{door}");
    }
}

/// P21, for the verbs that record: they go on with the target.
#[test]
fn p21_recording_and_dumping_go_on_without_the_settings_of_a_dead_source() {
    let lab = Lab::new().mirrored("orders", 10).target_syncs("orders", &[(0, 0), (9, 9)]);
    let (folder, doors) = doors(LOST[0].0, lab.target.settings().bootstrap_servers());
    for (at, door) in doors.iter().enumerate() {
        let dead = format!("{door} --syncs-location target --source-dead --timeout 20s");
        folder.offsets(&format!("{dead} archive run --dir kept-{at} --once")).expect(0);
        folder.offsets(&format!("{dead} dump --file link-{at}.json")).expect(0);
        let run =
            folder.offsets(&format!("{door} archive run --dir other-{at} --once")).fails(2, &[LOST[0].1]);
        assert!(run.remedy().ends_with("--source-dead"), "{door}:\n{}", run.stderr);
        assert!(!folder.files().contains(&format!("other-{at}")), "nothing is made before all is checked");
    }
}

/// P21: what changes the target alone never looks at the source, not even for whether there is one.
#[test]
fn p21_what_changes_the_target_alone_never_looks_at_the_source() {
    let demo = Folder::new();
    demo.offsets("--demo reset --group app-g --execute --undo-file undo.json").expect(0);
    let undo = demo.read("undo.json");
    let check = |folder: &Folder, door: &str, what: &str| {
        folder.write("positions.csv", "g,src.orders,0,5\n").write("undo.json", &undo);
        for subcommand in [
            "reset --group g --to earliest --topic src.orders",
            "reset --from-file positions.csv",
            "undo undo.json",
        ] {
            let run = folder.offsets(&format!("{door} --timeout 1s --source-timeout 1s {subcommand}"));
            assert_eq!(run.code, Some(1), "{what}, {door}, {subcommand}:\n{}", run.stderr);
            assert!(run.stderr.contains("127.0.0.1:1"), "{what}, {door}, {subcommand}:\n{}", run.stderr);
            let word = if what == "source" { "source's" } else { what };
            assert!(!run.stderr.contains(word), "{what}, {door}, {subcommand}:\n{}", run.stderr);
            assert!(!run.stderr.contains("cluster src"), "{what}, {door}, {subcommand}:\n{}", run.stderr);
        }
    };
    for (line, word) in [LOST[0], LOST[2], (LOST[6].0, "elsewhere")] {
        let (folder, doors) = doors(line, "127.0.0.1:1");
        doors.iter().for_each(|door| check(&folder, door, word));
    }
    let folder = Folder::new();
    folder.write("mm2.properties", "clusters = dst\ndst.bootstrap.servers = 127.0.0.1:1\n");
    folder.write("offsets.toml", "[links.x.target]\nalias = \"dst\"\nbootstrap-server = \"127.0.0.1:1\"\n");
    for door in ["--mm2-config mm2.properties", "--mm2-config mm2.properties --link 'src->dst'", "--link x"] {
        check(&folder, door, "source");
    }
    check(&folder, "--target.bootstrap-server 127.0.0.1:1", "source");
}

/// P21, the commands as they were reported.
#[test]
fn p21_the_reported_files_serve_while_the_source_is_dead() {
    let names = ["p21-source-secret-gone.mm2.properties", "p21-source-needs-tls.mm2.properties"];
    let folder = Folder::with_cases(&names);
    for name in names {
        let line = format!("translate --mm2-config {name} --all-groups --timeout 1s");
        folder.offsets(&format!("{line} --source-dead")).fails(1, &["cluster oslo", "127.0.0.1:1"]);
        let run = folder.offsets(&line).expect(2);
        assert!(run.remedy().ends_with("--source-dead"), "{}", run.stderr);
        let reset = format!("--mm2-config {name} --timeout 1s reset --group g --to earliest --topic t");
        folder.offsets(&reset).fails(1, &["cluster oslo", "127.0.0.1:1"]);
    }
    let line = "--target.bootstrap-server 127.0.0.1:1 --source.alias paris --source-dead --timeout 1s translate --all-groups";
    offsets(line).fails(1, &["cluster target", "127.0.0.1:1"]);
}
