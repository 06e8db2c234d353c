//! Line charts as SVG, for a light and a dark page: what the command and the benches draw their figures with.
//!
//! ```
//! use offsets_chart::{Axis, Chart, Line, Scale};
//!
//! let size = Axis { name: "records", scale: Scale::Logarithmic, ticks: vec![1e6, 2e6, 4e6] };
//! let rate = Axis { name: "a second", scale: Scale::FromZero, ticks: vec![0.0, 1e5, 1e6] };
//! let line = Line {
//!     class: "ours",
//!     label: "offsets".to_owned(),
//!     colours: ["#0969da", "#79c0ff"],
//!     points: vec![(1e6, 4e5), (4e6, 5e5)],
//! };
//! let chart = Chart { title: "Speed", description: "Records a second, by size", across: size, up: rate, lines: vec![line] };
//! assert!(chart.to_svg().contains("<polyline class=\"ours\""));
//! ```
//!
//! Nothing of a caller's text is escaped: it is the caller's own.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
/// The plot: left, top, right, bottom.
const PLOT: (f64, f64, f64, f64) = (72.0, 56.0, 548.0, 384.0);

/// What a label takes from top to bottom.
const LABEL_HEIGHT: f64 = 16.0;

/// What every chart looks like.
const STYLE: &str = "\
  .page { fill: var(--page) }
  text { fill: var(--ink); font: 13px system-ui, sans-serif }
  .title { font-size: 16px; font-weight: 600 }
  .grid { stroke: var(--faint) }
  polyline { stroke-width: 2.5; fill: none !important; stroke-linejoin: round }
  .label { stroke: none; font-weight: 600 }
";

/// Page, ink and faint ink of a light page and of a dark one.
const PAPERS: [&str; 2] = [
    "--page: #ffffff; --ink: #1f2328; --faint: #d8dee4;",
    "--page: #0d1117; --ink: #e6edf3; --faint: #30363d;",
];

/// A chart of lines over one pair of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What stands above it.
    pub title: &'static str,
    /// What it shows, for screen readers.
    pub description: &'static str,
    /// From left to right.
    pub across: Axis,
    /// From bottom to top.
    pub up: Axis,
    /// The lines; each bears its label at its right end.
    pub lines: Vec<Line>,
}

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it measures.
    pub name: &'static str,
    /// How values are spread over it.
    pub scale: Scale,
    /// The values that are marked, rising; the first and the last are its ends.
    pub ticks: Vec<f64>,
}

