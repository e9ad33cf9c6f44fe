//! How was this process started, and as which rank of what.
//!
//! Launchers tell their processes in environment variables; MPI tells them only after an initialisation that costs longer than
//! a small case takes. So MPI is initialised when a launcher has started several processes, and otherwise not at all.
//! `SOLVER_MPI=1` initialises it anyway, for launchers not known here.

use super::Communicator;
use super::serial::Serial;
use std::sync::Arc;

/// Why the processes of a parallel start cannot work together. Only one of them should print it, see [`LaunchError::quiet`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// Several processes of a program that cannot talk.
    #[error(
        "{launch}, but this program was built without MPI, so that each would run the whole case: start it once, \
         without a launcher, or build it with `cargo build --release --features mpi`"
    )]
    WithoutMpi {
        /// What the environment tells.
        launch: Launch,
    },
    /// The launcher belongs to another MPI library: it started N processes, each of which finds itself alone.
    #[error(
        "{launch}, but MPI finds {found} in this one: the program was built with {library}, to which this launcher does \
         not belong; start it with that library's mpirun, or build it with the launcher's (`MPICC=... cargo build --release`)"
    )]
    OtherMpi {
        /// What the environment tells.
        launch: Launch,
        /// Number of ranks according to MPI.
        found: usize,
        /// The MPI library of this program.
        library: String,
    },
    /// MPI does not start.
    #[cfg(feature = "mpi")]
    #[error(transparent)]
    Mpi {
        /// Why.
        #[from]
        source: super::mpi::MpiError,
    },
}

impl LaunchError {
    /// True in all processes but the first, which is the one to print the error; all end with the same status.
    pub fn quiet(&self) -> bool {
        match self {
            Self::WithoutMpi { launch } | Self::OtherMpi { launch, .. } => launch.rank > 0,
            #[cfg(feature = "mpi")]
            Self::Mpi { .. } => Launch::from_environment().is_some_and(|launch| launch.rank > 0),
        }
    }
}

/// A parallel start, as its launcher tells in the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The launcher, for messages.
    pub launcher: &'static str,
    /// Rank of this process.
    pub rank: usize,
    /// Number of processes, where the launcher says so.
    pub size: Option<usize>,
}

impl std::fmt::Display for Launch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.size {
            Some(size) => write!(f, "{} started {size} processes", self.launcher),
            None => write!(f, "{} started this process as rank {} of several", self.launcher, self.rank),
        }
    }
}

/// Variables of a launcher: its name, rank, and number of processes.
///
/// The first that is set counts. Open MPI comes before the interfaces it is built on, and these before Slurm, whose
/// variables are also seen by what mpirun starts inside a Slurm job.
const LAUNCHERS: [(&str, &str, Option<&str>); 5] = [
    ("mpirun of Open MPI", "OMPI_COMM_WORLD_RANK", Some("OMPI_COMM_WORLD_SIZE")),
    ("mpirun of MVAPICH", "MV2_COMM_WORLD_RANK", Some("MV2_COMM_WORLD_SIZE")),
    ("mpiexec (MPICH, Intel MPI)", "PMI_RANK", Some("PMI_SIZE")),
    // Slurm's size is that of the step: 1 for a shell of `salloc` or `srun --pty`. A batch script has SLURM_NTASKS and
    // SLURM_PROCID too, but is no step.
    ("srun", "SLURM_PROCID", Some("SLURM_STEP_NUM_TASKS")),
    ("a PMIx launcher", "PMIX_RANK", None),
];

impl Launch {
    /// What the environment of this process tells.
    pub fn from_environment() -> Option<Self> {
        Self::detect(|name| std::env::var(name).ok())
    }

    fn detect(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name: &str| variable(name)?.trim().parse::<usize>().ok();
        LAUNCHERS.iter().find_map(|&(launcher, rank, size)| {
            let rank = number(rank)?;
            match size {
                Some(name) => Some(Self { launcher, rank, size: Some(number(name)?) }),
                None => Some(Self { launcher, rank, size: None }),
            }
        })
    }

    /// True when there may be other processes.
    fn is_parallel(&self) -> bool {
        self.size != Some(1)
    }
}

