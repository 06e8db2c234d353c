#![no_main]

libfuzzer_sys::fuzz_target!(|input: offsets_fuzz::History| offsets_fuzz::history(input));
