//! Differential fuzzing of how requests are read: what the gate takes, hyper, h11 and Node must have read as
//! the very same requests.
//!
//! ```text
//! portcullis-wire SEED COUNT SECONDS    so many samples, or for so many seconds; a bound of 0 is none
//! portcullis-wire read FILE...          what each reader makes of these bytes
//! ```
//!
//! The samples of a seed are always the same. The seeds in `fuzz/seeds/wire` are read first, as they are.

mod child;
mod compare;
mod excuse;
mod gate;
mod generate;
mod hyper_reader;
mod mutate;
mod reading;
mod rng;
mod run;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let holds = match words[..] {
        ["read", ref files @ ..] if !files.is_empty() => run::show(files),
        [seed, count, seconds] => match (seed.parse(), count.parse(), seconds.parse()) {
            (Ok(seed), Ok(count), Ok(seconds)) if (count, seconds) != (0, 0) => run::all(seed, count, seconds),
            _ => usage(),
        },
        _ => usage(),
    };
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> bool {
    eprintln!("portcullis-wire SEED COUNT SECONDS, of which not both bounds are 0; or portcullis-wire read FILE...");
    false
}
