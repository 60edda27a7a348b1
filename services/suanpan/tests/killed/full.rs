//! A disk that is full, and has room again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::corner::{Corner, Stock};
use crate::plan::floor;
use crate::proof::prove;
use crate::server::Keeper;
use crate::till::{self, Floor};

/// Bytes of the small disk.
const DISK_BYTES: u64 = 24 << 20;
/// What is left free of it when tills begin to sell.
const ROOM_BYTES: u64 = 192 << 10;
/// How often it is filled.
const TIMES: usize = 3;

/// A small disk in memory. It goes when it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// None where this user may not mount.
    fn mount() -> Option<Self> {
        let path = std::env::temp_dir().join(format!("suanpan-killed-{}-disk", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_BYTES}"), "tmpfs"]).arg(&path);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(path));
        }
        let _ = std::fs::remove_dir(&path);
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("left for a look: {} (umount it)", self.0.display());
            return;
        }
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Fills the disk under a shop that sells: what does not fit is not answered, what was answered is there. Room again, and
/// it goes on by itself, or is started again when it ended because it could not be sure.
pub(crate) async fn a_full_disk(seed: u64) {
    let Some(disk) = Disk::mount() else {
        println!(
            "  a disk of {DISK_BYTES} bytes cannot be mounted here (root may): the store's own test of a full file runs"
        );
        return;
    };
    let stock = Stock { uses: 40, budget_minor: 20_000, codes: 100, members: 8 };
    let corner = Corner::open_in(disk.0.join("shop"), stock).await;
    let mut keeper = Keeper::of(&corner);
    let floor = floor(seed, &corner, &keeper);
    keeper.start(&[]).await;
    till::enrol_all(&floor).await;
    let tills = till::open(&floor, 8);
    let mut restarts = 0;
    for _ in 0..TIMES {
        sold_more(&floor, &mut keeper, 40).await;
        let ballast = fill(corner.folder());
        let again = floor.log.again.load(Ordering::Relaxed);
        let begun = Instant::now();
        while floor.log.again.load(Ordering::Relaxed) < again + 40 {
            if keeper.has_died() {
                restarts += 1;
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it is never full");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        std::fs::remove_file(ballast).expect("the ballast");
        if keeper.has_died() {
            keeper.start(&[]).await;
        }
    }
    sold_more(&floor, &mut keeper, 40).await;
    floor.closed.store(true, Ordering::Relaxed);
    tills.join_all().await;
    keeper.end().await;
    let again = floor.log.again.load(Ordering::Relaxed);
    let survived = prove(&corner, &mut keeper, &floor.log).await;
    println!(
        "{} checkouts survived a disk that was full {TIMES} times; {again} calls were sent again, {restarts} processes ended",
        survived.checkouts
    );
    drop(corner);
    drop(disk);
}

/// Waits until so many more sales are made.
async fn sold_more(floor: &Arc<Floor>, keeper: &mut Keeper<'_>, sales: u64) {
    let until = floor.sales.load(Ordering::Relaxed) + sales;
    let begun = Instant::now();
    while floor.sales.load(Ordering::Relaxed) < until {
        if keeper.has_died() {
            keeper.start(&[]).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not sell");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Takes all room but a little.
fn fill(folder: &Path) -> PathBuf {
    let ballast = folder.join("ballast");
    let free = free_bytes(folder);
    let file = std::fs::File::create(&ballast).expect("a file");
    let bytes = vec![0xa5; usize::try_from(free.saturating_sub(ROOM_BYTES)).expect("a size")];
    // The shop goes on meanwhile: it may have taken the rest already.
    let _ = std::io::Write::write_all(&mut &file, &bytes);
    ballast
}

/// Free bytes of a disk, as `df` says.
fn free_bytes(folder: &Path) -> u64 {
    let output = Command::new("df").args(["-B1", "--output=avail"]).arg(folder).output().expect("df");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("a number of bytes")
}
