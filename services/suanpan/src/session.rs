//! Where a verb does its work: a running node, or a store file that this process opens for itself. Either way it speaks
//! gRPC, so that there is one way to do each thing.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use suanpan_domain::Currency;
use suanpan_pricing_node::{Chain, Drain, Listeners, Members, Node, serve, stored_chain};
use suanpan_rpc::admin_v1::admin_service_client::AdminServiceClient;
use suanpan_rpc::checkout_v1::checkout_service_client::CheckoutServiceClient;
use suanpan_rpc::member_v1::member_service_client::MemberServiceClient;
use suanpan_rpc::{admin_v1, member_v1};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::error::Error;
use crate::serve::House;
use crate::uuid;

/// Which store a verb works on, and who asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Where {
    /// A running node, on this machine
    #[arg(
        long,
        env = "SUANPAN_NODE",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7443",
        help_heading = "Store"
    )]
    pub(crate) node: String,

    /// Open this store file instead; no node may have it
    #[arg(long, value_name = "FILE", help_heading = "Store")]
    pub(crate) store: Option<PathBuf>,

    /// The store's keys [default: FILE.keys]
    #[arg(long, value_name = "FILE", requires = "store", help_heading = "Store")]
    pub(crate) keys: Option<PathBuf>,

    /// Who asks; stands in what is written
    #[arg(
        long,
        env = "SUANPAN_ACTOR",
        value_name = "ID",
        default_value = "operator",
        help_heading = "Who and why"
    )]
    pub(crate) actor: String,

    /// Why; needed for changes by hand
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        help_heading = "Who and why"
    )]
    pub(crate) reason: String,
}

/// The largest answer that is taken, such as an export's.
const ANSWER_BYTES_MAX: usize = 128 << 20;
/// How long a node may take to let itself be connected to.
const CONNECT: Duration = Duration::from_secs(5);
/// Pauses before a call that may or may not have happened is sent again, with the same ids.
const AGAIN_AFTER_MS: [u64; 6] = [50, 200, 500, 1_000, 2_000, 4_000];

/// A connection to a store's node.
pub(crate) struct Session {
    channel: Channel,
    pub(crate) node: admin_v1::DescribeResponse,
    pub(crate) currency: Currency,
    pub(crate) time_zone: TimeZone,
    /// What the journal of an import calls this store.
    pub(crate) name: String,
    actor: member_v1::Actor,
    own: Option<OwnNode>,
}

/// A node of this process, on the store file.
struct OwnNode {
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    // Outlives the node, and closes the file.
    _house: House,
}

impl Session {
    /// Connects to the node, or opens the store.
    pub(crate) async fn open(place: &Where) -> Result<Self, Error> {
        Self::open_with(place, None).await
    }

    /// As [`open`](Self::open); a store without a program is opened with this one, which is not published by that.
    pub(crate) async fn open_with(place: &Where, first: Option<Chain>) -> Result<Self, Error> {
        let (address, own, name) = match &place.store {
            None => (place.node.clone(), None, place.node.clone()),
            Some(path) => {
                check_files(path, place.keys.as_deref(), first.is_some())?;
                let house = House::open(path, place.keys.as_deref(), Vec::new())?;
                let (address, own) = OwnNode::start(house, first).await?;
                let name = path.canonicalize().unwrap_or_else(|_| path.clone());
                (address, Some(own), name.display().to_string())
            }
        };
        let channel = connect(&address).await?;
        let node = admin(&channel).describe(admin_v1::DescribeRequest {}).await;
        let node = node.map_err(|status| no_admin(&address, status))?.into_inner();
        let currency = Currency::from_code(&node.currency)
            .ok_or_else(|| Error::Answer(format!("currency {:?}", node.currency)))?;
        let time_zone = TimeZone::get(&node.time_zone)
            .map_err(|_| Error::Answer(format!("time zone {:?}", node.time_zone)))?;
        let actor = member_v1::Actor {
            id: place.actor.clone(),
            role: member_v1::Role::Operator.into(),
            channel: "suanpan".to_owned(),
            reason: place.reason.clone(),
        };
        Ok(Self { channel, node, currency, time_zone, name, actor, own })
    }

    /// Ends a node of this process in order, so that the file is closed.
    pub(crate) async fn close(mut self) {
        if let Some(own) = self.own.take() {
            drop(self.channel);
            // A node that ended already hears nothing.
            let _ = own.end.send(());
            let _ = own.serving.await;
        }
    }

    pub(crate) fn chain(&self) -> String {
        self.node.chain.clone()
    }

