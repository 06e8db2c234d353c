use clap::{Args, ValueEnum};

/// What is printed and how. Data goes to stdout, everything else to stderr.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// The form of the data
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "table", global = true)]
    pub(crate) output: Format,

    /// Write offsets as strings in JSON, for JavaScript, whose numbers end at 2^53
    #[arg(long, global = true)]
    pub(crate) offsets_as_strings: bool,

    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Say more on stderr, the diagnostics of the Kafka client (librdkafka) among it
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// The form of a log, where stderr is one.
    #[arg(skip)]
    pub(crate) log: Option<LogFormat>,
}

/// The form of the lines that a command which keeps running writes to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Time in RFC 3339, level, message
    Text,
    /// One JSON object a line, with `timestamp`, `level` and `message`
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For eyes
    Table,
    /// One document
    Json,
    /// One line a partition
    Jsonl,
    /// What kafka-consumer-groups --from-file takes: no header, topic,partition,offset
    Csv,
}
