//! Kills by a seeded plan, and counts afterwards.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use suanpan_store_embedded::{EmbeddedStore, check};

use crate::account::{history, member};
use crate::scratch::Scratch;
use crate::seller::{FILE, MEMBERS, name};

/// What a killed process had said: by member, the first request that was not answered, and how long it took to open.
pub(crate) struct Said {
    pub(crate) answered: Vec<u64>,
    pub(crate) opened: Duration,
}

/// Starts a process that sells in this file.
pub(crate) fn start(path: &Path, more: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .env(FILE, path)
        .envs(more.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second process")
}

/// Reads what a process says until it ends.
pub(crate) fn listen(child: &mut Child) -> std::thread::JoinHandle<Said> {
    let out = BufReader::new(child.stdout.take().expect("its output"));
    std::thread::spawn(move || {
        let mut said = Said { answered: vec![0; MEMBERS as usize], opened: Duration::ZERO };
        for line in out.lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["open", micros] => said.opened = Duration::from_micros(micros.parse().expect("a number")),
                // The kill may cut the last line: only a whole one counts, and a cut number is smaller.
                ["done", member, request] => {
                    let (Ok(member), Ok(request)) = (member.parse::<usize>(), request.parse::<u64>()) else {
                        continue;
                    };
                    let answered = &mut said.answered[member];
                    *answered = (*answered).max(request + 1);
                }
                _ => {}
            }
        }
        said
    })
}

/// Everything that was answered is there, without a hole, nothing twice; at most the one request that was under way is
/// there beside it. Gives how many there are.
pub(crate) fn count(path: &Path, answered: &[u64]) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let store = EmbeddedStore::open(path).expect("it opens after any kill");
    let mut total = 0;
    for (number, answered) in answered.iter().enumerate() {
        let there = runtime.block_on(history(&store, &member(&name(number as u64))));
        let count = there.len() as u64;
        assert!(there.iter().copied().eq(0..count), "member {number}: a hole in {there:?}");
        assert!(count >= *answered, "member {number}: {answered} were answered, {count} are there");
        assert!(count <= answered + 1, "member {number}: {answered} were answered, {count} are there");
        total += count;
    }
    drop(store);
    let contents = check(path).expect("a sound file");
    assert_eq!(contents.entries, total);
    total
}

/// Kills at any moment, ten times or fifty.
pub(crate) fn killed_at_any_moment() -> u64 {
    let long = std::env::var_os("SUANPAN_LONG").is_some();
    let seed = std::env::var("SUANPAN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        u64::from(now.subsec_nanos())
    });
    let kills = if long { 50 } else { 10 };
    println!("{kills} kills, seed {seed}; again with SUANPAN_SEED={seed}");
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let mut answered = vec![0; MEMBERS as usize];
    let mut moment = seed;
    let mut slowest = Duration::ZERO;
    for _ in 0..kills {
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = start(&path, &[]);
        let said = listen(&mut child);
        std::thread::sleep(Duration::from_micros(20_000 + (moment >> 33) % 400_000));
        child.kill().expect("it can be killed");
        child.wait().expect("it is dead");
        let said = said.join().expect("what it said");
        slowest = slowest.max(said.opened);
        for (all, last) in answered.iter_mut().zip(said.answered) {
            *all = (*all).max(last);
        }
    }
    let total = count(&path, &answered);
    assert!(total > 100, "only {total} decisions in {kills} processes");
    println!("{total} decisions survived {kills} kills; the slowest reopening took {slowest:?}");
    println!("test killed_at_any_moment ... ok");
    1
}
