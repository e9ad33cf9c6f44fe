# make demo    build, and run the vortex on four ranks, on the processor and on the graphics device
# make test    everything that can be tested on this machine
# make test-paraview  whether ParaView opens what is written (installs it: 200 packages)
# make test-slurm     the batch scripts of docs/slurm, on a Slurm that it installs and starts (needs root, three minutes)
# make test-install   the lines of README and the book that install and build, in a Debian of their own (needs root, forty minutes to two hours, 20 GB)
# make lint    formatting and clippy
# make docs    the library's documentation, and the book
# make book    the book alone, as web pages in target/book
# make bench   the benchmarks
# make install the program, into cargo's bin folder
#
# Each first installs what is missing. SOLVER_SKIP_MPI=1, SOLVER_SKIP_GPU=1, SOLVER_SKIP_VTK=1 leave out the tests that
# need MPI's mpirun, a graphics device or VTK's reader; nothing is skipped unless asked for.

.DEFAULT_GOAL := demo
.PHONY: demo test test-default test-without test-paraview test-slurm test-install lint docs docs-library book bench install build deps deps-python clean

# Flags for every cargo call, such as --locked or --offline.
CARGO_FLAGS ?=
MPIRUN ?= mpirun
PATH := $(PATH):$(HOME)/.cargo/bin
export PATH MPIRUN

# Open MPI: as root (containers), more ranks than cores, and ranks not bound to a core each, so that a rank's threads have
# all cores to share. First version 4, then version 5; other MPI libraries ignore these.
export OMPI_ALLOW_RUN_AS_ROOT ?= 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM ?= 1
export OMPI_MCA_rmaps_base_oversubscribe ?= 1
export OMPI_MCA_hwloc_base_binding_policy ?= none
export PRTE_MCA_rmaps_default_mapping_policy ?= :oversubscribe
export PRTE_MCA_hwloc_default_binding_policy ?= none

# Vulkan's loader looks for this folder and complains without it.
ifndef XDG_RUNTIME_DIR
export XDG_RUNTIME_DIR := $(CURDIR)/target/runtime
endif

# Where both are installed, Debian's pkg-config prefers the parallel HDF5, which does not belong into this build. Looked up
# when cargo is called, since HDF5 may have been installed by then.
HDF5_SERIAL = $(shell pkg-config --libs hdf5 2>/dev/null | grep -qw serial || ls -d /usr/lib/$$(cc -print-multiarch)/hdf5/serial 2>/dev/null)
CARGO = $(if $(HDF5_DIR),,$(if $(HDF5_SERIAL),HDF5_DIR=$(HDF5_SERIAL) ))cargo

PYTHON := $(CURDIR)/target/python
SOLVER := target/release/solver

build: deps
	$(CARGO) build --release $(CARGO_FLAGS)

deps:
	@tests/setup.sh system
	@mkdir -p -m 700 "$(XDG_RUNTIME_DIR)"

deps-python: deps
	@tests/setup.sh python "$(PYTHON)"

# Files are written where a run is started: each in a folder of its own.
demo: build
	@rm -rf demo && mkdir -p demo/cpu demo/gpu
	@echo; echo "== 1. Import the Gmsh mesh"
	$(SOLVER) import meshes/vortex.msh demo/vortex.smesh
	@echo; echo "== 2. Divide it into 4 parts"
	$(SOLVER) partition 4 demo/vortex.smesh
	@echo; echo "== 3. Run on 4 ranks, on the processor"
	cd demo/cpu && $(MPIRUN) -np 4 "$(CURDIR)/$(SOLVER)" run -b cpu ../vortex.smesh ../../configs/vortex.ini
	@echo; echo "== 4. Run on 4 ranks, on the graphics device (a software one, where there is no other)"
	cd demo/gpu && $(MPIRUN) -np 4 "$(CURDIR)/$(SOLVER)" run -b gpu ../vortex.smesh ../../configs/vortex.ini
	@echo; echo "== The results; open in ParaView:"
	@find demo -name '*.pvd' -o -name '*.vtkhdf' | sort

test: test-default test-without

# Library, binary, integration tests (those with MPI start mpirun themselves), examples and the code in the documentation.
test-default: build deps-python
	$(if $(filter 1,$(SOLVER_SKIP_VTK)),,SOLVER_VTK_PYTHON="$(PYTHON)/bin/python") $(CARGO) test --release $(CARGO_FLAGS)

# What optional parts (devices, MPI, vectors) could change for whoever types commands, without them. Numerics were
# run with them, scalar kernels included, the library's own tests with all but vectors. Last, the full program is put back in its place.
WITHOUT := --bins $(addprefix --test ,no_mpi run_cli check_cli mesh_cli generate_cli partition_cli examples layers book)
test-without: deps
	$(CARGO) test --release --no-default-features $(WITHOUT) $(CARGO_FLAGS)
	$(SOLVER) --version
	$(CARGO) check --release --no-default-features --features mpi --all-targets $(CARGO_FLAGS)
	$(CARGO) check --release --no-default-features --features gpu --all-targets $(CARGO_FLAGS)
	$(CARGO) build --release $(CARGO_FLAGS)

# pvpython draws on a display; Xvfb is one without a screen.
test-paraview: build
	@tests/setup.sh paraview
	rm -rf target/paraview
	$(if $(DISPLAY),,xvfb-run -a) pvpython tests/python/paraview_open.py $(SOLVER) target/paraview target/paraview/picture.png

# Another program than that of this build: make test-slurm SOLVER=/path/to/solver
test-slurm: $(if $(filter target/release/solver,$(SOLVER)),build)
	@tests/setup.sh slurm
	tests/slurm.sh "$(SOLVER)"

# TMPDIR=/var/tmp make test-install: where there is room for Debian and what is built there.
# make test-install FROM=README.md:391: from that line on.
test-install:
	@tests/setup.sh install
	tests/install.sh target/install $(FROM)

lint: deps
	cargo fmt --check
	$(CARGO) clippy --release --all-targets $(CARGO_FLAGS) -- -D warnings
	$(CARGO) clippy --release --all-targets --no-default-features $(CARGO_FLAGS) -- -D warnings

docs: docs-library book

docs-library: deps
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --no-deps $(CARGO_FLAGS)

# mdBook is taken where it is installed, or else built once into target/tools (two minutes on one core, without its server).
# What could go wrong in the pages themselves, tests/book.rs and tests/commands.rs find without it.
MDBOOK_VERSION := 0.5.4
book:
	@command -v mdbook >/dev/null || [ -x target/tools/bin/mdbook ] || \
		cargo install mdbook --version $(MDBOOK_VERSION) --locked --no-default-features --features search --root target/tools
	@rm -rf target/book
	PATH="$$PATH:$(CURDIR)/target/tools/bin" mdbook build docs
	@echo "open target/book/index.html"

# All standard problems; `make bench BENCH="-w hex --json=today.json"` takes the options of `solver bench`.
bench: deps
	$(CARGO) bench $(CARGO_FLAGS) --bench dofs -- $(BENCH)

install: deps
	$(CARGO) install --path . --locked $(filter-out --locked,$(CARGO_FLAGS))

clean:
	cargo clean
	rm -rf demo
