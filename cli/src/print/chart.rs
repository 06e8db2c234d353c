//! The chart of re-reads by lag, as SVG: both axes logarithmic, with room for zero.

use std::fmt::Write as _;

use offsets_core::sim::{Curve, CurvePoint};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
/// The plot: left, top, right, bottom.
const PLOT: (f64, f64, f64, f64) = (72.0, 56.0, 548.0, 384.0);
const GREATEST: f64 = Curve::GREATEST_LAG as f64;

/// Colours for a light and a dark page, each told apart from the others by lightness too.
const STYLE: &str = "\
  svg { --page: #ffffff; --ink: #1f2328; --faint: #d8dee4; --mm2: #bc4c00; --syncs: #0969da; --all: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #e6edf3; --faint: #30363d; --mm2: #ffa657; --syncs: #79c0ff; --all: #56d364; }
  }
  .page { fill: var(--page) }
  text { fill: var(--ink); font: 13px system-ui, sans-serif }
  .title { font-size: 16px; font-weight: 600 }
  .grid { stroke: var(--faint) }
  .mm2 { stroke: var(--mm2); fill: var(--mm2) }
  .syncs { stroke: var(--syncs); fill: var(--syncs) }
  .all { stroke: var(--all); fill: var(--all) }
  polyline { stroke-width: 2.5; fill: none !important; stroke-linejoin: round }
  .label { stroke: none; font-weight: 600 }
";

/// One line of the chart: its class, its label and what it shows.
type Line = (&'static str, &'static str, fn(&CurvePoint) -> f64);

const LINES: [Line; 3] = [
    ("mm2", "MM2, 64 slots", |point| point.mm2_reread),
    ("syncs", "offsets, syncs only", |point| point.syncs_reread),
    ("all", "offsets, all evidence", |point| point.reread),
];

/// Draws a curve.
pub(crate) fn chart(curve: &Curve) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Records read again after a move, by how far the group lags\">\n<style>\n{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
    );
    text(&mut svg, "title", (PLOT.0, 28.0), "start", "Records read again after a move, by lag");
    grid(&mut svg);
    for (class, label, value) in LINES {
        line(&mut svg, curve, class, label, value);
    }
    svg.push_str("</svg>\n");
    svg
}

fn grid(svg: &mut String) {
    let (left, top, right, bottom) = PLOT;
    for tick in [0.0, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6] {
        let (across, up) = (x(tick), y(tick));
        push(
            svg,
            format_args!("<path class=\"grid\" d=\"M{across:.1} {top}V{bottom}M{left} {up:.1}H{right}\"/>"),
        );
        text(svg, "tick", (across, bottom + 20.0), "middle", &in_thousands(tick));
        text(svg, "tick", (left - 8.0, up + 4.0), "end", &in_thousands(tick));
    }
    text(svg, "axis", ((left + right) / 2.0, bottom + 44.0), "middle", "lag of the group, in records");
    text(svg, "axis", (left, top - 8.0), "end", "read again");
}

fn line(svg: &mut String, curve: &Curve, class: &str, label: &str, value: fn(&CurvePoint) -> f64) {
    let mut points = String::new();
    for point in &curve.points {
        // Writing to a string does not fail.
        let _ = write!(points, "{:.1},{:.1} ", x(point.lag as f64), y(value(point)));
    }
    push(svg, format_args!("<polyline class=\"{class}\" points=\"{}\"/>", points.trim_end()));
    let last = curve.points.last().map_or(0.0, value);
    text(svg, &format!("label {class}"), (PLOT.2 + 8.0, y(last) + 4.0), "start", label);
}

fn text(svg: &mut String, class: &str, at: (f64, f64), anchor: &str, words: &str) {
    let (x, y) = at;
    push(
        svg,
        format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
        ),
    );
}

fn push(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // As above.
    let _ = writeln!(svg, "{element}");
}

fn x(lag: f64) -> f64 {
    PLOT.0 + (PLOT.2 - PLOT.0) * share(lag)
}

fn y(reread: f64) -> f64 {
    PLOT.3 - (PLOT.3 - PLOT.1) * share(reread)
}

/// How far along an axis a value lies: by the logarithm of one more, so that zero has a place.
fn share(value: f64) -> f64 {
    (value.max(0.0).ln_1p() / GREATEST.ln_1p()).min(1.0)
}

fn in_thousands(tick: f64) -> String {
    match tick {
        1e6.. => format!("{}M", tick / 1e6),
        1e3.. => format!("{}k", tick / 1e3),
        _ => tick.to_string(),
    }
}
