//! Folders of nodes in memory: what a node wrote is there when it is killed and started again, and costs no disk, which is
//! what conditional writes that answer after the disk has them wait for.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::TaskError;

/// Files that lie in memory, on Linux.
const MEMORY: &str = "/dev/shm";
/// Where the folders stand, beside those of the nodes; a link, so that it is found again.
const LINK: &str = "memory";
/// Room that a node needs: its log has 128 MiB at most, its tables little. Its process has as much again, and more.
const KIB_PER_NODE: u64 = 512 * 1_024;
const KIB_PER_PROCESS: u64 = 1_536 * 1_024;

/// A folder in memory for so many nodes; none, which is said, when there is no room.
pub(super) fn take(cassandra: &Path, nodes: u8) -> Result<Option<PathBuf>, TaskError> {
    give_back(cassandra);
    let nodes = u64::from(nodes);
    let room = free_kib().is_some_and(|free| free >= nodes * (KIB_PER_NODE + KIB_PER_PROCESS))
        && room_kib().is_some_and(|room| room >= nodes * KIB_PER_NODE);
    if !room {
        println!("no room in {MEMORY}: the folders of the nodes are on the disk");
        return Ok(None);
    }
    let memory = Path::new(MEMORY).join(format!("suanpan-cassandra-{}", std::process::id()));
    let file = |source| TaskError::File { path: memory.clone(), source };
    std::fs::create_dir_all(cassandra).map_err(file)?;
    std::fs::create_dir_all(&memory).map_err(file)?;
    symlink(&memory, &cassandra.join(LINK)).map_err(file)?;
    Ok(Some(memory))
}

/// Makes a node's folder one in memory.
pub(super) fn link(folder: &Path, memory: &Path) -> io::Result<()> {
    let there = memory.join(folder.file_name().unwrap_or_default());
    std::fs::create_dir_all(&there)?;
    symlink(&there, folder)
}

/// Gives the memory back that nodes had which run no longer.
pub(super) fn give_back(cassandra: &Path) {
    let link = cassandra.join(LINK);
    if let Ok(memory) = std::fs::read_link(&link) {
        // Removed already, perhaps by a restart of the machine.
        let _ = std::fs::remove_dir_all(memory);
        let _ = std::fs::remove_file(link);
    }
}

#[cfg(unix)]
fn symlink(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Memory that programs may still have.
fn free_kib() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    told.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.split_whitespace().next()?.parse().ok())
}

/// Room for files in memory; none where there is no such place.
fn room_kib() -> Option<u64> {
    let told = Command::new("df").args(["-Pk", MEMORY]).output().ok()?;
    let told = String::from_utf8_lossy(&told.stdout);
    told.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}
