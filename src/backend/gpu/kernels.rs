//! Compute kernels: WGSL with named bindings, compiled once, bound by name.

use super::emit::prelude;
use super::{Device, Precision};
use crate::backend::BackendError;
use std::fmt::Write;

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Reads numbers.
    Read,
    /// Reads and writes numbers.
    Write,
    /// Reads indices.
    Indices,
    /// Reads numbers from a place given with each dispatch.
    Parameters,
    /// Reads `first, count` of the elements to work on, from a place given with each dispatch.
    Range,
}

/// A kernel's text and what it binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Name, for messages.
    pub label: String,
    /// Buffers, in the order of binding numbers; those with places come in the order in which these are given.
    pub bindings: Vec<(String, Use)>,
    /// WGSL without the bindings. Its entry point is `main`.
    pub body: String,
    /// Working precision.
    pub precision: Precision,
}

impl Source {
    /// The whole module.
    pub fn text(&self) -> String {
        let mut text = String::from(prelude(self.precision));
        for (i, (name, access)) in self.bindings.iter().enumerate() {
            let (space, kind) = match access {
                Use::Read | Use::Parameters => ("storage, read", "array<real>"),
                Use::Write => ("storage, read_write", "array<real>"),
                Use::Indices => ("storage, read", "array<u32>"),
                Use::Range => ("uniform", "vec4<u32>"),
            };
            let _ = writeln!(text, "@group(0) @binding({i}) var<{space}> {name}: {kind};");
        }
        text.push_str(&self.body);
        text
    }
}

/// Replaces each `{{KEY}}` of a skeleton.
pub fn fill(skeleton: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(skeleton.to_string(), |text, (key, value)| text.replace(&format!("{{{{{key}}}}}"), value))
}

/// A compiled kernel.
pub(super) struct Kernel {
    pub(super) pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    bindings: Vec<(String, Use)>,
}

/// Bytes of a [`Use::Range`].
pub(super) const RANGE_BYTES: u64 = 16;

impl Kernel {
    /// Compiles a kernel.
    ///
    /// # Errors
    /// The device has too few bindings, or refuses the kernel.
    pub(super) fn new(device: &Device, source: &Source) -> Result<Kernel, BackendError> {
        let storage = source.bindings.iter().filter(|(_, u)| *u != Use::Range).count();
        let limit = device.device.limits().max_storage_buffers_per_shader_stage as usize;
        if storage > limit {
            return Err(BackendError::Unsupported(format!(
                "{} lets a kernel use {limit} buffers, but '{}' needs {storage}; use a time-stepping scheme with fewer \
                 registers, more ranks (arrays too large for one buffer are divided), another device, or the processor (-b cpu)",
                device.info.name, source.label
            )));
        }
        let entries: Vec<_> = source.bindings.iter().enumerate().map(|(i, b)| entry(i, b.1)).collect();
        let label = Some(source.label.as_str());
        let device = (&device.device, device);
        let layout =
            device.0.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
        let pipeline_layout = device.0.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let description =
            wgpu::ShaderModuleDescriptor { label, source: wgpu::ShaderSource::Wgsl(source.text().into()) };
        // SAFETY: the kernels index their buffers only by element, point and variable numbers below the counts the buffers
        // were sized by, and by the tables of face rows made beside them; all loops are counted.
        let module = unsafe {
            device.0.create_shader_module_trusted(description, wgpu::ShaderRuntimeChecks::unchecked())
        };
        let pipeline = device.0.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every word is written before it is read.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        device.1.check()?;
        Ok(Kernel { pipeline, layout, bindings: source.bindings.clone() })
    }

    /// Binds buffers by name; `size` is the bytes of the parameters a dispatch sees.
    pub(super) fn bind<'a>(
        &self,
        device: &Device,
        parameter_bytes: u64,
        buffer: impl Fn(&str) -> &'a wgpu::Buffer,
    ) -> wgpu::BindGroup {
        let entries: Vec<_> = self
            .bindings
            .iter()
            .enumerate()
            .map(|(i, (name, access))| {
                let size = match access {
                    Use::Range => Some(RANGE_BYTES),
                    Use::Parameters => Some(parameter_bytes),
                    _ => None,
                };
                wgpu::BindGroupEntry {
                    binding: i as u32,
                    resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: buffer(name),
                        offset: 0,
                        size: size.and_then(std::num::NonZeroU64::new),
                    }),
                }
            })
            .collect();
        device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        })
    }
}

fn entry(binding: usize, access: Use) -> wgpu::BindGroupLayoutEntry {
    let ty = match access {
        Use::Range => wgpu::BufferBindingType::Uniform,
        _ => wgpu::BufferBindingType::Storage { read_only: access != Use::Write },
    };
    wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: matches!(access, Use::Range | Use::Parameters),
            min_binding_size: None,
        },
        count: None,
    }
}

/// Workgroups in a row of a dispatch on any device: half of what all of them allow, a power of two.
pub(super) const ROW: u32 = 32768;

/// Rows and columns of a dispatch of `groups` workgroups, `row` (`ROW` of the kernels) in a row.
pub(super) fn grid(groups: u32, row: u32) -> (u32, u32) {
    (groups.min(row), groups.div_ceil(row))
}
