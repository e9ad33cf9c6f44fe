//! Expressions of case files.
