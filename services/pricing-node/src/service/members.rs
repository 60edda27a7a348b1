//! The calls of `MemberService`.

use std::sync::Arc;

use suanpan_checkout::{BooksError, MemberAsk, Recorded, offer_key};
use suanpan_domain::{BusinessTime, MemberId};
use suanpan_ledger::head::{CouponId, NEVER_MS, Status as Standing};
use suanpan_ledger::refusal::Conflict;
use suanpan_ledger::{Action, Refusal, progress, snapshot};
use suanpan_rpc::decode::{self, ChangeCall, Key};
use suanpan_rpc::member_v1::member_service_server::MemberService;
use suanpan_rpc::problem::{Fault, Problems};
use suanpan_rpc::{checkout_v1, content, encode, member_v1, status};
use suanpan_store::{Cursor, Linked, MemberRow, Order, StoreError};
use tonic::{Code, Request, Response, Status};

use super::checkout::{Desk, desk, writing};
use super::store_failed;
use crate::node::Node;
use crate::sales::{in_time, settled};

/// The service of a node that sells.
#[derive(Clone)]
pub(crate) struct Accounts {
    node: Arc<Node>,
}

impl Accounts {
    pub(crate) const fn of(node: Arc<Node>) -> Self {
        Self { node }
    }

    fn desk<T>(&self, request: &Request<T>) -> Result<Desk<'_>, Status> {
        desk(&self.node, request, status::MEMBER_DOMAIN)
    }

    fn writing<T>(&self, request: &Request<T>) -> Result<Desk<'_>, Status> {
        writing(&self.node, request, status::MEMBER_DOMAIN)
    }
}

fn invalid(problems: Problems) -> Status {
    status::invalid(&problems.of_domain(status::MEMBER_DOMAIN))
}

#[tonic::async_trait]
impl MemberService for Accounts {
    async fn enrol(
        &self,
        request: Request<member_v1::EnrolRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let birthday = message.birthday.unwrap_or_default();
        let texts = [&*message.member_id, &message.phone, &message.email, &message.referred_by];
        let cards: Vec<&str> = message.cards.iter().map(String::as_str).collect();
        let numbers = [i64::from(birthday.month), i64::from(birthday.day)];
        let content_hash = content::change("enrol", &[texts.as_slice(), &cards].concat(), &numbers);
        let call = decode::enrol(message, desk.chain.id()).map_err(invalid)?;
        // Cards of a call that is refused must lead nowhere, and those of one that comes again lead there already.
        if desk.is_new(&call.member).await? {
            desk.link(&call).await?;
        }
        let ChangeCall { request, what, .. } = &call;
        let action = Action::Enrol {
            request: *request,
            content_hash,
            birthday: what.birthday,
            referred_by: what.referred_by.clone(),
        };
        desk.change(&call, action).await
    }

    async fn get(
        &self,
        request: Request<member_v1::GetRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.desk(&request)?;
        let (_, key) = decode::get(request.into_inner(), desk.chain.id()).map_err(invalid)?;
        let member = match key {
            Key::Id(id) => id,
            Key::Lookup(lookup) => desk.leads_to(&lookup).await?,
        };
        desk.shown(&member).await
    }

    async fn adjust(
        &self,
        request: Request<member_v1::AdjustRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = content::change("adjust", &[], &[message.points, message.expires_unix_ms]);
        let call = decode::adjust(message, desk.chain.id()).map_err(invalid)?;
        let (request, decode::Adjustment { points, expires_ms }) = (call.request, call.what);
        desk.change(&call, Action::Adjust { request, content_hash, points, expires_ms }).await
    }

    async fn grant_coupon(
        &self,
        request: Request<member_v1::GrantCouponRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = content::change("grant_coupon", &[&message.campaign], &[message.expires_unix_ms]);
        let call = decode::grant_coupon(message, desk.chain.id()).map_err(invalid)?;
        let offers = &desk.chain.program().offers;
        if !offers.iter().any(|offer| offer.id == call.what.campaign && offer.coupon.is_some()) {
            return Err(invalid(Problems::one(format_args!("campaign"), Fault::UnknownCampaign)));
        }
        let action = Action::GrantCoupon {
            request: call.request,
            content_hash,
            coupon: CouponId(call.request),
            campaign: offer_key(&call.what.campaign),
            expires_ms: call.what.expires_ms.unwrap_or(NEVER_MS),
        };
        desk.change(&call, action).await
    }

    async fn revoke_coupon(
        &self,
        request: Request<member_v1::RevokeCouponRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = content::change("revoke_coupon", &[&message.coupon_id], &[]);
        let call = decode::revoke_coupon(message, desk.chain.id()).map_err(invalid)?;
        let (request, coupon) = (call.request, call.what);
        desk.change(&call, Action::RevokeCoupon { request, content_hash, coupon }).await
    }

