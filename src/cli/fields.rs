//! Fields as they are asked for on the command line: by name, or as expressions.

use crate::engine::integrals::PointValues;
use crate::engine::{Engine, EngineError};
use crate::monitor::integrate;
use crate::output::collect::Picked;
use crate::physics::expr::{Constants, Expr, nearest};
use crate::physics::variables::Variables;
use anyhow::{Result, anyhow, bail};
use std::fmt::Write as _;

/// A well-known quantity of a gas, by name.
pub struct Derived {
    pub name: &'static str,
    pub doc: &'static str,
    /// The expressions of its components in one, two and three dimensions; none where it has no meaning.
    pub components: [&'static [&'static str]; 3],
}

/// The quantities that have a name.
pub const DERIVED: &[Derived] = &[
    Derived {
        name: "speed",
        doc: "magnitude of the velocity",
        components: [&["abs(u)"], &["sqrt(u*u + v*v)"], &["sqrt(u*u + v*v + w*w)"]],
    },
    Derived {
        name: "mach",
        doc: "Mach number",
        components: [
            &["abs(u)/sqrt(gamma*p/rho)"],
            &["sqrt((u*u + v*v)/(gamma*p/rho))"],
            &["sqrt((u*u + v*v + w*w)/(gamma*p/rho))"],
        ],
    },
    Derived {
        name: "temperature",
        doc: "p/rho: the temperature times the gas constant",
        components: [&["p/rho"], &["p/rho"], &["p/rho"]],
    },
    Derived {
        name: "entropy",
        doc: "p/rho^gamma",
        components: [&["p/pow(rho, gamma)"], &["p/pow(rho, gamma)"], &["p/pow(rho, gamma)"]],
    },
    Derived {
        name: "energy",
        doc: "total energy of a volume",
        components: [
            &["p/(gamma - 1) + 0.5*rho*u*u"],
            &["p/(gamma - 1) + 0.5*rho*(u*u + v*v)"],
            &["p/(gamma - 1) + 0.5*rho*(u*u + v*v + w*w)"],
        ],
    },
    Derived {
        name: "total-pressure",
        doc: "pressure of the gas brought to rest without losses",
        components: [
            &["p*pow(1 + 0.5*(gamma - 1)*u*u*rho/(gamma*p), gamma/(gamma - 1))"],
            &["p*pow(1 + 0.5*(gamma - 1)*(u*u + v*v)*rho/(gamma*p), gamma/(gamma - 1))"],
            &["p*pow(1 + 0.5*(gamma - 1)*(u*u + v*v + w*w)*rho/(gamma*p), gamma/(gamma - 1))"],
        ],
    },
    Derived {
        name: "vorticity",
        doc: "curl of the velocity: a vector in 3-D, in 2-D its part out of the plane",
        components: [
            &[],
            &["grad_v_x - grad_u_y"],
            &["grad_w_y - grad_v_z", "grad_u_z - grad_w_x", "grad_v_x - grad_u_y"],
        ],
    },
    Derived {
        name: "divergence",
        doc: "divergence of the velocity",
        components: [&["grad_u_x"], &["grad_u_x + grad_v_y"], &["grad_u_x + grad_v_y + grad_w_z"]],
    },
    // Half of rotation less strain, squared: Hunt, Wray and Moin (1988).
    Derived {
        name: "q-criterion",
        doc: "half of what the rate of rotation, squared, has over the rate of strain",
        components: [
            &[],
            &["-0.5*(grad_u_x*grad_u_x + grad_v_y*grad_v_y) - grad_u_y*grad_v_x"],
            &["-0.5*(grad_u_x*grad_u_x + grad_v_y*grad_v_y + grad_w_z*grad_w_z) \
                - grad_u_y*grad_v_x - grad_u_z*grad_w_x - grad_v_z*grad_w_y"],
        ],
    },
    Derived {
        name: "schlieren",
        doc: "magnitude of the gradient of the density",
        components: [
            &["abs(grad_rho_x)"],
            &["sqrt(grad_rho_x*grad_rho_x + grad_rho_y*grad_rho_y)"],
            &["sqrt(grad_rho_x*grad_rho_x + grad_rho_y*grad_rho_y + grad_rho_z*grad_rho_z)"],
        ],
    },
];

/// The table of [`DERIVED`], for help texts.
pub fn help() -> String {
    let mut text = String::from("Quantities with a name:\n");
    for derived in DERIVED {
        let _ = writeln!(text, "  {:<15} {}", derived.name, derived.doc);
    }
    text + "In expressions: the primitive variables (rho, u, v, w, p), x, y, z, t, gradients such as \
            grad_u_x,\nconstants of the case"
}

