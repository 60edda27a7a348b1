//! Generates messages, service and JSON mapping from `proto/`, without an installed `protoc`.

use std::{env, error::Error, fs, path::PathBuf};

const PROTO_FILES: [&str; 9] = [
    "suanpan/pricing/v1/basket.proto",
    "suanpan/pricing/v1/member.proto",
    "suanpan/pricing/v1/quote.proto",
    "suanpan/pricing/v1/pricing_service.proto",
    "suanpan/member/v1/actor.proto",
    "suanpan/member/v1/member_service.proto",
    "suanpan/checkout/v1/checkout.proto",
    "suanpan/checkout/v1/checkout_service.proto",
    "suanpan/admin/v1/admin_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.display());
    println!("cargo:rerun-if-changed=build.rs");

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(PROTO_FILES)?;
    // Kept with its comments: reflection clients show them.
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("suanpan_descriptors.bin"), &encoded)?;

    tonic_prost_build::configure()
        .codec_path("crate::codec::BoundedCodec")
        .compile_fds(compiler.file_descriptor_set())?;
    pbjson_build::Builder::new().register_descriptors(&encoded)?.build(&[
        ".suanpan.pricing.v1",
        ".suanpan.member.v1",
        ".suanpan.checkout.v1",
        ".suanpan.admin.v1",
    ])?;
    Ok(())
}
