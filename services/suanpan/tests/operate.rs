//! The verbs that work on a store: each on a file of its own, and on a running node.

mod operate {
    pub(crate) mod shop;

    mod codes;
    mod copies;
    mod imports;
    #[cfg(feature = "parquet")]
    mod imports_parquet;
    mod parked;
    mod verbs;
}
