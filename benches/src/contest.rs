use std::fmt::{self, Display};

use anyhow::{Context, Result};

/// Programs that do the same work, in turns: whatever else the machine is busy with meets all of them.
pub struct Contest<'a, M> {
    title: String,
    contestants: Vec<Contestant<'a, M>>,
    warms_up: bool,
}

/// One program in a [`Contest`].
pub struct Contestant<'a, M> {
    name: String,
    turns: usize,
    take_turn: Box<dyn FnMut() -> Result<M> + 'a>,
    measured: Vec<M>,
}

/// What is measured of a turn.
pub trait Measured: Sized + 'static {
    /// The columns of the table that shows it.
    const COLUMNS: &'static [Column<Self>];
}

/// One figure of what is measured.
pub struct Column<M> {
    /// What it is called.
    pub name: &'static str,
    /// The figure.
    pub value: fn(&M) -> f64,
    /// The figure with its unit.
    pub in_words: fn(f64) -> String,
    /// Whether the least and the most are shown beside the median.
    pub has_range: bool,
    /// Whether ours is shown over the others'.
    pub is_compared: bool,
}

impl<'a, M> Contestant<'a, M> {
    /// A program that is measured `turns` times. `take_turn` runs it once and checks what it did.
    pub fn new(name: impl Into<String>, turns: usize, take_turn: impl FnMut() -> Result<M> + 'a) -> Self {
        Self { name: name.into(), turns, take_turn: Box::new(take_turn), measured: Vec::new() }
    }
}

impl<'a, M: Measured> Contest<'a, M> {
    /// A contest; ours is the first of `contestants`.
    pub fn new(title: impl Into<String>, contestants: Vec<Contestant<'a, M>>) -> Self {
        Self { title: title.into(), contestants, warms_up: true }
    }

    /// The same where the first turn counts: turns are long, and nothing is there from one to the next.
    #[must_use]
    pub fn cold(self) -> Self {
        Self { warms_up: false, ..self }
    }

    /// Lets everybody warm up once, unmeasured, unless it is [cold](Self::cold), and then take turns until all have had theirs.
    ///
    /// # Errors
    ///
    /// When a program fails or answers wrongly.
    pub fn hold(mut self) -> Result<Self> {
        let most = self.contestants.iter().map(|contestant| contestant.turns).max().unwrap_or(0);
        for turn in usize::from(!self.warms_up)..=most {
            for contestant in &mut self.contestants {
                if turn > contestant.turns {
                    continue;
                }
                let name = &contestant.name;
                let measured = (contestant.take_turn)().with_context(|| format!("{}: {name}", self.title))?;
                eprintln!("{}, turn {turn}: {name}: {}", self.title, in_one_line(&measured));
                if turn > 0 {
                    contestant.measured.push(measured);
                }
            }
        }
        Ok(self)
    }

    /// The median of a figure of each contestant that was measured, in their order.
    pub fn medians(&self, value: fn(&M) -> f64) -> Vec<f64> {
        let spread = |contestant: &Contestant<'_, M>| Spread::of(contestant.measured.iter().map(value));
        self.contestants.iter().filter_map(spread).map(|spread| spread.median).collect()
    }
}

fn in_one_line<M: Measured>(measured: &M) -> String {
    let figure =
        |column: &Column<M>| format!("{} {}", column.name, (column.in_words)((column.value)(measured)));
    M::COLUMNS.iter().map(figure).collect::<Vec<_>>().join(", ")
}

/// A Markdown table: medians with least and most, and our medians over each peer's.
impl<M: Measured> Display for Contest<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        let compared = || M::COLUMNS.iter().enumerate().filter(|(_, column)| column.is_compared);
        write!(f, "| program | n |")?;
        M::COLUMNS.iter().try_for_each(|column| write!(f, " {} |", column.name))?;
        compared().try_for_each(|(_, column)| write!(f, " ours / its {} |", column.name))?;
        writeln!(f, "\n| --- |{}", " --: |".repeat(1 + M::COLUMNS.len() + compared().count()))?;
        let mut ours: Option<Vec<Spread>> = None;
        for contestant in &self.contestants {
            let spread = |column: &Column<M>| Spread::of(contestant.measured.iter().map(column.value));
            let Some(spreads) = M::COLUMNS.iter().map(spread).collect::<Option<Vec<_>>>() else { continue };
            write!(f, "| {} | {} |", contestant.name, contestant.measured.len())?;
            for (column, spread) in M::COLUMNS.iter().zip(&spreads) {
                write!(f, " {} |", spread.shown(column))?;
            }
            for (place, _) in compared() {
                match &ours {
                    Some(ours) => write!(f, " {:.2} |", ours[place].median / spreads[place].median)?,
                    None => write!(f, "  |")?,
                }
            }
            writeln!(f)?;
            ours.get_or_insert(spreads);
        }
        Ok(())
    }
}

/// Median, least and most of some measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Of an even number the upper of the two in the middle.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        let median = *values.get(values.len() / 2)?;
        Some(Self { median, least: *values.first()?, most: *values.last()? })
    }

    fn shown<M>(&self, column: &Column<M>) -> String {
        let [median, least, most] = [self.median, self.least, self.most].map(column.in_words);
        if column.has_range { format!("{median} ({least} to {most})") } else { median }
    }
}

/// A time in seconds.
pub(crate) fn time_in_words(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// Bytes of memory.
pub(crate) fn memory_in_words(bytes: f64) -> String {
    format!("{} MB", (bytes / 1e6).floor())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::*;
    use crate::Usage;

    fn usage(milliseconds: u64) -> Usage {
        let time = Duration::from_millis(milliseconds);
        Usage { wall: time, cpu: time * 2, peak_memory: 5_000_000 }
    }

    #[test]
    fn programs_take_turns_and_the_first_of_each_does_not_count() {
        let order = RefCell::new(String::new());
        let contestant = |name: &'static str, turns, times: &'static [u64]| {
            let mut times = times.iter();
            let order = &order;
            Contestant::new(name, turns, move || {
                order.borrow_mut().push_str(name);
                Ok(usage(*times.next().unwrap()))
            })
        };
        let contestants =
            vec![contestant("a", 3, &[9_000, 300, 100, 200]), contestant("b", 1, &[9_000, 400])];
        let table = Contest::new("work", contestants).hold().unwrap().to_string();
        assert_eq!(*order.borrow(), "ababaa");
        assert!(table.contains("| a | 3 | 0.20 s (0.10 s to 0.30 s) | 0.40 s"), "{table}");
        assert!(table.contains("| b | 1 | 0.40 s (0.40 s to 0.40 s) |"), "{table}");
        assert!(table.contains("| 5 MB | 0.50 | 0.50 |"), "{table}");
    }

    #[test]
    fn a_wrong_answer_ends_the_contest_and_is_named() {
        let wrong = Contestant::<Usage>::new("liar", 5, || anyhow::bail!("2 + 2 = 5"));
        let error = format!("{:#}", Contest::new("sums", vec![wrong]).hold().err().unwrap());
        assert_eq!(error, "sums: liar: 2 + 2 = 5");
    }

    #[test]
    fn a_spread_of_nothing_is_nothing() {
        assert_eq!(Spread::of([].into_iter()), None);
        let spread = Spread { median: 2.0, least: 1.0, most: 3.0 };
        assert_eq!(Spread::of([3.0, 1.0, 2.0].into_iter()), Some(spread));
    }
}
