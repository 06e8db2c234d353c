//! The MM2 file: which flow, and from which place each setting comes.

use offsets_core::config::{
    FlowClue, JavaProperties, Mm2Link, Mm2Properties, NamingOverride, NoAccess, PropertiesError,
    ProviderAccess,
};
use offsets_core::link::{Link, LinkName, PolicyKind, ReplicationPolicy, Side};

/// A file with one enabled flow, `A->B`, and `more`.
fn file(more: &str) -> Mm2Properties {
    let text = format!(
        "clusters = A, B\nA.bootstrap.servers = a:1\nB.bootstrap.servers = b:1\nA->B.enabled = true\n{more}"
    );
    Mm2Properties::parse(text).expect("well formed")
}

fn link(more: &str) -> Mm2Link {
    file(more).link(None, &NoAccess).expect("a link")
}

fn refusal(more: &str) -> PropertiesError {
    file(more).link(None, &NoAccess).expect_err("no link")
}

fn flow(name: &str) -> LinkName {
    name.parse().expect("a link's name")
}

#[test]
fn the_only_enabled_flow_needs_no_name() {
    let mm2 = link("");
    assert_eq!(mm2.link, Link::new("A", "B"));
    assert_eq!(mm2.source.consumer.get("bootstrap.servers"), Some("a:1"));
    assert_eq!(mm2.target.admin.get("bootstrap.servers"), Some("b:1"));
    assert!(mm2.is_enabled);
}

#[test]
fn several_enabled_flows_are_listed() {
    let properties = file("B->A.enabled = true");
    assert_eq!(properties.flows(&NoAccess), Ok(vec![flow("A->B"), flow("B->A")]));
    let error = properties.link(None, &NoAccess).expect_err("two flows");
    assert_eq!(error.to_string(), "several flows are enabled: A->B, B->A");
    assert_eq!(properties.link(Some(&flow("B->A")), &NoAccess).expect("a link").link, Link::new("B", "A"));
}

#[test]
fn flows_that_write_one_syncs_topic_are_told() {
    let back = "B->A.enabled = true\n";
    let both = format!("{back}B->A.offset-syncs.topic.location = target\n");
    for name in ["A->B", "B->A"] {
        let found = file(&both).link(Some(&flow(name)), &NoAccess).expect("a link").link;
        assert!(found.shares_syncs_topic(), "{name}: {found:?}");
        let named = Link { syncs_topic_name: Some("mine".into()), ..found };
        assert!(!named.shares_syncs_topic(), "a name given by hand is another topic");
    }
    let separate = [
        back.to_owned(),
        format!("{back}offset-syncs.topic.location = target"),
        format!("{both}B->A.replication.policy.separator = _"),
        "B->A.offset-syncs.topic.location = target".to_owned(),
    ];
    for more in separate {
        let found = file(&more).link(Some(&flow("A->B")), &NoAccess).expect("a link").link;
        assert!(!found.shares_syncs_topic(), "{more}");
    }
}

#[test]
fn a_flow_that_is_not_enabled_is_there_for_who_names_it() {
    let properties = file("B->A.enabled = false\nB->A.replication.policy.separator = _");
    let back = properties.link(Some(&flow("B->A")), &NoAccess).expect("a link");
    assert!(!back.is_enabled);
    assert_eq!(back.link.remote_topic(&"t".into()), "B_t".into());
    assert_eq!(back.target.admin.get("bootstrap.servers"), Some("a:1"));
    assert_eq!(properties.flows(&NoAccess), Ok(vec![flow("A->B")]));
    let properties = Mm2Properties::parse("clusters = A, B").expect("well formed");
    assert_eq!(properties.link(None, &NoAccess).expect_err("none").to_string(), "no flow is enabled");
    assert!(!properties.link(Some(&flow("A->B")), &NoAccess).expect("a link").is_enabled);
}

