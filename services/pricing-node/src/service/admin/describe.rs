//! What the node serves.

use suanpan_program::model::{CodeKind, Program};
use suanpan_rpc::admin_v1;
use tonic::Status;

use super::{Desk, failed};

/// Campaigns with unique codes: id, what codes begin with, how many bytes they have.
pub(super) fn campaigns(program: &Program) -> impl Iterator<Item = (&str, &str, usize)> {
    program.offers.iter().filter_map(|offer| match &offer.coupon.as_ref()?.codes {
        CodeKind::Unique { prefix, length } => Some((offer.id.as_str(), prefix.as_str(), *length)),
        CodeKind::Generic(_) | CodeKind::Owned => None,
    })
}

impl Desk<'_> {
    pub(super) async fn describe(&self) -> Result<admin_v1::DescribeResponse, Status> {
        let meta = self.sales.store.meta().await.map_err(|error| failed(&error))?;
        let program = self.chain.program();
        let campaign = |(id, prefix, length): (&str, &str, usize)| admin_v1::CodeCampaign {
            id: id.to_owned(),
            prefix: prefix.to_owned(),
            length: i32::try_from(length).unwrap_or(i32::MAX),
        };
        Ok(admin_v1::DescribeResponse {
            chain: self.chain.id().to_owned(),
            program_version: program.version.clone(),
            currency: self.chain.currency().code().to_owned(),
            time_zone: program.time_zone.clone().unwrap_or_else(|| "UTC".to_owned()),
            epoch: meta.epoch.cast_signed(),
            code_campaigns: campaigns(program).map(campaign).collect(),
            coupon_campaigns: program
                .offers
                .iter()
                .filter(|offer| offer.coupon.is_some())
                .map(|offer| offer.id.clone())
                .collect(),
        })
    }
}
