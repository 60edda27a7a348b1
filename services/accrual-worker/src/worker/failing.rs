//! Members for whom something failed: they are tried ever more rarely, so that a thousand of them hold up nobody.

use std::collections::HashMap;

use super::crew::Job;

/// Members of which the failures are counted. More are tried in every pass.
const MEMBERS_MAX: usize = 10_000;
/// Passes between two tries at most: some minutes.
const PASSES_MAX: u64 = 256;

#[derive(Debug, Default)]
pub(crate) struct Failing {
    pass: u64,
    members: HashMap<Job, Failed>,
}

#[derive(Debug)]
struct Failed {
    times: u32,
    next_pass: u64,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    /// How many members fail now.
    pub(crate) members: usize,
    /// It failed for the first time in a row.
    pub(crate) is_news: bool,
}

impl Failing {
    pub(crate) fn next_pass(&mut self) {
        self.pass += 1;
    }

    pub(crate) fn rests(&self, job: &Job) -> bool {
        self.members.get(job).is_some_and(|failed| self.pass < failed.next_pass)
    }

    pub(crate) fn note(&mut self, job: &Job, went_well: bool) -> Noted {
        let mut is_news = false;
        if went_well {
            self.members.remove(job);
        } else if let Some(failed) = self.members.get_mut(job) {
            failed.times += 1;
            failed.next_pass = self.pass + (1 << failed.times.min(8)).min(PASSES_MAX);
        } else {
            is_news = true;
            if self.members.len() < MEMBERS_MAX {
                self.members.insert(job.clone(), Failed { times: 1, next_pass: self.pass + 2 });
            }
        }
        Noted { members: self.members.len(), is_news }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use suanpan_domain::MemberId;

    #[test]
    fn who_fails_is_tried_ever_more_rarely() {
        let job = Job { chain: "sunrise".to_owned(), member: MemberId::new("anna").expect("a name") };
        let mut failing = Failing::default();
        let mut tried = Vec::new();
        for pass in 1..1_000 {
            failing.next_pass();
            if !failing.rests(&job) {
                assert_eq!(failing.note(&job, false), Noted { members: 1, is_news: tried.is_empty() });
                tried.push(pass);
            }
        }
        assert_eq!(tried, [1, 3, 7, 15, 31, 63, 127, 255, 511, 767]);
        assert_eq!(failing.note(&job, true), Noted { members: 0, is_news: false });
        assert!(!failing.rests(&job));
    }
}
