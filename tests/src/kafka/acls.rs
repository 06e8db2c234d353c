//! Giving users of a broker rights (ACLs), and taking them. rdkafka has no call for it, so three small requests are written by
//! hand.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result, ensure};

use super::TIMEOUT;
use crate::wait;

/// What a right is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The topic of that name.
    Topic(&'a str),
    /// The group of that name.
    Group(&'a str),
    /// Every transactional id that begins so.
    TransactionalIds(&'a str),
}

/// What may be done (`org.apache.kafka.common.acl.AclOperation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are Kafka's own names")]
pub enum Right {
    Read = 3,
    Write = 4,
    Create = 5,
    Describe = 8,
    DescribeConfigs = 10,
}

/// A right of a user.
type Granted<'a> = (Resource<'a>, Right);

/// The requests, in the oldest version that Kafka 4 still speaks, which has no tagged fields.
const DESCRIBE: i16 = 29;
const CREATE: i16 = 30;
const DELETE: i16 = 31;
const VERSION: i16 = 1;

const ANY: u8 = 1;
const LITERAL: u8 = 3;
const PREFIXED: u8 = 4;
const ALLOW: u8 = 3;

/// Gives a user rights, and waits until the broker knows of them.
///
/// # Errors
///
/// When the broker refuses.
pub fn grant(bootstrap: &str, user: &str, rights: &[Granted<'_>]) -> Result<()> {
    change(bootstrap, CREATE, user, rights)
}

/// Takes rights from a user, and waits until the broker knows that they are gone.
///
/// # Errors
///
/// When the broker refuses.
pub fn revoke(bootstrap: &str, user: &str, rights: &[Granted<'_>]) -> Result<()> {
    change(bootstrap, DELETE, user, rights)
}

fn change(bootstrap: &str, api: i16, user: &str, rights: &[Granted<'_>]) -> Result<()> {
    let principal = format!("User:{user}");
    let mut stream = TcpStream::connect(bootstrap)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    for (resource, right) in rights {
        let mut body = 1_i32.to_be_bytes().to_vec();
        let (kind, name, pattern) = resource.described();
        body.push(kind);
        push(&mut body, name)?;
        body.push(pattern);
        push(&mut body, &principal)?;
        push(&mut body, "*")?;
        body.extend([*right as u8, ALLOW]);
        let answer = ask(&mut stream, api, &body)?;
        // Behind the time it was throttled for and the number of results, which is one.
        let code = i16::from_be_bytes(*answer.get(8..).and_then(<[u8]>::first_chunk).context("no code")?);
        ensure!(code == 0, "{right:?} of {user}: error {code}");
    }
    // What the controller has written reaches the broker a moment later.
    for (resource, right) in rights {
        let (kind, name, pattern) = resource.described();
        let mut filter = vec![kind];
        push(&mut filter, name)?;
        filter.push(pattern);
        push(&mut filter, &principal)?;
        filter.extend(NULL);
        filter.extend([*right as u8, ANY]);
        wait::until(&format!("{right:?} of {user} on {name}"), TIMEOUT, || {
            let answer = ask(&mut stream, DESCRIBE, &filter)?;
            let is_there = answer.windows(principal.len()).any(|part| part == principal.as_bytes());
            Ok((is_there == (api == CREATE)).then_some(()))
        })?;
    }
    Ok(())
}

impl<'a> Resource<'a> {
    /// The codes of its type and of how its name is meant, with the name between them.
    fn described(self) -> (u8, &'a str, u8) {
        match self {
            Self::Topic(name) => (2, name, LITERAL),
            Self::Group(name) => (3, name, LITERAL),
            Self::TransactionalIds(prefix) => (5, prefix, PREFIXED),
        }
    }
}

/// A text that is not there.
const NULL: [u8; 2] = [0xff, 0xff];

/// Sends a request and gives what the answer to it holds.
fn ask(stream: &mut TcpStream, api: i16, body: &[u8]) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    request.extend(api.to_be_bytes());
    request.extend(VERSION.to_be_bytes());
    request.extend(0_i32.to_be_bytes());
    push(&mut request, "tests")?;
    request.extend(body);
    stream.write_all(&u32::try_from(request.len())?.to_be_bytes())?;
    stream.write_all(&request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).context("the broker hangs up")?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer)?;
    // In front stands the number of the request.
    Ok(answer.split_off(4))
}

fn push(to: &mut Vec<u8>, text: &str) -> Result<()> {
    to.extend(i16::try_from(text.len())?.to_be_bytes());
    to.extend(text.as_bytes());
    Ok(())
}
