/// Numbers that follow from a seed alone (SplitMix64), the same on every machine.
///
/// Good enough to vary stories; nothing that must not be guessed may come from it.
///
/// # Examples
/// ```
/// use offsets_sim::Random;
///
/// let (mut once, mut again) = (Random::from_seed(7), Random::from_seed(7));
/// assert_eq!(once.below(1_000), again.below(1_000));
/// ```
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins the sequence of a seed. Seeds that are neighbours have nothing in common.
    pub fn from_seed(seed: u64) -> Self {
        Self(mixed(seed ^ 0x6f66_6673_6574_7300))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number in `0..limit`; 0 when that is empty.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// A number in `from..to`, which must not be empty.
    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        from + self.below(u64::from(to.saturating_sub(from))) as u32
    }

    /// True once in `times`, on average.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_of_a_seed_never_changes() {
        let mut random = Random::from_seed(42);
        let first: Vec<u64> = (0..4).map(|_| random.below(1_000_000)).collect();
        assert_eq!(first, [8_927, 324_031, 799_256, 563_684]);
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let mut random = Random::from_seed(1);
        assert!((0..10_000).all(|_| random.below(7) < 7 && (3..5).contains(&random.between(3, 5))));
        assert_eq!(random.below(0), 0);
    }
}
