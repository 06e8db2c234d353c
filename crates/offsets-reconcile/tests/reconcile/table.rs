use std::collections::HashMap;

use offsets_reconcile::{Identity, MemoryTable, MemoryTableBuilder, Table as _};
use proptest::prelude::*;

use crate::cases::up_to;

#[derive(Debug, Clone)]
enum Step {
    Put(Identity, u32),
    PutIfAbsent(Identity, u32),
    Remove(Identity),
    Prefetch(Identity),
    RetainFrom(u32),
}

/// Half of an identity places it: those of one `place` are all to lie in the same slot. 0 is an identity like any other.
fn identities() -> impl Strategy<Value = Identity> {
    (0_u128..6, 0_u128..40).prop_map(|(place, other)| Identity::from_bits(place | other << 64))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (identities(), any::<u32>()).prop_map(|(identity, value)| Step::Put(identity, value)),
        8 => (identities(), any::<u32>()).prop_map(|(identity, value)| Step::PutIfAbsent(identity, value)),
        4 => identities().prop_map(Step::Remove),
        1 => identities().prop_map(Step::Prefetch),
        1 => (0..u32::MAX / 2).prop_map(Step::RetainFrom),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    #![proptest_config(up_to(2_000))]

    /// It answers as a map does, with whatever capacity it begins and however many identities want the same slot.
    #[test]
    fn a_table_is_a_map(capacity in prop_oneof![Just(0_usize), 0_usize..300], steps in steps()) {
        let mut table = MemoryTable::with_capacity(capacity);
        let mut model = HashMap::new();
        for step in steps {
            match step {
                Step::Put(identity, value) => {
                    prop_assert_eq!(table.put(identity, value), Ok(()));
                    model.insert(identity.to_bits(), value);
                }
                Step::PutIfAbsent(identity, value) => {
                    let held = model.get(&identity.to_bits()).copied();
                    prop_assert_eq!(table.put_if_absent(identity, value), Ok(held));
                    model.entry(identity.to_bits()).or_insert(value);
                }
                Step::Remove(identity) => {
                    prop_assert_eq!(table.remove(identity), model.remove(&identity.to_bits()));
                }
                Step::Prefetch(identity) => table.prefetch(&mut [identity].into_iter()),
                Step::RetainFrom(least) => {
                    prop_assert_eq!(table.retain(&mut |value| *value >= least), Ok(()));
                    model.retain(|_, value| *value >= least);
                }
            }
            prop_assert_eq!(table.len(), model.len() as u64);
        }
        for (identity, value) in &model {
            prop_assert_eq!(table.get(Identity::from_bits(*identity)), Ok(Some(*value)));
        }
        let held: HashMap<_, _> = table.iter().map(|(identity, value)| (identity.to_bits(), value)).collect();
        prop_assert_eq!(held, model);
    }

    /// However many were said to come, a builder has the last value of each identity.
    #[test]
    fn what_is_built_is_a_map(
        expected in 0_usize..1_000,
        entries in prop::collection::vec((identities(), any::<u32>()), 0..600),
    ) {
        let mut builder = MemoryTableBuilder::new(expected);
        entries.iter().for_each(|(identity, value)| builder.put(*identity, *value));
        let held: HashMap<_, _> =
            builder.finish().iter().map(|(identity, value)| (identity.to_bits(), value)).collect();
        let model: HashMap<_, _> = entries.iter().map(|(identity, value)| (identity.to_bits(), *value)).collect();
        prop_assert_eq!(held, model);
    }
}
