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

/// Where a shop lies whose disk can be full.
enum Disk {
    /// A small disk in memory. It goes when it is dropped.
    Mounted { path: PathBuf },
    /// A folder whose files do not grow while a file says so: what a disk without room tells is told by a library that is
    /// loaded into the process.
    Told { path: PathBuf, library: PathBuf },
}

impl Disk {
    fn folder(kind: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("suanpan-killed-{}-{kind}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        path.canonicalize().expect("a folder")
    }

    /// None where this user may not mount.
    fn mount() -> Option<Self> {
        let path = Self::folder("disk");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_BYTES}"), "tmpfs"]).arg(&path);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self::Mounted { path });
        }
        let _ = std::fs::remove_dir(&path);
        None
    }

    /// A folder that can be told to be full, for anybody who can build this.
    fn told() -> Self {
        let path = Self::folder("told");
        let (source, library) = (path.join("no_room.rs"), path.join("no_room.so"));
        std::fs::write(&source, include_str!("full/no_room.rs")).expect("its source");
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"]);
        let output = rustc.arg(&library).arg(&source).output().expect("rustc, which built this");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::Told { path, library }
    }

    const fn path(&self) -> &PathBuf {
        match self {
            Self::Mounted { path } | Self::Told { path, .. } => path,
        }
    }

    fn shop(&self) -> PathBuf {
        self.path().join("shop")
    }

    /// The file that takes all room, or says that there is none.
    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// What a process is started with.
    fn environment(&self) -> Vec<(&str, String)> {
        match self {
            Self::Mounted { .. } => Vec::new(),
            Self::Told { library, .. } => vec![
                ("LD_PRELOAD", library.display().to_string()),
                ("NO_ROOM_WHILE", self.ballast().display().to_string()),
                ("NO_ROOM_BELOW", self.shop().display().to_string()),
            ],
        }
    }

    fn fill(&self) {
        match self {
            Self::Mounted { path } => fill(path, &self.ballast()),
            Self::Told { .. } => std::fs::write(self.ballast(), "full").expect("a file"),
        }
    }

    fn clear(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let path = self.path();
        if std::thread::panicking() {
            println!("left for a look: {}", path.display());
            return;
        }
        if matches!(self, Self::Mounted { .. }) {
            let _ = Command::new("umount").arg("-l").arg(path).status();
        }
        let _ = std::fs::remove_dir_all(path);
    }
}

/// A small disk that is full. Where this user may not mount, the other part has to do, and this says so.
pub(crate) async fn a_full_disk(seed: u64) {
    match Disk::mount() {
        Some(disk) => fill_under_a_shop(seed, disk).await,
        None => println!("  skipped: a disk of {DISK_BYTES} bytes cannot be mounted here (root may)"),
    }
}

/// A folder in which nothing grows, for anybody.
pub(crate) async fn no_room(seed: u64) {
    if cfg!(all(
        target_os = "linux",
        target_env = "gnu",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )) {
        fill_under_a_shop(seed, Disk::told()).await;
    } else {
        println!("  skipped: written for Linux with the GNU C library");
    }
}

/// Fills the disk under a shop that sells: what does not fit is not answered, what was answered is there. Room again, and
/// it goes on by itself, or is started again when it ended because it could not be sure.
async fn fill_under_a_shop(seed: u64, disk: Disk) {
    let stock = Stock { uses: 40, budget_minor: 20_000, codes: 100, members: 8 };
    let corner = Corner::open_in(disk.shop(), stock).await;
    let environment = disk.environment();
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut keeper = Keeper::of(&corner);
    let floor = floor(seed, &corner, &keeper);
    keeper.start(&environment).await;
    till::enrol_all(&floor).await;
    let tills = till::open(&floor, 8);
    let mut restarts = 0;
    for _ in 0..TIMES {
        sold_more(&floor, &mut keeper, &environment, 40).await;
        disk.fill();
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
        disk.clear();
        if keeper.has_died() {
            keeper.start(&environment).await;
        }
    }
    sold_more(&floor, &mut keeper, &environment, 40).await;
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
}

/// Waits until so many more sales are made.
async fn sold_more(floor: &Arc<Floor>, keeper: &mut Keeper<'_>, environment: &[(&str, &str)], sales: u64) {
    let until = floor.sales.load(Ordering::Relaxed) + sales;
    let begun = Instant::now();
    while floor.sales.load(Ordering::Relaxed) < until {
        if keeper.has_died() {
            keeper.start(environment).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not sell");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Takes all room but a little.
fn fill(folder: &Path, ballast: &Path) {
    let free = free_bytes(folder);
    let file = std::fs::File::create(ballast).expect("a file");
    let bytes = vec![0xa5; usize::try_from(free.saturating_sub(ROOM_BYTES)).expect("a size")];
    // The shop goes on meanwhile: it may have taken the rest already.
    let _ = std::io::Write::write_all(&mut &file, &bytes);
}

/// Free bytes of a disk, as `df` says.
fn free_bytes(folder: &Path) -> u64 {
    let output = Command::new("df").args(["-B1", "--output=avail"]).arg(folder).output().expect("df");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("a number of bytes")
}
