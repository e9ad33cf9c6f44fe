//! Brings every rank its part of the mesh, and no more.

use crate::mesh::local::{self, LocalMesh};
use crate::mesh::partition::{PartitionError, Work, partition};
use crate::mesh::store::{MeshFile, StoreError};
use crate::mesh::{Mesh, Partitioning};
use crate::parallel::{AgreedError, Communicator, agree, scatter};
use std::sync::Arc;

/// Where the mesh of a run is.
pub enum Source {
    /// In a mesh file that every rank has opened.
    File(MeshFile),
    /// In the memory of rank 0 (such as a mesh imported on the fly), nothing on the others.
    Memory(Option<Mesh>),
}

/// How a mesh is divided among the ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Division {
    /// Not at all: there is one rank.
    Whole,
    /// By the partitioning of this name.
    Stored(String),
    /// By one that has yet to be made; rank 0 needs the memory for the whole mesh.
    Made,
}

/// Why a mesh cannot be distributed.
#[derive(Debug, thiserror::Error)]
pub enum DistributeError {
    /// No partitioning of this name.
    #[error(
        "the mesh has no partitioning called '{name}'; {}",
        if .present.is_empty() { "it has none: 'solver partition N MESH' makes one of N parts".into() }
        else { format!("it has: {}", .present.join(", ")) }
    )]
    Missing {
        /// The name.
        name: String,
        /// The names there are.
        present: Vec<String>,
    },
    /// The partitioning has another number of parts.
    #[error("the partitioning '{name}' has {parts} parts, but the run has {ranks} ranks")]
    Parts {
        /// The partitioning.
        name: String,
        /// Its parts.
        parts: usize,
        /// Ranks of the run.
        ranks: usize,
    },
    /// The ranks do not see the same file.
    #[error("the mesh file is not the same as that of rank 0; put it where all ranks see it")]
    Differs,
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No division could be made.
    #[error(transparent)]
    Partition(#[from] PartitionError),
}

impl Source {
    /// Identity of a mesh file; nothing where there is none.
    pub fn uuid(&self) -> &str {
        match self {
            Source::File(file) => file.uuid(),
            Source::Memory(_) => "",
        }
    }

    /// Space dimensions of the mesh. Collective.
    pub fn dims(&self, comm: &dyn Communicator) -> usize {
        match self {
            Source::File(file) => file.dims(),
            Source::Memory(mesh) => {
                let mut dims = vec![mesh.as_ref().map_or(0, |m| m.dims as u8)];
                comm.broadcast(0, &mut dims);
                dims.first().map_or(0, |d| usize::from(*d))
            }
        }
    }

    /// Names of the boundaries, on ranks that know them: all those of a file, else rank 0.
    pub fn boundaries(&self) -> &[String] {
        match self {
            Source::File(file) => file.boundaries(),
            Source::Memory(mesh) => mesh.as_ref().map_or(&[], |m| &m.boundaries),
        }
    }

    /// How to divide the mesh among `ranks` ranks: by the partitioning called `wanted`, or else by any that fits.
    ///
    /// # Errors
    /// There is none of that name, or it is for another number of ranks.
    pub fn division(&self, wanted: Option<&str>, ranks: usize) -> Result<Division, DistributeError> {
        let present: Vec<(&str, usize)> = match self {
            Source::File(file) => file.partitionings().iter().map(|p| (p.0.as_str(), p.1)).collect(),
            Source::Memory(Some(mesh)) => {
                mesh.partitionings.iter().map(|(n, p)| (n.as_str(), p.parts)).collect()
            }
            Source::Memory(None) => return Ok(Division::Made),
        };
        let Some(name) = wanted else {
            return Ok(match present.iter().find(|p| p.1 == ranks) {
                _ if ranks == 1 => Division::Whole,
                Some((name, _)) => Division::Stored((*name).into()),
                None => Division::Made,
            });
        };
        match present.iter().find(|p| p.0 == name) {
            Some(&(_, parts)) if parts == ranks => Ok(Division::Stored(name.into())),
            Some(&(_, parts)) => Err(DistributeError::Parts { name: name.into(), parts, ranks }),
            None => {
                let present = present.iter().map(|p| p.0.to_string()).collect();
                Err(DistributeError::Missing { name: name.into(), present })
            }
        }
    }

