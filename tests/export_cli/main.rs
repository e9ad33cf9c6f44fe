//! `solver export` as people use it: what stands in the files is the solution, and mistakes are told in a sentence.

#[path = "../support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/vtu.rs"]
mod vtu;

mod boundary;
mod commands;
mod flow;
mod volume;
