//! What to do about a file that gives no link.

use offsets_core::config::{
    FlowClue, JavaProperties, OtherFile, OtherKind, OtherLink, PropertiesError, PropertiesSyntaxError,
};
use offsets_core::link::{LinkError, PolicyKind, Side};

/// For each error of an MM2 file. The last resort is true of all of them: flags can name the link without a file.
pub(super) fn of_properties(error: &PropertiesError) -> String {
    match error {
        PropertiesError::Syntax(error) => of_syntax(error),
        PropertiesError::NoClusters { clue } | PropertiesError::NoFlow { clue: clue @ Some(_), .. } => {
            clue.as_ref().map_or_else(
                || format!("write clusters = A, B and A->B.enabled = true as connect-mirror-maker has them; {FLAGS}"),
                of_clue,
            )
        }
        PropertiesError::NoFlow { known, .. } => match &known[..] {
            [source, target, ..] => format!(
                "set {source}->{target}.enabled = true, or name a flow that is not enabled: --link '{source}->{target}'"
            ),
            _ => format!("a link has two clusters: write clusters = A, B; {FLAGS}"),
        },
        PropertiesError::UnknownCluster { known, .. } => match &known[..] {
            [source, target, ..] => {
                format!("name the flow by these aliases, as in --link '{source}->{target}'")
            }
            _ => format!("separate clusters by commas: clusters = A, B; {FLAGS}"),
        },
        PropertiesError::SeveralFlows { flows } => {
            let first = flows.first().map(ToString::to_string).unwrap_or_default();
            format!("name one of them, as in --link '{first}'")
        }
        PropertiesError::NoBootstrapServers { cluster } => {
            format!("set {cluster}.bootstrap.servers, or give --source.bootstrap-server or --target.bootstrap-server")
        }
        PropertiesError::UnknownPolicyClass { .. } => {
            "give --policy identity (or default) if its names are those; names of internal topics that differ are given by \
             --syncs-topic and --checkpoints-topic"
                .to_owned()
        }
        PropertiesError::InvalidValue { .. } => {
            "correct it; nothing may follow a value in its line, a comment neither".to_owned()
        }
        PropertiesError::Reference { .. } => {
            format!("set it where the reference looks, or write the value into a copy of the file; {FLAGS}")
        }
        PropertiesError::Link(error) => of_link(error).to_owned(),
        _ => FLAGS.to_owned(),
    }
}

const FLAGS: &str = "or name the link by flags: --source.alias, --source.bootstrap-server, --source.command-config, \
                     --target.alias, --target.bootstrap-server, --target.command-config";

pub(super) fn of_syntax(_: &PropertiesSyntaxError) -> String {
    "a backslash begins an escape in a properties file: write each one twice, as in C:\\\\users".to_owned()
}

pub(super) fn of_link(error: &LinkError) -> &'static str {
    match error {
        LinkError::SameAlias { .. } => "give the clusters the two aliases that MM2 has for them",
        LinkError::NotInTopicNames { .. } => {
            "take the aliases and the separator from MM2's own configuration"
        }
        _ => "take the name from MM2's own configuration, or leave it out",
    }
}

fn of_clue(clue: &FlowClue) -> String {
    match clue {
        FlowClue::ListWithoutCommas { place, meant } => {
            format!("commas separate clusters: write {} = {meant} ({place})", place.key)
        }
        FlowClue::SpacedFlow { place, meant } => {
            let line = place.line.map_or_else(String::new, |line| format!(" in line {line}"));
            format!("a key ends at the first space: write {meant} = true{line}, without spaces around ->")
        }
        FlowClue::OtherClusters { place } => {
            format!("{place} names a cluster that is not in 'clusters': aliases must be equal in case, too")
        }
        FlowClue::Disabled { place, flow } => {
            format!("set {place} to true, or name the flow as it is: --link '{flow}'")
        }
        _ => FLAGS.to_owned(),
    }
}

