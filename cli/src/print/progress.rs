use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use offsets_core::model::{ClusterAlias, TopicName};
use offsets_kafka::{Error, Progress, ProgressListener};

use super::Reporter;
use crate::failure::with_causes;

/// A bar for each topic that is read whole, on a terminal only.
pub(crate) struct ProgressBars {
    bars: MultiProgress,
    reporter: Reporter,
    /// What has been said of topics that could not be read: once is enough.
    reported: Mutex<BTreeSet<TopicName>>,
}

impl ProgressBars {
    pub(crate) fn new(reporter: Reporter) -> Self {
        let target = if reporter.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self { bars: MultiProgress::with_draw_target(target), reporter, reported: Mutex::default() }
    }
}

impl ProgressListener for ProgressBars {
    fn watch(&self, cluster: &ClusterAlias, topic: &TopicName) -> Box<dyn FnMut(Progress)> {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}%")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::no_length().with_style(style).with_message(format!("{cluster}: {topic}"));
        let bar = self.bars.add(bar);
        Box::new(move |progress| {
            bar.set_length(progress.of);
            bar.set_position(progress.offsets);
            if progress.offsets >= progress.of {
                bar.finish_and_clear();
            }
        })
    }

    fn missed(&self, topic: &TopicName, error: Error) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.insert(topic.clone()) {
            let message = with_causes(&error);
            self.reporter.info(format!("{message}; without the records of {topic} brackets stay open"));
        }
    }
}
