//! In which language, how wide, and with which titles.

use suanpan_domain::OfferRef;
use suanpan_domain::quote::Entitlement;

/// A language of receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Lang {
    /// All of them.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::ZhCn];

    /// The language of a tag such as `en` or `zh-CN`; `None` for others.
    ///
    /// ```
    /// use suanpan_receipt::Lang;
    /// assert_eq!(Lang::from_tag("zh-CN"), Some(Lang::ZhCn));
    /// assert_eq!(Lang::from_tag("fr"), None);
    /// ```
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }

    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::ZhCn => "zh-CN",
        }
    }
}

/// Finds the title of an article by its sku.
pub type ArticleTitle<'a> = dyn Fn(&str) -> Option<String> + 'a;
/// Finds the sku of an offer's gift by its place in the offer's list.
pub type GiftSku<'a> = dyn Fn(OfferRef, u32) -> Option<String> + 'a;
/// Finds the title of an entitlement.
pub type EntitlementTitle<'a> = dyn Fn(Entitlement) -> Option<String> + 'a;

/// How a quote is shown. Everything but the language may be left out: articles are then named by their sku, gifts by
/// the offer's list, entitlements by their number.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// The language.
    pub lang: Lang,
    /// Whether to colour for a terminal.
    pub colour: bool,
    /// Columns; [`Options::WIDTH_DEFAULT`] when 0, else kept between [`Options::WIDTH_MIN`] and
    /// [`Options::WIDTH_MAX`].
    pub width: usize,
    /// Lists every offer that was refused, rather than those that a shopper presented or could wonder about.
    pub all_refusals: bool,
    /// What the chain is called.
    pub chain_title: Option<&'a str>,
    /// What points are called.
    pub points_title: Option<&'a str>,
    /// What the member's tier is called.
    pub tier_title: Option<&'a str>,
    /// The title of an article by its sku.
    pub article: Option<&'a ArticleTitle<'a>>,
    /// The sku of an offer's gift by its place in the offer's list.
    pub gift: Option<&'a GiftSku<'a>>,
    /// The title of an entitlement.
    pub entitlement: Option<&'a EntitlementTitle<'a>>,
}

impl Options<'_> {
    /// Columns unless said otherwise.
    pub const WIDTH_DEFAULT: usize = 64;
    /// Fewer leave no room for a title beside two amounts.
    pub const WIDTH_MIN: usize = 48;
    /// More spread a row beyond what an eye follows.
    pub const WIDTH_MAX: usize = 160;

    /// Plain text in a language, at the default width.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        Self { lang, ..Self::default() }
    }

    pub(crate) fn columns(&self) -> usize {
        match self.width {
            0 => Self::WIDTH_DEFAULT,
            width => width.clamp(Self::WIDTH_MIN, Self::WIDTH_MAX),
        }
    }
}