/// What another file is, and what to do with it.
pub(super) fn of_other(file: &OtherFile) -> (String, String) {
    let by_flags = |link: &OtherLink| format!("name its link by flags: {}", flags(link));
    match (&file.kind, &file.link) {
        (OtherKind::Connector { class }, Some(link)) => (
            format!("this is the configuration of the connector {class}, not of a dedicated MM2"),
            by_flags(link),
        ),
        (OtherKind::Connector { class }, None) => (
            format!("this is the configuration of the connector {class}, which is none of MM2's"),
            "for a link that is not MM2's give --policy offset-preserving or --policy snapshot, with flags for both clusters"
                .to_owned(),
        ),
        (OtherKind::Resource { kind }, Some(link)) => {
            (format!("this is a Kubernetes resource, a {kind}, not MM2's properties file"), by_flags(link))
        }
        (OtherKind::Resource { kind }, None) => (
            format!("this is a Kubernetes resource, a {kind}, not MM2's properties file"),
            by_flags(&OtherLink::default()),
        ),
        (OtherKind::Worker, _) => (
            "this is the configuration of a Connect worker, not of a dedicated MM2".to_owned(),
            format!("{}; --positions-topic is its offset.storage.topic", by_flags(&OtherLink::default())),
        ),
        (OtherKind::Client, _) => (
            "these are the properties of one Kafka client, and name no clusters of MM2".to_owned(),
            "give it as --source.command-config or --target.command-config".to_owned(),
        ),
        (OtherKind::Document { kind }, _) => (
            format!("this is a document of offsets itself, of kind {kind}"),
            match kind.as_str() {
                "Evidence" => "give it as --from-dump".to_owned(),
                _ => "give it to the verb that reads it, as `offsets undo FILE`".to_owned(),
            },
        ),
        (OtherKind::NamedLinks, _) => {
            ("this file holds named links".to_owned(), "give it as --config, and the name as --link".to_owned())
        }
        (kind, _) => {
            let form = if matches!(kind, OtherKind::Json) { "JSON" } else { "YAML" };
            (format!("this is {form}, not MM2's properties file"), by_flags(&OtherLink::default()))
        }
    }
}

/// What a file is that is given for the properties of a client and is not; a worker's holds those of its client, too.
pub(super) fn of_other_client(file: &[u8]) -> Option<(String, String)> {
    let is = match OtherFile::recognise(file) {
        None => {
            let properties = JavaProperties::parse(file).ok()?;
            let is_mm2s =
                properties.get("clusters").is_some() && properties.get("bootstrap.servers").is_none();
            let remedy = "give it as --mm2-config, which has the settings of both clusters".to_owned();
            return is_mm2s
                .then(|| ("this is the file of a dedicated MM2, not of one client".to_owned(), remedy));
        }
        Some(OtherFile { kind: OtherKind::Client | OtherKind::Worker, .. }) => return None,
        Some(other) => match other.kind {
            OtherKind::Connector { class } => format!("the configuration of the connector {class}"),
            OtherKind::Resource { kind } => format!("a Kubernetes resource, a {kind}"),
            OtherKind::Document { kind } => format!("a document of offsets itself, of kind {kind}"),
            OtherKind::NamedLinks => "a file of named links".to_owned(),
            OtherKind::Json => "JSON".to_owned(),
            _ => "YAML".to_owned(),
        },
    };
    let remedy =
        "write the client's settings as a Java client has them, one to a line: security.protocol = SASL_SSL";
    Some((format!("this is {is}, not the properties of a Kafka client"), remedy.to_owned()))
}

/// The flags that say what a configuration says. Each word in capitals stands for what it does not tell.
fn flags(link: &OtherLink) -> String {
    let mut flags = Vec::new();
    let mut add = |flag: &str, value: Option<&str>, otherwise: &str| {
        let value = value.unwrap_or(otherwise);
        let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:,[]".contains(&byte));
        flags.push(if plain && !value.is_empty() {
            format!("{flag} {value}")
        } else {
            format!("{flag} '{}'", value.replace('\'', "").escape_debug())
        });
    };
    add("--source.alias", link.source_alias.as_deref(), "ALIAS");
    add("--source.bootstrap-server", link.source_servers.as_deref(), "HOST:PORT");
    add("--target.alias", link.target_alias.as_deref(), "ALIAS");
    add("--target.bootstrap-server", link.target_servers.as_deref(), "HOST:PORT");
    if link.policy == Some(PolicyKind::Identity) {
        add("--policy", Some("identity"), "");
    }
    if let Some(separator) = &link.separator {
        add("--separator", Some(separator), "");
    }
    if link.syncs_location == Some(Side::Target) {
        add("--syncs-location", Some("target"), "");
    }
    add("--positions-topic", link.positions_topic.as_deref(), "TOPIC");
    let worker = match link.positions_topic {
        Some(_) => "",
        None => " (the worker's offset.storage.topic)",
    };
    format!(
        "{}{worker}; what it has of security.protocol, sasl.* and ssl.* goes into --source.command-config and \
         --target.command-config",
        flags.join(" ")
    )
}
