use std::fmt::{self, Display};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::Usage;

/// Programs that do the same work, in turns: whatever else the machine is busy with meets all of them.
pub struct Contest<'a> {
    title: String,
    contestants: Vec<Contestant<'a>>,
}

/// One program in a [`Contest`].
pub struct Contestant<'a> {
    name: String,
    turns: usize,
    take_turn: Box<dyn FnMut() -> Result<Usage> + 'a>,
    usages: Vec<Usage>,
}

impl<'a> Contestant<'a> {
    /// A program that is measured `turns` times. `take_turn` runs it once and checks what it did.
    pub fn new(name: impl Into<String>, turns: usize, take_turn: impl FnMut() -> Result<Usage> + 'a) -> Self {
        Self { name: name.into(), turns, take_turn: Box::new(take_turn), usages: Vec::new() }
    }
}

impl<'a> Contest<'a> {
    /// A contest; ours is the first of `contestants`.
    pub fn new(title: impl Into<String>, contestants: Vec<Contestant<'a>>) -> Self {
        Self { title: title.into(), contestants }
    }

    /// Lets everybody warm up once, unmeasured, and then take turns until all have had theirs.
    ///
    /// # Errors
    ///
    /// When a program fails or answers wrongly.
    pub fn hold(mut self) -> Result<Self> {
        let most = self.contestants.iter().map(|contestant| contestant.turns).max().unwrap_or(0);
        for turn in 0..=most {
            for contestant in &mut self.contestants {
                if turn > contestant.turns {
                    continue;
                }
                let name = &contestant.name;
                let usage = (contestant.take_turn)().with_context(|| format!("{}: {name}", self.title))?;
                let (wall, cpu) = (in_words(usage.wall), in_words(usage.cpu));
                eprintln!("{}, turn {turn}: {name}: {wall}, CPU {cpu}", self.title);
                if turn > 0 {
                    contestant.usages.push(usage);
                }
            }
        }
        Ok(self)
    }
}

/// A Markdown table: medians with least and most, and our medians over each peer's.
impl Display for Contest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "| program | n | wall | CPU | peak memory | ours / its wall | ours / its CPU |")?;
        writeln!(f, "| --- | --: | --: | --: | --: | --: | --: |")?;
        let spread = |contestant: &Contestant<'_>| {
            let of = |part: fn(&Usage) -> Duration| Spread::of(contestant.usages.iter().map(part));
            (of(|usage| usage.wall), of(|usage| usage.cpu))
        };
        let ours = self.contestants.first().map(spread);
        for (place, contestant) in self.contestants.iter().enumerate() {
            let (wall, cpu) = spread(contestant);
            let memory = Spread::of(contestant.usages.iter().map(|usage| usage.peak_memory / 1_000_000));
            let (Some(wall), Some(cpu), Some(memory)) = (wall, cpu, memory) else { continue };
            let ratio = |ours: Option<&Spread<Duration>>, its: &Spread<Duration>| match ours {
                Some(ours) if place > 0 => format!("{:.2}", ours.median.div_duration_f64(its.median)),
                _ => String::new(),
            };
            let (our_wall, our_cpu) = ours.as_ref().map_or((None, None), |(w, c)| (w.as_ref(), c.as_ref()));
            writeln!(
                f,
                "| {} | {} | {} | {} | {} MB | {} | {} |",
                contestant.name,
                contestant.usages.len(),
                wall.shown(in_words),
                cpu.shown(in_words),
                memory.median,
                ratio(our_wall, &wall),
                ratio(our_cpu, &cpu),
            )?;
        }
        Ok(())
    }
}

/// Median, least and most of some measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spread<T> {
    median: T,
    least: T,
    most: T,
}

impl<T: Ord + Copy> Spread<T> {
    /// Of an even number the upper of the two in the middle, which flatters nobody.
    fn of(values: impl Iterator<Item = T>) -> Option<Self> {
        let mut values: Vec<T> = values.collect();
        values.sort_unstable();
        let median = *values.get(values.len() / 2)?;
        Some(Self { median, least: *values.first()?, most: *values.last()? })
    }

    fn shown(&self, value: impl Fn(T) -> String) -> String {
        format!("{} ({} to {})", value(self.median), value(self.least), value(self.most))
    }
}

fn in_words(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.1 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

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
        let wrong = Contestant::new("liar", 5, || anyhow::bail!("2 + 2 = 5"));
        let error = format!("{:#}", Contest::new("sums", vec![wrong]).hold().err().unwrap());
        assert_eq!(error, "sums: liar: 2 + 2 = 5");
    }

    #[test]
    fn a_spread_of_nothing_is_nothing() {
        assert_eq!(Spread::<u64>::of([].into_iter()), None);
        assert_eq!(Spread::of([3, 1, 2].into_iter()), Some(Spread { median: 2, least: 1, most: 3 }));
    }
}
