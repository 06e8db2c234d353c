//! Members of share groups (KIP-932) and of Kafka Streams groups (KIP-1071), which no client library here can be: one heartbeat that
//! joins or leaves, as bytes. A member that says nothing more stays in its group for 45 s.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result, bail};

use super::TIMEOUT;
use crate::wait;

const SHARE_GROUP_HEARTBEAT: (i16, i16) = (76, 1);
const STREAMS_GROUP_HEARTBEAT: (i16, i16) = (88, 0);

/// Joins a share group that reads a topic.
///
/// # Errors
///
/// When the broker refuses.
pub fn join_share_group(bootstrap: &str, group: &str, topic: &str) -> Result<()> {
    let mut body = Body::default();
    body.string(group).string("AAAAAAAAAAAAAAAAAAAAAQ").int32(0).null().array(1).string(topic).tags();
    send(bootstrap, SHARE_GROUP_HEARTBEAT, &body)
}

/// Joins a Kafka Streams group that reads a topic.
///
/// # Errors
///
/// When the broker refuses.
pub fn join_streams_group(bootstrap: &str, group: &str, topic: &str) -> Result<()> {
    let mut body = Body::default();
    body.string(group).string(STREAMS_MEMBER).int32(0).int32(0).null().null().int32(30_000);
    // one subtopology that reads the topic and keeps no state
    body.int8(1).int32(0).array(1).string("0").array(1).string(topic);
    body.array(0).array(0).array(0).array(0).array(0).tags().tags();
    body.array(0).array(0).array(0).string("process").int8(-1).array(0).null().null().int8(0).tags();
    send(bootstrap, STREAMS_GROUP_HEARTBEAT, &body)
}

/// Lets the member of [`join_streams_group`] leave.
///
/// # Errors
///
/// When the broker refuses.
pub fn leave_streams_group(bootstrap: &str, group: &str) -> Result<()> {
    let mut body = Body::default();
    body.string(group).string(STREAMS_MEMBER).int32(-1).int32(0).null().null().int32(-1);
    body.int8(-1).null().null().null().null().int8(-1).null().null().null().int8(0).tags();
    send(bootstrap, STREAMS_GROUP_HEARTBEAT, &body)
}

const STREAMS_MEMBER: &str = "AAAAAAAAAAAAAAAAAAAAAg";

/// A request's body in Kafka's flexible encoding, none of it longer than 126.
#[derive(Default)]
struct Body(Vec<u8>);

impl Body {
    fn int8(&mut self, value: i8) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn int32(&mut self, value: i32) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn string(&mut self, text: &str) -> &mut Self {
        self.array(text.len());
        self.0.extend(text.bytes());
        self
    }

    fn array(&mut self, length: usize) -> &mut Self {
        self.0.push(u8::try_from(length + 1).unwrap_or(u8::MAX));
        self
    }

    /// No string, or no array.
    fn null(&mut self) -> &mut Self {
        self.0.push(0);
        self
    }

    fn tags(&mut self) -> &mut Self {
        self.null()
    }
}

/// Sends it until the coordinator is there.
fn send(bootstrap: &str, (key, version): (i16, i16), body: &Body) -> Result<()> {
    let mut request = Vec::new();
    request.extend(key.to_be_bytes());
    request.extend(version.to_be_bytes());
    // correlation id, no client id, no tags
    request.extend([0, 0, 0, 1, 0xff, 0xff, 0]);
    request.extend(&body.0);
    wait::until("an answer to a heartbeat", TIMEOUT, || {
        let mut stream = TcpStream::connect(bootstrap)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(&u32::try_from(request.len())?.to_be_bytes())?;
        stream.write_all(&request)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length))?];
        stream.read_exact(&mut answer)?;
        // correlation id, tags, throttle time
        let code = answer.get(9..11).context("a short answer")?;
        match i16::from_be_bytes([code[0], code[1]]) {
            0 => Ok(Some(())),
            // the coordinator is loading, not there yet, or elsewhere
            14..=16 => Ok(None),
            code => bail!("error {code}: {}", String::from_utf8_lossy(&answer[11..])),
        }
    })
}