/// The ranks this process was started with. Cheap when it was started alone.
///
/// The handle must be dropped before the process ends, on every rank: that is when MPI is finalised.
///
/// # Errors
/// [`LaunchError`] when several processes were started that would each take itself for the only one.
pub fn world() -> Result<Arc<dyn Communicator>, LaunchError> {
    let launch = Launch::from_environment().filter(Launch::is_parallel);
    connect(launch, std::env::var_os("SOLVER_MPI").is_some_and(|v| v == "1"))
}

#[cfg(feature = "mpi")]
fn connect(launch: Option<Launch>, force: bool) -> Result<Arc<dyn Communicator>, LaunchError> {
    if launch.is_none() && !force {
        return Ok(Arc::new(Serial));
    }
    let comm = super::mpi::Mpi::init()?;
    match launch {
        Some(launch) if contradicts(&launch, comm.size()) => {
            Err(LaunchError::OtherMpi { launch, found: comm.size(), library: super::mpi::library() })
        }
        _ => Ok(comm),
    }
}

#[cfg(not(feature = "mpi"))]
fn connect(launch: Option<Launch>, _force: bool) -> Result<Arc<dyn Communicator>, LaunchError> {
    match launch {
        Some(launch) => Err(LaunchError::WithoutMpi { launch }),
        None => Ok(Arc::new(Serial)),
    }
}

/// True when MPI found another number of ranks than were started.
#[cfg(any(feature = "mpi", test))]
fn contradicts(launch: &Launch, found: usize) -> bool {
    launch.size.map_or(launch.rank >= found, |started| started != found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> Option<Launch> {
        Launch::detect(|name| variables.iter().find(|v| v.0 == name).map(|v| v.1.to_owned()))
    }

    #[test]
    fn launchers_are_recognised() {
        let of =
            |variables: &[(&str, &str)]| detect(variables).map(|l| (l.launcher, l.rank, l.size)).unwrap();
        let ompi = [("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "3"), ("PMIX_RANK", "3")];
        assert_eq!(of(&ompi), ("mpirun of Open MPI", 3, Some(4)));
        assert_eq!(of(&[("PMI_RANK", "0"), ("PMI_SIZE", "2")]), ("mpiexec (MPICH, Intel MPI)", 0, Some(2)));
        let srun =
            [("SLURM_PROCID", "1"), ("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_NTASKS", "8"), ("PMIX_RANK", "1")];
        assert_eq!(of(&srun), ("srun", 1, Some(8)));
        assert_eq!(of(&[("PMIX_RANK", "5")]), ("a PMIx launcher", 5, None));
    }

    #[test]
    fn shells_of_a_batch_system_are_no_parallel_start() {
        assert_eq!(detect(&[]), None);
        // sbatch: the allocation's size, but no step.
        assert_eq!(detect(&[("SLURM_NTASKS", "64"), ("SLURM_PROCID", "0"), ("SLURM_JOB_ID", "1")]), None);
        // salloc's interactive step: one task.
        let shell =
            detect(&[("SLURM_NTASKS", "64"), ("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "1")]).unwrap();
        assert!(!shell.is_parallel());
        // mpirun within a Slurm job goes by its own variables.
        let nested = [("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "1"), ("OMPI_COMM_WORLD_SIZE", "4")];
        let nested = detect(&[&nested[..], &[("OMPI_COMM_WORLD_RANK", "2")]].concat()).unwrap();
        assert!(nested.is_parallel() && nested.rank == 2);
    }

    #[test]
    fn ranks_that_find_themselves_alone_are_noticed() {
        let launch = |rank, size| Launch { launcher: "mpiexec", rank, size };
        assert!(contradicts(&launch(0, Some(4)), 1) && contradicts(&launch(3, Some(4)), 1));
        assert!(!contradicts(&launch(3, Some(4)), 4));
        assert!(contradicts(&launch(1, None), 1) && !contradicts(&launch(0, None), 1));
    }

    #[test]
    fn only_the_first_process_prints() {
        let error =
            |rank| LaunchError::WithoutMpi { launch: Launch { launcher: "srun", rank, size: Some(4) } };
        assert!(!error(0).quiet() && error(1).quiet());
        assert!(
            error(0)
                .to_string()
                .starts_with("srun started 4 processes, but this program was built without MPI")
        );
        let other = LaunchError::OtherMpi {
            launch: Launch { launcher: "mpiexec", rank: 0, size: Some(2) },
            found: 1,
            library: "Open MPI v4".into(),
        };
        assert!(other.to_string().contains("built with Open MPI v4"));
    }
}