    async fn block(
        &self,
        request: Request<member_v1::BlockRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = content::change("block", &[], &[message.blocked.into()]);
        let call = decode::block(message, desk.chain.id()).map_err(invalid)?;
        let (request, blocked) = (call.request, call.what);
        desk.change(&call, Action::Block { request, content_hash, blocked }).await
    }

    async fn transfer(
        &self,
        request: Request<member_v1::TransferRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = content::change("transfer", &[&message.to_member_id], &[message.points]);
        let call = decode::transfer(message, desk.chain.id()).map_err(invalid)?;
        let (to, points) = call.what.clone();
        // Points that are sent to nobody would be lost.
        let keeper = in_time(desk.until, desk.sales.survivor(&desk.chain, &to)).await.map_err(stuck)?;
        let standing = keeper.map_or(Standing::Absent, |(_, head)| head.status);
        let sent = Action::TransferOut { request: call.request, content_hash, to: to.clone(), points };
        match standing {
            Standing::Active | Standing::Blocked => desk.change(&call, sent).await,
            Standing::Absent | Standing::Guest => Err(unknown()),
            // A call that was made before somebody left is answered all the same.
            Standing::Closed { .. } => {
                let (ask, books) = (desk.ask(&call, sent), desk.sales.books(&desk.chain));
                let made = settled(desk.until, || books.made(ask.clone())).await.map_err(failed)?;
                if made.is_none() {
                    let closed = Conflict::about(Refusal::MemberClosed, to.as_str());
                    return Err(failed(BooksError::Refused(vec![closed])));
                }
                desk.shown(&call.member).await
            }
        }
    }

    async fn merge(
        &self,
        request: Request<member_v1::MergeRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = content::change("merge", &[&message.survivor_id, &message.source_id], &[]);
        let call = decode::merge(message, desk.chain.id()).map_err(invalid)?;
        let source = call.what.clone();
        desk.shown(&source).await?;
        let action = Action::MergeLock { request: call.request, content_hash, source: source.clone() };
        let ask = desk.ask(&call, action);
        let books = desk.sales.books(&desk.chain);
        let merged = settled(desk.until, || books.merge(ask.clone(), source.clone())).await;
        merged.map_err(failed)?;
        desk.changed(&call.member).await
    }

    async fn close(
        &self,
        request: Request<member_v1::CloseRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let content_hash = content::change("close", &[], &[]);
        let call = decode::close(request.into_inner(), desk.chain.id()).map_err(invalid)?;
        desk.change(&call, Action::Close { request: call.request, content_hash }).await
    }

    async fn record_activity(
        &self,
        request: Request<member_v1::RecordActivityRequest>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = content::change("record_activity", &[&message.activity], &[]);
        let call = decode::activity(message, desk.chain.id()).map_err(invalid)?;
        let action = Action::EarnByActivity {
            request: call.request,
            content_hash,
            activity: offer_key(&call.what.activity),
            business_ms: call.what.business_time.map_or(desk.now_ms, |time| time.unix_ms),
        };
        let ask = desk.ask(&call, action);
        let books = desk.sales.books(&desk.chain);
        let booked = settled(desk.until, || books.change(ask.clone())).await;
        booked.map_err(|error| failed(about_activity(error, &call.what.activity)))?;
        desk.changed(&call.member).await
    }

    async fn list_entries(
        &self,
        request: Request<member_v1::ListEntriesRequest>,
    ) -> Result<Response<member_v1::ListEntriesResponse>, Status> {
        let desk = self.desk(&request)?;
        let call = decode::list_entries(request.into_inner(), desk.chain.id()).map_err(invalid)?;
        let chain = desk.chain.id();
        let after = Cursor(call.after);
        let page = desk.sales.store.entries(chain, &call.member, Order::NewestFirst, &after, call.page_size);
        let page = in_time(desk.until, page).await.map_err(stuck)?;
        if page.rows.is_empty() && desk.is_new(&call.member).await? {
            return Err(unknown());
        }
        let policy = desk.chain.policy();
        Ok(Response::new(member_v1::ListEntriesResponse {
            chain: chain.to_owned(),
            entries: page.rows.iter().map(|row| encode::entry(policy, row)).collect(),
            next_page_token: super::page_token(page.next),
        }))
    }
}

