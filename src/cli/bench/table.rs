//! The measurements for people.

use crate::cli::print_all;
use anyhow::Result;
use serde_json::Value;

/// A table that grows by rows; silent if so wanted.
pub struct Table {
    speak: bool,
    started: bool,
}

impl Table {
    pub fn new(speak: bool) -> Table {
        Table { speak, started: false }
    }

    /// Prints a record, after the heads of the columns if it is the first.
    ///
    /// # Errors
    /// It cannot be printed.
    pub fn row(&mut self, record: &Value) -> Result<()> {
        if !self.speak {
            return Ok(());
        }
        let head = if self.started { "" } else { HEAD };
        self.started = true;
        print_all(&format!("{head}{}\n", row(record)))
    }
}

const HEAD: &str = "\
workload                     real  ranks  threads     MDOF    MDOF/s  (slowest, fastest)   B/DOF    GB/s   copy  triad   wait    peak
";

fn row(record: &Value) -> String {
    let text = |key: &str| record[key].as_str().unwrap_or("?");
    let number = |key: &str, scale: f64, digits: usize| {
        record[key].as_f64().map_or_else(|| "-".into(), |x| format!("{:.digits$}", x * scale))
    };
    let mega = |key: &str| number(key, 1e-6, 1);
    format!(
        "{:<28} {:<4} {:>6} {:>8} {:>8} {:>9} {:>19} {:>7} {:>7} {:>6} {:>6} {:>6} {:>7}",
        text("workload"),
        text("precision"),
        number("ranks", 1.0, 0),
        number("threads-a-rank", 1.0, 0),
        number("dofs", 1e-6, 2),
        mega("dofs-per-second"),
        format!("({} to {})", mega("dofs-per-second-least"), mega("dofs-per-second-most")),
        number("plan-bytes-per-dof", 1.0, 1),
        number("plan-bytes-per-second", 1e-9, 1),
        number("fraction-of-copy", 1.0, 2),
        number("fraction-of-triad", 1.0, 2),
        number("halo-wait-fraction", 1.0, 3),
        number("peak-resident-bytes-per-dof", 1.0, 0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_stand_under_their_heads() {
        let record = json!({
            "workload": "navier-stokes-hex-p3-curved", "precision": "f64", "ranks": 2, "threads-a-rank": 1,
            "dofs": 10_485_760, "dofs-per-second": 225.34e6, "dofs-per-second-least": 198.0e6,
            "dofs-per-second-most": 1230.5e6, "plan-bytes-per-dof": 120.3, "plan-bytes-per-second": 27.1e9,
            "fraction-of-copy": 0.812, "fraction-of-triad": 0.6, "halo-wait-fraction": 0.0123,
            "peak-resident-bytes-per-dof": null,
        });
        let row = row(&record);
        assert_eq!(row.len(), HEAD.trim_end().len(), "\n{HEAD}{row}");
        assert!(
            row.contains(" 225.3   (198.0 to 1230.5)   120.3    27.1   0.81   0.60  0.012       -"),
            "{row}"
        );
    }
}
