use std::io::{self, Write};

use offsets_sim::{Accuracy, Counterexample, Curve, LagRereads, Simulation, SimulationSummary};

use super::{NONE, Reporter, Table, stdout, write_json};
use crate::args::{Format, OutputArgs};

/// Prints a simulation in the form that was asked for.
pub(crate) fn print_simulation(
    simulation: &Simulation,
    curve: Option<&Curve>,
    accuracy: &[Accuracy],
    output: &OutputArgs,
    reporter: Reporter,
) -> io::Result<()> {
    let mut out = stdout();
    let mut report = simulation.report();
    report.curve = curve;
    report.accuracy = accuracy;
    if output.output == Format::Json {
        write_json(&mut out, &report)?;
    } else {
        print_summary(&mut out, &report.summary)?;
        if let Some(curve) = curve {
            writeln!(out)?;
            print_curve(&mut out, curve)?;
        }
        for link in accuracy {
            writeln!(out)?;
            print_accuracy(&mut out, link)?;
        }
    }
    out.flush()?;
    if output.output == Format::Table {
        simulation.violations().iter().for_each(|violation| report_violation(violation, reporter));
        reporter.info(describe_counts(&report.summary));
    }
    Ok(())
}

fn print_summary(out: &mut impl Write, summary: &SimulationSummary) -> io::Result<()> {
    let mut table = Table::new([
        "HISTORIES",
        "RECORDS",
        "ANSWERS",
        "EXACT",
        "EXCUSED",
        "VIOLATIONS",
        "REREAD",
        "MM2-REREAD",
        "MM2-SKIPS",
    ]);
    table.add_row([
        summary.histories,
        summary.records,
        summary.answers,
        summary.exact,
        summary.excused,
        summary.violations,
        summary.reread,
        summary.mm2_reread,
        summary.mm2_skips,
    ]);
    table.write(out)
}

fn print_curve(out: &mut impl Write, curve: &Curve) -> io::Result<()> {
    let mut table = Table::new(["LAG", "REREAD", "SYNCS-REREAD", "MM2-REREAD"]);
    for point in &curve.points {
        table.add_row([
            point.lag.to_string(),
            format!("{:.1}", point.reread),
            format!("{:.1}", point.syncs_reread),
            format!("{:.1}", point.mm2_reread),
        ]);
    }
    table.write(out)
}

/// One row a kind of evidence, one column a lag: the mean of what is read again, and its 99th percentile.
fn print_accuracy(out: &mut impl Write, accuracy: &Accuracy) -> io::Result<()> {
    let lags = accuracy.evidence.first().map_or(&[][..], |first| &first.lags);
    let heads = lags.iter().map(|at| format!("LAG-{}", at.lag));
    let mut table = Table::new(["LINK", "EVIDENCE"].map(str::to_owned).into_iter().chain(heads));
    for row in &accuracy.evidence {
        let cells = row.lags.iter().map(reread);
        table.add_row([accuracy.link.clone(), row.evidence.to_owned()].into_iter().chain(cells));
    }
    table.write(out)
}

fn reread(at: &LagRereads) -> String {
    match at.commits {
        0 => NONE.to_owned(),
        _ => format!("{:.1}/{}", at.mean, at.p99),
    }
}

fn report_violation(violation: &Counterexample, reporter: Reporter) {
    let Counterexample { seed, kind, detail, history } = violation;
    reporter.error(format!("seed {seed}: {kind}: {detail}"));
    history.iter().for_each(|event| reporter.error(format!("  {event}")));
}

fn describe_counts(summary: &SimulationSummary) -> String {
    let SimulationSummary { answers, excused, violations, reread, mm2_reread, mm2_skips, .. } = summary;
    let broken = match violations {
        0 => "no answer breaks the law".to_owned(),
        1 => "in 1 history an answer breaks the law".to_owned(),
        _ => format!("in {violations} histories an answer breaks the law"),
    };
    format!(
        "{broken}; {excused} of {answers} were wrong because an assumption they name was broken on purpose. Read again: \
         {reread} records (MM2 itself: {mm2_reread}, where its positions skip nothing; at {mm2_skips} commits they do)."
    )
}
