//! The CSV of `kafka-consumer-groups --reset-offsets --export` and `--from-file`, both ways.
//!
//! It has no header. Three columns (`topic,partition,offset`) belong to one group named elsewhere, four
//! (`group,topic,partition,offset`) name it themselves. Kafka's writer (Jackson, loose quoting) quotes by length and
//! content, so both quoted and bare names are read; what is written here quotes only what must be.

use crate::model::{GroupId, NegativeOffset, Printable, TargetOffset, TopicName, TopicPartition};

/// One line: a position for a group on a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRow {
    /// The group; `None` in a file of three columns.
    pub group: Option<GroupId>,
    /// The partition.
    pub partition: TopicPartition,
    /// The next record to read.
    pub offset: TargetOffset,
}

/// Why a CSV file cannot be used. Nothing of it is used then.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// A line has another number of columns than three or four, or than the lines before it.
    #[error("line {line} has {found} columns, not {expected}")]
    Columns {
        /// From 1.
        line: u64,
        /// How many it has.
        found: usize,
        /// How many were expected.
        expected: String,
    },
    /// A line has no group or no topic where one must stand.
    #[error("line {line} names no {what}")]
    Nameless {
        /// From 1.
        line: u64,
        /// `group` or `topic`.
        what: &'static str,
    },
    /// A line has no offset. Kafka's own tool takes that for offset 0.
    #[error("line {line} has no offset")]
    NoOffset {
        /// From 1.
        line: u64,
    },
    /// A topic has a name that no topic can have.
    #[error("line {line}: `{topic}` is not a topic's name")]
    Topic {
        /// From 1.
        line: u64,
        /// What stands there.
        topic: TopicName,
    },
    /// A field has a quote in it, and does not begin with one.
    #[error(
        "line {line}: `{}` has a quote inside: a quoted field begins with its quote, directly behind the comma",
        Printable(field)
    )]
    Quote {
        /// From 1.
        line: u64,
        /// What stands there.
        field: String,
    },
    /// A quoted field is not closed before the file ends, as where a file was cut off.
    #[error("line {line}: a quoted field is not closed before the file ends; the file may have been cut off")]
    Unclosed {
        /// From 1: the line of the record.
        line: u64,
    },
    /// A partition or an offset is not a number in its range.
    #[error("line {line}: `{}` is not {what}", Printable(value))]
    Number {
        /// From 1.
        line: u64,
        /// What stands there.
        value: String,
        /// What should.
        what: &'static str,
    },
    /// A line names what an earlier line named already.
    #[error("line {line} names {partition} of the same group a second time")]
    Twice {
        /// From 1.
        line: u64,
        /// The partition.
        partition: TopicPartition,
    },
    /// It is not CSV, or not UTF-8.
    #[error("line {line}: {cause}")]
    Malformed {
        /// From 1.
        line: u64,
        /// What the parser says.
        cause: String,
    },
    /// There is no line in it.
    #[error("there is no line in it")]
    Empty,
}

/// Reads a file. Blank lines, CRLF, a byte order mark and blanks around a field are accepted, as kafka-consumer-groups has it; blanks
/// inside quotes belong to the name. Unlike there a line without an offset is no offset 0, and a partition may stand there once only.
///
/// # Errors
/// [`CsvError`], naming the first line that is wrong.
pub fn read_csv(text: &str) -> Result<Vec<CsvRow>, CsvError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut rows = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut columns: Option<usize> = None;
    loop {
        let is_record = reader.read_record(&mut record).map_err(|cause| CsvError::Malformed {
            line: cause.position().map_or(0, csv::Position::line),
            cause: cause.to_string(),
        })?;
        if !is_record {
            break;
        }
        let line = record.position().map_or(0, |position| line_at(text, position));
        let start = record.position().map_or(0, csv::Position::byte) as usize;
        let raw = &text[start..reader.position().byte() as usize];
        let quoted = quoted_fields(raw).ok_or(CsvError::Unclosed { line })?;
        let fits = match columns {
            None => matches!(record.len(), 3 | 4),
            Some(columns) => record.len() == columns,
        };
        if !fits {
            let expected = columns.map_or_else(|| "3 or 4".to_owned(), |columns| columns.to_string());
            return Err(CsvError::Columns { line, found: record.len(), expected });
        }
        columns = Some(record.len());
        let row = row(line, &fields(line, &quoted, &record)?)?;
        if !seen.insert((row.group.clone(), row.partition.clone())) {
            return Err(CsvError::Twice { line, partition: row.partition });
        }
        rows.push(row);
    }
    if rows.is_empty() { Err(CsvError::Empty) } else { Ok(rows) }
}

