//! The offers of a compiled program as quotes refer to them.

/// Where an offer of a quote comes from. Indexes stay small, so that a quote copies no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferRef {
    /// An entry of the program's [`OfferBook`].
    Program(u32),
    /// The basket's manual discount at this index.
    Manual(u32),
    /// The basket's code at this index, which no offer of the program claims.
    Code(u32),
    /// The basket's paper coupon at this index, whose code no offer of the program claims.
    Paper(u32),
    /// Paying with points.
    Points,
}

/// What sort of offer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferKind {
    /// A price list.
    PriceList,
    /// A tier's discount.
    Tier,
    /// A promotion: automatic.
    Promotion,
    /// A coupon: presented.
    Coupon,
    /// A discount by a person.
    Manual,
}

/// All offers of a compiled program, sorted by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferBook {
    /// The program's version, derived from its content.
    pub program_version: String,
    /// The offers.
    pub entries: Vec<OfferEntry>,
}

/// What quotes and receipts say of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferEntry {
    /// Its id; for a tier's discount `tier:` and the tier's id.
    pub id: String,
    /// Its title in English; its id where the program gives none.
    pub title_en: String,
    /// Its title in Simplified Chinese; the English one where the program gives none.
    pub title_zh: String,
    /// What sort it is.
    pub kind: OfferKind,
    /// The name of its effect, such as `percent_off`; the method that the retail data model asks for.
    pub method: &'static str,
    /// The layer that it executes in.
    pub layer: String,
    /// Who pays, in parts per million that sum to the whole; the chain takes what is not listed.
    pub funding: Vec<(String, i64)>,
    /// Whether it is a reimbursed coupon, taxed as tender.
    pub tender: bool,
}

impl OfferBook {
    /// The entry of a program's offer.
    #[must_use]
    pub fn get(&self, offer: OfferRef) -> Option<&OfferEntry> {
        match offer {
            OfferRef::Program(index) => self.entries.get(index as usize),
            OfferRef::Manual(_) | OfferRef::Code(_) | OfferRef::Paper(_) | OfferRef::Points => None,
        }
    }

    /// The index of an offer by its id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<OfferRef> {
        let found = self.entries.binary_search_by(|entry| entry.id.as_str().cmp(id)).ok()?;
        u32::try_from(found).ok().map(OfferRef::Program)
    }
}
