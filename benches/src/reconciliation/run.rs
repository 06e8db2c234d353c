use std::time::Duration;

use crate::Usage;
use crate::contest::{Column, Measured, memory_in_words, time_in_words};

/// One time that a topic was reconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How many records were read.
    pub records: u64,
    /// From the first record of the output to the last.
    pub span: Duration,
    /// What the processes took: the wall of the slowest, CPU and memory of all.
    pub usage: Usage,
    /// What the broker took meanwhile.
    pub broker_cpu: Duration,
}

impl Run {
    /// Records read in a second, while records came out.
    pub fn rate(&self) -> f64 {
        self.records as f64 / self.span.as_secs_f64()
    }

    /// Seconds of CPU of the processes.
    pub fn cpu(&self) -> f64 {
        self.usage.cpu.as_secs_f64()
    }

    /// Bytes of memory at the most.
    pub fn memory(&self) -> f64 {
        self.usage.peak_memory as f64
    }
}

impl Measured for Run {
    const COLUMNS: &'static [Column<Self>] = &[
        Column {
            name: "records a second",
            value: Self::rate,
            in_words: |rate| format!("{} k", (rate / 1e3).round()),
            has_range: true,
            is_compared: true,
        },
        Column {
            name: "wall of the process",
            value: |run| run.usage.wall.as_secs_f64(),
            in_words: time_in_words,
            has_range: true,
            is_compared: true,
        },
        Column { name: "CPU", value: Self::cpu, in_words: time_in_words, has_range: true, is_compared: true },
        Column {
            name: "peak memory",
            value: Self::memory,
            in_words: memory_in_words,
            has_range: false,
            is_compared: true,
        },
        Column {
            name: "broker's CPU",
            value: |run| run.broker_cpu.as_secs_f64(),
            in_words: time_in_words,
            has_range: false,
            is_compared: false,
        },
    ];
}