#[test]
fn what_may_explain_why_there_is_no_flow_is_found() {
    let clue = |text: &str| match Mm2Properties::parse(text).and_then(|file| file.link(None, &NoAccess)) {
        Err(PropertiesError::NoFlow { clue, .. } | PropertiesError::NoClusters { clue }) => clue,
        other => panic!("{text}: {other:?}"),
    };
    let found = |text: &str| match clue(text) {
        Some(FlowClue::ListWithoutCommas { meant, .. }) => format!("commas {meant}"),
        Some(FlowClue::SpacedFlow { place, meant }) => format!("spaces {place} {meant}"),
        Some(FlowClue::OtherClusters { place }) => format!("other {place}"),
        Some(FlowClue::Disabled { place, flow }) => format!("disabled {place} {flow}"),
        other => format!("{other:?}"),
    };
    assert_eq!(found("clusters = A B\nA->B.enabled = true"), "commas A, B");
    assert_eq!(found("clusters = A, B\nA -> B.enabled = true"), "spaces line 2: A A->B.enabled");
    assert_eq!(found("clusters = A, B\nA-> B.enabled = true"), "spaces line 2: A-> A->B.enabled");
    assert_eq!(found("clusters = A, B\nA ->B.enabled = true"), "spaces line 2: A A->B.enabled");
    assert_eq!(found("clusters = A, B\na->b.enabled = true"), "other line 2: a->b.enabled");
    assert_eq!(found("A->B.enabled = true"), "other line 1: A->B.enabled");
    assert_eq!(found("clusters = A, B\nA->B.enabled = false"), "disabled line 2: A->B.enabled A->B");
    assert_eq!(clue("clusters = A, B"), None);
}

#[test]
fn the_target_is_found_without_anything_of_the_source() {
    let target = |text: &str, name: Option<&str>| {
        let name = name.map(flow);
        let file = Mm2Properties::parse(text).expect("well formed");
        file.target(name.as_ref(), &NoAccess).map(|clients| clients.cluster.to_string())
    };
    let broken = "clusters = A, B\nA.bootstrap.servers = ${env:X}\nA->B.enabled = true\n\
                  A->B.source.cluster.alias = ${env:X}\nA->B.replication.policy.class = com.example.Ours";
    assert_eq!(target(broken, None).as_deref(), Ok("B"));
    assert_eq!(target("clusters = B", Some("A->B")).as_deref(), Ok("B"));
    assert_eq!(target("clusters = B", None).as_deref(), Ok("B"));
    let two = "clusters = A, B, C\nA->B.enabled = true\nC->B.enabled = true";
    assert_eq!(target(two, None).as_deref(), Ok("B"));
    assert_eq!(target(two, Some("B->A")).as_deref(), Ok("A"));
    let several = format!("{two}\nB->A.enabled = true");
    assert!(
        matches!(target(&several, None), Err(PropertiesError::SeveralFlows { flows }) if flows.len() == 3)
    );
    assert!(matches!(target("clusters = A, B", None), Err(PropertiesError::NoFlow { .. })));
    assert!(matches!(target("clusters = A", Some("A->B")), Err(PropertiesError::UnknownCluster { .. })));
}

#[test]
fn aliases_that_no_topic_can_hold_are_refused() {
    for (clusters, name) in [("A, a b", "A->a b"), ("A, B/", "A->B/"), ("ä, B", "ä->B")] {
        let text = format!("clusters = {clusters}").chars().map(|c| c as u8).collect::<Vec<_>>();
        let error = Mm2Properties::parse(text).and_then(|file| file.link(Some(&flow(name)), &NoAccess));
        assert!(matches!(error, Err(PropertiesError::Link(_))), "{name}: {error:?}");
    }
    let error = refusal("A->B.source.cluster.alias = B");
    assert_eq!(error.to_string(), "source and target have the same alias 'B'");
}

#[test]
fn flows_enabled_as_a_whole_need_heartbeats_to_be_started() {
    let all =
        "clusters = A, B, C\nenabled = true\nA->C.enabled = false\nB->C.emit.heartbeats.enabled = false\n";
    let flows = |text: &str| Mm2Properties::parse(text).and_then(|properties| properties.flows(&NoAccess));
    let names = ["A->B", "B->A", "C->A", "C->B"].map(flow);
    assert_eq!(flows(all), Ok(names.to_vec()));
    assert_eq!(flows(&format!("{all}emit.heartbeats.enabled = false")), Ok(vec![]));
    assert_eq!(
        flows(&format!("{all}emit.heartbeats.enabled = false\nB->A.enabled = true")),
        Ok(vec![flow("B->A")])
    );
}

