//! Selectors.

use suanpan_domain::LineKind;
use suanpan_domain::limits::CATEGORY_DEPTH_MAX;

use crate::code;
use crate::diagnostics::quoted;
use crate::file::{KindWord, Selecting, SelectionFile, SelectorFile};
use crate::model::{Selection, Selector};
use crate::read::{At, Context, Id, OneOrMany, Switch};

fn category(id: At<Id>, context: &Context) -> String {
    let path = id.value.0;
    if path.split('/').any(str::is_empty) {
        context.error_hint(
            code::BAD_ID,
            id.spot,
            format!("the category {} has an empty level", quoted(&path)),
            "write levels with one slash between them, such as dairy/milk",
        );
    } else if path.split('/').count() > CATEGORY_DEPTH_MAX {
        let message = format!("a category has at most {CATEGORY_DEPTH_MAX} levels");
        context.error_hint(code::LIMIT, id.spot, message, "name a higher level of it");
    }
    path
}

/// What the keys of a selector say together; everything when there are none.
pub(super) fn selector(file: Selecting<'_>, context: &Context) -> Selector {
    let texts = |ids: &OneOrMany<Id>| ids.map(context, |id| id.value.0);
    let mut parts = Vec::new();
    parts.extend(file.sku.map(|ids| Selector::Sku(texts(ids))));
    parts.extend(file.category.map(|ids| Selector::Category(ids.map(context, |id| category(id, context)))));
    parts.extend(file.brand.map(|ids| Selector::Brand(texts(ids))));
    parts.extend(file.tag.map(|ids| Selector::Tag(texts(ids))));
    parts.extend(file.kind.map(|kinds| Selector::Kind(kinds.map(context, |kind| line_kind(kind.value)))));
    if let Some(range) = file.price {
        let (from, below) = (range.value.from.map(|price| price.0), range.value.below.map(|price| price.0));
        match (from, below) {
            (None, None) => context.error_hint(
                code::EMPTY,
                range.spot,
                "a price range needs `from` or `below`",
                "write such as `price: { from: 10.00 }`",
            ),
            (Some(from), Some(below)) if from >= below => context.error_hint(
                code::ENDS_BEFORE,
                range.spot,
                "`below` is not above `from`, so that no price is within",
                "write the lower price at `from`",
            ),
            _ => {}
        }
        parts.push(Selector::Price { from, below });
    }
    parts.extend(file.any_of.map(|files| Selector::AnyOf(several(files, context))));
    parts.extend(file.all_of.map(|files| Selector::AllOf(several(files, context))));
    parts.extend(file.not.map(|file| Selector::Not(Box::new(selector(file.selector(), context)))));
    match parts.len() {
        0 => Selector::Everything,
        1 => parts.remove(0),
        _ => Selector::AllOf(parts),
    }
}

fn several(files: &OneOrMany<SelectorFile>, context: &Context) -> Vec<Selector> {
    files.map(context, |file| selector(file.value.selector(), context))
}

const fn line_kind(word: KindWord) -> LineKind {
    match word {
        KindWord::Goods => LineKind::Goods,
        KindWord::Shipping => LineKind::Shipping,
        KindWord::Service => LineKind::Service,
        KindWord::GiftCard => LineKind::GiftCard,
        KindWord::Deposit => LineKind::Deposit,
    }
}

/// A selector that must name something: what an empty one excludes is everything.
pub(super) fn exception(file: &At<SelectorFile>, context: &Context) -> Selector {
    let read = selector(file.value.selector(), context);
    if read == Selector::Everything {
        context.error_hint(
            code::EMPTY,
            file.spot,
            "this excludes everything",
            "name what is excluded, such as { category: tobacco }",
        );
    }
    read
}

/// A selection, less what the offer does not touch.
pub(super) fn selection(
    keys: Selecting<'_>,
    discounted: Option<&At<Switch>>,
    except: Option<&Selector>,
    context: &Context,
) -> Selection {
    let mut read = selector(keys, context);
    if let Some(except) = except {
        let not = Selector::Not(Box::new(except.clone()));
        read = match read {
            Selector::Everything => not,
            Selector::AllOf(mut parts) => {
                parts.push(not);
                Selector::AllOf(parts)
            }
            other => Selector::AllOf(vec![other, not]),
        };
    }
    if let Some(At { value: Switch(true), spot }) = discounted {
        context.error_hint(
            code::CONTRADICTION,
            *spot,
            "only `discounted: false` has a meaning",
            "remove the key: lines that others have lowered are selected anyway",
        );
    }
    Selection {
        selector: read,
        undiscounted_only: matches!(discounted, Some(At { value: Switch(false), .. })),
    }
}

/// A selection of its own key.
pub(super) fn own_selection(file: &SelectionFile, except: Option<&Selector>, context: &Context) -> Selection {
    selection(file.selector(), file.discounted.as_ref(), except, context)
}
