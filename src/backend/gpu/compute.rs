//! A kernel of one's own on an open device: what a program that uses the library may want to compute beside a flow.

use super::Device;
use super::buffers::{Memory, read_staging};
use crate::backend::{BackendError, Precision};
use std::num::NonZeroU64;
use wgpu::{BufferUsages, ShaderStages};

impl Device {
    /// Runs the kernel `main` of a WGSL module in `workgroups` workgroups, and returns the `outputs` words it leaves.
    ///
    /// The module declares two arrays, of words of 32 bits or of anything made of them:
    ///
    /// ```wgsl
    /// @group(0) @binding(0) var<storage, read> input: array<u32>;
    /// @group(0) @binding(1) var<storage, read_write> output: array<u32>;
    /// ```
    ///
    /// The second is zero at first. What a kernel reads or writes beyond an array's end touches nothing else. The module
    /// is compiled at each call, which waits until the device is done: this is for few calls with much to do. Drivers of
    /// cards that also draw a screen may end kernels that take longer than a few seconds.
    ///
    /// ```no_run
    /// use solver::backend::gpu::Device;
    ///
    /// # fn main() -> Result<(), solver::backend::BackendError> {
    /// let squares = "
    ///     @group(0) @binding(0) var<storage, read> input: array<u32>;
    ///     @group(0) @binding(1) var<storage, read_write> output: array<u32>;
    ///     @compute @workgroup_size(1)
    ///     fn main(@builtin(workgroup_id) id: vec3<u32>) { output[id.x] = input[id.x] * input[id.x]; }";
    /// let device = Device::open(None, 0)?;
    /// assert_eq!(device.compute(squares, &[1, 2, 3], 3, 3)?, [1, 4, 9]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The module is no valid WGSL or wants other bindings (the device can be used on), there are more workgroups than
    /// the device takes at once, or more words than it binds; the device failed.
    pub fn compute(
        &self,
        wgsl: &str,
        input: &[u32],
        outputs: usize,
        workgroups: u32,
    ) -> Result<Vec<u32>, BackendError> {
        let most = self.device.limits().max_compute_workgroups_per_dimension;
        if workgroups > most {
            return Err(BackendError::Unsupported(format!(
                "{} takes {most} workgroups at once, not {workgroups}; give each more to do",
                self.info.name
            )));
        }
        if outputs == 0 || workgroups == 0 {
            return Ok(vec![0; outputs]);
        }
        let mut memory = Memory { device: self.clone(), precision: Precision::Single, bytes: 0 };
        let bytes = outputs as u64 * 4;
        let from = memory.filled("input", bytemuck::cast_slice(input), BufferUsages::STORAGE)?;
        let to = memory.empty("output", bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC)?;
        let staging = memory.empty("staging", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;

        // A mistake in the module must not count as a failure of the device, which would end all that runs on it.
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let (layout, pipeline) = self.pipeline(wgsl);
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("compute"),
            layout: &layout,
            entries: &[binding(0, &from, input.len() as u64 * 4), binding(1, &to, bytes)],
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(workgroups, 1, 1);
        drop(pass);
        encoder.copy_buffer_to_buffer(&to, 0, &staging, 0, bytes);
        let done = self.queue.submit([encoder.finish()]);
        if let Some(mistake) = pollster::block_on(scope.pop()) {
            return Err(BackendError::Unsupported(mistake.to_string()));
        }
        read_staging(self, &staging, bytes, done, |bytes| {
            bytes.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word)).collect()
        })
    }

    /// The layout of the two arrays and the compiled kernel. Shaders come from outside: bounds are checked.
    fn pipeline(&self, wgsl: &str) -> (wgpu::BindGroupLayout, wgpu::ComputePipeline) {
        let entry = |binding, read_only| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("compute"),
            entries: &[entry(0, true), entry(1, false)],
        });
        let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("compute"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("compute"),
            source: wgpu::ShaderSource::Wgsl(wgsl.into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("compute"),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        (layout, pipeline)
    }
}

/// The first `bytes` bytes of a buffer: buffers are a little longer than asked for, and `arrayLength` is to be what was.
fn binding(binding: u32, buffer: &wgpu::Buffer, bytes: u64) -> wgpu::BindGroupEntry<'_> {
    let size = NonZeroU64::new(bytes);
    let resource = wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset: 0, size });
    wgpu::BindGroupEntry { binding, resource }
}
