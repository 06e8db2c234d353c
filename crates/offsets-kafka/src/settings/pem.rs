/// PEM text as OpenSSL wants it: every block on lines of its own.
///
/// A PEM block inside a properties file is often one long line, or its lines are joined by blanks. Java's parser
/// (`DefaultSslEngineFactory.PemParser`) takes any white space; OpenSSL takes only line breaks. Blocks with header lines
/// (`Proc-Type:`) and anything that is no PEM come back as they are.
pub(super) fn rewrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut rest = text;
    while let Some((before, block, after)) = next_block(rest) {
        if !before.trim().is_empty() {
            return text.to_owned();
        }
        let Block { label, body } = block;
        if body.contains(':') {
            return text.to_owned();
        }
        let body: String = body.split_whitespace().collect();
        out.push_str(&format!("-----BEGIN {label}-----\n"));
        for line in body.as_bytes().chunks(64) {
            out.push_str(&String::from_utf8_lossy(line));
            out.push('\n');
        }
        out.push_str(&format!("-----END {label}-----\n"));
        rest = after;
    }
    if out.is_empty() { text.to_owned() } else { out }
}

struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

fn next_block(text: &str) -> Option<(&str, Block<'_>, &str)> {
    let (before, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, after) = rest.split_once(&format!("-----END {label}-----"))?;
    Some((before, Block { label, body }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_line_becomes_lines() {
        let body = "QUJD".repeat(20);
        let wrapped = rewrapped(&format!("-----BEGIN CERTIFICATE----- {body} -----END CERTIFICATE-----"));
        let lines: Vec<&str> = wrapped.lines().collect();
        assert_eq!(lines[0], "-----BEGIN CERTIFICATE-----");
        assert_eq!(lines[1].len(), 64);
        assert_eq!(lines[2].len(), 16);
        assert_eq!(lines[3], "-----END CERTIFICATE-----");
    }

    #[test]
    fn a_chain_keeps_every_block_in_order() {
        let chain = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n\
                     -----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n";
        assert_eq!(rewrapped(chain), chain);
    }

    #[test]
    fn what_is_no_plain_pem_is_left_alone() {
        for text in [
            "",
            "not pem",
            "-----BEGIN X----- Proc-Type: 4,ENCRYPTED abc -----END X-----",
            "-----BEGIN X-----abc",
        ] {
            assert_eq!(rewrapped(text), text);
        }
    }
}