impl Desk<'_> {
    fn ask<T>(&self, call: &ChangeCall<T>, action: Action) -> MemberAsk {
        MemberAsk {
            member: call.member.clone(),
            request: call.request,
            actor: call.actor.clone(),
            now_ms: self.now_ms,
            action,
        }
    }

    /// Changes a member and shows what came of it.
    async fn change<T>(
        &self,
        call: &ChangeCall<T>,
        action: Action,
    ) -> Result<Response<member_v1::Member>, Status> {
        let ask = self.ask(call, action);
        let books = self.sales.books(&self.chain);
        let _: Recorded = settled(self.until, || books.change(ask.clone())).await.map_err(failed)?;
        self.changed(&call.member).await
    }

    /// Whether there is no account under this id yet.
    async fn is_new(&self, member: &MemberId) -> Result<bool, Status> {
        let row = in_time(self.until, self.sales.store.member(self.chain.id(), member)).await;
        Ok(row.map_err(stuck)?.is_none_or(|row| row.head.status == Standing::Absent))
    }

    /// To whom a card, telephone number or address leads; after a merge, to the survivor.
    async fn leads_to(&self, lookup: &decode::Lookup) -> Result<MemberId, Status> {
        let key = self.sales.lookup_key(lookup);
        let member = in_time(self.until, self.sales.store.lookup(self.chain.id(), key))
            .await
            .map_err(stuck)?
            .ok_or_else(unknown)?;
        let survivor = in_time(self.until, self.sales.survivor(&self.chain, &member)).await.map_err(stuck)?;
        Ok(survivor.map_or(member, |(survivor, _)| survivor))
    }

    /// Lets a new member's cards and addresses lead there, before there is a member: a key that leads to nobody is free
    /// again after a while. All are looked at before the first one is taken, so that a call that is refused for one of
    /// them takes none of the others.
    async fn link(&self, call: &ChangeCall<decode::Enrolment>) -> Result<(), Status> {
        let (store, chain) = (&self.sales.store, self.chain.id());
        let keys: Vec<_> = call.what.lookups.iter().map(|lookup| self.sales.lookup_key(lookup)).collect();
        for key in &keys {
            let leads_to = in_time(self.until, store.lookup(chain, *key)).await.map_err(stuck)?;
            // A key that leads to nobody is free, or somebody enrols with it right now: taking it tells.
            if let Some(other) = leads_to.filter(|other| *other != call.member)
                && !self.is_new(&other).await?
            {
                return Err(taken());
            }
        }
        for key in keys {
            let linked = in_time(self.until, store.link(chain, key, &call.member, self.now_ms)).await;
            match linked.map_err(stuck)? {
                Linked::Yes => {}
                Linked::To(_) => return Err(taken()),
            }
        }
        Ok(())
    }

    /// A member as the store has it now.
    async fn shown(&self, member: &MemberId) -> Result<Response<member_v1::Member>, Status> {
        let row = in_time(self.until, self.sales.store.member(self.chain.id(), member)).await;
        self.account(member, row)
    }

    /// The same after a change: when the store does not show it, nobody hears that nothing was changed.
    async fn changed(&self, member: &MemberId) -> Result<Response<member_v1::Member>, Status> {
        let row = in_time(self.until, self.sales.store.member(self.chain.id(), member)).await;
        self.account(member, row.map_err(StoreError::after_a_write))
    }

    fn account(
        &self,
        member: &MemberId,
        row: Result<Option<MemberRow>, StoreError>,
    ) -> Result<Response<member_v1::Member>, Status> {
        let row =
            row.map_err(stuck)?.filter(|row| row.head.status != Standing::Absent).ok_or_else(unknown)?;
        let (policy, now_ms) = (self.chain.policy(), self.now_ms);
        let utc_offset_minutes = self.chain.utc_offset_minutes("", now_ms);
        let time = BusinessTime { unix_ms: now_ms, utc_offset_minutes };
        let facts = snapshot(policy, &row.head, member, now_ms, time);
        let standing = progress(policy, &row.head, now_ms);
        Ok(Response::new(encode::account(self.chain.id(), &row.head, policy, &standing, &facts)))
    }
}

fn stuck(error: StoreError) -> Status {
    store_failed(status::MEMBER_DOMAIN, &error)
}

fn taken() -> Status {
    let message = "a card, telephone number or address leads to another member";
    status::plain(Code::AlreadyExists, status::MEMBER_DOMAIN, status::LOOKUP_TAKEN, message)
}

fn unknown() -> Status {
    let message = "there is no such member";
    status::plain(Code::NotFound, status::MEMBER_DOMAIN, status::MEMBER_UNKNOWN, message)
}

/// Refusals of an activity in the caller's words; the ledger knows activities by their keys.
fn about_activity(mut error: BooksError, activity: &str) -> BooksError {
    if let BooksError::Refused(conflicts) = &mut error {
        let of_activities = |conflict: &&mut Conflict| {
            matches!(conflict.reason, Refusal::ActivityUnknown | Refusal::ActivityLimit)
        };
        for conflict in conflicts.iter_mut().filter(of_activities) {
            activity.clone_into(&mut conflict.subject);
        }
    }
    error
}

fn failed(error: BooksError) -> Status {
    match error {
        BooksError::Refused(conflicts)
            if conflicts.iter().any(|conflict| conflict.reason == Refusal::MemberUnknown) =>
        {
            unknown()
        }
        BooksError::Refused(conflicts) => {
            let conflicts = conflicts.iter().map(encode::conflict).collect();
            let refused = checkout_v1::CheckoutRefused { conflicts, ..Default::default() };
            status::refused(status::MEMBER_DOMAIN, refused)
        }
        BooksError::Stale => store_failed(status::MEMBER_DOMAIN, &StoreError::Busy),
        BooksError::Store(error) => store_failed(status::MEMBER_DOMAIN, &error),
    }
}
