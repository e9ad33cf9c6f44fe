//! Solutions in pieces: every rank loads and writes its part of the mesh, as in a run.

use super::load::Loader;
use super::{Content, Prepared};
use crate::cli::{grouped, job};
use crate::output::vtk::{Mark, Series, piece_name, write_grid, write_index};
use crate::parallel::{AgreedError, Communicator, agree};
use anyhow::Result;
use std::path::PathBuf;
use std::sync::Arc;

/// Name of the numbers that say which rank wrote a cell.
const PART: &str = "Part";

impl Content {
    /// Writes the solutions, a `.pvtu` file and a piece of each rank each. Collective.
    pub fn write_pieces(
        &self,
        prepared: &Prepared,
        world: &Arc<dyn Communicator>,
    ) -> Result<(), AgreedError> {
        let (rank, ranks) = (world.rank(), world.size());
        agree(&**world, job::threads(None, &**world))?;
        let mut loader = Loader::new(prepared.mesh.as_ref(), world);
        let mut series = Series::new(prepared.output.clone());
        for (n, (t, solution)) in prepared.times.iter().enumerate() {
            let file = prepared.file(n);
            let loaded = loader.load(solution)?;
            let (mut grid, fields) = agree(&**world, self.grid(loaded, &prepared.part))?;
            let part = i32::try_from(rank).unwrap_or(i32::MAX);
            grid.marks.push(Mark { name: PART.into(), values: vec![part; grid.len()] });
            let pieces: Vec<PathBuf> =
                (0..ranks).map(|r| piece_name(&file.with_extension(""), r, ranks)).collect();
            agree(&**world, write_grid(&pieces[rank], &grid, self.precision(), self.encoding()))?;
            let mut count = [grid.len() as u64];
            world.sum_u64(&mut count);
            let mut index = || -> Result<()> {
                let marks: Vec<&str> = grid.marks.iter().map(|mark| mark.name.as_str()).collect();
                write_index(&file, &pieces, (&grid.fields, &marks), self.precision())?;
                if n == 0 {
                    say!("fields     {fields}");
                }
                let (name, count, what) = (file.display(), grouped(count[0]), prepared.what());
                say!("written    {name}: t = {t}, {count} {what}, {ranks} pieces");
                if prepared.is_series() {
                    series.push(*t, &file)?;
                }
                Ok(())
            };
            agree(&**world, if rank == 0 { index() } else { Ok(()) })?;
        }
        if rank == 0 && prepared.is_series() {
            say!("written    {}: {} times", prepared.output.display(), prepared.times.len());
        }
        Ok(())
    }
}
