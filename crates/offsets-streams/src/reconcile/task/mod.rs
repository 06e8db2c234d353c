use std::collections::BTreeMap;

use offsets_core::model::TopicPartition;
use offsets_kafka::eos;
use offsets_reconcile::{Operator as _, Position};
use offsets_store::{ChangeBuffer, Key, MemoryLog, ReplicaCheckpoint};

use super::changelog::ReplicaCopy;
use super::operator::{Opened, TaskOperator, Unusable};
use super::progress::{InputProgress, Progress};
use crate::Error;
use crate::job::{Input, Job, OperatorSpec};
use crate::signature::rules_signature;

/// One partition number of every input, and what its operator remembers.
pub(crate) struct Task {
    /// The number.
    pub(crate) number: i32,
    pub(crate) operator: TaskOperator,
    /// By their numbers, which positions hold.
    inputs: Vec<TaskInput>,
    /// Rules and operator, in words.
    rules: String,
    /// How far the copy of the changelog goes that is beneath.
    checkpoint: ReplicaCheckpoint,
    /// Whether something was decided that is not committed.
    pub(crate) is_dirty: bool,
}

/// An input of a task.
pub(crate) struct TaskInput {
    pub(crate) partition: TopicPartition,
    /// The region, where the input is still read.
    region: Option<String>,
    /// The next offset to be read.
    next: Option<i64>,
}

/// What is in a copy of the changelog, beside what the group has committed.
pub(crate) enum RestoreOutcome {
    /// They go together.
    Task(Box<Task>),
    /// The commits are those of another state. The last transaction may still be on its way; if it does not come, this is what
    /// is wrong.
    Mismatch(Error),
    /// The copy is damaged.
    Damaged(Error),
}

/// What the group has committed, by input.
pub(crate) type Committed = BTreeMap<TopicPartition, eos::Position>;

/// What stands with every commit, so that a group which has a state is known to have one.
pub(crate) const STATE_METADATA: &str = "offsets:state";

impl Task {
    /// The task that a copy of its changelog holds, if that goes with what the group has committed.
    pub(crate) fn restore(
        partition: i32,
        mut copy: ReplicaCopy,
        committed: &Committed,
        job: &Job,
        changelog: &TopicPartition,
        memory: Option<usize>,
    ) -> Result<RestoreOutcome, Error> {
        let checkpoint = copy.checkpoint();
        if checkpoint.next().is_none() {
            // What is there is of another changelog.
            copy.clear()?;
        }
        let log = ChangeBuffer::over(copy.into_log());
        let opened = TaskOperator::open(log, partition.cast_unsigned(), &job.operator, memory);
        let Opened { operator, progress } = match opened {
            Ok(opened) => opened,
            Err(damage @ Unusable::Damage(_)) => {
                return Ok(RestoreOutcome::Damaged(refusal(damage, changelog, job)));
            }
            Err(unusable) => return Err(refusal(unusable, changelog, job)),
        };
        let (is_new, rules) = (progress.is_none(), rules_signature(job));
        if let Some(progress) = &progress
            && progress.rules != rules
        {
            return Err(other_rules(changelog, progress.clone(), job));
        }
        let inputs = inputs(partition, progress.as_ref(), &job.task_inputs());
        let mut task = Self { number: partition, operator, inputs, rules, checkpoint, is_dirty: false };
        if let Err(error) = task.compare(committed, is_new, job.adopt_positions) {
            return Ok(RestoreOutcome::Mismatch(error));
        }
        if is_new {
            task.preload(&job.operator)?;
        }
        Ok(RestoreOutcome::Task(Box::new(task)))
    }

