//! Prices baskets over gRPC in batches, and checks every answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use suanpan_rpc::v1;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use tonic::transport::Channel;

use crate::chain::CHAIN;
use crate::check::{self, Findings};
use crate::papers::PapersByLine;
use crate::request::{self, Addition};
use crate::year::Year;

/// Baskets of one request: large enough that a call costs little per basket, far below the limit of 256.
const BATCH: usize = 64;
/// A basket is sent again without the lines that were refused; so often at most. A refusal names up to 100
/// problems and a basket has up to 161 lines.
const ATTEMPTS_MAX: usize = 3;
/// The answer to a batch of long baskets is larger than the 4 MiB that tonic takes by default.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Baskets to price, and how.
pub struct Job {
    /// The year that they are of.
    pub year: Arc<Year>,
    /// Which baskets, by their place in the year.
    pub baskets: Vec<usize>,
    /// Where the chain's addition to coupons comes from.
    pub addition: Addition,
    /// Which papers were handed in.
    pub papers: PapersByLine,
}

/// What pricing them showed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Baskets that got a quote, perhaps without some of their lines.
    pub quoted: u64,
    /// Baskets of which nothing was left once the refused lines were taken out.
    pub empty: u64,
    /// Lines that were quoted.
    pub lines: u64,
    /// Baskets that were refused as recorded.
    pub refused_baskets: u64,
    /// Lines that the refusals named.
    pub refused_lines: u64,
    /// The refusals' problems, by field and description, with how often.
    pub refusals: BTreeMap<String, u64>,
    /// Reasons of coupons that gave less than their value, with how often.
    pub coupon_reasons: BTreeMap<String, u64>,
    /// The lines' findings.
    pub findings: Findings,
    /// The wall clock, from the first request to the last checked answer. Client and node shared the machine.
    pub took: Duration,
}

/// Why pricing stopped.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// The node cannot be reached.
    #[error("cannot reach the node")]
    Connect(#[from] tonic::transport::Error),
    /// A whole call failed; a refused basket is no such failure.
    #[error("the node refused a batch: {}", .0.message())]
    Call(#[from] Box<tonic::Status>),
    /// The node answered another number of baskets than it was asked.
    #[error("{answered} answers for {asked} baskets")]
    Answers {
        /// Baskets asked for.
        asked: usize,
        /// Results that came.
        answered: usize,
    },
    /// A basket was refused for something that is not in one of its lines, or again and again.
    #[error("basket {basket} was refused: {message}")]
    Refused {
        /// The basket.
        basket: u64,
        /// What the node said.
        message: String,
    },
    /// A worker ended before its work.
    #[error("a worker ended")]
    Worker(#[from] tokio::task::JoinError),
}

/// Prices the job's baskets with one connection and one batch under way for each processor.
///
/// # Errors
/// When the node cannot be reached, a whole call fails, or a basket is refused for no line's sake.
/// A quote that differs from the recording is no error here: it is a finding.
pub async fn price(address: &str, job: Job) -> Result<Outcome, PriceError> {
    let job = Arc::new(job);
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
        let (job, next) = (Arc::clone(&job), Arc::clone(&next));
        let client = PricingServiceClient::connect(address.to_owned()).await?;
        workers.spawn(work(client.max_decoding_message_size(ANSWER_BYTES_MAX), job, next));
    }
    let mut outcome = Outcome::default();
    while let Some(worker) = workers.join_next().await {
        outcome.add(worker??);
    }
    outcome.took = started.elapsed();
    outcome.findings.doublings.sort_unstable_by_key(|doubling| (doubling.line.basket, doubling.line.product));
    outcome.findings.differences.sort_unstable();
    Ok(outcome)
}

async fn work(
    mut client: PricingServiceClient<Channel>,
    job: Arc<Job>,
    next: Arc<AtomicUsize>,
) -> Result<Outcome, PriceError> {
    let mut outcome = Outcome::default();
    let batches: Vec<&[usize]> = job.baskets.chunks(BATCH).collect();
    while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut open: Vec<Asked> =
            batch.iter().map(|basket| Asked { basket: *basket, skip: Vec::new() }).collect();
        for attempt in 1.. {
            open = outcome.ask(&mut client, &job, open, attempt == 1).await?;
            if open.is_empty() {
                break;
            }
            if attempt == ATTEMPTS_MAX {
                let basket = job.year.basket(open[0].basket)[0].basket;
                return Err(PriceError::Refused { basket, message: "again and again".to_owned() });
            }
        }
    }
    Ok(outcome)
}

