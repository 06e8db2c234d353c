//! Tests by kind and result.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a test stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One function or one file of rules, examples of the documentation among them.
    Unit,
    /// Rules that hold for any input: tests in a module called `properties`.
    Property,
    /// The `offsets` command on its embedded clusters.
    Embedded,
    /// The WebAssembly module in Node.
    Wasm,
    /// Real brokers and a real MirrorMaker 2.
    RealKafka,
}

impl Kind {
    /// In the order they are shown.
    pub(crate) const ALL: [Self; 5] =
        [Self::Unit, Self::Property, Self::Embedded, Self::Wasm, Self::RealKafka];

    fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Property => "property",
            Self::Embedded => "embedded",
            Self::Wasm => "wasm",
            Self::RealKafka => "real Kafka",
        }
    }
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestResult {
    /// It held.
    Passed,
    /// It did not, or its program ended before it could.
    Failed,
    /// It was not run.
    Skipped,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Count {
    fn text(self) -> String {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }
}

/// All tests that were run, or should have been.
#[derive(Debug, Default)]
pub(crate) struct TestCounts {
    counts: BTreeMap<Kind, Count>,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl TestCounts {
    /// Notes one test of `program`.
    pub(crate) fn add(&mut self, kind: Kind, program: &str, name: &str, result: TestResult) {
        let count = self.counts.entry(kind).or_default();
        match result {
            TestResult::Passed => count.passed += 1,
            TestResult::Failed => {
                count.failed += 1;
                self.failed.push(format!("{program}: {name}"));
            }
            TestResult::Skipped => {
                count.skipped += 1;
                self.skipped.push(format!("{program}: {name}"));
            }
        }
    }

    /// Whether nothing failed and each of `kinds` has a test that passed.
    pub(crate) fn is_success(&self, kinds: &[Kind]) -> bool {
        self.failed.is_empty() && kinds.iter().all(|kind| self.count(*kind).passed > 0)
    }

    /// Names what failed and what was not run, then one line a kind, then the sum.
    pub(crate) fn summary(&self, kinds: &[Kind]) -> String {
        let mut text = String::new();
        let mut list = |head: &str, names: &[String]| {
            if !names.is_empty() {
                let _ = writeln!(text, "{head}\n  {}\n", names.join("\n  "));
            }
        };
        list("failed:", &self.failed);
        list("not run:", &self.skipped);
        let idle: Vec<_> = kinds.iter().filter(|kind| self.count(**kind).passed == 0).collect();
        let idle: Vec<_> = idle.iter().map(|kind| kind.name().to_owned()).collect();
        list("no test of this kind passed:", &idle);
        let mut sum = Count::default();
        let lines: Vec<_> = kinds.iter().map(|kind| (kind.name(), self.count(*kind))).collect();
        let width = lines.iter().map(|(_, count)| count.passed.to_string().len()).max().unwrap_or(1).max(3);
        for (name, count) in lines {
            let _ = writeln!(text, "{name:<12}{}{}", pad(count.passed, width), count.text());
            sum.passed += count.passed;
            sum.failed += count.failed;
            sum.skipped += count.skipped;
        }
        let _ = writeln!(text, "{}", sum.text());
        text
    }

    fn count(&self, kind: Kind) -> Count {
        self.counts.get(&kind).copied().unwrap_or_default()
    }
}

/// Spaces that right-align a number of up to `width` digits.
fn pad(number: usize, width: usize) -> String {
    " ".repeat(width.saturating_sub(number.to_string().len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_sum_and_nothing_else() {
        let mut counts = TestCounts::default();
        for number in 0..12 {
            counts.add(Kind::Unit, "core", &format!("rule_{number}"), TestResult::Passed);
        }
        counts.add(Kind::Wasm, "node", "same_answer", TestResult::Passed);
        let summary = counts.summary(&[Kind::Unit, Kind::Wasm]);
        let lines =
            ["unit         12 passed, 0 failed", "wasm          1 passed, 0 failed", "13 passed, 0 failed"];
        assert_eq!(summary.lines().collect::<Vec<_>>(), lines);
        assert!(counts.is_success(&[Kind::Unit, Kind::Wasm]));
    }

    #[test]
    fn what_failed_and_what_was_not_run_is_counted_and_named() {
        let mut counts = TestCounts::default();
        counts.add(Kind::Unit, "core", "rule", TestResult::Failed);
        counts.add(Kind::RealKafka, "real_kafka", "dense", TestResult::Skipped);
        let summary = counts.summary(&Kind::ALL);
        assert!(summary.contains("failed:\n  core: rule\n"), "{summary}");
        assert!(summary.contains("not run:\n  real_kafka: dense\n"), "{summary}");
        assert_eq!(summary.lines().last(), Some("0 passed, 1 failed, 1 skipped"));
        assert!(!counts.is_success(&[]));
    }

    #[test]
    fn a_kind_without_a_passed_test_is_no_success() {
        let mut counts = TestCounts::default();
        counts.add(Kind::Unit, "core", "rule", TestResult::Passed);
        assert!(counts.is_success(&[Kind::Unit]));
        assert!(!counts.is_success(&[Kind::Unit, Kind::Embedded]));
        assert!(
            counts.summary(&Kind::ALL).contains("no test of this kind passed:\n  property\n  embedded\n")
        );
    }
}
