use crate::World;
use crate::target_log::{Kind, Stretch, TargetLog};

/// What is right for a group whose commit is of one incarnation of the source topic, by the definitions of the
/// design: the first and the last right position for every source offset.
#[derive(Debug, Clone)]
pub struct Truth {
    start: i64,
    end: i64,
    exists: bool,
    firsts: Copies,
    lasts: Copies,
    /// The last copies as if compaction had taken none.
    uncompacted: Option<Copies>,
    /// The first record of a later incarnation: all of them are unread.
    later: i64,
    /// The first record of another producer, where every record of the target is the group's to read.
    foreign: i64,
    data: Data,
}

/// One copy of each record, by source offset.
#[derive(Debug, Clone, Default)]
struct Copies(Vec<Piece>);

/// Copies of records `step` apart, one behind the other.
#[derive(Debug, Clone, Copy)]
struct Piece {
    upstream: i64,
    step: i64,
    count: i64,
    at: i64,
    /// The lowest offset of the pieces from here on.
    least: i64,
}

/// Where copies can be read.
#[derive(Debug, Clone, Default)]
struct Data {
    /// From where to where, and how many there are in front.
    stretches: Vec<(i64, i64, u64)>,
    gone: Vec<i64>,
}

impl Truth {
    /// The truth about commits made on the source topic as it is now.
    pub fn of(world: &World) -> Self {
        Self::of_incarnation(world, world.source.incarnation)
    }

    /// The truth about commits made on an `incarnation` of the source topic.
    pub fn of_incarnation(world: &World, of: u32) -> Self {
        let target = &world.target;
        let (mut later, mut foreign) = (target.end, i64::MAX);
        for stretch in target.stretches().iter().rev() {
            if matches!(stretch.kind, Kind::Copies { incarnation, .. } if incarnation > of) {
                let held = (stretch.at.max(target.start)..stretch.end()).find(|&offset| target.holds(offset));
                later = held.unwrap_or(later);
            }
            if world.setting().shared && matches!(stretch.kind, Kind::Foreign) {
                let held = (stretch.at.max(target.start)..stretch.end()).find(|&offset| target.holds(offset));
                foreign = held.unwrap_or(foreign);
            }
            // What is not copied any more has no place, and what others wrote instead of it is unread.
            if world.setting().preserving && stretch.is_foreign() {
                later = stretch.at.max(target.start);
            }
        }
        let (firsts, lasts) = copies(target, of, true);
        let uncompacted = target.is_compacted().then(|| copies(target, of, false).1);
        Self {
            start: target.start,
            end: target.end,
            exists: target.exists,
            firsts,
            lasts,
            uncompacted,
            later,
            foreign,
            data: Data::of(target),
        }
    }

    /// The first copy of the first copied record at or above `g`.
    pub fn first(&self, g: i64) -> i64 {
        self.firsts.first_at_or_above(g).unwrap_or(self.later).min(self.foreign)
    }

    /// The greatest offset from which every copied record at or above `g` is still ahead. What retention or compaction
    /// has deleted is ahead of no group.
    pub fn last(&self, g: i64) -> i64 {
        self.least(&self.lasts, g)
    }

    fn least(&self, lasts: &Copies, g: i64) -> i64 {
        lasts.least_at_or_above(g).map_or(self.later, |last| last.min(self.later)).min(self.foreign)
    }

    /// How many copies lie between `at` and the best position for `g`: what a group that goes on at `at` reads twice. It
    /// has never read the records of another producer before. The best position is that of the log before compaction: a
    /// record that it took and that stood once in front of others that stand twice does not make those cost more.
    pub fn reread(&self, at: i64, g: i64) -> u64 {
        let best = self.least(self.uncompacted.as_ref().unwrap_or(&self.lasts), g);
        self.data.below(best).saturating_sub(self.data.below(at.max(self.start)))
    }

    /// The target's log end offset.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Whether there is a partition to go on in.
    pub fn exists(&self) -> bool {
        self.exists
    }
}

