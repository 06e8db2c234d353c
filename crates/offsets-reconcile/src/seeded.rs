use offsets_core::model::TargetOffset;
use offsets_core::translate::SeedPart;

use crate::{Position, ReadBefore, Reread, Table};

impl<T: Table<ReadBefore>> Reread<T> {
    /// Opens the window of a seed on an input. An offset beyond what a [`Position`] can hold is never read, and opens none.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn preload_part(&mut self, input: u16, part: &SeedPart) -> Result<(), T::Error> {
        let Some(from) = Position::new(input, part.from.get()) else { return Ok(()) };
        self.preload(from, part.until.map(TargetOffset::get), part.read.iter().copied())
    }
}
