//! Cases from the field about operators' files: config providers, files that are another kind, and errors without a way out.

use crate::lab::Lab;
use crate::run::Folder;

const KAFKA: &str = "org.apache.kafka.common.config.provider";

const ASK: &str = Lab::ASK;
const ANSWER: &str = Lab::ANSWER;

/// P1: a declared config provider was never resolved (https://github.com/strimzi/kafka-kubernetes-config-provider/issues/7,
/// https://github.com/apache/kafka/pull/12577). Nothing listens on port 1: to get as far as that is to have resolved all.
#[test]
fn p1_a_file_of_secrets_is_read_where_mm2_reads_it() {
    let folder = Folder::with_cases(&["p1-file-provider.mm2.properties", "p1-secrets.properties"]);
    let line =
        "translate --mm2-config p1-file-provider.mm2.properties --group g --timeout 1s --source-timeout 1s";
    folder.offsets(line).fails(1, &["cluster oslo", "127.0.0.1:1"]);
    folder.write("p1-secrets.properties", "another = x");
    let run = folder.offsets(line).fails(
        2,
        &[
            "p1-file-provider.mm2.properties:8: paris.sasl.jaas.config",
            "key paris.password",
            "p1-secrets.properties",
        ],
    );
    assert!(run.remedy().ends_with("--source-dead"), "{}", run.stderr);
    std::fs::remove_file(folder.path().join("p1-secrets.properties")).unwrap();
    folder
        .offsets(line)
        .fails(2, &["mm2.properties:8", "the file p1-secrets.properties, which cannot be read"]);
    let folder = Folder::with_cases(&["p1-undeclared.mm2.properties", "p1-secrets.properties"]);
    let line = line.replace("p1-file-provider", "p1-undeclared");
    folder.offsets(&line).fails(1, &["cluster oslo", "127.0.0.1:1"]);
}

/// P1: Kafka's own three providers, by class and under any name, at each door.
#[test]
fn p1_kafkas_own_providers_are_known_by_class_at_every_door() {
    let lab = Lab::of_ten_records();
    let [source, target] =
        [&lab.source, &lab.target].map(|cluster| cluster.settings().bootstrap_servers().to_owned());
    let providers = format!(
        "config.providers = vault, file,env\nconfig.providers.vault.class = {KAFKA}.EnvVarConfigProvider\n\
         config.providers.file.class = {KAFKA}.DirectoryConfigProvider\n\
         config.providers.env.class={KAFKA}.FileConfigProvider\n"
    );
    let folder = Folder::new();
    folder.write("addresses.properties", format!("where = {target}\n"));
    std::fs::create_dir(folder.path().join("mounted")).unwrap();
    folder.write("mounted/where", &target);
    let flow =
        "clusters = src, dst\nsrc->dst.enabled = ${vault:ENABLED}\nsrc.bootstrap.servers = ${vault:SOURCE}\n";
    let variables = [("SOURCE", source.as_str()), ("ENABLED", "true")];
    for reference in ["${env:addresses.properties:where}", "${file:mounted:where}"] {
        folder.write("mm2.properties", format!("{providers}{flow}dst.bootstrap.servers = {reference}\n"));
        let run =
            folder.offsets_with(&variables, &format!("--mm2-config mm2.properties --timeout 20s {ASK}"));
        assert_eq!(run.expect(0).stdout, ANSWER);
        folder.write("client.properties", format!("{providers}bootstrap.servers = {reference}\n"));
        let line = format!(
            "--source.alias src --source.bootstrap-server {source} --target.alias dst \
             --target.command-config client.properties --timeout 20s {ASK}"
        );
        assert_eq!(folder.offsets(&line).expect(0).stdout, ANSWER);
        folder.write(
            "offsets.toml",
            format!(
                "default-link = \"x\"\n[links.x]\nsource = {{ alias = \"src\", bootstrap-server = \"{source}\" }}\n\
                 target = {{ alias = \"dst\", command-config = \"client.properties\" }}\n"
            ),
        );
        assert_eq!(folder.offsets(&format!("--timeout 20s {ASK}")).expect(0).stdout, ANSWER);
        folder.write("offsets.toml", folder.read("offsets.toml").replace(&source, "${env:SOURCE}"));
        let run = folder.offsets_with(&variables, &format!("--timeout 20s {ASK}"));
        assert_eq!(run.expect(0).stdout, ANSWER);
        folder
            .offsets(ASK)
            .fails(2, &["offsets.toml: links.x.source.bootstrap-server", "SOURCE, which is not set"]);
    }
    let run = folder.offsets(&format!("--mm2-config mm2.properties {ASK}"));
    run.fails(2, &["mm2.properties:6: src->dst.enabled", "variable ENABLED, which is not set"]);
}

