//! Expressions of case files.
use super::Real;
/// stub
#[derive(Clone, Debug)]
pub struct Expr;
impl Expr {
    /// stub
    pub fn eval<R: Real>(&self, _vars: &[R]) -> R {
        unimplemented!()
    }
    /// stub
    pub fn eval_f64(&self, _vars: &[f64]) -> f64 {
        unimplemented!()
    }
    /// stub
    pub fn depends_on(&self, _var: usize) -> bool {
        false
    }
    /// stub
    pub fn constant(_x: f64) -> Expr {
        unimplemented!()
    }
}
