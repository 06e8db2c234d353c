use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use offsets_reconcile::{Line, NotARecord, Tool};

use crate::failure::Failure;
use crate::text;

/// Several files of records, read side by side: the oldest next record first, so that a window sees them as they happened.
pub(super) struct Inputs(Vec<Input>);

/// A file of records.
struct Input {
    name: String,
    lines: Box<dyn BufRead>,
    /// What a line is taken for where it does not say.
    otherwise: Line,
    read: u64,
    next: Option<(Line, bool)>,
}

/// A record and where it came from.
pub(super) struct InputRecord {
    /// The number of the input.
    pub(super) input: u16,
    /// The line it stands in, counted from 0.
    pub(super) line: u64,
    pub(super) record: Line,
    /// Whether the line says at which partition and offset it stood.
    pub(super) is_placed: bool,
}

/// Value of `--from`: a file, and the region that wrote it where the value names one.
struct From<'a> {
    region: Option<&'a str>,
    file: &'a str,
}

impl Inputs {
    pub(super) fn open(names: &[String]) -> Result<Self, Failure> {
        if names.len() > usize::from(u16::MAX) {
            return Err(Failure::usage(format!("{} inputs are too many", names.len())));
        }
        let from: Vec<_> = names.iter().map(|name| From::read(name)).collect();
        let places: Vec<_> = from.iter().map(From::place).collect();
        if let Some(twice) = (0..places.len()).find(|&at| places[..at].contains(&places[at])) {
            return Err(Failure::usage(format!("--from {} is given twice", from[twice].file)));
        }
        let mut inputs = from.iter().map(Input::open).collect::<Result<Vec<_>, _>>()?;
        inputs.iter_mut().try_for_each(Input::advance)?;
        Ok(Self(inputs))
    }

    /// A line that does not say where it was first written is taken for one of its file's region and of a topic of its file's name:
    /// two files of one region and one name would have the same origins.
    pub(super) fn differ(&self) -> Result<(), Failure> {
        for (place, input) in self.0.iter().enumerate() {
            let Line { region, topic, .. } = &input.otherwise;
            let is_same =
                |other: &&Input| (&other.otherwise.region, &other.otherwise.topic) == (region, topic);
            if let Some(other) = self.0[..place].iter().find(is_same) {
                let message = format!(
                    "--identity origin: {} and {} are both of topic {topic} of region {region}",
                    other.name, input.name
                );
                return Err(Failure::usage(message)
                    .remedy("say which region each is of, with --from REGION=FILE, or give the files names that differ"));
            }
        }
        Ok(())
    }

    /// The next record; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<InputRecord>, Failure> {
        let waiting = self.0.iter_mut().zip(0_u16..).filter(|(input, _)| input.next.is_some());
        // A record without a time is not waited with, and of one time the input named first comes first.
        let oldest =
            waiting.min_by_key(|(input, _)| input.next.as_ref().and_then(|(line, _)| line.timestamp_ms));
        let Some((input, number)) = oldest else { return Ok(None) };
        let line = input.read - 1;
        let Some((record, is_placed)) = input.next.take() else { return Ok(None) };
        input.advance()?;
        Ok(Some(InputRecord { input: number, line, record, is_placed }))
    }

    /// The topics that the files are of where their lines do not say it.
    pub(super) fn topics(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|input| input.otherwise.topic.as_str())
    }

    /// How many there are.
    pub(super) fn count(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    /// The name of an input.
    pub(super) fn name(&self, input: u16) -> &str {
        self.0.get(usize::from(input)).map_or("", |input| &input.name)
    }
}

impl<'a> From<'a> {
    /// `REGION=FILE`, or a file alone. A file that is there is never taken for the two.
    fn read(text: &'a str) -> Self {
        match text.split_once('=') {
            Some((region, file))
                if !region.is_empty() && !region.contains('/') && !Path::new(text).exists() =>
            {
                Self { region: Some(region), file }
            }
            _ => Self { region: None, file: text },
        }
    }

    /// The file, however it is named.
    fn place(&self) -> PathBuf {
        fs::canonicalize(self.file).unwrap_or_else(|_| PathBuf::from(self.file))
    }
}

impl Input {
    fn open(from: &From<'_>) -> Result<Self, Failure> {
        let name = from.file;
        let stem = match name {
            "-" => "stdin".into(),
            _ => Path::new(name).file_stem().unwrap_or_default().to_string_lossy(),
        };
        let region = from.region.unwrap_or(&stem).to_owned();
        let otherwise = Line { region, topic: stem.into_owned(), ..Line::default() };
        Ok(Self { name: name.to_owned(), lines: text::open(name)?, otherwise, read: 0, next: None })
    }

    /// Goes on to the next line that is not blank.
    fn advance(&mut self) -> Result<(), Failure> {
        self.next = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = self.lines.read_until(b'\n', &mut line);
            if read.map_err(|error| Failure::unreadable(Path::new(&self.name), &error))? == 0 {
                return Ok(());
            }
            self.otherwise.offset = self.read as i64;
            self.read += 1;
            let json = line.trim_ascii_end();
            if !json.trim_ascii_start().is_empty() {
                let record = Line::read_placed(json, &self.otherwise);
                self.next = Some(record.map_err(|error| self.refuse(&error))?);
                return Ok(());
            }
        }
    }

    fn refuse(&self, error: &NotARecord) -> Failure {
        let column = error.column().map(|column| format!(":{column}")).unwrap_or_default();
        let failure = Failure::usage(format!("{}:{}{column}: {error}", self.name, self.read));
        failure.remedy(match error {
            NotARecord::Foreign(tool) => recipe(*tool),
            _ => "one record a line; `offsets reconcile --help` shows one",
        })
    }
}

/// What makes lines of ours of another tool's. The documentation has each with what is lost on the way.
fn recipe(tool: Tool) -> &'static str {
    match tool {
        Tool::Kcat => {
            "make lines of offsets of it with the jq program for kcat that `offsets reconcile --help` shows"
        }
        Tool::Rpk => {
            "make lines of offsets of it with the jq program for rpk that `offsets reconcile --help` shows"
        }
        Tool::ConsoleConsumer => {
            "make lines of offsets of it with the jq program for kafka-console-consumer that `offsets reconcile --help` shows"
        }
        _ => {
            "dump the topic with another tool, such as kcat: this one decodes values and rewrites them, and cannot tell a \
             tombstone from an empty value"
        }
    }
}