#[test]
fn an_unknown_alias_is_named() {
    let error = file("").link(Some(&flow("A->C")), &NoAccess).expect_err("no C");
    assert_eq!(error.to_string(), "'C' is not one of the clusters A, B");
}

#[test]
fn a_file_without_clusters_is_refused() {
    for text in ["", "clusters =", "clusters = ,", "A->B.enabled = true"] {
        let properties = Mm2Properties::parse(text).expect("well formed");
        assert_eq!(
            properties.link(None, &NoAccess).expect_err("no clusters").to_string(),
            "'clusters' names no cluster"
        );
    }
}

#[test]
fn a_cluster_without_an_address_is_named() {
    let properties = Mm2Properties::parse(
        "clusters = A, B\nA->B.enabled = true\nB.bootstrap.servers = b:1\nA.bootstrap.servers = ",
    );
    let mm2 = properties.and_then(|properties| properties.link(None, &NoAccess)).expect("a link");
    assert_eq!(mm2.target.has_address(), Ok(()));
    let error = mm2.source.has_address().expect_err("no address");
    assert_eq!(error.to_string(), "cluster 'A' has no 'A.bootstrap.servers'");
}

#[test]
fn a_flag_is_true_or_false() {
    let error = refusal("B->A.enabled = yes");
    assert_eq!(error.to_string(), "line 5: B->A.enabled is 'yes' and must be true or false");
    assert_eq!(file("B->A.enabled = TRUE ").flows(&NoAccess).map(|flows| flows.len()), Ok(2));
}

#[test]
fn a_flows_own_setting_wins_over_the_files_and_a_clusters_never_counts() {
    let remote = |more: &str| link(more).link.remote_topic(&"t".into()).to_string();
    assert_eq!(remote(""), "A.t");
    assert_eq!(remote("replication.policy.separator = _"), "A_t");
    assert_eq!(remote("replication.policy.separator = _\nA->B.replication.policy.separator = -"), "A-t");
    assert_eq!(remote("A.replication.policy.separator = _\nB.replication.policy.separator = _"), "A.t");
    assert_eq!(remote("B->A.replication.policy.separator = _"), "A.t");
}

#[test]
fn the_policy_is_read_as_mm2_configures_it() {
    let policy = |more: &str| link(more).link.policy;
    let identity = "replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy \n";
    let default =
        "A->B.replication.policy.class = org.apache.kafka.connect.mirror.DefaultReplicationPolicy\n";
    assert_eq!(policy(identity), ReplicationPolicy::identity());
    assert_eq!(policy(&format!("{identity}{default}")), ReplicationPolicy::default());
    assert_eq!(policy("replication.policy.separator ="), ReplicationPolicy::default().with_separator(""));
    let dotted = "replication.policy.internal.topic.separator.enabled = false\n";
    assert_eq!(policy(dotted), ReplicationPolicy::default());
    assert_eq!(
        policy(&format!("{dotted}replication.policy.separator = __")),
        ReplicationPolicy::default().with_separator("__").with_dotted_internal_topics()
    );
}

#[test]
fn a_separator_that_no_topic_can_hold_is_refused() {
    let error = refusal("A->B.replication.policy.separator = _ ");
    assert!(matches!(&error, PropertiesError::InvalidValue { place, value, .. }
        if &*place.key == "A->B.replication.policy.separator" && value == "_ "));
}

#[test]
fn an_unknown_policy_class_needs_a_known_one_in_its_place() {
    let class = "replication.policy.class = com.example.OurPolicy\noffset-syncs.topic.location = target";
    let error = refusal(class);
    assert_eq!(
        error.to_string(),
        "line 5: replication.policy.class is com.example.OurPolicy, whose names for topics are not known"
    );
    let separated = file(&format!("{class}\nreplication.policy.separator = _"));
    let identity = NamingOverride { policy: Some(PolicyKind::Identity), ..NamingOverride::default() };
    let mm2 = separated.link_under(None, &identity, &NoAccess).expect("a link");
    assert_eq!(mm2.link.policy.separator(), "_", "what is not said instead is the file's");
    assert_eq!(mm2.link.remote_topic(&"t".into()), "t".into());
    assert_eq!(mm2.link.syncs_location, Side::Target);
}

