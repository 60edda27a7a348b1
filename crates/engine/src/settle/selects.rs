//! Lines that the points policy excepts.

use suanpan_domain::Line;
use suanpan_program::model::Selector;

use crate::lines::LineFacts;

/// Whether an exception means a line: other kinds than goods and services only when it names kinds; lines that take no
/// discount too.
pub(super) fn excepts(except: Option<&Selector>, line: &Line, facts: &LineFacts) -> bool {
    except.is_some_and(|selector| {
        (facts.is_merchandise() || selector.names_kinds()) && selects(selector, line, facts)
    })
}

fn selects(selector: &Selector, line: &Line, facts: &LineFacts) -> bool {
    let named = |list: &[String], name: &str| list.iter().any(|one| one == name);
    match selector {
        Selector::Everything => true,
        Selector::Sku(list) => named(list, line.sku.as_str()),
        Selector::Category(list) => list.iter().any(|path| is_below(&line.category, path)),
        Selector::Brand(list) => !line.brand.is_empty() && named(list, &line.brand),
        Selector::Tag(list) => line.tags.iter().any(|tag| named(list, tag)),
        Selector::Kind(kinds) => kinds.contains(&line.kind),
        Selector::Price { from, below } => {
            from.is_none_or(|from| facts.requested_micro >= from.micro())
                && below.is_none_or(|below| facts.requested_micro < below.micro())
        }
        Selector::AnyOf(parts) => parts.iter().any(|part| selects(part, line, facts)),
        Selector::AllOf(parts) => parts.iter().all(|part| selects(part, line, facts)),
        Selector::Not(inner) => !selects(inner, line, facts),
    }
}

/// `dairy` means `dairy` and `dairy/milk`, not `dairyfree`.
fn is_below(category: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    !category.is_empty()
        && category.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_category_means_what_is_below_it() {
        for (category, path, expected) in [
            ("dairy", "dairy", true),
            ("dairy/milk", "dairy", true),
            ("dairy/milk", "dairy/", true),
            ("dairyfree", "dairy", false),
            ("dairy", "dairy/milk", false),
            ("", "", false),
        ] {
            assert_eq!(is_below(category, path), expected, "{category} {path}");
        }
    }
}
