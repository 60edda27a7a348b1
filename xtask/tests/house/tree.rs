//! What the rules read: the files that git knows or would take, and what cargo says of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Every file that is tracked or about to be, relative to the root, with `/` between the parts.
pub(crate) fn files() -> &'static [String] {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()
            .expect("the house rules ask git which files are ours");
        assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
        let mut files: Vec<String> = String::from_utf8(output.stdout)
            .expect("file names are UTF-8")
            .split_terminator('\0')
            .map(str::to_owned)
            .filter(|path| root().join(path).is_file())
            .collect();
        files.sort_unstable();
        files.dedup();
        assert!(files.len() > 20, "git names only {} files", files.len());
        files
    })
}

/// The text of a file, or nothing when it is not text.
pub(crate) fn text(path: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).expect("a file that git lists can be read")).ok()
}

/// Every Rust file with its text.
pub(crate) fn rust_files() -> impl Iterator<Item = (&'static str, String)> {
    files()
        .iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| (path.as_str(), text(path).unwrap_or_else(|| panic!("{path} is not UTF-8"))))
}

/// The members of the workspace; needs nothing but their manifests.
pub(crate) fn members() -> Vec<&'static Package> {
    static MEMBERS: OnceLock<Metadata> = OnceLock::new();
    MEMBERS.get_or_init(|| cargo_says(MetadataCommand::new().no_deps())).workspace_packages()
}

/// Every package that is linked on this platform, from the lock file.
pub(crate) fn everything_linked() -> &'static [Package] {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    let metadata = METADATA.get_or_init(|| {
        let rustc = Command::new("rustc").arg("-vV").output().expect("rustc says its host");
        let described = String::from_utf8(rustc.stdout).expect("rustc speaks UTF-8");
        let host = described.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
        let options = ["--locked", "--filter-platform", host].map(str::to_owned);
        cargo_says(MetadataCommand::new().other_options(options))
    });
    &metadata.packages
}

fn cargo_says(command: &mut MetadataCommand) -> Metadata {
    command.manifest_path(root().join("Cargo.toml")).exec().expect("cargo metadata")
}

/// The folder of a member, relative to the root.
pub(crate) fn folder(package: &Package) -> String {
    let manifest = PathBuf::from(package.manifest_path.as_std_path());
    let folder = manifest.parent().expect("a manifest lies in a folder");
    folder.strip_prefix(root()).expect("members lie in the workspace").to_string_lossy().into_owned()
}

/// Fails with everything that was found, one a line.
pub(crate) fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}\n  {}\n", found.join("\n  "));
}
