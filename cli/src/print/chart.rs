//! The chart of re-reads by lag: both axes logarithmic, with room for zero.

use offsets_chart::{Axis, Chart, Line, Scale};
use offsets_sim::{Curve, CurvePoint};

/// One line of the chart: its class, its label, its colours and what it shows.
type Shown = (&'static str, &'static str, [&'static str; 2], fn(&CurvePoint) -> f64);

const LINES: [Shown; 3] = [
    ("mm2", "MM2, 64 slots", ["#bc4c00", "#ffa657"], |point| point.mm2_reread),
    ("syncs", "offsets, syncs only", ["#0969da", "#79c0ff"], |point| point.syncs_reread),
    ("all", "offsets, all evidence", ["#1a7f37", "#56d364"], |point| point.reread),
];

/// Draws a curve.
pub(crate) fn chart(curve: &Curve) -> String {
    let ticks = vec![0.0, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, Curve::GREATEST_LAG as f64];
    let axis = |name| Axis { name, scale: Scale::FromZero, ticks: ticks.clone() };
    let lines = LINES.into_iter().map(|(class, label, colours, value)| Line {
        class,
        label: label.to_owned(),
        colours,
        points: curve.points.iter().map(|point| (point.lag as f64, value(point))).collect(),
    });
    let chart = Chart {
        title: "Records read again after a move, by lag",
        description: "Records read again after a move, by how far the group lags",
        across: axis("lag of the group, in records"),
        up: axis("read again"),
        lines: lines.collect(),
    };
    chart.to_svg()
}
