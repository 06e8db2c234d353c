use std::fmt;

/// The brokers a client starts from (`bootstrap.servers`): at least one `host:port`, separated by commas.
///
/// Checked by itself, since librdkafka takes a port modulo 65536, reads a number no further than its digits go, and finds
/// out about all else only once it fails to connect. Kafka's own clients refuse these, but for a protocol in front.
///
/// # Examples
/// ```
/// use offsets_core::config::BootstrapServers;
///
/// let servers = BootstrapServers::parse(" one:9092, [::1]:9093 ")?;
/// assert_eq!(servers.to_string(), "one:9092,[::1]:9093");
/// let error = BootstrapServers::parse("one:99999").expect_err("a port too high");
/// assert_eq!(error.to_string(), "'one:99999' has the port 99999, and a port is 1 to 65535");
/// # Ok::<(), offsets_core::config::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapServers(Vec<String>);

impl BootstrapServers {
    /// Reads a list of addresses. White space around an address, and empty elements of the list, are passed over, as
    /// Kafka's clients before 4.0 did.
    ///
    /// # Errors
    /// [`AddressError`], which names the address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let addresses = text.split(',').map(str::trim).filter(|address| !address.is_empty());
        let servers = addresses
            .map(|address| match fault(address) {
                None => Ok(address.to_owned()),
                Some(fault) => Err(AddressError { address: without_user(address), fault }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err(AddressError { address: text.trim().to_owned(), fault: Fault::Nothing });
        }
        Ok(Self(servers))
    }
}

impl fmt::Display for BootstrapServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// An address that no broker can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{address}' {fault}")]
pub struct AddressError {
    address: String,
    fault: Fault,
}

impl AddressError {
    /// What is wrong, without the address: for one that must not be shown.
    pub fn fault(&self) -> String {
        self.fault.to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    Nothing,
    Protocol(String),
    User,
    Quotes,
    Comment,
    OtherSeparator,
    NoPort,
    Port(String),
    BareIpv6,
    Ipv6,
    Host,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("names no broker: write HOST:PORT[,HOST:PORT...]"),
            Self::Protocol(protocol) => {
                let security = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];
                let named = protocol.to_ascii_uppercase();
                match security.iter().find(|known| **known == named) {
                    Some(known) => write!(
                        f,
                        "has a protocol in front: write HOST:PORT, and set security.protocol to {known}"
                    ),
                    None => write!(
                        f,
                        "has a protocol in front ({protocol}://): write HOST:PORT, and set security.protocol if it is \
                         not PLAINTEXT"
                    ),
                }
            }
            Self::User => f.write_str(
                "names a user in front of the host: write HOST:PORT, and put name and password into sasl.jaas.config",
            ),
            Self::Quotes => f.write_str("has quotes, which are part of the value: leave them out"),
            Self::Comment => {
                f.write_str("has a comment at its end, which is part of the value: give it a line of its own")
            }
            Self::OtherSeparator => f.write_str("is not one address: separate addresses by commas"),
            Self::NoPort => f.write_str("has no port: write HOST:PORT"),
            Self::Port(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                write!(f, "has the port {port}, and a port is 1 to 65535")
            }
            Self::Port(port) => write!(f, "has '{port}' for a port, and a port is 1 to 65535"),
            Self::BareIpv6 => {
                f.write_str("has several colons: write an IPv6 address in brackets, [ADDRESS]:PORT")
            }
            Self::Ipv6 => f.write_str("has brackets around what is no IPv6 address: write [ADDRESS]:PORT"),
            Self::Host => {
                f.write_str("has a host of other characters than letters, digits, '.', '-' and '_'")
            }
        }
    }
}

