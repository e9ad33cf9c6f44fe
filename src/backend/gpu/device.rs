//! Finding and opening a device.

use crate::backend::BackendError;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What people want to know of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its number in the list of devices.
    pub index: usize,
    /// Name as the driver gives it.
    pub name: String,
    /// Discrete, integrated, virtual, software, other.
    pub kind: &'static str,
    /// Name and version of the driver.
    pub driver: String,
    /// Programming interface: Vulkan, Metal, Dx12.
    pub api: String,
    /// Whether it computes in double precision.
    pub double: bool,
    /// Largest buffer a kernel can bind, in bytes.
    pub largest_binding: u64,
    /// Largest buffer, in bytes.
    pub largest_buffer: u64,
    /// Memory shared by a workgroup, in bytes.
    pub workgroup_memory: u32,
}

/// An open device; clones share it.
#[derive(Clone)]
pub struct Device {
    /// What it is.
    pub info: DeviceInfo,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    /// Most bytes of a storage buffer, and of any other.
    pub(super) most_bytes: (u64, u64),
    failure: Arc<Mutex<Option<String>>>,
}

fn adapters() -> Vec<wgpu::Adapter> {
    let mut description = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    description.backends &= wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    let backends = description.backends;
    let adapters = pollster::block_on(wgpu::Instance::new(description).enumerate_adapters(backends));
    adapters
        .into_iter()
        .filter(|a| a.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS))
        .collect()
}

/// Position in the order of preference, and name, of a kind of device.
fn kind(device_type: wgpu::DeviceType) -> (usize, &'static str) {
    match device_type {
        wgpu::DeviceType::DiscreteGpu => (0, "discrete"),
        wgpu::DeviceType::VirtualGpu => (1, "virtual"),
        wgpu::DeviceType::IntegratedGpu => (2, "integrated"),
        wgpu::DeviceType::Other => (3, "other"),
        wgpu::DeviceType::Cpu => (4, "software"),
    }
}

fn describe(index: usize, adapter: &wgpu::Adapter) -> DeviceInfo {
    let (info, limits) = (adapter.get_info(), adapter.limits());
    DeviceInfo {
        index,
        name: info.name,
        kind: kind(info.device_type).1,
        driver: [info.driver, info.driver_info].join(" ").trim().into(),
        api: info.backend.to_string(),
        double: adapter.features().contains(wgpu::Features::SHADER_F64),
        largest_binding: limits.max_storage_buffer_binding_size,
        largest_buffer: limits.max_buffer_size,
        workgroup_memory: limits.max_compute_workgroup_storage_size,
    }
}

/// All devices that can run the solver.
pub fn devices() -> Vec<DeviceInfo> {
    adapters().iter().enumerate().map(|(i, a)| describe(i, a)).collect()
}

/// Which of several devices to take: the position in `kinds` (preference, programming interface). Without a choice the
/// best kind is taken, and the ranks of a machine go round the devices of that kind under one programming interface.
fn best(kinds: &[(usize, String)], local_rank: usize) -> Option<usize> {
    let first = (0..kinds.len()).min_by_key(|&i| (kinds[i].0, i))?;
    let same: Vec<usize> = (0..kinds.len()).filter(|&i| kinds[i] == kinds[first]).collect();
    Some(same[local_rank % same.len()])
}

impl Device {
    /// Opens a device: the one whose number in [`devices`] or whose name's part is `choice`, or the best one. Where
    /// several are as good (or match), the ranks of a machine take turns.
    ///
    /// # Errors
    /// There is no device, or none of that name, or it can't be opened.
    pub fn open(choice: Option<&str>, local_rank: usize) -> Result<Device, BackendError> {
        let adapters = adapters();
        if adapters.is_empty() {
            return Err(BackendError::Unsupported(
                "there is no graphics device with a Vulkan, Metal or DirectX 12 driver on this machine; install the \
                 driver of the card, or a software driver for trying things out (Debian and Ubuntu: \
                 apt install mesa-vulkan-drivers libvulkan1), or run on the processor (-b cpu)"
                    .into(),
            ));
        }
        let infos: Vec<DeviceInfo> = adapters.iter().enumerate().map(|(i, a)| describe(i, a)).collect();
        let matches: Vec<usize> = match choice {
            None => (0..infos.len()).collect(),
            Some(text) => match text.parse::<usize>() {
                Ok(i) => (i..infos.len().min(i + 1)).collect(),
                Err(_) => (0..infos.len())
                    .filter(|&i| infos[i].name.to_lowercase().contains(&text.to_lowercase()))
                    .collect(),
            },
        };
        let kinds: Vec<_> = matches
            .iter()
            .map(|&i| (kind(adapters[i].get_info().device_type).0, infos[i].api.clone()))
            .collect();
        let Some(chosen) = best(&kinds, local_rank).map(|i| matches[i]) else {
            let names: Vec<_> = infos.iter().map(|i| format!("[{}] {}", i.index, i.name)).collect();
            return Err(BackendError::Unsupported(format!(
                "there is no device '{}'; the devices are {} (choose by number or by part of the name)",
                choice.unwrap_or_default(),
                names.join(", ")
            )));
        };
        Device::request(&adapters[chosen], infos[chosen].clone(), wgpu::Features::SHADER_F64)
    }