/// Writes the form `kafka-consumer-groups --from-file` takes: three columns when `rows` name no group, else four.
pub fn write_csv(rows: &[CsvRow]) -> String {
    rows.iter().map(line).collect()
}

fn line(CsvRow { group, partition, offset }: &CsvRow) -> String {
    // Blanks at the ends of a name would not be read as part of it without quotes.
    let is_bare = |group: &GroupId| group.as_str().trim_matches(is_margin).len() == group.as_str().len();
    let quotes =
        if group.iter().all(is_bare) { csv::QuoteStyle::Necessary } else { csv::QuoteStyle::NonNumeric };
    let mut writer = csv::WriterBuilder::new().quote_style(quotes).from_writer(Vec::new());
    let (number, offset) = (partition.partition.to_string(), offset.to_string());
    let fields = group.iter().map(GroupId::as_str).chain([partition.topic.as_str(), &number, &offset]);
    writer.write_record(fields).expect("a vector takes every byte");
    let bytes = writer.into_inner().expect("a vector takes every byte");
    String::from_utf8(bytes).expect("names and numbers are UTF-8")
}

/// What is not part of a name without quotes around it.
fn is_margin(character: char) -> bool {
    character.is_whitespace() || character == BYTE_ORDER_MARK
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The line a record stands on; its position is that of the blank lines passed over before it.
fn line_at(text: &str, position: &csv::Position) -> u64 {
    let blank = text.as_bytes()[position.byte() as usize..].iter().take_while(|byte| b"\r\n".contains(byte));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

/// The fields of a record: quoted ones as they are, the others without the blanks around them.
fn fields<'r>(line: u64, quoted: &[bool], record: &'r csv::StringRecord) -> Result<Vec<&'r str>, CsvError> {
    let field = |(at, field): (usize, &'r str)| {
        if quoted.get(at).copied().unwrap_or(false) {
            return Ok(field);
        }
        let field = field.trim();
        if field.contains('"') { Err(CsvError::Quote { line, field: field.to_owned() }) } else { Ok(field) }
    };
    record.iter().enumerate().map(field).collect()
}

/// Which fields of a record as it stands in the file are quoted; `None` where the last one is not closed.
fn quoted_fields(raw: &str) -> Option<Vec<bool>> {
    let raw = raw.trim_start_matches([BYTE_ORDER_MARK, '\r', '\n']);
    let mut quoted = Vec::new();
    let mut rest = raw;
    loop {
        let is_quoted = rest.starts_with('"');
        quoted.push(is_quoted);
        if is_quoted {
            // A quote inside quotes is doubled.
            let inside = rest[1..].replace("\"\"", "__");
            rest = &rest[1 + inside.find('"')? + 1..];
        }
        match rest.split_once(',') {
            Some((_, behind)) => rest = behind,
            None => return Some(quoted),
        }
    }
}

fn row(line: u64, fields: &[&str]) -> Result<CsvRow, CsvError> {
    let wrong = |value: &str, what| CsvError::Number { line, value: value.to_owned(), what };
    let nameless = |what| CsvError::Nameless { line, what };
    let (group, topic, partition, offset) = match *fields {
        [group, topic, partition, offset] => (Some(group), topic, partition, offset),
        [topic, partition, offset] => (None, topic, partition, offset),
        _ => return Err(CsvError::Columns { line, found: fields.len(), expected: "3 or 4".to_owned() }),
    };
    if group == Some("") {
        return Err(nameless("group"));
    }
    if topic.is_empty() {
        return Err(nameless("topic"));
    }
    if !TopicName::from(topic).is_legal() {
        return Err(CsvError::Topic { line, topic: topic.into() });
    }
    if offset.is_empty() {
        return Err(CsvError::NoOffset { line });
    }
    let number = partition.parse().ok().filter(|&number: &i32| number >= 0);
    let number = number.ok_or_else(|| wrong(partition, "a partition number"))?;
    let parsed = offset.parse::<i64>().ok().map(TargetOffset::new);
    let Some(Ok::<_, NegativeOffset>(offset)) = parsed else {
        return Err(wrong(offset, "an offset from 0 to 2^63 - 1"));
    };
    Ok(CsvRow { group: group.map(GroupId::from), partition: TopicPartition::new(topic, number), offset })
}
