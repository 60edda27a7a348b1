//! `check`: every problem of a program, at once.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use suanpan_domain::OfferKind;
use suanpan_pricing_node::Chain;
use suanpan_program::{Diagnostics, Severity, load_with};

use crate::cli::CheckOptions;
use crate::error::Error;

pub(crate) fn run(options: &CheckOptions) -> Result<ExitCode, Error> {
    let mut failed = false;
    for path in &options.programs {
        failed |= check(path, options)?;
    }
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Whether a program failed.
fn check(path: &Path, options: &CheckOptions) -> Result<bool, Error> {
    for file in [Some(path), options.catalogue.as_deref()].into_iter().flatten() {
        if !file.exists() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::Read { path: file.to_owned(), source });
        }
    }
    let mut out = anstream::stdout();
    let colour = std::io::stdout().is_terminal();
    let mut print = |text: &str| writeln!(out, "{text}").map_err(Error::Output);
    match load_with(path, options.catalogue.as_deref()) {
        Ok(loaded) => {
            if !loaded.warnings.is_empty() {
                print(&loaded.warnings.render(colour))?;
            }
            // What only pricing asks of a program, such as stores in known time zones.
            if let Err(error) = Chain::new(&loaded.program, None) {
                print(&format!("error: {}: {error}", path.display()))?;
                return Ok(true);
            }
            let program = &loaded.program;
            let offers = |kind| program.offers.iter().filter(|offer| offer.kind == kind).count();
            print(&format!(
                "{}: {}, version {}: {}, {}, {}, {}{}; {}",
                path.display(),
                program.id,
                program.version,
                said(program.tiers.len(), "tier"),
                said(offers(OfferKind::PriceList), "price list"),
                said(offers(OfferKind::Promotion), "promotion"),
                said(offers(OfferKind::Coupon), "coupon"),
                loaded
                    .catalogue
                    .as_ref()
                    .map(|table| format!(", {}", said(table.len(), "article")))
                    .unwrap_or_default(),
                counted(&loaded.warnings),
            ))?;
            Ok(options.strict && !loaded.warnings.is_empty())
        }
        Err(diagnostics) => {
            print(&diagnostics.render(colour))?;
            print(&format!("{}: {}", path.display(), counted(&diagnostics)))?;
            Ok(true)
        }
    }
}

fn counted(diagnostics: &Diagnostics) -> String {
    let count = |severity| diagnostics.iter().filter(|item| item.severity == severity).count();
    format!("{}, {}", said(count(Severity::Error), "error"), said(count(Severity::Warning), "warning"))
}

fn said(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}