    /// Opens a device with those of the features `wanted` that it has.
    fn request(
        adapter: &wgpu::Adapter,
        info: DeviceInfo,
        wanted: wgpu::Features,
    ) -> Result<Device, BackendError> {
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("solver"),
            required_features: adapter.features() & wanted,
            required_limits: adapter.limits(),
            ..Default::default()
        });
        let (device, queue) = pollster::block_on(request)
            .map_err(|e| BackendError::Device(format!("{} can't be opened: {e}", info.name)))?;
        let failure = Arc::new(Mutex::new(None));
        let (errors, losses) = (failure.clone(), failure.clone());
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&errors, e.to_string())));
        device.set_device_lost_callback(move |_, text| note(&losses, format!("the device was lost: {text}")));
        // Kernels count numbers with 32 bits.
        let counted = 4 * u64::from(u32::MAX);
        let most_bytes = (info.largest_binding.min(info.largest_buffer).min(counted), info.largest_buffer);
        Ok(Device { info, device, queue, most_bytes, failure })
    }

    /// The device as one that binds no more than `binding` bytes, in buffers of no more than `buffer` bytes: arrays that
    /// are larger are divided. Limits the device has itself stay.
    pub fn with_limits(mut self, binding: u64, buffer: u64) -> Device {
        let (storage, other) = self.most_bytes;
        self.most_bytes = (storage.min(binding).min(buffer), other.min(buffer));
        self
    }

    /// Bytes read and written a second by copying a large buffer into another, the best of several tries.
    ///
    /// # Errors
    /// The device failed, or has no memory left.
    pub fn copy_bandwidth(&self) -> Result<f64, BackendError> {
        const COPIES: u32 = 8;
        // A software device takes its time.
        let wanted: u64 = if self.info.kind == "software" { 32 << 20 } else { 1 << 30 };
        let size = wanted.min(self.device.limits().max_buffer_size / 4) & !15;
        let buffer = |usage| {
            let label = Some("copied to measure");
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label,
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let (from, to) = (buffer(wgpu::BufferUsages::COPY_SRC), buffer(wgpu::BufferUsages::COPY_DST));
        self.check()?;
        let mut best = 0.0_f64;
        // The first try fills the source with zeros, too.
        for _ in 0..5 {
            let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            (0..COPIES).for_each(|_| encoder.copy_buffer_to_buffer(&from, 0, &to, 0, size));
            let start = Instant::now();
            let done = self.queue.submit([encoder.finish()]);
            self.wait(Some(done))?;
            let bytes = (2 * u64::from(COPIES) * size) as f64;
            best = best.max(bytes / start.elapsed().as_secs_f64().max(1e-9));
        }
        Ok(best)
    }

    /// The best device as one without double precision.
    #[cfg(test)]
    pub(super) fn without_double() -> Device {
        let adapters = adapters();
        Device::request(&adapters[0], describe(0, &adapters[0]), wgpu::Features::empty()).unwrap()
    }

    /// The first thing that went wrong on the device, if any.
    pub(super) fn check(&self) -> Result<(), BackendError> {
        match self.failure.lock().unwrap_or_else(|e| e.into_inner()).as_ref() {
            Some(text) => Err(BackendError::Device(format!("{}: {text}", self.info.name))),
            None => Ok(()),
        }
    }

    /// Waits until submission `index`, or everything, is done.
    pub(super) fn wait(&self, index: Option<wgpu::SubmissionIndex>) -> Result<(), BackendError> {
        let done = self.device.poll(wgpu::PollType::Wait { submission_index: index, timeout: None });
        self.check()?;
        done.map(|_| ()).map_err(|e| BackendError::Device(format!("{}: {e}", self.info.name)))
    }
}

/// Keeps the first failure: later ones follow from it.
fn note(failure: &Mutex<Option<String>>, text: String) {
    failure.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(text);
}

#[cfg(test)]
mod tests {
    use super::best;

    #[test]
    fn real_cards_come_first_and_ranks_go_round_equal_ones() {
        let kinds = |k: &[usize]| k.iter().map(|&k| (k, "Vulkan".to_string())).collect::<Vec<_>>();
        assert_eq!(best(&kinds(&[4, 2, 0, 0]), 0), Some(2));
        assert_eq!(best(&kinds(&[4, 2, 0, 0]), 1), Some(3));
        assert_eq!(best(&kinds(&[4, 2, 0, 0]), 2), Some(2));
        assert_eq!(best(&kinds(&[4]), 5), Some(0));
        assert_eq!(best(&[], 0), None);
    }
}
