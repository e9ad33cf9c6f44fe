#!/bin/sh
# Installs what the build and the tests need, or says what to install. Quick and silent when all is there.
#   setup.sh system        libraries and launchers: MPI, HDF5, libclang, a Vulkan driver
#   setup.sh python DIR    a Python environment in DIR with VTK's own readers, for the tests of the output
#   setup.sh paraview      ParaView with its Python and a display without a screen
#   setup.sh slurm         the daemons and commands of Slurm, none of which is started
#   setup.sh install       what makes a bare Debian in a folder
# SOLVER_SKIP_MPI=1, SOLVER_SKIP_GPU=1 and SOLVER_SKIP_VTK=1 leave out what the tests then do without.
set -eu

say() { printf '%s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# bindgen reads MPI's header through libclang, which needs its own headers beside it.
have_libclang() {
    ls /usr/lib/llvm-*/lib/libclang*.so* >/dev/null 2>&1 && ls /usr/lib/llvm-*/lib/clang/*/include/stddef.h >/dev/null 2>&1
}

apt_install() {
    root=
    [ "$(id -u)" = 0 ] || { have sudo || stop "please install as root: apt-get install $*"; root=sudo; }
    say "installing: $*"
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null >&2
}

apt_missing() {
    for package in "$@"; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || printf '%s ' "$package"
    done
}

apt_update() {
    root=
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -q </dev/null >&2 || say "apt-get update failed; trying with the package lists there are"
}

system_debian() {
    packages="gcc libc6-dev make pkg-config libhdf5-dev python3-venv"
    [ "${SOLVER_SKIP_MPI:-0}" = 1 ] && have mpicc || packages="$packages libopenmpi-dev openmpi-bin"
    [ "${SOLVER_SKIP_GPU:-0}" = 1 ] || packages="$packages libvulkan1 mesa-vulkan-drivers"
    [ "${SOLVER_SKIP_VTK:-0}" = 1 ] || packages="$packages libgl1 libegl1 libxrender1"
    missing=$(apt_missing $packages)
    [ -n "$missing" ] || have_libclang || missing=" "
    [ -n "$missing" ] || return 0
    apt_update
    if ! have_libclang; then
        # The library alone is a tenth of the size of the whole -dev package; its name carries the version.
        version=$(apt-cache depends libclang-dev 2>/dev/null | sed -n 's/.*libclang-\([0-9]*\)-dev.*/\1/p' | head -n 1)
        if apt-cache show "libclang1-$version" "libclang-common-$version-dev" >/dev/null 2>&1; then
            missing="$missing libclang1-$version libclang-common-$version-dev"
        else
            missing="$missing libclang-dev"
        fi
    fi
    apt_install $missing
}

# Elsewhere: looks for the tools and says what brings them.
system_other() {
    missing=
    for tool in cc make pkg-config python3; do have "$tool" || missing="$missing $tool"; done
    { have mpicc && have mpirun; } || missing="$missing MPI"
    { pkg-config --exists hdf5 2>/dev/null || have h5cc || [ -n "${HDF5_DIR:-}" ]; } || missing="$missing HDF5"
    [ -n "$missing" ] || return 0
    say "missing:$missing. To install all that is needed:"
    say "  Fedora  sudo dnf install gcc make pkgconf openmpi-devel hdf5-devel clang-devel mesa-vulkan-drivers vulkan-loader python3"
    say "          and then: module load mpi/openmpi-\$(uname -m)"
    say "  Arch    sudo pacman -S --needed base-devel openmpi hdf5 clang vulkan-swrast vulkan-icd-loader python"
    say "  macOS   brew install open-mpi hdf5 llvm pkgconf python"
    stop   "  others  a C compiler, make, pkg-config, an MPI library with mpicc, HDF5 with headers, libclang, a Vulkan driver"
}

python() {
    directory=$1
    packages="vtk numpy h5py meshio pyvista"
    # What the environment holds stands in its marker: one made for fewer packages is made anew.
    [ "$(cat "$directory/ready" 2>/dev/null)" = "$packages" ] && return 0
    say "setting up Python with $packages in $directory"
    rm -rf "$directory"
    python3 -m venv "$directory" >&2 || stop "python3 -m venv failed (Debian: apt-get install python3-venv)"
    "$directory/bin/python" -m pip install --quiet --disable-pip-version-check $packages </dev/null >&2 ||
        stop "cannot install $packages; SOLVER_SKIP_VTK=1 leaves out the tests that read files with them"
    "$directory/bin/python" -c "import $(printf '%s' "$packages" | tr ' ' ',')" || stop "a package does not load, see above"
    printf '%s\n' "$packages" >"$directory/ready"
}

paraview() {
    have apt-get && have dpkg || { have pvpython && return 0; stop "please install ParaView, with pvpython"; }
    missing=$(apt_missing paraview python3-paraview xvfb xauth)
    [ -z "$missing" ] || { apt_update; apt_install $missing; }
}

# Slurm looks for libpmix.so, which only the package for developers has.
slurm() {
    if have apt-get && have dpkg; then
        missing=$(apt_missing slurmctld slurmd slurm-client munge libpmix-dev)
        [ -z "$missing" ] || { apt_update; apt_install $missing; }
        return 0
    fi
    { have slurmctld || [ -x /usr/sbin/slurmctld ]; } || stop "please install Slurm (slurmctld, slurmd, srun, built with PMIx) and munge"
}

install() {
    if have apt-get && have dpkg; then
        missing=$(apt_missing debootstrap debian-archive-keyring git)
        [ -z "$missing" ] || { apt_update; apt_install $missing; }
        return 0
    fi
    { have debootstrap || [ -x /usr/sbin/debootstrap ]; } || stop "please install debootstrap"
}

case ${1:-} in
system)
    have cargo || stop "Rust is missing: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh, then open a new shell"
    if have apt-get && have dpkg; then system_debian; else system_other; fi
    ;;
python) [ "${SOLVER_SKIP_VTK:-0}" = 1 ] || python "$2" ;;
paraview) paraview ;;
slurm) slurm ;;
install) install ;;
*) stop "usage: setup.sh system | python DIR | paraview | slurm | install" ;;
esac