/// What is wrong with one address, which is trimmed and not empty.
fn fault(address: &str) -> Option<Fault> {
    if let Some((protocol, _)) = address.split_once("://") {
        return Some(Fault::Protocol(protocol.to_owned()));
    }
    if address.contains('@') {
        return Some(Fault::User);
    }
    if address.contains(['"', '\'']) {
        return Some(Fault::Quotes);
    }
    if address.contains(['#', '!']) {
        return Some(Fault::Comment);
    }
    if address.contains(|c: char| c == ';' || c.is_whitespace()) {
        return Some(Fault::OtherSeparator);
    }
    let (host_fault, port) = if let Some(bracketed) = address.strip_prefix('[') {
        let Some((host, rest)) = bracketed.split_once(']') else { return Some(Fault::Ipv6) };
        // An address of the link's own names its interface after a per cent sign.
        let (ip, zone) = host.split_once('%').unwrap_or((host, "lo"));
        let is_ipv6 = ip.parse::<std::net::Ipv6Addr>().is_ok() && is_host(zone);
        let is_port = rest.is_empty() || rest.starts_with(':');
        ((!is_ipv6 || !is_port).then_some(Fault::Ipv6), rest.strip_prefix(':'))
    } else {
        if address.matches(':').count() > 1 {
            return Some(Fault::BareIpv6);
        }
        let (host, port) = address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port)));
        ((!is_host(host)).then_some(Fault::Host), port)
    };
    if host_fault.is_some() {
        return host_fault;
    }
    match port {
        None | Some("") => Some(Fault::NoPort),
        Some(port) => {
            let number = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse::<u16>().ok());
            number.flatten().is_none_or(|number| number == 0).then(|| Fault::Port(port.to_owned()))
        }
    }
}

/// An address as it may be shown: what stands in front of an `@` may be a password.
fn without_user(address: &str) -> String {
    address.rsplit_once('@').map_or_else(|| address.to_owned(), |(_, host)| format!("...@{host}"))
}

/// A name or an IPv4 address. Underscores are no part of DNS names, but of those of containers.
fn is_host(host: &str) -> bool {
    !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lists_of_host_and_port() {
        for (text, expected) in [
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("a:1,b:65535", "a:1,b:65535"),
            (" a:1 ,\tb:2 ", "a:1,b:2"),
            ("a:1,", "a:1"),
            (",a:1,,b:2", "a:1,b:2"),
            ("[::1]:9092", "[::1]:9092"),
            ("[fe80::1%eth0]:9092", "[fe80::1%eth0]:9092"),
            ("kafka_1.my-net.local:09092", "kafka_1.my-net.local:09092"),
            ("bücher.example:1", "bücher.example:1"),
        ] {
            assert_eq!(
                BootstrapServers::parse(text).map(|servers| servers.to_string()).as_deref(),
                Ok(expected)
            );
        }
    }

    #[test]
    fn what_no_broker_can_have_is_named_with_what_to_write() {
        for (text, words) in [
            ("", "names no broker"),
            (" , ", "names no broker"),
            ("localhost", "'localhost' has no port"),
            ("localhost:", "has no port"),
            ("a:1,b", "'b' has no port"),
            ("a:0", "has the port 0"),
            ("a:65536", "has the port 65536"),
            ("127.0.0.1:99999", "has the port 99999"),
            ("127.0.0.1:70000", "has the port 70000"),
            ("a:4294967297", "1 to 65535"),
            ("a:-1", "has '-1' for a port"),
            ("a:+1", "has '+1' for a port"),
            ("a:9a", "has '9a' for a port"),
            ("a:0x10", "has '0x10' for a port"),
            ("a:9092/", "has '9092/' for a port"),
            ("a:٣", "for a port"),
            ("kafka://a:1", "security.protocol"),
            ("SASL_SSL://a:1", "set security.protocol to SASL_SSL"),
            ("a:1,sasl_ssl://b:1", "'sasl_ssl://b:1' has a protocol in front"),
            ("http://a:1/", "has a protocol in front"),
            ("127.0.0.1:1 # comment", "'127.0.0.1:1 # comment' has a comment"),
            ("127.0.0.1:1# comment", "has a comment"),
            ("\"127.0.0.1:1\"", "has quotes"),
            ("'a:1", "has quotes"),
            ("a:1;b:2", "separate addresses by commas"),
            ("a:1 b:2", "separate addresses by commas"),
            ("127.0.0.1 : 1", "commas"),
            ("::1:9092", "in brackets"),
            ("::1", "in brackets"),
            ("[::1]", "has no port"),
            ("[::1]9092", "write [ADDRESS]:PORT"),
            ("[localhost]:1", "no IPv6 address"),
            ("[::1:1", "no IPv6 address"),
            (":9092", "has a host"),
            ("user@a:1", "names a user"),
            ("user:secret@a:1", "'...@a:1' names a user"),
            ("SASL_SSL://user:secret@a:1", "'...@a:1' has a protocol in front"),
            ("a/b:1", "has a host"),
        ] {
            let error = BootstrapServers::parse(text).expect_err(text).to_string();
            assert!(error.contains(words) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
