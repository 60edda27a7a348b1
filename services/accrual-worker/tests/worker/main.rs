//! The worker on a real store in a temporary folder, with a clock that the tests set.

mod archive;
mod flaky;
mod holds;
mod ledgers;
mod lossy;
mod merges;
mod oracle;
mod parked;
mod process;
mod programs;
mod receiver;
mod sharing;
mod shop;
mod telling;
mod year;
