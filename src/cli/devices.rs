//! `solver devices`.

use anyhow::Result;

/// List the devices that `run -b gpu` can use
#[derive(clap::Args, Debug)]
pub struct Devices {}

impl Devices {
    #[cfg(feature = "gpu")]
    pub fn execute(self) -> Result<()> {
        let devices = crate::backend::gpu::devices();
        if devices.is_empty() {
            anyhow::bail!(
                "no device with a Vulkan, Metal or DirectX 12 driver; install the card's driver, or a software one \
                 (Debian and Ubuntu: apt install mesa-vulkan-drivers libvulkan1)"
            );
        }
        for d in devices {
            let double = if d.double { "f32 and f64" } else { "f32 only" };
            let binding = d.largest_binding >> 20;
            line!("{}: {} ({}, {}, {})", d.index, d.name, d.kind, d.api, d.driver);
            line!(
                "   {double}, arrays up to {binding} MiB, workgroups with {} KiB",
                d.workgroup_memory >> 10
            );
        }
        Ok(())
    }

    #[cfg(not(feature = "gpu"))]
    pub fn execute(self) -> Result<()> {
        anyhow::bail!("this program was built without the GPU backend (feature 'gpu')")
    }
}
