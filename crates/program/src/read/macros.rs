//! Definitions that are read and described from one text.

/// A map of a program file: the type, its JSON Schema and how it is read. A field's key is its name, or what stands
/// after `=`; `Option` may be missing.
macro_rules! file_map {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident ($needed:literal) {
            $($(#[$field_meta:meta])* $field:ident = $key:literal : $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        $vis struct $name {
            $($(#[$field_meta])* #[schemars(rename = $key)] $vis $field: $type,)*
        }

        impl $name {
            /// Its keys, in the order of documentation.
            #[allow(dead_code)]
            $vis const KEYS: &'static [&'static str] = &[$($key),*];
        }

        impl $crate::read::FromNode for $name {
            fn from_node(node: $crate::yaml::Node<'_>, context: &$crate::read::Context) -> Option<Self> {
                <Self as $crate::read::FromNode>::from_nodes(&[node], context)
            }

            fn from_nodes(
                nodes: &[$crate::yaml::Node<'_>],
                context: &$crate::read::Context,
            ) -> Option<Self> {
                let mut map = $crate::read::MapReader::open(nodes, $needed, context)?;
                $(let $field: Option<$type> = map.take($key);)*
                map.finish(Self::KEYS);
                let spot = map.spot();
                Some(Self { $($field: $field.or_else(|| $crate::read::FromNode::stand_in(spot))?,)* })
            }
        }
    };
}

/// Words of which one is written: the type, its JSON Schema and how it is read.
macro_rules! file_words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$word_meta:meta])* $variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, schemars::JsonSchema)]
        $vis enum $name {
            $($(#[$word_meta])* #[schemars(rename = $word)] $variant,)*
        }

        impl $crate::read::FromNode for $name {
            fn from_node(node: $crate::yaml::Node<'_>, context: &$crate::read::Context) -> Option<Self> {
                const WORDS: &[&str] = &[$($word),*];
                match context.text(node, "one word")? {
                    $($word => Some(Self::$variant),)*
                    other => {
                        context.unknown_word(node, other, WORDS);
                        None
                    }
                }
            }
        }
    };
}
