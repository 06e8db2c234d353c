use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{ContentArrangement, presets};
use offsets_core::model::Printable;

/// A table without lines, sized by its content so that it can be cut by `awk` as well. It takes no text but through
/// [`Printable`]: cells hold names that others chose.
pub(super) struct Table(comfy_table::Table);

impl Table {
    pub(super) fn new(heads: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(heads.into_iter().map(Into::into).collect::<Vec<String>>());
        Self(table)
    }

    pub(super) fn add_row(&mut self, cells: impl IntoIterator<Item = impl Display>) {
        let shown = |cell: &dyn Display| Printable(&cell.to_string()).to_string();
        self.0.add_row(cells.into_iter().map(|cell| shown(&cell)).collect::<Vec<_>>());
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for line in self.0.lines() {
            writeln!(out, "{}", line.trim())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_can_end_its_row_or_move_the_cursor() {
        let mut table = Table::new(["GROUP", "KEY"]);
        table.add_row(["g\n1", "\u{1b}[2J"]);
        table.add_row(["", "x "]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap_or_default();
        let text = String::from_utf8_lossy(&out);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1..], [vec![r"g\n1", r"\u{1b}[2J"], vec!["\"\"", r"x\u{20}"]]);
    }
}
