use std::io::{self, Write};

use jiff::Timestamp;
use offsets_core::model::Printable;
use offsets_core::translate::{Position, Row, Translation};

use super::{NONE, Table, age, or_none};

/// Prints how each answer was derived, step by step: a table a partition, and what it comes to.
pub(super) fn print_explanations(
    out: &mut impl Write,
    translation: &Translation,
    now: Timestamp,
) -> io::Result<()> {
    for (number, row) in translation.rows.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        explain(out, row, now)?;
    }
    Ok(())
}

fn explain(out: &mut impl Write, row: &Row, now: Timestamp) -> io::Result<()> {
    let Row { source, target, committed, as_of, .. } = row;
    let group = or_none(row.group.as_ref());
    writeln!(
        out,
        "{group} {source} -> {target}: source offset {}, {} old",
        committed.offset,
        age(*as_of, now)
    )?;
    let steps = row.derivation_steps();
    if !steps.is_empty() {
        let mut steps_table = Table::new(["BOUND", "OFFSET", "DECIDES", "EVIDENCE", "TAKES FOR GRANTED"]);
        for step in steps {
            let needs: Vec<_> = step.needs.iter().map(|assumption| assumption.name()).collect();
            steps_table.add_row([
                step.bound.to_owned(),
                step.at.to_string(),
                if step.decides { "yes" } else { NONE }.to_owned(),
                format!("{} {}", step.finding.kind, step.finding.detail),
                if needs.is_empty() { NONE.to_owned() } else { needs.join(", ") },
            ]);
        }
        steps_table.write(out)?;
    }
    writeln!(out, "{}", Printable(&conclusion(row)).line())
}

fn conclusion(row: &Row) -> String {
    let reread = match row.reread_max {
        Some(most) => format!("at most {most} records are read again"),
        None => "nothing limits how many records are read again".to_owned(),
    };
    match &row.position {
        Position::Exact { at } => format!("exact: floor and ceiling meet at {at}; {reread}"),
        Position::Bounded { low, high } => format!("bounded: between {low} and {high}; {reread}"),
        Position::Floor { low } => format!("floor: not below {low}; {reread}"),
        Position::Unsafe { .. } | Position::Unknown { .. } => {
            let reason = row.evidence.last().map_or(NONE, |finding| &finding.detail);
            format!("{}: {reason}", row.position.class())
        }
    }
}