/// How values are spread over an axis. What lies beyond its ends is drawn at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By their logarithm; there is no place for zero.
    Logarithmic,
    /// By the logarithm of one more, so that zero has a place.
    FromZero,
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name in the style sheet, other than the other lines'.
    pub class: &'static str,
    /// What stands at its end.
    pub label: String,
    /// Its colours on a light page and on a dark one. They are to be told apart by lightness too.
    pub colours: [&'static str; 2],
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Chart {
    /// Draws it.
    pub fn to_svg(&self) -> String {
        let [light, dark] = [0, 1].map(|page| {
            let colour = |line: &Line| format!(" --{}: {};", line.class, line.colours[page]);
            format!("{}{}", PAPERS[page], self.lines.iter().map(colour).collect::<String>())
        });
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{}\">\n<style>\n  svg {{ {light} }}\n  \
             @media (prefers-color-scheme: dark) {{\n    svg {{ {dark} }}\n  }}\n",
            self.description
        );
        for Line { class, .. } in &self.lines {
            push(&mut svg, format_args!("  .{class} {{ stroke: var(--{class}); fill: var(--{class}) }}"));
        }
        // Behind those of the lines: what is said last counts.
        svg.push_str(STYLE);
        push(
            &mut svg,
            format_args!("</style>\n<rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>"),
        );
        text(&mut svg, "title", (PLOT.0, 28.0), "start", self.title);
        self.grid(&mut svg);
        for (line, label_at) in self.lines.iter().zip(self.labels()) {
            self.line(&mut svg, line, label_at);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn grid(&self, svg: &mut String) {
        let (left, top, right, bottom) = PLOT;
        for &tick in &self.across.ticks {
            let x = self.x(tick);
            push(svg, format_args!("<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/>"));
            text(svg, "tick", (x, bottom + 20.0), "middle", &in_thousands(tick));
        }
        for &tick in &self.up.ticks {
            let y = self.y(tick);
            push(svg, format_args!("<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>"));
            text(svg, "tick", (left - 8.0, y + 4.0), "end", &in_thousands(tick));
        }
        text(svg, "axis", ((left + right) / 2.0, bottom + 44.0), "middle", self.across.name);
        text(svg, "axis", (left, top - 8.0), "end", self.up.name);
    }

    /// How far down the label of each line stands: at its end, or below the label that is there already.
    fn labels(&self) -> Vec<f64> {
        let end = |line: &Line| self.y(line.points.last().map_or(0.0, |&(_, up)| up));
        let mut places: Vec<f64> = self.lines.iter().map(end).collect();
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|one, other| places[*one].total_cmp(&places[*other]));
        for pair in order.windows(2) {
            places[pair[1]] = places[pair[1]].max(places[pair[0]] + LABEL_HEIGHT);
        }
        places
    }

    fn line(&self, svg: &mut String, line: &Line, label_at: f64) {
        let Line { class, label, points, .. } = line;
        let mut path = String::new();
        for &(across, up) in points {
            // Writing to a string does not fail.
            let _ = write!(path, "{:.1},{:.1} ", self.x(across), self.y(up));
        }
        push(svg, format_args!("<polyline class=\"{class}\" points=\"{}\"/>", path.trim_end()));
        text(svg, &format!("label {class}"), (PLOT.2 + 8.0, label_at + 4.0), "start", label);
    }

    fn x(&self, value: f64) -> f64 {
        PLOT.0 + (PLOT.2 - PLOT.0) * self.across.share(value)
    }

    fn y(&self, value: f64) -> f64 {
        PLOT.3 - (PLOT.3 - PLOT.1) * self.up.share(value)
    }
}

impl Axis {
    /// How far along it a value lies, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let place = |value: f64| match self.scale {
            Scale::Logarithmic => value.ln(),
            Scale::FromZero => value.max(0.0).ln_1p(),
        };
        let (Some(&first), Some(&last)) = (self.ticks.first(), self.ticks.last()) else { return 0.0 };
        ((place(value) - place(first)) / (place(last) - place(first))).clamp(0.0, 1.0)
    }
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

fn in_thousands(tick: f64) -> String {
    match tick {
        1e6.. => format!("{}M", tick / 1e6),
        1e3.. => format!("{}k", tick / 1e3),
        _ => tick.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_an_axis_are_its_first_and_last_tick_and_nothing_lies_beyond() {
        let axis = Axis { name: "", scale: Scale::Logarithmic, ticks: vec![1e3, 1e4, 1e5] };
        assert_eq!([10.0, 1e3, 1e5, 1e9].map(|value| axis.share(value)), [0.0, 0.0, 1.0, 1.0]);
        assert!((axis.share(1e4) - 0.5).abs() < 1e-9);
        let axis = Axis { scale: Scale::FromZero, ticks: vec![0.0, 1e6], ..axis };
        assert_eq!([0.0, 1e6].map(|value| axis.share(value)), [0.0, 1.0]);
    }

    #[test]
    fn labels_of_lines_that_end_together_stand_below_each_other() {
        let axis = Axis { name: "", scale: Scale::Logarithmic, ticks: vec![1.0, 100.0] };
        let line = |up| Line { class: "", label: String::new(), colours: [""; 2], points: vec![(100.0, up)] };
        let lines = [10.0, 100.0, 10.0].map(line).to_vec();
        let chart = Chart { title: "", description: "", across: axis.clone(), up: axis, lines };
        let places = chart.labels();
        assert_eq!(places[1], PLOT.1);
        assert_eq!(places[2] - places[0], LABEL_HEIGHT);
    }

    #[test]
    fn a_tick_is_written_short() {
        assert_eq!([0.0, 100.0, 5e3, 2e6].map(in_thousands), ["0", "100", "5k", "2M"]);
    }
}
