//! `solver devices`.

use anyhow::Result;

/// List the devices that `run -b gpu` can use
#[derive(clap::Args, Debug)]
pub struct Devices {}

impl Devices {
    #[cfg(feature = "gpu")]
    pub fn execute(self) -> Result<()> {
        println!("not yet");
        Ok(())
    }

    #[cfg(not(feature = "gpu"))]
    pub fn execute(self) -> Result<()> {
        anyhow::bail!("this program was built without the GPU backend (feature 'gpu')")
    }
}