    /// A task that has all these partitions for its inputs, of topics that the job reads, and remembers nothing yet.
    pub(crate) fn over(partitions: &[TopicPartition], job: &Job) -> Result<Self, Error> {
        let copy = ReplicaCopy::open(Box::new(MemoryLog::default()), 0, job.changelog.as_str())?;
        let checkpoint = copy.checkpoint();
        let refused = |unusable| refusal(unusable, &TopicPartition::new(job.changelog.clone(), 0), job);
        let Opened { operator, .. } =
            TaskOperator::open(ChangeBuffer::over(copy.into_log()), 0, &job.operator, None)
                .map_err(refused)?;
        let input = |partition: &TopicPartition| {
            let region = region(&job.inputs, partition.topic.as_str());
            TaskInput { partition: partition.clone(), region, next: None }
        };
        let inputs = partitions.iter().map(input).collect();
        Ok(Self { number: 0, operator, inputs, rules: rules_signature(job), checkpoint, is_dirty: false })
    }

    /// Takes the group's positions over, where they are those of the state.
    fn compare(&mut self, committed: &Committed, is_new: bool, adopts: bool) -> Result<(), Error> {
        for input in self.inputs.iter_mut().filter(|input| input.region.is_some()) {
            let commit = committed.get(&input.partition);
            let offset = commit.map(|commit| commit.offset);
            let has_state = commit.is_some_and(|commit| commit.metadata == STATE_METADATA);
            let partition = || input.partition.clone();
            if is_new && has_state && !adopts {
                return Err(Error::MissingState { partition: partition() });
            }
            // An input that is new to the state begins where the group says.
            if !is_new && input.next != offset && (input.next.is_some() || has_state) && !adopts {
                return Err(Error::PositionMismatch {
                    partition: partition(),
                    committed: offset,
                    saved: input.next,
                });
            }
            input.next = offset;
        }
        Ok(())
    }

    /// Gives a new task what the group had read before it moved.
    fn preload(&mut self, spec: &OperatorSpec) -> Result<(), Error> {
        let OperatorSpec::Reread(seed) = spec else { return Ok(()) };
        let ours = seed.windows.iter().filter(|window| window.partition.partition == self.number);
        for part in ours {
            let input = self.inputs.iter().zip(0_u16..).find(|(input, _)| input.partition == part.partition);
            let Some((input, number)) = input else { continue };
            let seeded = part.from.get();
            if input.next != Some(seeded) {
                let partition = input.partition.clone();
                return Err(Error::SeedMismatch { partition, seeded, committed: input.next });
            }
            self.operator.preload(number, part)?;
            self.is_dirty = true;
        }
        Ok(())
    }

