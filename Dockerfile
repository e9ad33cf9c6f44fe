# docker build -t solver .
# docker run --rm -v "$PWD":/work solver run mesh.smesh case.ini
# docker run --rm -v "$PWD":/work --entrypoint mpirun solver -np 4 solver run mesh.smesh case.ini
#
# The processor needs nothing more. For a graphics card hand its device in (--device /dev/dri); without one the backend
# `gpu` runs on Mesa's software driver. Where files must belong to you, add --user "$(id -u):$(id -g)".

FROM rust:1-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends \
        gcc libc6-dev make pkg-config libhdf5-dev libopenmpi-dev openmpi-bin libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo build --release --locked && strip target/release/solver

FROM debian:bookworm-slim
# Open MPI with its mpirun; HDF5; the Vulkan loader and Mesa's drivers.
RUN apt-get update && apt-get install -y --no-install-recommends \
        libopenmpi3 openmpi-bin libhdf5-103-1 libgcc-s1 libvulkan1 mesa-vulkan-drivers \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 solver \
    && mkdir /work && chown solver:solver /work
COPY --from=builder /source/target/release/solver /usr/local/bin/solver
COPY --from=builder /source/LICENSE-MIT /source/LICENSE-APACHE /usr/share/doc/solver/
# Containers forbid the system call with which ranks read each other's memory; Vulkan's loader looks for its folder.
ENV OMPI_MCA_btl_vader_single_copy_mechanism=none \
    OMPI_MCA_rmaps_base_oversubscribe=1 \
    OMPI_MCA_hwloc_base_binding_policy=none \
    XDG_RUNTIME_DIR=/tmp
USER solver
WORKDIR /work
ENTRYPOINT ["solver"]
CMD ["--help"]