#[test]
fn what_is_known_beside_the_file_is_not_looked_up_in_it() {
    let vault = "config.providers = v\nconfig.providers.v.class = com.example.Vault\n";
    let names = [
        "source.cluster.alias",
        "target.cluster.alias",
        "replication.policy.class",
        "replication.policy.separator",
        "offset-syncs.topic.location",
    ];
    let text: String = names.iter().map(|name| format!("A->B.{name} = ${{v:a:b}}\n")).collect();
    let naming = NamingOverride {
        policy: Some(PolicyKind::Default),
        separator: Some("_".to_owned()),
        source_alias: Some("P".into()),
        target_alias: Some("Q".into()),
        syncs_location: Some(Side::Target),
    };
    let found = file(&format!("{vault}{text}")).link_under(None, &naming, &NoAccess).expect("a link").link;
    assert_eq!(found.syncs_topic(), (Side::Target, "mm2-offset-syncs_P_internal".into()));
    assert_eq!((found.remote_topic(&"t".into()), found.target), ("P_t".into(), "Q".into()));
}

#[test]
fn syncs_are_on_the_source_unless_said_otherwise() {
    let location = |more: &str| link(more).link.syncs_topic();
    assert_eq!(location(""), (Side::Source, "mm2-offset-syncs.B.internal".into()));
    assert_eq!(
        location("offset-syncs.topic.location = target "),
        (Side::Target, "mm2-offset-syncs.A.internal".into())
    );
    assert_eq!(location("B.offset-syncs.topic.location = target").0, Side::Source);
    let error = refusal("A->B.offset-syncs.topic.location = Target");
    assert_eq!(
        error.to_string(),
        "line 5: A->B.offset-syncs.topic.location is 'Target' and must be 'source' or 'target'"
    );
}

#[test]
fn exactly_once_is_a_setting_of_the_target_cluster() {
    let exactly_once = |more: &str| link(more).link.exactly_once;
    assert!(!exactly_once(""));
    assert!(exactly_once("B.exactly.once.source.support = ENABLED "));
    assert!(!exactly_once("B.exactly.once.source.support = preparing"));
    for without_effect in ["A.exactly.once", "exactly.once", "A->B.exactly.once"] {
        assert!(!exactly_once(&format!("{without_effect}.source.support = enabled")), "{without_effect}");
    }
    assert!(matches!(
        refusal("B.exactly.once.source.support = true"),
        PropertiesError::InvalidValue { place, .. } if &*place.key == "B.exactly.once.source.support"
    ));
}

#[test]
fn an_alias_set_for_the_connectors_names_the_topics() {
    let mm2 = link("A->B.source.cluster.alias = primary");
    assert_eq!(mm2.link.remote_topic(&"t".into()), "primary.t".into());
    assert_eq!(mm2.source.consumer.get("bootstrap.servers"), Some("a:1"));
}

#[test]
fn connection_settings_come_from_the_cluster_then_from_the_file() {
    let mm2 = link(
        "security.protocol = SSL
         ssl.truststore.location = /all
         A.security.protocol = SASL_SSL
         A.sasl.mechanism = PLAIN\u{20}
         xxx = not a client setting
         A.xxx = nor this",
    );
    for client in [&mm2.source.consumer, &mm2.source.admin] {
        let entries: Vec<_> = client.iter().collect();
        assert_eq!(
            entries,
            [
                ("bootstrap.servers", "a:1"),
                ("sasl.mechanism", "PLAIN"),
                ("security.protocol", "SASL_SSL"),
                ("ssl.truststore.location", "/all")
            ]
        );
    }
    assert_eq!(mm2.target.consumer.get("security.protocol"), Some("SSL"));
    assert_eq!(mm2.target.consumer.get("sasl.mechanism"), None);
}

