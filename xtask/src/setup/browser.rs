//! A browser without a window, and a bundler: what the npm package is tried in.

use anyhow::Result;

use super::apt::Apt;
use crate::command::answer;

/// Chromium and its kin, under the names that distributions give it.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

pub(super) const BROWSER_REMEDY: &str = "install chromium, or name a Chromium or Chrome in CHROMIUM";
pub(super) const BUNDLER_REMEDY: &str = "install esbuild, or name one in ESBUILD";

/// The browser: the one that `CHROMIUM` names, else the first that is installed.
pub(crate) fn browser() -> Option<String> {
    named("CHROMIUM", &BROWSERS)
}

/// The bundler: the one that `ESBUILD` names, else the one that is installed.
pub(crate) fn bundler() -> Option<String> {
    named("ESBUILD", &["esbuild"])
}

pub(super) fn find_browser() -> Option<String> {
    answer(&browser()?, &["--version"])
}

pub(super) fn get_browser(apt: &mut Apt) -> Result<()> {
    apt.install(&["chromium"])
}

pub(super) fn find_bundler() -> Option<String> {
    answer(&bundler()?, &["--version"])
}

pub(super) fn get_bundler(apt: &mut Apt) -> Result<()> {
    apt.install(&["esbuild"])
}

/// The program that a variable names, or the first of these that runs.
fn named(variable: &str, programs: &[&str]) -> Option<String> {
    if let Ok(program) = std::env::var(variable) {
        return Some(program);
    }
    let runs = |program: &&&str| answer(program, &["--version"]).is_some();
    programs.iter().find(runs).map(|program| (*program).to_owned())
}