    /// Who asks, and why.
    pub(crate) fn actor(&self) -> Option<member_v1::Actor> {
        Some(self.actor.clone())
    }

    /// Who asks, with a reason even where none was given.
    pub(crate) fn actor_because(&self, reason: &str) -> Option<member_v1::Actor> {
        let mut actor = self.actor.clone();
        if actor.reason.is_empty() {
            reason.clone_into(&mut actor.reason);
        }
        Some(actor)
    }

    pub(crate) fn admin(&self) -> AdminServiceClient<Channel> {
        admin(&self.channel)
    }

    pub(crate) fn members(&self) -> MemberServiceClient<Channel> {
        MemberServiceClient::new(self.channel.clone())
    }

    pub(crate) fn checkouts(&self) -> CheckoutServiceClient<Channel> {
        CheckoutServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}

impl OwnNode {
    async fn start(house: House, first: Option<Chain>) -> Result<(String, Self), Error> {
        let backing = house.backing();
        let stored = stored_chain(&*backing.store).await?;
        let Some(chain) = stored.or(first) else { return Err(Error::NoProgram) };
        let mut node =
            Node::new(chain, Members::default(), None, None).selling(backing.store, backing.selling);
        if let Some(backup) = backing.backup {
            node = node.copied_by(backup);
        }
        node.refresh().await.map_err(suanpan_pricing_node::StartError::Store)?;
        let grpc = TcpListener::bind("127.0.0.1:0").await.map_err(Error::Runtime)?;
        let address = grpc.local_addr().map_err(Error::Runtime)?.to_string();
        let (end, ended) = oneshot::channel();
        let drain = Drain { lag: Duration::ZERO, deadline: Duration::from_secs(10) };
        let stop = async {
            // A sender that is gone ends the node too.
            let _ = ended.await;
        };
        let node = Arc::new(node);
        let serving = tokio::spawn(async move {
            if let Err(error) = serve(node, Listeners { grpc, admin: None }, drain, stop).await {
                anstream::eprintln!("error: the store's node ended: {error}");
            }
        });
        Ok((address, Self { end, serving, _house: house }))
    }
}

async fn connect(address: &str) -> Result<Channel, Error> {
    let wrong = |_| Error::Options(format!("--node {address} is no address such as 127.0.0.1:7443"));
    let endpoint =
        Endpoint::from_shared(format!("http://{address}")).map_err(wrong)?.connect_timeout(CONNECT);
    endpoint.connect().await.map_err(|_| Error::Connect(address.to_owned()))
}

fn admin(channel: &Channel) -> AdminServiceClient<Channel> {
    AdminServiceClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// Refuses to make a store where one was meant to be, and new keys for an old store: with those no card, telephone number
/// or code of it is known again.
fn check_files(store: &Path, keys: Option<&Path>, may_make: bool) -> Result<(), Error> {
    let keys = keys.map_or_else(|| beside(store, ".keys"), Path::to_owned);
    let missing = match (store.exists(), keys.exists()) {
        (false, _) if may_make => return Ok(()),
        (false, _) => store.to_owned(),
        (true, false) => keys,
        (true, true) => return Ok(()),
    };
    Err(Error::Read { path: missing, source: std::io::ErrorKind::NotFound.into() })
}

/// A file's name with an ending behind its own.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A node without a store has the service and says so; one beyond loopback does not have it.
fn no_admin(address: &str, status: Status) -> Error {
    if status.code() == Code::Unimplemented {
        return Error::NoAdmin { address: address.to_owned(), why: status.message().to_owned() };
    }
    status.into()
}

/// Sends a call; one that may or may not have happened is sent again, the same, until it is known.
pub(crate) async fn settled<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let mut pauses = AGAIN_AFTER_MS.iter();
    loop {
        match call().await {
            Err(status) if matches!(status.code(), Code::Unavailable | Code::ResourceExhausted) => {
                match pauses.next() {
                    Some(pause) => sleep(Duration::from_millis(*pause)).await,
                    None => return Err(status),
                }
            }
            answer => return answer,
        }
    }
}

/// The id that was given for a call or a sale, or a new one.
pub(crate) fn new_id(given: Option<&str>) -> Result<String, Error> {
    given.map_or_else(uuid::v7, |given| Ok(given.to_owned()))
}

/// Runs a verb on an open session and closes it, whatever came of it.
pub(crate) fn on<T>(place: &Where, verb: impl AsyncFnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
    let runtime = tokio::runtime::Runtime::new().map_err(Error::Runtime)?;
    runtime.block_on(async {
        let session = Session::open(place).await?;
        let done = verb(&session).await;
        session.close().await;
        done
    })
}