/// A basket to be asked for, without the lines that were refused before.
struct Asked {
    basket: usize,
    skip: Vec<usize>,
}

impl Outcome {
    /// Asks for baskets, takes in the quotes, and returns what was refused, to be asked again without the
    /// refused lines.
    async fn ask(
        &mut self,
        client: &mut PricingServiceClient<Channel>,
        job: &Job,
        asked: Vec<Asked>,
        as_recorded: bool,
    ) -> Result<Vec<Asked>, PriceError> {
        let baskets = asked
            .iter()
            .map(|asked| {
                let lines = job.year.basket(asked.basket);
                request::basket(&job.year, lines, job.addition, &job.papers, &asked.skip)
            })
            .collect();
        let request = v1::QuoteBatchRequest { chain: CHAIN.to_owned(), baskets };
        let results = client.quote_batch(request).await.map_err(Box::new)?.into_inner().results;
        if results.len() != asked.len() {
            return Err(PriceError::Answers { asked: asked.len(), answered: results.len() });
        }
        let mut refused = Vec::new();
        for (mut asked, result) in asked.into_iter().zip(results) {
            let lines = job.year.basket(asked.basket);
            match result.result {
                Some(v1::quote_result::Result::Quote(quote)) => {
                    self.quoted += 1;
                    self.lines += (lines.len() - asked.skip.len()) as u64;
                    let mut found = check::check(lines, &asked.skip, job.addition, &quote);
                    for reason in found.coupon_reasons.drain(..) {
                        *self.coupon_reasons.entry(reason.as_str_name().to_owned()).or_default() += 1;
                    }
                    self.findings.add(found);
                }
                Some(v1::quote_result::Result::Refusal(refusal)) => {
                    self.refused_baskets += u64::from(as_recorded);
                    let named = self.take_in(&refusal, &asked.skip, lines.len());
                    if named.is_empty() {
                        return Err(PriceError::Refused {
                            basket: lines[0].basket,
                            message: refusal.message,
                        });
                    }
                    for index in &named {
                        if lines[*index].quantity > 0 {
                            self.findings.differences.push(format!(
                                "basket {} product {}: refused",
                                lines[*index].basket, lines[*index].product
                            ));
                        }
                    }
                    self.refused_lines += named.len() as u64;
                    asked.skip.extend(named);
                    if asked.skip.len() == lines.len() {
                        self.empty += 1;
                    } else {
                        refused.push(asked);
                    }
                }
                None => {
                    let message = "an empty result".to_owned();
                    return Err(PriceError::Refused { basket: lines[0].basket, message });
                }
            }
        }
        Ok(refused)
    }

    /// Counts a refusal's problems and returns the places of the lines that it names.
    fn take_in(&mut self, refusal: &v1::Refusal, skipped: &[usize], line_count: usize) -> Vec<usize> {
        // The request's lines are the recorded ones less those that were skipped.
        let sent: Vec<usize> = (0..line_count).filter(|index| !skipped.contains(index)).collect();
        let mut named = Vec::new();
        for problem in &refusal.problems {
            let Some((index, field)) =
                problem.field.strip_prefix("lines[").and_then(|rest| rest.split_once("]."))
            else {
                continue;
            };
            *self.refusals.entry(format!("{field}: {}", problem.description)).or_default() += 1;
            if let Some(index) = index.parse::<usize>().ok().and_then(|index| sent.get(index)) {
                named.push(*index);
            }
        }
        named.sort_unstable();
        named.dedup();
        named
    }

    fn add(&mut self, other: Self) {
        self.quoted += other.quoted;
        self.empty += other.empty;
        self.lines += other.lines;
        self.refused_baskets += other.refused_baskets;
        self.refused_lines += other.refused_lines;
        for (text, count) in other.refusals {
            *self.refusals.entry(text).or_default() += count;
        }
        for (text, count) in other.coupon_reasons {
            *self.coupon_reasons.entry(text).or_default() += count;
        }
        self.findings.add(other.findings);
    }
}

impl Findings {
    fn add(&mut self, other: Self) {
        self.reproduced += other.reproduced;
        self.cut += other.cut;
        self.not_in_catalogue += other.not_in_catalogue;
        self.doublings.extend(other.doublings);
        self.differences.extend(other.differences);
    }
}
