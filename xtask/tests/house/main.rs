//! Rules about the repository, as tests, so that they do not rot. Each test collects everything that
//! breaks its rule and names file and line.

mod architecture;
mod dependencies;
mod failpoints;
mod manifests;
mod sources;
mod tree;
