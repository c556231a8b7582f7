//! Arguments → command → exit code.

fn main() -> std::process::ExitCode {
    portcullis::commands::run()
}
