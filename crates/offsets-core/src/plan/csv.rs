//! The CSV of `kafka-consumer-groups --reset-offsets --export` and `--from-file`, both ways.
//!
//! It has no header. Three columns (`topic,partition,offset`) belong to one group named elsewhere, four
//! (`group,topic,partition,offset`) name it themselves. Kafka's writer (Jackson, loose quoting) quotes by length and
//! content, so both quoted and bare names are read; what is written here quotes only what must be.

use crate::model::{GroupId, NegativeOffset, TargetOffset, TopicPartition};

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
    /// A partition or an offset is not a number in its range.
    #[error("line {line}: `{value}` is not {what}")]
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

/// Reads a file. Blank lines and CRLF are accepted.
///
/// # Errors
/// [`CsvError`], naming the first line that is wrong.
pub fn read_csv(text: &str) -> Result<Vec<CsvRow>, CsvError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut columns: Option<usize> = None;
    for record in reader.records() {
        let record = record.map_err(|cause| CsvError::Malformed {
            line: cause.position().map_or(0, csv::Position::line),
            cause: cause.to_string(),
        })?;
        let line = record.position().map_or(0, |position| line_at(text, position));
        let fits = match columns {
            None => matches!(record.len(), 3 | 4),
            Some(columns) => record.len() == columns,
        };
        if !fits {
            let expected = columns.map_or_else(|| "3 or 4".to_owned(), |columns| columns.to_string());
            return Err(CsvError::Columns { line, found: record.len(), expected });
        }
        columns = Some(record.len());
        let row = row(line, &record)?;
        if !seen.insert((row.group.clone(), row.partition.clone())) {
            return Err(CsvError::Twice { line, partition: row.partition });
        }
        rows.push(row);
    }
    if rows.is_empty() { Err(CsvError::Empty) } else { Ok(rows) }
}

/// Writes the form `kafka-consumer-groups --from-file` takes: three columns when `rows` name no group, else four.
pub fn write_csv(rows: &[CsvRow]) -> String {
    let mut writer = csv::WriterBuilder::new().has_headers(false).flexible(true).from_writer(Vec::new());
    for CsvRow { group, partition, offset } in rows {
        let (number, offset) = (partition.partition.to_string(), offset.to_string());
        let fields = group.iter().map(GroupId::as_str).chain([partition.topic.as_str(), &number, &offset]);
        writer.write_record(fields).expect("a vector takes every byte");
    }
    let bytes = writer.into_inner().expect("a vector takes every byte");
    String::from_utf8(bytes).expect("names and numbers are UTF-8")
}

/// The line a record stands on; its position is that of the blank lines passed over before it.
fn line_at(text: &str, position: &csv::Position) -> u64 {
    let blank = text.as_bytes()[position.byte() as usize..].iter().take_while(|byte| b"\r\n".contains(byte));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn row(line: u64, record: &csv::StringRecord) -> Result<CsvRow, CsvError> {
    let wrong = |value: &str, what| CsvError::Number { line, value: value.to_owned(), what };
    let group = (record.len() == 4).then(|| GroupId::from(&record[0]));
    let [topic, partition, offset] = [3, 2, 1].map(|from_end| record[record.len() - from_end].trim());
    let number = partition.parse().ok().filter(|&number: &i32| number >= 0);
    let number = number.ok_or_else(|| wrong(partition, "a partition number"))?;
    let parsed = offset.parse::<i64>().ok().map(TargetOffset::new);
    let Some(Ok::<_, NegativeOffset>(offset)) = parsed else {
        return Err(wrong(offset, "an offset from 0 to 2^63 - 1"));
    };
    Ok(CsvRow { group, partition: TopicPartition::new(topic, number), offset })
}
