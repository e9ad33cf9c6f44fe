# docker build -t solver .
# docker run --rm --init --user "$(id -u):$(id -g)" -v "$PWD":/work solver run mesh.smesh case.ini
# docker run --rm --init --user "$(id -u):$(id -g)" -v "$PWD":/work --entrypoint mpirun solver -np 4 solver run mesh.smesh case.ini
#
# --user: the folder is written as you (without, as user 1000, who may not be allowed to); where containers need no root,
# you are root in them: --user 0:0. --init: Ctrl-C stops every command (without, `run` only, which leaves a checkpoint).
#
# The processor needs nothing more. A graphics card is handed in with the group that may use it,
#   --device /dev/dri --group-add "$(stat -c %g /dev/dri/renderD128)"
# and one of NVIDIA with its container toolkit: --gpus all. Without any, `-b gpu` runs on Mesa's software driver;
# `docker run --rm solver devices` with the same options lists what there is.

FROM rust:1-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends \
        gcc libc6-dev make pkg-config libhdf5-dev libopenmpi-dev openmpi-bin libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo build --release --locked && strip target/release/solver

FROM debian:bookworm-slim
# Open MPI with its mpirun; HDF5; the Vulkan loader and Mesa's drivers; what NVIDIA's loads, which comes from outside.
RUN apt-get update && apt-get install -y --no-install-recommends \
        libopenmpi3 openmpi-bin libhdf5-103-1 libgcc-s1 libvulkan1 mesa-vulkan-drivers libegl1 libxext6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 solver \
    && mkdir /work && chown solver:solver /work
COPY --from=builder /source/target/release/solver /usr/local/bin/solver
COPY --from=builder /source/LICENSE-MIT /source/LICENSE-APACHE /usr/share/doc/solver/
# Some containers forbid the system call with which ranks read each other's memory. Open MPI refuses more ranks than cores,
# and root, unless told. Vulkan's loader looks for its folder, drivers for one to keep compiled shaders in, which for
# a user given by its number would be the mounted one. NVIDIA's container toolkit hands in Vulkan only when asked to.
ENV OMPI_MCA_btl_vader_single_copy_mechanism=none \
    OMPI_MCA_rmaps_base_oversubscribe=1 \
    OMPI_MCA_hwloc_base_binding_policy=none \
    OMPI_ALLOW_RUN_AS_ROOT=1 \
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    XDG_RUNTIME_DIR=/tmp \
    XDG_CACHE_HOME=/tmp \
    NVIDIA_DRIVER_CAPABILITIES=graphics,utility
USER solver
WORKDIR /work
ENTRYPOINT ["solver"]
CMD ["--help"]
