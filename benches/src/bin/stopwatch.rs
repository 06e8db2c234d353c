//! Runs a program and writes what it took to a file: `stopwatch REPORT PROGRAM [ARGUMENT...]`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use offsets_benches::time_to_file;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(report), Some(program)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: stopwatch REPORT PROGRAM [ARGUMENT...]");
        return ExitCode::from(2);
    };
    match time_to_file(&PathBuf::from(report), Command::new(program).args(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
