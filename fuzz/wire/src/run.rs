//! A run: samples in batches to all readers, and what they differ on, made small and told once.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::child::Reader;
use crate::compare::{Difference, difference, same_messages};
use crate::gate::Gate;
use crate::reading::Reading;
use crate::rng::Rng;
use crate::{generate, hyper_reader, mutate};

/// Samples that go to the readers at once.
const BATCH: u64 = 1000;

/// Findings of one kind after which no more of it are made small.
const SHOWN: usize = 3;

/// Everybody who reads.
struct Readers {
    gate: Gate,
    others: Vec<Reader>,
}

/// What all made of one sample: the gate's reading, unless it panicked, and the others'.
struct Readings {
    ours: Option<Reading>,
    theirs: Vec<(&'static str, Reading)>,
}

impl Readers {
    fn start() -> Self {
        let others =
            vec![Reader::start("h11", "python3", "read_h11.py"), Reader::start("node", "node", "read_node.js")];
        Self { gate: Gate::new(), others }
    }

    fn read(&mut self, samples: &[Vec<u8>]) -> Vec<Readings> {
        let gate = &self.gate;
        let (own, others) = std::thread::scope(|scope| {
            let others: Vec<_> =
                self.others.iter_mut().map(|reader| (reader.name, scope.spawn(|| reader.read(samples)))).collect();
            let own: Vec<_> = samples
                .iter()
                .map(|sample| {
                    let ours = catch_unwind(AssertUnwindSafe(|| gate.read(sample))).ok();
                    (ours, hyper_reader::read(sample))
                })
                .collect();
            let others: Vec<_> =
                others.into_iter().map(|(name, reader)| (name, reader.join().expect("the reader lives"))).collect();
            (own, others)
        });
        let mut others: Vec<_> = others.into_iter().map(|(name, readings)| (name, readings.into_iter())).collect();
        own.into_iter()
            .map(|(ours, hyper)| {
                let mut theirs = vec![("hyper", hyper)];
                theirs.extend(others.iter_mut().map(|(name, next)| (*name, next.next().expect("one for each sample"))));
                Readings { ours, theirs }
            })
            .collect()
    }
}

impl Readings {
    /// Who saw it differently than the gate, and how.
    fn finding(&self) -> Option<(&'static str, Option<Difference>)> {
        let Some(ours) = &self.ours else { return Some(("the gate panics", None)) };
        self.theirs.iter().find_map(|(name, theirs)| match difference(ours, name, theirs) {
            Some((found, None)) => Some((*name, Some(found))),
            _ => None,
        })
    }

    fn excuses(&self) -> impl Iterator<Item = &'static str> {
        let ours = self.ours.iter();
        ours.flat_map(|ours| self.theirs.iter().filter_map(|(name, theirs)| difference(ours, name, theirs)?.1))
    }

    /// Findings that are of one kind are likely of one cause.
    fn kind(&self) -> Option<String> {
        let (name, difference) = self.finding()?;
        let why = self.theirs.iter().find(|(own, _)| *own == name).map(|(_, theirs)| theirs.why.as_str());
        let how = match difference {
            Some(Difference::Missing(_)) => "refuses or misses",
            Some(Difference::Head(_)) => "reads another head",
            Some(Difference::Body(_)) => "reads another body",
            Some(Difference::More(_)) => "reads one more",
            None => "panics",
        };
        // What it says of the very bytes is not what kind it is.
        let why = why.unwrap_or_default();
        let end = why.find("bytearray").or(why.find(|c: char| c.is_ascii_digit())).unwrap_or(why.len());
        Some(format!("{name} {how} {}", why[..end].trim_end()))
    }

    /// Whether the others agree among themselves on all that they read.
    fn others_agree(&self) -> bool {
        self.theirs.windows(2).all(|pair| same_messages(&pair[0].1, &pair[1].1))
    }

    fn tell(&self) {
        let told = |name: &str, reading: &Reading| {
            println!("  {name:6} {:?} {}", reading.end, reading.why);
            for message in &reading.messages {
                let state = if message.done { "whole" } else { "not whole" };
                println!(
                    "         {:?} {:?} {} {:?} body {} {} {state}",
                    message.method, message.target, message.version, message.fields, message.length, message.hash
                );
            }
        };
        match &self.ours {
            Some(ours) => told("gate", ours),
            None => println!("  gate   panics"),
        }
        self.theirs.iter().for_each(|(name, reading)| told(name, reading));
    }
}

