use std::net::SocketAddr;

/// The address to listen on: `127.0.0.1:9464`, `[::1]:9464`, or a port alone, which is one of 127.0.0.1.
pub(in crate::args) fn parse_listen_address(text: &str) -> Result<SocketAddr, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let port = text.parse::<u16>().map_err(|_| format!("`{text}` is not a port from 0 to 65535"))?;
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse().map_err(|_| {
        "write ADDRESS:PORT with an IP address, such as 127.0.0.1:9464, or a port alone".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        for (text, expected) in
            [("9464", "127.0.0.1:9464"), ("0.0.0.0:1", "0.0.0.0:1"), ("[::1]:9464", "[::1]:9464")]
        {
            assert_eq!(parse_listen_address(text).map(|at| at.to_string()).as_deref(), Ok(expected));
        }
        for text in ["", "here", "99999", "127.0.0.1:99999", "+9464", "localhost:1"] {
            assert!(parse_listen_address(text).is_err(), "{text}");
        }
    }
}
