use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use offsets_core::model::{ClusterAlias, TopicName};
use offsets_kafka::{Onlooker, Progress};

use super::Remarks;

/// A bar for each topic that is read whole, on a terminal only.
pub(crate) struct ProgressBars {
    bars: MultiProgress,
}

impl ProgressBars {
    pub(crate) fn new(remarks: Remarks) -> Self {
        let target = if remarks.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self { bars: MultiProgress::with_draw_target(target) }
    }
}

impl Onlooker for ProgressBars {
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
}