    /// The inputs that are read, with their numbers.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (u16, &TaskInput)> {
        (0_u16..).zip(&self.inputs).filter(|(_, input)| input.region.is_some())
    }

    /// The input that reads a partition, with its number.
    pub(crate) fn input_of(&self, partition: &TopicPartition) -> Option<(u16, &TaskInput)> {
        self.inputs().find(|(_, input)| input.partition == *partition)
    }

    pub(crate) fn input(&self, number: u16) -> Option<&TaskInput> {
        self.inputs.get(usize::from(number))
    }

    /// Begins an input that was never read at its log start.
    pub(crate) fn begin(&mut self, partition: &TopicPartition, start: i64) {
        let input = self.inputs.iter_mut().find(|input| input.partition == *partition);
        if let Some(input) = input {
            input.next.get_or_insert(start);
        }
    }

    /// Is done with the record at an offset of an input.
    pub(crate) fn advance(&mut self, number: u16, offset: i64) {
        if let Some(input) = self.inputs.get_mut(usize::from(number)) {
            input.next = Some(offset + 1);
        }
        self.is_dirty = true;
    }

    /// The positions to be committed.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        self.inputs().filter_map(|(_, input)| Some((input.partition.clone(), input.next?)))
    }

    /// What has changed since the last commit, as records of the changelog.
    pub(crate) fn save(&mut self) -> Result<impl Iterator<Item = (Key, Option<&[u8]>)>, Error> {
        let progress = Progress::new(
            &self.rules,
            self.inputs
                .iter()
                .map(|input| InputProgress {
                    topic: input.partition.topic.as_str().to_owned(),
                    next: input.next,
                })
                .collect(),
            self.operator.progress(),
        );
        self.operator.save(&progress.write())?;
        Ok(self.operator.log().changes())
    }

    /// What was saved is committed.
    pub(crate) fn on_committed(&mut self) -> Result<(), Error> {
        let next: Vec<_> = (0_u16..)
            .zip(&self.inputs)
            .filter_map(|(number, input)| Position::new(number, input.next?))
            .collect();
        let note = self.checkpoint.next().map(|_| self.checkpoint.segment());
        self.operator.log().commit(note.into_iter().collect())?;
        let windows = self.operator.windows();
        self.operator.on_committed(&next)?;
        // What is over is to be gone from the changelog too, though nothing else may happen any more.
        self.is_dirty = self.operator.windows() != windows;
        Ok(())
    }

    /// The copy beneath is known to hold everything below this offset of the changelog. What has changed since the last commit is
    /// not in there yet: it goes out with the next one.
    pub(crate) fn set_checkpoint(&mut self, next: i64) -> Result<(), Error> {
        self.checkpoint = self.checkpoint.advanced_to(next);
        Ok(self.operator.log().write_through(&[self.checkpoint.segment()])?)
    }

    /// Whether nothing has happened to the task since it was last worked on.
    pub(crate) fn is_current(&self, committed: &Committed, end: i64) -> bool {
        self.checkpoint.next() == Some(end) && self.is_at(committed)
    }

    /// Whether what was decided is committed, and no other instance has committed anything since.
    pub(crate) fn is_at(&self, committed: &Committed) -> bool {
        let same = |(_, input): (u16, &TaskInput)| {
            committed.get(&input.partition).map(|commit| commit.offset) == input.next
        };
        !self.is_dirty && self.inputs().all(same)
    }
}

impl TaskInput {
    pub(crate) fn region(&self) -> &str {
        self.region.as_deref().unwrap_or_default()
    }

    pub(crate) fn next(&self) -> Option<i64> {
        self.next
    }
}

/// The inputs of the state by their numbers, then those of the job that it does not know.
fn inputs(partition: i32, progress: Option<&Progress>, read: &[Input]) -> Vec<TaskInput> {
    let known = progress.map(|progress| progress.inputs.as_slice()).unwrap_or_default();
    let mut inputs: Vec<_> = known
        .iter()
        .map(|input| TaskInput {
            partition: TopicPartition::new(input.topic.as_str(), partition),
            region: region(read, &input.topic),
            next: input.next,
        })
        .collect();
    for input in read {
        if !known.iter().any(|known| known.topic == input.topic.as_str()) {
            inputs.push(TaskInput {
                partition: TopicPartition::new(input.topic.clone(), partition),
                region: Some(input.region.clone()),
                next: None,
            });
        }
    }
    inputs
}

/// The region whose writes a topic holds, where it is read.
fn region(read: &[Input], topic: &str) -> Option<String> {
    let input = read.iter().find(|input| input.topic.as_str() == topic);
    input.map(|input| input.region.clone())
}

/// Why what is in a changelog cannot be used.
fn refusal(unusable: Unusable, changelog: &TopicPartition, job: &Job) -> Error {
    let partition = changelog.clone();
    match unusable {
        Unusable::Store(error) => error.into(),
        Unusable::Damage(cause) => Error::Damaged { partition, cause },
        Unusable::Progress(cause) => Error::UnknownProgress { partition, cause },
        Unusable::Other(progress) => other_rules(changelog, *progress, job),
    }
}

fn other_rules(changelog: &TopicPartition, progress: Progress, job: &Job) -> Error {
    Error::RulesMismatch { partition: changelog.clone(), was: progress.rules, is: rules_signature(job) }
}

#[cfg(test)]
mod tests;