    /// This rank's part. Collective; `division` comes from [`Source::division`] with the number of ranks, `order` is that of
    /// the solution, for the work of a division that is yet to be made.
    ///
    /// # Errors
    /// Damaged files, and meshes that cannot be divided.
    pub fn distribute(
        self,
        division: &Division,
        order: usize,
        comm: &Arc<dyn Communicator>,
    ) -> Result<LocalMesh, AgreedError> {
        let rank = comm.rank();
        if let Source::File(file) = &self {
            agree(&**comm, same_everywhere(file, division, &**comm))?;
            match division {
                Division::Whole => return agree(&**comm, file.read_all()),
                Division::Stored(name) => return agree(&**comm, file.read_part(name, rank)),
                Division::Made => {}
            }
        }
        let whole = if rank == 0 { self.divided(division, order, comm.size()).map(Some) } else { Ok(None) };
        let whole = agree(&**comm, whole)?;
        // A part of its own goes nowhere.
        let mut own = whole.as_ref().map(|(mesh, parts)| local::cut(mesh, &parts.part_of, 0));
        let bytes = scatter(comm, 0, |rank| match &whole {
            Some((mesh, parts)) if rank > 0 => local::cut(mesh, &parts.part_of, rank).to_bytes(),
            _ => Vec::new(),
        });
        agree(&**comm, own.take().map_or_else(|| LocalMesh::from_bytes(&bytes), Ok))
    }

    /// The whole mesh with the division for `ranks` ranks. Only on rank 0.
    fn divided(
        self,
        division: &Division,
        order: usize,
        ranks: usize,
    ) -> Result<(Mesh, Partitioning), DistributeError> {
        let mut mesh = match self {
            Source::File(file) => file.mesh()?,
            Source::Memory(Some(mesh)) => mesh,
            Source::Memory(None) => unreachable!("rank 0 has the mesh"),
        };
        let stored = match division {
            Division::Stored(name) => mesh.partitionings.remove(name),
            _ => None,
        };
        let parts = match stored {
            Some(parts) => parts,
            None => partition(&mesh, ranks, Some(&Work::Measured { order }))?,
        };
        Ok((mesh, parts))
    }
}

/// Compares the file with that of rank 0, as far as the ranks have to agree before they read. Collective.
fn same_everywhere(
    file: &MeshFile,
    division: &Division,
    comm: &dyn Communicator,
) -> Result<(), DistributeError> {
    let mine = format!("{} {} {division:?}", file.uuid(), file.len()).into_bytes();
    let mut first = mine.clone();
    comm.broadcast(0, &mut first);
    if mine == first { Ok(()) } else { Err(DistributeError::Differs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::store;
    use crate::parallel::threads;

    /// What every rank gets from a mesh in a file, or in the memory of rank 0.
    fn parts(
        mesh: &Mesh,
        in_file: bool,
        wanted: Option<&str>,
        ranks: usize,
    ) -> Vec<Result<LocalMesh, String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.smesh");
        store::write(mesh, &path).unwrap();
        threads::run(ranks, |comm| {
            let source = if in_file {
                Source::File(store::open(&path).unwrap())
            } else {
                Source::Memory((comm.rank() == 0).then(|| mesh.clone()))
            };
            assert_eq!(source.dims(&*comm), mesh.dims);
            let text = |e: AgreedError| e.message;
            let division = agree(&*comm, source.division(wanted, ranks)).map_err(text)?;
            source.distribute(&division, 2, &comm).map_err(text)
        })
    }

    #[test]
    fn ranks_get_the_same_parts_from_a_file_and_from_memory() {
        let mut mesh =
            BoxMesh::new(Cells::TriQuad, [6, 4, 1]).periodic([true, false, false]).shuffle(1).build();
        let odd = Partitioning { parts: 3, part_of: (0..mesh.len()).map(|id| (id % 3) as u32).collect() };
        mesh.partitionings.insert("odd".into(), odd);
        for (ranks, wanted) in [(1, None), (2, None), (3, None), (3, Some("odd")), (4, None)] {
            let made = partition(&mesh, ranks, Some(&Work::Measured { order: 2 })).unwrap();
            let part_of = if ranks == 3 { &mesh.partitionings["odd"].part_of } else { &made.part_of };
            for in_file in [true, false] {
                for (rank, got) in parts(&mesh, in_file, wanted, ranks).into_iter().enumerate() {
                    assert_eq!(got.unwrap(), local::cut(&mesh, part_of, rank), "{ranks} {in_file}");
                }
            }
        }
    }

    #[test]
    fn partitionings_that_do_not_fit_are_refused_on_all_ranks() {
        let mut mesh = BoxMesh::new(Cells::Quad, [2, 2, 1]).build();
        mesh.partitionings.insert("two".into(), partition(&mesh, 2, None).unwrap());
        for in_file in [true, false] {
            for (ranks, wanted, words) in [
                (3, Some("two"), "has 2 parts, but the run has 3 ranks"),
                (2, Some("three"), "no partitioning called 'three'; it has: two"),
                (5, None, "4 elements cannot be divided into 5 parts"),
            ] {
                for got in parts(&mesh, in_file, wanted, ranks) {
                    let message = got.unwrap_err();
                    assert!(message.contains(words), "{message}");
                }
            }
        }
    }
}