/// Fields, and the expressions that they are made of.
#[derive(Debug)]
pub struct Fields {
    pub picked: Vec<Picked>,
    /// Of the variables that [`integrate::variables`] lists.
    expressions: Vec<Expr>,
    gradients: bool,
}

impl Fields {
    /// Reads what is `wanted` of a system in `dims` dimensions: names, or `NAME = EXPRESSION`; nothing stands for all fields
    /// of the system. `gradients`: those of all primitive variables, too.
    pub fn parse(
        wanted: &[String],
        gradients: bool,
        variables: &dyn Variables,
        dims: usize,
        constants: &Constants,
    ) -> Result<Fields> {
        let primitive = variables.primitive();
        let names = integrate::variables(&primitive, dims);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let of = |i: usize| Expr::variable(&names, i);
        let mut fields = Fields { picked: vec![], expressions: vec![], gradients: false };
        let own = variables.fields();
        if wanted.is_empty() {
            for field in &own {
                fields.add(field.name, field.primitives.iter().map(|&i| of(i)).collect())?;
            }
        }
        for text in wanted {
            if let Some((name, expression)) = text.split_once('=') {
                let (name, expression) = (name.trim(), expression.trim());
                if name.is_empty() || name.chars().any(char::is_control) {
                    bail!("field '{text}': write NAME = EXPRESSION");
                }
                let expr = Expr::parse_with(expression, &names, constants);
                fields.add(name, vec![expr.map_err(|e| anyhow!("field '{name}': {e}"))?])?;
                continue;
            }
            let name = text.trim();
            let derived = DERIVED.iter().find(|d| d.name == name);
            if let Some(field) = own.iter().find(|f| f.name == name) {
                fields.add(name, field.primitives.iter().map(|&i| of(i)).collect())?;
            } else if let Some(derived) = derived {
                let components = derived.components.get(dims.wrapping_sub(1)).copied().unwrap_or_default();
                if components.is_empty() {
                    bail!("'{name}' has no meaning in {dims}-D");
                }
                let parse = |c: &&str| Expr::parse_with(c, &names, constants);
                let all: Result<Vec<Expr>, _> = components.iter().map(parse).collect();
                let all = all.map_err(|e| anyhow!("this case has no '{name}' ({}): {e}", derived.doc))?;
                fields.add(name, all)?;
            } else if let Some(i) = names.iter().position(|n| *n == name) {
                fields.add(name, vec![of(i)])?;
            } else {
                let known = || own.iter().map(|f| f.name).chain(DERIVED.iter().map(|d| d.name));
                if !name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c)) {
                    bail!(
                        "field '{name}': write NAME = EXPRESSION, or one of {}",
                        known().collect::<Vec<_>>().join(", ")
                    );
                }
                let meant = nearest(name, known().chain(names.iter().copied()));
                let meant = meant.map_or(String::new(), |n| format!(", did you mean '{n}'?"));
                bail!(
                    "unknown field '{name}'{meant}; there are {}, the variables {}, and NAME = EXPRESSION of these",
                    known().collect::<Vec<_>>().join(", "),
                    names.join(", ")
                );
            }
        }
        if gradients {
            for (v, name) in primitive.iter().enumerate() {
                let first = primitive.len() + 4 + v;
                let slopes = (0..dims).map(|d| of(first + d * primitive.len())).collect();
                fields.add(&format!("grad_{name}"), slopes)?;
            }
        }
        fields.gradients = integrate::gradients(primitive.len(), dims, fields.expressions.iter());
        Ok(fields)
    }

    fn add(&mut self, name: &str, components: Vec<Expr>) -> Result<()> {
        if self.picked.iter().any(|p| p.name == name) {
            bail!("the field '{name}' is asked for twice");
        }
        let first = self.expressions.len();
        let positions = (first..first + components.len()).collect();
        self.picked.push(Picked { name: name.into(), positions });
        self.expressions.extend(components);
        Ok(())
    }

    /// The expressions at the solution points at time `t`, block by block `[element][expression][point]`.
    pub fn values(&self, engine: &mut Engine, t: f64) -> Result<Vec<Vec<f64>>, EngineError> {
        let function = |point: PointValues, out: &mut [f64]| {
            let mut variables = point.primitive.to_vec();
            variables.extend(point.at);
            variables.push(t);
            variables.extend(point.gradient);
            out.iter_mut().zip(&self.expressions).for_each(|(out, e)| *out = e.eval_f64(&variables));
        };
        engine.evaluate(t, self.gradients, self.expressions.len(), function)
    }
}
