#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| offsets_fuzz::reconcile(input));