/// Tells what each reader makes of the bytes in some files.
pub fn show(files: &[&str]) -> bool {
    let samples: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("the file can be read")).collect();
    let all = Readers::start().read(&samples);
    for (file, readings) in files.iter().zip(&all) {
        println!("{file}: {}", readings.kind().unwrap_or_else(|| "no finding".to_owned()));
        readings.tell();
    }
    all.iter().all(|readings| readings.finding().is_none())
}

/// Reads the seeds and `count` samples, for at most so many seconds; where either is zero it is no bound.
pub fn all(seed: u64, count: u64, seconds: u64) -> bool {
    let began = Instant::now();
    let seeds = seeds();
    let mut readers = Readers::start();
    let mut tally = Tally::default();
    tally.batch(&mut readers, &seeds);
    let mut number = 0;
    let count = if count == 0 { u64::MAX } else { count };
    while number < count && (seconds == 0 || began.elapsed() < Duration::from_secs(seconds)) {
        let end = count.min(number + BATCH);
        let samples: Vec<Vec<u8>> = (number..end).map(|number| sample(seed, number, &seeds)).collect();
        tally.batch(&mut readers, &samples);
        number = end;
    }
    tally.tell(seed, seeds.len(), began.elapsed());
    tally.kinds.is_empty()
}

/// Half by grammar, and half by accident: to a seed, or to something by grammar.
fn sample(seed: u64, number: u64, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut rng = Rng::of_sample(seed, number);
    let grown = generate::connection(&mut rng);
    if rng.chance(500) {
        return grown;
    }
    let other = generate::connection(&mut rng);
    let base = if rng.chance(300) && !seeds.is_empty() { seeds[rng.below(seeds.len())].clone() } else { grown };
    mutate::mutated(base, &other, &mut rng)
}

/// Each in a file of its own, in the order of their names.
fn seeds() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../seeds/wire");
    let entries = fs::read_dir(folder).expect("the folder of seeds is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed can be read")).collect()
}

#[derive(Default)]
struct Tally {
    samples: u64,
    taken: u64,
    requests: u64,
    disputed: u64,
    excused: BTreeMap<&'static str, usize>,
    kinds: BTreeMap<String, usize>,
}

impl Tally {
    fn batch(&mut self, readers: &mut Readers, samples: &[Vec<u8>]) {
        for (sample, readings) in samples.iter().zip(readers.read(samples)) {
            self.samples += 1;
            let whole = readings
                .ours
                .iter()
                .flat_map(|ours| &ours.messages)
                .filter(|message| message.done && !message.refused)
                .count();
            self.taken += u64::from(whole > 0);
            self.requests += whole as u64;
            self.disputed += u64::from(!readings.others_agree());
            for excuse in readings.excuses() {
                *self.excused.entry(excuse).or_default() += 1;
            }
            let Some(kind) = readings.kind() else { continue };
            let count = self.kinds.entry(kind.clone()).or_default();
            *count += 1;
            if *count <= SHOWN {
                let small = smaller(readers, sample, &kind);
                println!("FINDING {kind}\n  \"{}\"", small.escape_ascii());
                readers.read(&[small])[0].tell();
            }
        }
    }

    fn tell(&self, seed: u64, seeds: usize, took: Duration) {
        let Self { samples, taken, requests, disputed, excused, kinds } = self;
        println!(
            "seed {seed}: {samples} samples ({seeds} of them seeds) in {} s; in {taken} the gate takes a request, {requests} \
             in all; on {disputed} the others differ among themselves",
            took.as_secs()
        );
        for (excuse, count) in excused {
            println!("  {count} times excused: {excuse}");
        }
        for (kind, count) in kinds {
            println!("  {count} times: {kind}");
        }
        let found: usize = kinds.values().sum();
        println!("test result: {} passed; {found} failed (requests, by hyper, h11 and Node)", *samples - found as u64);
    }
}

/// The same finding in fewer bytes: pieces are left out, ever smaller ones, as long as the kind stays.
fn smaller(readers: &mut Readers, sample: &[u8], kind: &str) -> Vec<u8> {
    let mut small = sample.to_vec();
    let mut piece = small.len() / 2;
    while piece > 0 {
        let candidates: Vec<Vec<u8>> = (0..small.len())
            .step_by(piece.div_ceil(2))
            .map(|start| [&small[..start], &small[(start + piece).min(small.len())..]].concat())
            .collect();
        let readings = readers.read(&candidates);
        match candidates.into_iter().zip(readings).find(|(_, readings)| readings.kind().as_deref() == Some(kind)) {
            Some((smaller, _)) => small = smaller,
            None => piece /= 2,
        }
    }
    small
}
