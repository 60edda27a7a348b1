//! The jars of the server, and the Java that runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::failed;
use crate::{TaskError, step};

/// One line for whoever has no Java or no Maven.
const HINT: &str = "install JDK 17 and Maven (Debian: apt-get install openjdk-17-jdk-headless maven; macOS: brew install \
    openjdk@17 maven), or give a server that runs as SUANPAN_CQL=host:port";

/// The Java to run, wherever it is told to be.
pub(super) fn java() -> PathBuf {
    std::env::var_os("JAVA_HOME").map_or_else(|| "java".into(), |home| Path::new(&home).join("bin/java"))
}

/// Brings the jars when they are not there yet, and gives their folder.
pub(super) fn fetch(root: &Path, folder: &Path) -> Result<PathBuf, TaskError> {
    let version = Command::new(java()).arg("-version").output().map_err(|_| failed("no Java", HINT))?;
    // It has to be this one: later ones took away what Cassandra 5 needs.
    if !String::from_utf8_lossy(&version.stderr).contains("version \"17") {
        return Err(failed("the Java here is not version 17", HINT));
    }
    let pom = root.join("xtask/cassandra/pom.xml");
    let lib = folder.join("lib");
    let kept = lib.join("pom.xml");
    let read = |path: &Path| std::fs::read(path).map_err(|source| file(path, source));
    let wanted = read(&pom)?;
    if kept.exists() && read(&kept)? == wanted {
        return Ok(lib);
    }
    std::fs::create_dir_all(&lib).map_err(|source| file(&lib, source))?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies", "-f"]).arg(&pom);
    maven.arg(format!("-DoutputDirectory={}", lib.display()));
    maven.arg(format!("-DbuildDirectory={}", folder.join("maven").display()));
    match step::run("jars of Cassandra", maven) {
        Ok(_) => {}
        Err(TaskError::NotStarted { .. }) => return Err(failed("no Maven", HINT)),
        Err(error) => return Err(error),
    }
    // The last thing to be written: a run that was stopped before fetches again.
    std::fs::write(&kept, wanted).map_err(|source| file(&kept, source))?;
    Ok(lib)
}

fn file(path: &Path, source: std::io::Error) -> TaskError {
    TaskError::File { path: path.to_path_buf(), source }
}