#[test]
fn a_setting_for_one_kind_of_client_reaches_no_other() {
    let mm2 = link(
        "A.security.protocol = SSL
         A.consumer.security.protocol = PLAINTEXT
         A.consumer.max.poll.records = 7
         A.admin.request.timeout.ms = 9
         A.producer.acks = all
         consumer.fetch.max.bytes = 1
         B->A.consumer.fetch.max.bytes = 2",
    );
    let entries = |client: &JavaProperties| -> Vec<(String, String)> {
        client.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    let expected = |entries: &[(&str, &str)]| -> Vec<(String, String)> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(
        entries(&mm2.source.consumer),
        expected(&[
            ("bootstrap.servers", "a:1"),
            ("max.poll.records", "7"),
            ("security.protocol", "PLAINTEXT")
        ])
    );
    assert_eq!(
        entries(&mm2.source.admin),
        expected(&[("bootstrap.servers", "a:1"), ("request.timeout.ms", "9"), ("security.protocol", "SSL")])
    );
    assert_eq!(entries(&mm2.target.consumer), expected(&[("bootstrap.servers", "b:1")]));
}

#[test]
fn a_flow_refines_its_clients_as_far_as_the_clusters_let_it() {
    let mm2 = link(
        "A.ssl.keystore.type = JKS
         A.consumer.max.poll.records = 1
         A->B.consumer.fetch.max.bytes = 5
         A->B.consumer.ssl.keystore.type = PEM
         A->B.source.consumer.max.poll.records = 2
         A->B.source.admin.ssl.keystore.type = PKCS12
         A->B.target.cluster.bootstrap.servers = elsewhere:1",
    );
    let consumer = &mm2.source.consumer;
    assert_eq!(consumer.get("fetch.max.bytes"), Some("5"));
    assert_eq!(consumer.get("ssl.keystore.type"), Some("JKS"), "the cluster's is copied to its consumers");
    assert_eq!(consumer.get("max.poll.records"), Some("2"));
    assert_eq!(mm2.source.admin.get("ssl.keystore.type"), Some("PKCS12"));
    assert_eq!(mm2.target.consumer.get("fetch.max.bytes"), Some("5"), "consumers of both clusters");
    assert_eq!(mm2.target.consumer.get("bootstrap.servers"), Some("b:1"));
}

/// A machine with one variable.
struct Variable(&'static str, &'static str);

impl ProviderAccess for Variable {
    fn variable(&self, name: &str) -> Option<String> {
        (name == self.0).then(|| self.1.to_owned())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        panic!("nothing needs {path}")
    }
}

#[test]
fn references_are_filled_in_where_a_setting_is_used() {
    let text = "config.providers = e, vault
         config.providers.e.class = org.apache.kafka.common.config.provider.EnvVarConfigProvider
         config.providers.vault.class = com.example.Vault
         A->B.enabled = ${e:X}
         A->B.replication.policy.separator = ${e:SEPARATOR}
         topics = ${vault:a:b}
         A.sasl.jaas.config = ${vault:a:b}
         B.sasl.jaas.config = user ${file:/nowhere:password};";
    let error = file(text).flows(&NoAccess).expect_err("not set");
    assert_eq!(
        error.to_string(),
        "line 8: A->B.enabled refers to the environment variable X, which is not set"
    );
    assert_eq!(file(text).flows(&Variable("X", "true")), Ok(vec![flow("A->B")]));
    let named = file(text).link(Some(&flow("A->B")), &Variable("SEPARATOR", "_")).expect("a link");
    assert_eq!(named.link.remote_topic(&"t".into()), "A_t".into());
    let jaas = named.target.admin.get("sasl.jaas.config");
    assert_eq!(jaas, Some("user ${file:/nowhere:password};"), "clients' references are left to the client");
    let hidden =
        file(text).link(Some(&flow("A->B")), &Variable("SEPARATOR", "s3 cret")).expect_err("no separator");
    assert!(!format!("{hidden} {hidden:?}").contains("s3 cret"), "{hidden}");
}

#[test]
fn secrets_are_never_shown() {
    let secrets = "A.sasl.jaas.config = stolen\nssl.key.password = stolen\nA.consumer.my.token = stolen\n";
    let properties = file(secrets);
    let mm2 = properties.link(None, &NoAccess).expect("a link");
    assert!(!format!("{properties:?} {mm2:?}").contains("stolen"));
    assert_eq!(mm2.source.consumer.get("sasl.jaas.config"), Some("stolen"));
    let malformed = Mm2Properties::parse("ssl.key.password = \\ustolen").expect_err("malformed");
    assert!(!format!("{malformed} {malformed:?}").contains("stolen"));
}
