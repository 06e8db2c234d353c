use std::collections::VecDeque;

use crate::Position;

/// Answers by position, until they are settled. Positions of one input mostly come in rising order, so each input has a queue.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Vec<(Position, A)>", into = "Vec<(Position, A)>"))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "A: Copy + serde::Serialize",
        deserialize = "A: Copy + serde::Deserialize<'de>"
    ))
)]
pub(crate) struct Answers<A>(Vec<Queue<A>>);

#[derive(Debug, Clone)]
struct Queue<A> {
    input: u16,
    answers: VecDeque<(i64, A)>,
}

impl<A> Default for Answers<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A: Copy> Answers<A> {
    pub(crate) fn get(&self, position: Position) -> Option<A> {
        let queue = self.0.iter().find(|queue| queue.input == position.input())?;
        // What is new lies behind everything that was answered.
        if queue.answers.back().is_none_or(|(last, _)| *last < position.offset()) {
            return None;
        }
        let at = queue.answers.binary_search_by_key(&position.offset(), |(offset, _)| *offset).ok()?;
        queue.answers.get(at).map(|(_, answer)| *answer)
    }

    /// Keeps an answer; of two for one position the first stays.
    pub(crate) fn insert(&mut self, position: Position, answer: A) {
        let known = self.0.iter().position(|queue| queue.input == position.input());
        let place = known.unwrap_or_else(|| {
            self.0.push(Queue { input: position.input(), answers: VecDeque::new() });
            self.0.len() - 1
        });
        let answers = &mut self.0[place].answers;
        if answers.back().is_none_or(|(last, _)| *last < position.offset()) {
            answers.push_back((position.offset(), answer));
        } else if let Err(at) = answers.binary_search_by_key(&position.offset(), |(offset, _)| *offset) {
            answers.insert(at, (position.offset(), answer));
        }
    }

    /// Forgets the answers below `next`: one position for each input, the next to be read.
    pub(crate) fn on_committed(&mut self, next: &[Position]) {
        for queue in &mut self.0 {
            let next = next.iter().find(|next| next.input() == queue.input).map_or(0, |next| next.offset());
            while queue.answers.front().is_some_and(|(offset, _)| *offset < next) {
                queue.answers.pop_front();
            }
        }
    }

    /// Forgets the answers of one input.
    pub(crate) fn release(&mut self, input: u16) {
        self.0.retain(|queue| queue.input != input);
    }

    #[cfg(feature = "serde")]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|queue| queue.answers.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Position, A)> + '_ {
        self.0.iter().flat_map(|queue| {
            let position = |offset| Position::new(queue.input, offset);
            queue.answers.iter().filter_map(move |(offset, answer)| Some((position(*offset)?, *answer)))
        })
    }
}

impl<A: Copy> FromIterator<(Position, A)> for Answers<A> {
    fn from_iter<I: IntoIterator<Item = (Position, A)>>(answers: I) -> Self {
        let mut kept = Self::default();
        answers.into_iter().for_each(|(position, answer)| kept.insert(position, answer));
        kept
    }
}

impl<A: Copy> From<Vec<(Position, A)>> for Answers<A> {
    fn from(answers: Vec<(Position, A)>) -> Self {
        answers.into_iter().collect()
    }
}

impl<A: Copy> From<Answers<A>> for Vec<(Position, A)> {
    fn from(answers: Answers<A>) -> Self {
        answers.iter().collect()
    }
}

/// Two are equal when they hold the same answers, whatever inputs they had some of before.
impl<A: Copy + PartialEq> PartialEq for Answers<A> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<A: Copy + Eq> Eq for Answers<A> {}
