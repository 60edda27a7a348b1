//! The life of a sale, told as it happened: a member enrols, buys, gets points and a tier, buys with them, and brings
//! something back.

use std::time::Duration;

use suanpan_rpc::checkout_v1::checkout_service_client::CheckoutServiceClient;
use suanpan_rpc::member_v1::member_service_client::MemberServiceClient;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use suanpan_rpc::{checkout_v1, member_v1, v1};
use tonic::transport::Channel;

use crate::error::Error;

/// What happened in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Enrolled,
    Quoted,
    Reserved,
    Confirmed,
    Accrued,
    Returned,
    TakenBack,
}

/// One line of the story.
pub(super) struct Scene {
    pub(super) happened: Happened,
    /// What is due, or given back (negative), minor units; none where no money is meant.
    pub(super) money_minor: Option<i64>,
    /// Points that the step paid with (negative) or brought.
    pub(super) points: Option<i64>,
    /// Points that can be spent after it.
    pub(super) spendable: i64,
    /// The tier after it.
    pub(super) tier: String,
}

/// Names of a story: what it calls its member, its card and its sales.
pub(super) struct Cast {
    pub(super) chain: String,
    pub(super) member: String,
    pub(super) card: String,
}

/// The clients of one channel.
struct Shop {
    pricing: PricingServiceClient<Channel>,
    checkouts: CheckoutServiceClient<Channel>,
    members: MemberServiceClient<Channel>,
    cast: Cast,
    scenes: Vec<Scene>,
}

/// How long the worker may take before the demo says that it does not work.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first shopping is as much more than the basket.
const FIRST_TIMES: i64 = 5;

/// Plays the story on a node that sells, and gives what happened and the sales' ids.
pub(super) async fn play(
    channel: Channel,
    basket: &v1::Basket,
    cast: Cast,
) -> Result<(Vec<Scene>, Vec<String>), Error> {
    let mut shop = Shop {
        pricing: PricingServiceClient::new(channel.clone()),
        checkouts: CheckoutServiceClient::new(channel.clone()),
        members: MemberServiceClient::new(channel),
        cast,
        scenes: Vec::new(),
    };
    shop.enrol().await?;
    let mut large = shop.hers(basket);
    for line in &mut large.lines {
        line.quantity_milli *= FIRST_TIMES;
    }
    let first = shop.buy(large).await?;
    shop.wait(Happened::Accrued).await?;
    let mut with_points = shop.hers(basket);
    with_points.points = Some(v1::PointsRequest {
        wanted: Some(v1::points_request::Wanted::Maximum(true)),
        ..v1::PointsRequest::default()
    });
    let second = shop.buy(with_points).await?;
    shop.wait(Happened::Accrued).await?;
    shop.bring_back(&second, basket).await?;
    shop.wait(Happened::TakenBack).await?;
    Ok((shop.scenes, vec![first, second]))
}

fn failed(status: tonic::Status) -> Error {
    Error::Call(format!("{:?}: {}", status.code(), status.message()))
}

impl Shop {
    fn till() -> Option<member_v1::Actor> {
        Some(member_v1::Actor { id: "till-03".to_owned(), channel: "pos".to_owned(), ..Default::default() })
    }

    /// The basket at the moment, with the member's card.
    fn hers(&self, basket: &v1::Basket) -> v1::Basket {
        let card = v1::member::Identity::Card(self.cast.card.clone());
        v1::Basket {
            member: Some(v1::Member { identity: Some(card) }),
            business_time: None,
            offline_sale: false,
            codes: Vec::new(),
            points: None,
            ..basket.clone()
        }
    }

    async fn tell(
        &mut self,
        happened: Happened,
        money_minor: Option<i64>,
        points: Option<i64>,
    ) -> Result<(), Error> {
        let member = self.look().await?;
        self.scenes.push(Scene {
            happened,
            money_minor,
            points,
            spendable: member.points.map_or(0, |points| points.spendable),
            tier: member.tier.map(|tier| tier.id).unwrap_or_default(),
        });
        Ok(())
    }

