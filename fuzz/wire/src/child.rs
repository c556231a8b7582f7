//! Readers that are programs of their own: a sample is a line of hexadecimal digits to them, and what they made
//! of it a line of JSON.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use crate::reading::Reading;

/// A running reader.
pub struct Reader {
    /// How findings name it.
    pub name: &'static str,
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Reader {
    /// Starts the reader of a script that lies in `readers/`.
    pub fn start(name: &'static str, interpreter: &str, script: &str) -> Self {
        let script = format!("{}/readers/{script}", env!("CARGO_MANIFEST_DIR"));
        let started = Command::new(interpreter).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|fault| {
            eprintln!("portcullis-wire: {interpreter} cannot be started: {fault}");
            std::process::exit(1)
        });
        let input = BufWriter::new(child.stdin.take().expect("it is piped"));
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { name, child, input, output }
    }

    /// What it makes of each sample. A reader that ends early ends the run: nothing is skipped.
    pub fn read(&mut self, samples: &[Vec<u8>]) -> Vec<Reading> {
        let Self { name, input, output, .. } = self;
        thread::scope(|scope| {
            // It may answer before all was said.
            scope.spawn(move || {
                for sample in samples {
                    let digits: String = sample.iter().map(|byte| format!("{byte:02x}")).collect();
                    let _ = writeln!(input, "{digits}");
                }
                // Where it is gone, its missing answers tell.
                let _ = input.flush();
            });
            let mut line = String::new();
            let mut next = |_| {
                line.clear();
                let got = output.read_line(&mut line).expect("what it says is text");
                if got == 0 {
                    eprintln!("portcullis-wire: {name} cannot read any more; its own words are above");
                    std::process::exit(1);
                }
                let mut reading: Reading = serde_json::from_str(&line).expect("what it says is a reading");
                reading.messages = reading.messages.into_iter().map(|message| message.in_order()).collect();
                reading
            };
            samples.iter().map(&mut next).collect()
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Nothing is lost: it holds nothing, and may be gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
