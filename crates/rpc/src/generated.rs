//! What the build makes of `proto/`, in the modules that the packages ask for: messages of one package name those of
//! another by their place in this tree.

#![allow(missing_docs, unreachable_pub, clippy::all)]

pub(crate) mod suanpan {
    pub(crate) mod pricing {
        pub(crate) mod v1 {
            include!(concat!(env!("OUT_DIR"), "/suanpan.pricing.v1.rs"));
            include!(concat!(env!("OUT_DIR"), "/suanpan.pricing.v1.serde.rs"));
        }
    }

    pub(crate) mod member {
        pub(crate) mod v1 {
            include!(concat!(env!("OUT_DIR"), "/suanpan.member.v1.rs"));
            include!(concat!(env!("OUT_DIR"), "/suanpan.member.v1.serde.rs"));
        }
    }

    pub(crate) mod admin {
        pub(crate) mod v1 {
            include!(concat!(env!("OUT_DIR"), "/suanpan.admin.v1.rs"));
            include!(concat!(env!("OUT_DIR"), "/suanpan.admin.v1.serde.rs"));
        }
    }

    pub(crate) mod checkout {
        pub(crate) mod v1 {
            include!(concat!(env!("OUT_DIR"), "/suanpan.checkout.v1.rs"));
            include!(concat!(env!("OUT_DIR"), "/suanpan.checkout.v1.serde.rs"));
        }
    }
}