/// The first copies, and the last ones that can still be read. Stretches that share no source offsets with others are
/// taken as they are; the others are looked at record by record.
fn copies(target: &TargetLog, of: u32, compacted: bool) -> (Copies, Copies) {
    let mut pieces: Vec<Piece> = target.stretches().iter().filter_map(|stretch| stretch.piece(of)).collect();
    pieces.sort_by_key(|piece| piece.upstream);
    let (mut firsts, mut lasts) = (Copies::default(), Copies::default());
    let compacted = compacted && target.is_compacted();
    let held = |at| if compacted { target.holds(at) } else { at >= target.start };
    let mut rest = pieces.as_slice();
    while let Some(first) = rest.first() {
        let mut reach = first.last();
        let overlapping = rest.iter().take_while(|piece| {
            let overlaps = piece.upstream <= reach;
            reach = if overlaps { reach.max(piece.last()) } else { reach };
            overlaps
        });
        let (together, others) = rest.split_at(overlapping.count());
        rest = others;
        if let ([piece], false) = (together, compacted) {
            firsts.0.push(*piece);
            lasts.0.extend(piece.from(target.start));
        } else {
            one_by_one(together, held, &mut firsts, &mut lasts);
        }
    }
    let mut least = i64::MAX;
    for piece in lasts.0.iter_mut().rev() {
        least = least.min(piece.at);
        piece.least = least;
    }
    (firsts, lasts)
}

fn one_by_one(pieces: &[Piece], held: impl Fn(i64) -> bool, firsts: &mut Copies, lasts: &mut Copies) {
    let pairs = pieces.iter().flat_map(|piece| (0..piece.count).map(|nth| (piece.nth(nth), piece.at + nth)));
    let mut pairs: Vec<(i64, i64)> = pairs.collect();
    pairs.sort_unstable();
    for same in pairs.chunk_by(|a, b| a.0 == b.0) {
        let single = |&(upstream, at): &(i64, i64)| Piece { upstream, step: 1, count: 1, at, least: at };
        firsts.0.extend(same.first().map(single));
        lasts.0.extend(same.iter().rfind(|(_, at)| held(*at)).map(single));
    }
}

impl Copies {
    fn first_at_or_above(&self, g: i64) -> Option<i64> {
        let piece = self.0.get(self.0.partition_point(|piece| piece.last() < g))?;
        Some(piece.at + piece.below(g))
    }

    fn least_at_or_above(&self, g: i64) -> Option<i64> {
        let from = self.0.partition_point(|piece| piece.last() < g);
        let piece = self.0.get(from)?;
        let own = piece.at + piece.below(g);
        Some(self.0.get(from + 1).map_or(own, |next| own.min(next.least)))
    }
}

impl Piece {
    fn nth(&self, nth: i64) -> i64 {
        self.upstream + nth * self.step
    }

    fn last(&self) -> i64 {
        self.nth(self.count - 1)
    }

    /// How many of its records lie below `g`, which is not above the last.
    fn below(&self, g: i64) -> i64 {
        if g <= self.upstream { 0 } else { (g - self.upstream - 1) / self.step + 1 }
    }

    /// What is left of it from a target offset on.
    fn from(self, start: i64) -> Option<Self> {
        let gone = (start - self.at).max(0);
        let left = |upstream| Self { upstream, count: self.count - gone, at: self.at + gone, ..self };
        (gone < self.count).then(|| left(self.nth(gone)))
    }
}

impl Stretch {
    fn piece(&self, of: u32) -> Option<Piece> {
        match self.kind {
            Kind::Copies { incarnation, upstream, step }
            | Kind::Originals { incarnation, upstream, step }
                if incarnation == of =>
            {
                Some(Piece { upstream, step, count: self.count, at: self.at, least: self.at })
            }
            _ => None,
        }
    }
}

impl Data {
    fn of(target: &TargetLog) -> Self {
        let mut before = 0;
        let is_copy = |kind| matches!(kind, Kind::Copies { .. } | Kind::Originals { .. });
        let readable = target.stretches().iter().filter(|stretch| is_copy(stretch.kind));
        let stretches = readable.map(|stretch| {
            let stretch = (stretch.at, stretch.end(), before);
            before += (stretch.1 - stretch.0).unsigned_abs();
            stretch
        });
        let stretches: Vec<_> = stretches.collect();
        let is_copy = |offset: &&i64| {
            let next = stretches.partition_point(|(at, ..)| at <= *offset);
            next.checked_sub(1).is_some_and(|last| **offset < stretches[last].1)
        };
        let gone = target.gone().iter().filter(is_copy).copied().collect();
        Self { stretches, gone }
    }

    /// How many copies ever stood below `limit` and were not compacted away.
    fn below(&self, limit: i64) -> u64 {
        let begun = self.stretches.partition_point(|&(at, ..)| at < limit);
        let Some(&(at, end, before)) = begun.checked_sub(1).and_then(|last| self.stretches.get(last)) else {
            return 0;
        };
        let all = before + (end.min(limit) - at).unsigned_abs();
        all - self.gone.partition_point(|&offset| offset < limit) as u64
    }
}
