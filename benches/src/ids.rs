/// The ids that every measurement of deduplication uses, ours and the peers': three of ten records repeat an earlier id, drawn
/// uniformly, and the others bring a new one. 2,000,000 records have 1,401,067 distinct ids.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    record: u64,
    distinct: u64,
}

impl Ids {
    /// The 16 bytes an id stands for.
    pub fn key(id: u64) -> [u8; 16] {
        let [high, low] = Self::halves(id);
        let mut key = [0; 16];
        key[..8].copy_from_slice(&high.to_be_bytes());
        key[8..].copy_from_slice(&low.to_be_bytes());
        key
    }

    /// The same as two numbers.
    pub fn halves(id: u64) -> [u64; 2] {
        [mix(2 * id + 1), mix(2 * id + 2)]
    }

    /// Which of `partitions` its records lie in.
    pub fn partition(id: u64, partitions: i32) -> i32 {
        let [high, _] = Self::halves(id);
        // The remainder is less than a number of 32 bits.
        ((high >> 1) % u64::from(partitions.unsigned_abs())) as i32
    }
}

impl Iterator for Ids {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let repeats = mix(self.record) % 10 < 3 && self.distinct > 0;
        let id = if repeats { mix(self.record ^ 0x5_deec_e66d) % self.distinct } else { self.distinct };
        self.distinct += u64::from(!repeats);
        self.record += 1;
        Some(id)
    }
}

/// SplitMix64.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Ids;

    #[test]
    fn they_are_those_of_the_peers() {
        let ids: HashSet<_> = Ids::default().take(2_000_000).collect();
        assert_eq!(ids.len(), 1_401_067);
    }
}
