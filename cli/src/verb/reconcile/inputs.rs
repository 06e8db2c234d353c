use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use offsets_core::reconcile::Line;

use crate::failure::Failure;

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
pub(super) struct Arrival {
    /// The number of the input.
    pub(super) input: u16,
    /// The line it stands in, counted from 0.
    pub(super) line: u64,
    pub(super) record: Line,
    /// Whether the line says at which partition and offset it stood.
    pub(super) is_placed: bool,
}

impl Inputs {
    pub(super) fn open(names: &[String]) -> Result<Self, Failure> {
        if let Some(twice) = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
            return Err(Failure::usage(format!("--from {} is said twice", twice.1)));
        }
        if names.len() > usize::from(u16::MAX) {
            return Err(Failure::usage(format!("{} inputs are too many", names.len())));
        }
        let mut inputs = names.iter().map(|name| Input::open(name)).collect::<Result<Vec<_>, _>>()?;
        inputs.iter_mut().try_for_each(Input::advance)?;
        Ok(Self(inputs))
    }

    /// A line that does not say where it was first written is taken for one of a topic of its file's name: two files of one name
    /// would have the same origins.
    pub(super) fn differ(&self) -> Result<(), Failure> {
        for (place, input) in self.0.iter().enumerate() {
            let topic = &input.otherwise.topic;
            if let Some(other) = self.0[..place].iter().find(|other| other.otherwise.topic == *topic) {
                let said =
                    format!("--identity origin: {} and {} are both of topic {topic}", other.name, input.name);
                return Err(Failure::usage(said).remedy("give the files names that differ"));
            }
        }
        Ok(())
    }

    /// The next record; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Arrival>, Failure> {
        let waiting = self.0.iter_mut().zip(0_u16..).filter(|(input, _)| input.next.is_some());
        // A record without a time is not waited with, and of one time the input named first comes first.
        let oldest =
            waiting.min_by_key(|(input, _)| input.next.as_ref().and_then(|(line, _)| line.timestamp_ms));
        let Some((input, number)) = oldest else { return Ok(None) };
        let line = input.read - 1;
        let Some((record, is_placed)) = input.next.take() else { return Ok(None) };
        input.advance()?;
        Ok(Some(Arrival { input: number, line, record, is_placed }))
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

impl Input {
    fn open(name: &str) -> Result<Self, Failure> {
        let lines: Box<dyn BufRead> = if name == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let path = Path::new(name);
            Box::new(BufReader::new(File::open(path).map_err(|error| Failure::unreadable(path, &error))?))
        };
        let stem = Path::new(name).file_stem().map_or("stdin".into(), |stem| stem.to_string_lossy());
        let stem = if name == "-" { "stdin".to_owned() } else { stem.into_owned() };
        let otherwise = Line { region: stem.clone(), topic: stem, ..Line::default() };
        Ok(Self { name: name.to_owned(), lines, otherwise, read: 0, next: None })
    }

    fn advance(&mut self) -> Result<(), Failure> {
        let mut line = Vec::new();
        let read = self.lines.read_until(b'\n', &mut line);
        let read = read.map_err(|error| Failure::unreadable(Path::new(&self.name), &error))?;
        if read == 0 {
            self.next = None;
            return Ok(());
        }
        self.otherwise.offset = self.read as i64;
        self.read += 1;
        let record = Line::read_placed(line.trim_ascii_end(), &self.otherwise).map_err(|error| {
            Failure::usage(format!("{}:{}: {error}", self.name, self.read))
                .remedy("one record a line; `offsets reconcile --help` shows one")
        })?;
        self.next = Some(record);
        Ok(())
    }
}
