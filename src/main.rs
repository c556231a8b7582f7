//! Arguments → command → exit code.

/// What a request takes is taken and given back within microseconds, on one thread.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    portcullis::commands::run()
}
