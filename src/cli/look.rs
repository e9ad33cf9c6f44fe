//! Looking at solutions: opening them one after the other, and fields made of them.

use super::fields::DERIVED;
use super::{job, solution};
use crate::engine::Engine;
use crate::monitor::integrate;
use crate::output::solution::Stored;
use crate::parallel::Communicator;
use crate::parallel::serial::Serial;
use crate::physics::expr::{Constants, Expr};
use crate::physics::variables::Variables;
use crate::run::restart::restore;
use anyhow::{Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Divides files of the command line into the mesh, if one is named, and solutions.
///
/// # Errors
/// No solution, or more than one other file.
pub fn files(all: &[PathBuf]) -> Result<(Option<PathBuf>, Vec<PathBuf>)> {
    let (solutions, others): (Vec<PathBuf>, Vec<PathBuf>) =
        all.iter().cloned().partition(|path| solution::is_solution(path));
    match (&others[..], &solutions[..]) {
        ([], [_, ..]) => Ok((None, solutions)),
        ([mesh], [_, ..]) => Ok((Some(mesh.clone()), solutions)),
        (_, []) => bail!("give a solution file (.ssoln), as a run with [soln-plugin-writer] writes it"),
        ([_, second, ..], _) => {
            bail!("'{}' is no solution file (.ssoln), and one mesh is enough", second.display())
        }
    }
}

/// Solutions, one at a time. Those of one run share what is made of their mesh.
pub struct Viewer {
    mesh: Option<PathBuf>,
    comm: Arc<dyn Communicator>,
    /// The case of the last solution, an engine for it, and the constants of the case.
    last: Option<(String, Engine, Constants)>,
}

impl Viewer {
    /// For solutions on this mesh, or the one that they name. Starts the threads.
    ///
    /// # Errors
    /// The threads cannot be started.
    pub fn new(mesh: Option<PathBuf>, threads: Option<usize>) -> Result<Viewer> {
        let comm: Arc<dyn Communicator> = Arc::new(Serial);
        job::threads(threads, &*comm)?;
        Ok(Viewer { mesh, comm, last: None })
    }

    /// Calls `see` with an engine that holds a solution, its time, and the constants of its case.
    ///
    /// # Errors
    /// A file that is missing or damaged, or does not go with the mesh; what `see` says.
    pub fn look<T>(
        &mut self,
        solution: &Path,
        see: impl FnOnce(&mut Engine, f64, &Constants) -> Result<T>,
    ) -> Result<T> {
        if let Some((case, engine, constants)) = &mut self.last {
            let stored = open(solution)?;
            if stored.header().config == *case && stored.header().mesh_uuid == engine.mesh().uuid {
                let t = restore(engine, &stored)?.t;
                return see(engine, t, constants);
            }
        }
        self.last = None;
        let job = solution::load(self.mesh.as_ref(), solution, &self.comm).map_err(|e| anyhow!("{e}"))?;
        let t = job.from.map_or(0.0, |from| from.t);
        let case = open(solution)?.header().config.clone();
        let numbers = job.plan.settings.system.constants;
        let constants = Constants { numbers, ..Constants::default() };
        let (_, engine, constants) = self.last.insert((case, job.engine, constants));
        see(engine, t, constants)
    }
}

/// The expression of a field of the system or of a quantity with a name, of a vector its magnitude; any other text as it is.
fn named(text: &str, variables: &dyn Variables, dims: usize) -> Result<String> {
    let primitive = variables.primitive();
    if primitive.contains(&text) {
        return Ok(text.into());
    }
    let own = variables.fields().into_iter().find(|field| field.name == text);
    let own = own.map(|field| field.primitives.iter().map(|&i| primitive[i]).collect::<Vec<_>>());
    let derived = || DERIVED.iter().find(|derived| derived.name == text);
    let derived = || derived().map(|d| d.components.get(dims - 1).map_or(vec![], |c| c.to_vec()));
    Ok(match own.or_else(derived).as_deref() {
        None => text.into(),
        Some([]) => bail!("'{text}' has no meaning in {dims}-D"),
        Some([one]) => (*one).into(),
        Some(several) => {
            let squares: Vec<String> = several.iter().map(|c| format!("({c})*({c})")).collect();
            format!("sqrt({})", squares.join(" + "))
        }
    })
}

/// Opens a solution.
///
/// # Errors
/// It is missing or damaged.
pub fn open(solution: &Path) -> Result<Stored> {
    if !solution.exists() {
        bail!("there is no solution file '{}'", solution.display());
    }
    Ok(Stored::open(solution)?)
}

/// Functions of place, time, solution and its gradient.
pub struct Fields {
    /// What each is called.
    pub names: Vec<String>,
    list: Vec<Expr>,
    /// Whether any needs gradients.
    pub gradients: bool,
    variables: Arc<dyn Variables>,
    dims: usize,
}

impl Fields {
    /// Reads fields: expressions of the primitive and conserved variables, `x`, `y`, `z`, `t`, gradients such as `grad_u_x`,
    /// and the constants of the case; `NAME = EXPRESSION`; fields and quantities that have a name, of vectors the magnitude.
    ///
    /// # Errors
    /// What is wrong with a field.
    pub fn new(texts: &[String], engine: &Engine, constants: &Constants) -> Result<Fields> {
        let variables = Arc::clone(engine.variables());
        let dims = engine.discretisation().dims;
        let primitive = variables.primitive();
        let mut known = integrate::variables(&primitive, dims);
        let more = variables.conserved().into_iter().filter(|name| !primitive.contains(name));
        known.extend(more.map(String::from));
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        // What a constant is called in the case may be the name of a variable here; the variable is meant.
        let mut constants = constants.clone();
        constants.numbers.retain(|name, _| !known.contains(&name.as_str()));
        let (mut names, mut list) = (vec![], vec![]);
        for text in texts {
            let (name, expression) = match text.split_once('=') {
                Some((name, expression)) => (name.trim(), expression.trim().to_string()),
                None => (text.trim(), named(text.trim(), &*variables, dims)?),
            };
            let expr = Expr::parse_with(&expression, &known, &constants);
            list.push(expr.map_err(|e| anyhow!("the field '{name}': {e}"))?);
            names.push(name.to_string());
        }
        let gradients = integrate::gradients(primitive.len(), dims, list.iter());
        Ok(Fields { names, list, gradients, variables, dims })
    }

    /// Values at a place where the conserved variables and, one direction after the other, their gradients are these (the
    /// latter are read only if [`Fields::gradients`] is set).
    pub fn values(&self, at: [f64; 3], t: f64, conserved: &[f64], gradient: &[f64]) -> Vec<f64> {
        let count = conserved.len();
        let mut values = conserved.to_vec();
        self.variables.to_primitive(&mut values);
        values.extend(at);
        values.push(t);
        if self.gradients {
            for slope in gradient.chunks_exact(count) {
                let from = values.len();
                values.extend(slope);
                self.variables.primitive_slope(conserved, &mut values[from..]);
            }
        } else {
            values.resize(values.len() + count * self.dims, 0.0);
        }
        let primitive = self.variables.primitive();
        let names = self.variables.conserved();
        let more = names.iter().zip(conserved).filter(|(name, _)| !primitive.contains(name));
        values.extend(more.map(|(_, value)| value));
        self.list.iter().map(|expr| expr.eval_f64(&values)).collect()
    }
}
