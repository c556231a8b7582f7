//! What this process has in memory, as the kernel counts it: what the allocator needs for itself is part of
//! the truth.

/// Runs this and tells what was held by it in the end, and at most, beyond what was held before.
pub(crate) fn told<T>(what: &str, run: impl FnOnce() -> T) -> T {
    // Takes the greatest so far back to what it is now (proc(5), clear_refs).
    let reset = std::fs::write("/proc/self/clear_refs", "5");
    let before = kibibytes("VmRSS:");
    let outcome = run();
    let held = |of: &str| kibibytes(of).saturating_sub(before) as f64 / 1024.0;
    let most = reset.map(|()| format!(", {:.1} MiB at most", held("VmHWM:"))).unwrap_or_default();
    eprintln!("{what}: {:.1} MiB{most}", held("VmRSS:"));
    outcome
}

fn kibibytes(of: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(of));
    line.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