/// P1: what only Java can run names the way out, and that way is enough
/// (https://github.com/confluentinc/control-center-images/pull/35).
#[test]
fn p1_a_provider_of_javas_own_gives_way_to_flags() {
    let lab = Lab::of_ten_records();
    let folder = Folder::new();
    folder.write(
        "mm2.properties",
        format!(
            "{}config.providers = vault\nconfig.providers.vault.class = com.example.VaultConfigProvider\n\
             dst.security.protocol = ${{vault:a:protocol}}\ndst.sasl.jaas.config = ${{vault:a:jaas}}\n",
            lab.mm2_properties()
        ),
    );
    let line = format!("--mm2-config mm2.properties --timeout 20s {ASK}");
    let run = folder.offsets(&line).fails(
        2,
        &[
            "mm2.properties:7: dst.security.protocol",
            "com.example.VaultConfigProvider, which only a Java client can run",
        ],
    );
    assert!(run.remedy().contains("--target.bootstrap-server and --target.command-config"), "{}", run.stderr);
    let run = folder.offsets(&format!("{line} -X target.security.protocol=plaintext")).expect(0);
    assert_eq!(run.stdout, ANSWER);
    folder.write("client.properties", "security.protocol = PLAINTEXT\n");
    let run = folder.offsets(&format!("{line} --target.command-config client.properties")).expect(0);
    assert_eq!(run.stdout, ANSWER);
}

/// P5: Strimzi's policy is known, and one that is not names the way out
/// (https://github.com/strimzi/strimzi-kafka-operator/issues/4498).
#[test]
fn p5_strimzis_identity_policy_is_known() {
    let name = "p5-strimzi-policy.mm2.properties";
    let folder = Folder::with_cases(&[name]);
    let line = format!("translate --mm2-config {name} --group g --timeout 1s --source-timeout 1s");
    folder.offsets(&line).fails(1, &["cluster oslo", "127.0.0.1:1"]);
    let lab = Lab::new()
        .numbered(("orders", &[0, 1, 2]), ("orders", &[0, 1, 2]))
        .syncs("orders", &[(0, 0), (2, 2)]);
    let strimzi = "replication.policy.class = io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy\n";
    folder.write("mm2.properties", format!("{}{strimzi}", lab.mm2_properties()));
    let ask = "--mm2-config mm2.properties --timeout 20s translate --topic orders:0 --offset 2 -o csv";
    assert_eq!(folder.offsets(ask).expect(0).stdout, "orders,0,2\n");
    let ours = "replication.policy.class = com.example.OurPolicy\n";
    folder.write("mm2.properties", format!("{}{ours}", lab.mm2_properties()));
    let run = folder
        .offsets(ask)
        .fails(2, &["mm2.properties:5: replication.policy.class", "com.example.OurPolicy"]);
    assert!(run.remedy().contains("--policy identity (or default)"), "{}", run.stderr);
    assert_eq!(folder.offsets(&format!("--policy identity {ask}")).expect(0).stdout, "orders,0,2\n");
}