    /// Tells what the answer says. Whoever looked at the member might see what the worker did meanwhile, which comes next.
    fn tell_at_once(&mut self, happened: Happened, money_minor: i64, points: Option<i64>) {
        let (spendable, tier) =
            self.scenes.last().map_or((0, String::new()), |scene| (scene.spendable, scene.tier.clone()));
        let spendable = spendable + points.unwrap_or(0);
        self.scenes.push(Scene { happened, money_minor: Some(money_minor), points, spendable, tier });
    }

    async fn look(&mut self) -> Result<member_v1::Member, Error> {
        let key = member_v1::member_key::Key::Id(self.cast.member.clone());
        let request = member_v1::GetRequest {
            chain: self.cast.chain.clone(),
            actor: Self::till(),
            member: Some(member_v1::MemberKey { key: Some(key) }),
        };
        Ok(self.members.get(request).await.map_err(failed)?.into_inner())
    }

    async fn enrol(&mut self) -> Result<(), Error> {
        let request = member_v1::EnrolRequest {
            chain: self.cast.chain.clone(),
            actor: Self::till(),
            request_id: crate::uuid::v7()?,
            member_id: self.cast.member.clone(),
            cards: vec![self.cast.card.clone()],
            ..member_v1::EnrolRequest::default()
        };
        self.members.enrol(request).await.map_err(failed)?;
        self.tell(Happened::Enrolled, None, None).await
    }

    /// Quote, reserve, confirm: gives the sale's id.
    async fn buy(&mut self, basket: v1::Basket) -> Result<String, Error> {
        let quote = self.pricing.quote(basket.clone()).await.map_err(failed)?.into_inner();
        self.tell(Happened::Quoted, Some(quote.due_minor), None).await?;
        let (chain, checkout_id) = (self.cast.chain.clone(), crate::uuid::v7()?);
        let reserve = checkout_v1::ReserveRequest {
            chain: chain.clone(),
            actor: Self::till(),
            checkout_id: checkout_id.clone(),
            basket: Some(basket.clone()),
            quote_token: quote.envelope.map(|envelope| envelope.token).unwrap_or_default(),
            expected: Some(checkout_v1::Expected { due_minor: quote.due_minor }),
            hold_seconds: 0,
        };
        let reserved = self.checkouts.reserve(reserve).await.map_err(failed)?.into_inner();
        let held = (reserved.points_used > 0).then_some(-reserved.points_used);
        self.tell(Happened::Reserved, Some(reserved.due_minor), held).await?;
        let confirm = checkout_v1::ConfirmRequest {
            chain,
            actor: Self::till(),
            checkout_id: checkout_id.clone(),
            basket: Some(basket),
            tenders: vec![checkout_v1::Tender { kind: "card".to_owned(), amount_minor: reserved.due_minor }],
            ..checkout_v1::ConfirmRequest::default()
        };
        let confirmed = self.checkouts.confirm(confirm).await.map_err(failed)?.into_inner();
        self.tell_at_once(Happened::Confirmed, confirmed.due_minor, None);
        Ok(checkout_id)
    }

    /// Waits until the worker is through with the member.
    async fn wait(&mut self, happened: Happened) -> Result<(), Error> {
        let before = self.scenes.last().map_or(0, |scene| scene.spendable);
        let start = tokio::time::Instant::now();
        loop {
            let member = self.look().await?;
            if member.entries_pending == 0 {
                let after = member.points.map_or(0, |points| points.spendable);
                return self.tell(happened, None, Some(after - before)).await;
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::Call("the accrual worker does not work".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One unit of the first line comes back.
    async fn bring_back(&mut self, checkout_id: &str, basket: &v1::Basket) -> Result<(), Error> {
        let line_id = basket.lines.first().map(|line| line.id.clone()).unwrap_or_default();
        let request = checkout_v1::ReturnRequest {
            chain: self.cast.chain.clone(),
            actor: Self::till(),
            checkout_id: checkout_id.to_owned(),
            return_id: crate::uuid::v7()?,
            lines: vec![checkout_v1::ReturnLine { line_id, quantity_milli: 1_000, units: Vec::new() }],
            ..checkout_v1::ReturnRequest::default()
        };
        let back = self.checkouts.r#return(request).await.map_err(failed)?.into_inner();
        self.tell_at_once(Happened::Returned, -back.refund_minor, Some(back.points_restored));
        Ok(())
    }
}
