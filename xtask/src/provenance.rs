//! Where a measured figure comes from: command, commit, machine.

use std::path::Path;
use std::process::Command;

/// A line under a table of measurements, such as
/// `` `cargo xtask targets`, commit 1a2b3c4d5e6f, 2 x Some CPU, rustc 1.95.0, 2026-11-25 ``.
pub(crate) fn line(root: &Path, command: &str) -> String {
    let commit = says(root, "git", &["rev-parse", "--short=12", "HEAD"]);
    let changes =
        says(root, "git", &["status", "--porcelain", "--untracked-files=no", "--", ":!benches/README.md"]);
    let changed = if changes.is_empty() { "" } else { " with changes" };
    let rustc = says(root, "rustc", &["--version"]);
    let rustc = rustc.split(" (").next().unwrap_or_default();
    let day = says(root, "date", &["-u", "+%Y-%m-%d"]);
    format!("`{command}`, commit {commit}{changed}, {}, {rustc}, {day}", machine())
}

/// How many processors of which kind.
fn machine() -> String {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let described = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = described
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, model)| model.trim());
    format!("{count} x {model} ({})", std::env::consts::OS)
}

/// What a program prints, trimmed; empty when it cannot be asked.
fn says(root: &Path, program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