/// P8: the commonest other files are named for what they are, with the flags that say the same
/// (https://github.com/strimzi/strimzi-kafka-operator/issues/2902).
#[test]
fn p8_a_connectors_configuration_is_named_with_the_flags_that_say_the_same() {
    let name = "p8-connector.properties";
    let folder = Folder::with_cases(&[name]);
    let flags = "--source.alias paris --source.bootstrap-server 127.0.0.1:1 --target.alias oslo \
                 --target.bootstrap-server 127.0.0.1:1 --positions-topic";
    let run = folder.offsets(&format!("translate --mm2-config {name} --group g"));
    let run = run.fails(2, &[name, "MirrorCheckpointConnector"]);
    assert!(run.remedy().contains(flags), "{}", run.stderr);
    let settings = r#"{"connector.class":"org.apache.kafka.connect.mirror.MirrorSourceConnector",
        "source.cluster.alias":"paris","target.cluster.alias":"oslo","target.cluster.sasl.jaas.config":"hunter2",
        "source.cluster.bootstrap.servers":"127.0.0.1:1","target.cluster.bootstrap.servers":"127.0.0.1:1"}"#;
    let strimzi = "apiVersion: kafka.strimzi.io/v1\nkind: KafkaMirrorMaker2\nspec:\n  target:\n    alias: oslo\n    \
                   bootstrapServers: 127.0.0.1:1\n    offsetStorageTopic: mm2-offsets\n  mirrors:\n  - source:\n      \
                   alias: paris\n      bootstrapServers: 127.0.0.1:1\n";
    for (content, word) in [
        (settings.to_owned(), "MirrorSourceConnector"),
        (format!(r#"{{"name":"x","config":{settings}}}"#), "MirrorSourceConnector"),
        (strimzi.to_owned(), "KafkaMirrorMaker2"),
    ] {
        folder.write("file", content);
        let run = folder.offsets("translate --mm2-config file --group g").fails(2, &["file: this is", word]);
        assert!(run.remedy().contains(flags) && !run.stderr.contains("hunter2"), "{}", run.stderr);
    }
    for (content, words) in [
        ("bootstrap.servers = a:1\n", ["one Kafka client", "--source.command-config"]),
        ("[links.x]\nmm2-config = \"y\"\n", ["named links", "--config"]),
        ("{\"apiVersion\":\"offsets/v1\",\"kind\":\"Evidence\"}", ["of kind Evidence", "--from-dump"]),
        ("{}", ["this is JSON", "--source.bootstrap-server"]),
        ("---\na: 1\n", ["this is YAML", "--source.bootstrap-server"]),
    ] {
        folder.write("file", content);
        folder.offsets("translate --mm2-config file --group g").fails(2, &words);
    }
}

/// The same for a client's properties: a file of another kind had no effect and nothing was said.
#[test]
fn p8_what_is_no_clients_properties_is_named_too() {
    let link =
        "--source.alias src --source.bootstrap-server 127.0.0.1:1 --target.bootstrap-server 127.0.0.1:1";
    for (content, words) in [
        ("clusters = A, B\nA.bootstrap.servers = a:1\n", ["dedicated MM2", "--mm2-config"]),
        ("{\"bootstrap.servers\": \"a:1\"}", ["this is JSON", "one to a line"]),
        ("---\nbootstrap.servers: a:1\n", ["this is YAML", "one to a line"]),
        ("apiVersion: v1\nkind: Secret\ndata:\n", ["a Secret", "one to a line"]),
        ("connector.class = MirrorSourceConnector\n", ["MirrorSourceConnector", "one to a line"]),
    ] {
        let folder = Folder::new();
        folder.write("client", content);
        let run = folder.offsets(&format!("{link} --target.command-config client {ASK}"));
        run.fails(2, &words).remedy();
    }
}

/// The kind of P5 and P8: no error of an MM2 file is without the way out.
#[test]
fn p8_every_error_of_an_mm2_file_has_a_remedy() {
    let at = "A.bootstrap.servers = a:1\nB.bootstrap.servers = b:1\n";
    let on = "clusters = A, B\nA->B.enabled = true\n";
    for (content, link, words) in [
        ("".to_owned(), "", ["names no cluster", "clusters = A, B"]),
        (format!("clusters = A B\n{at}A->B.enabled = true\n"), "", ["no flow", "clusters = A, B"]),
        (
            format!("clusters = A, B\n{at}A -> B.enabled = true\n"),
            "",
            ["no flow", "write A->B.enabled = true in line 4"],
        ),
        (
            format!("clusters = A, B\n{at}a->b.enabled = true\n"),
            "",
            ["no flow", "mm2.properties:4: a->b.enabled"],
        ),
        (format!("clusters = A, B\n{at}A->B.enabled = false\n"), "", ["no flow", "--link 'A->B'"]),
        (format!("clusters = A, B\n{at}"), "", ["no flow", "--link 'A->B'"]),
        (format!("{on}{at}B->A.enabled = true\n"), "", ["A->B, B->A", "--link 'A->B'"]),
        (format!("{on}{at}"), "--link 'A->C'", ["'C' is not one of", "--link 'A->B'"]),
        (format!("{on}{at}"), "--link AB", ["source->target", "--link 'src->dst'"]),
        (
            format!("clusters = A, B\n{at}A->B.enabled = true # main\n"),
            "",
            ["mm2.properties:4: A->B.enabled", "comment"],
        ),
        (
            format!("{on}{at}A->B.offset-syncs.topic.location = here\n"),
            "",
            ["mm2.properties:5", "correct it"],
        ),
        (
            format!("{on}{at}replication.policy.separator = ${{env:NOPE}}\n"),
            "",
            ["mm2.properties:5", "--source.alias"],
        ),
        (format!("{on}A.bootstrap.servers = a:1\n"), "", ["cluster 'B'", "B.bootstrap.servers"]),
        (format!("{on}{at}A.client.id = C:\\users\n"), "", ["line 5", "write each one twice"]),
    ] {
        let folder = Folder::new();
        folder.write("mm2.properties", &content);
        let run = folder.offsets(&format!("--mm2-config mm2.properties {link} {ASK}"));
        let run = run.fails(2, &words);
        assert!(run.stderr.contains("mm2.properties"), "{}", run.stderr);
        run.remedy();
    }
}

/// D2, D3: a client's file was read otherwise than Java reads it.
#[test]
fn d2_d3_a_client_file_is_read_as_java_reads_it() {
    let lab = Lab::of_ten_records();
    let folder = Folder::new();
    folder.write("client.properties", b"# C:\\users and caf\xe9\nclient.id = caf\xe9\n");
    let line = format!("{} --target.command-config client.properties {ASK}", lab.flags());
    assert_eq!(folder.offsets(&line).expect(0).stdout, ANSWER);
    folder.write("client.properties", "a = 1\nclient.id = C:\\users\n");
    let run = folder.offsets(&line).fails(2, &["client.properties: malformed", "line 2"]);
    assert!(run.remedy().contains("twice"), "{}", run.stderr);
}
