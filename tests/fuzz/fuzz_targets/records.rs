#![no_main]

libfuzzer_sys::fuzz_target!(|input: (Option<&[u8]>, Option<&[u8]>)| offsets_fuzz::records(input));
