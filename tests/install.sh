#!/bin/bash
# Runs the command lines of README.md and the book that tests/commands.rs leaves out (blocks of ```sh not-run): how to install
# and to build, and what is built. They are read from the pages, so that no line can be forgotten, and run in their order
# and as they are, by an ordinary user in a bare Debian 12, which has nothing of this machine but its Rust toolchain,
# cargo's downloads and the ways into the network: what no page says to install is missing there. After each
# installation the program has to say what it can do, and to do it. Takes forty minutes to two hours on two cores, and 20 GB.
#   install.sh LOGS        (a folder, for what the commands print; TMPDIR=/var/tmp: where Debian is made, /tmp otherwise)
#   install.sh LOGS PLACE  (from the line at this place on, as README.md:391; those before that install packages are run, too)
#   install.sh --list      the lines, and where each is run or why not; an error, if there is one that is unknown
# Debian is mounted and run in name spaces of its own, which end with this script whatever happens, and all mounts with them.
set -euo pipefail

say() { printf '== %s\n' "$*"; }
stop() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

# Which system a line is run in, and what is looked at afterwards; or why it is not run. An unknown line is an error.
#   make    a new Debian with make and Rust, as README asks for; the Makefile installs the rest
#   hand    a new Debian with Rust; README's own apt-get lines install the rest
#   lean    the same, less what builds without some features do not need
plan() { # LINE: sets $system, and $look or $why
    system= look=nothing why=
    case "${1%%#*} " in
        'make test '*) why="runs all other tests" ;;
        'sbatch '* | 'srun '*) why="make test-slurm runs it" ;;
        'make demo '*) system=make look=demo ;;
        'make install '*) system=make look=program ;;
        'make docs '*) system=make look=pages ;;
        'make bench '*) system=make ;;
        'sudo apt-get install '*pipx*) system=lean look=cmake ;;
        'sudo apt-get install '*) system=hand ;;
        'cargo install --path . '*static-hdf5*) system=lean look=static ;;
        'cargo install --path . '*features*mpi*) system=hand look=program ;;
        'cargo install --path . '*features*) system=lean look=program ;;
        'cargo install --path . '*) system=hand look=program ;;
        'cargo run --release --example make_meshes '*) system=hand look=meshes ;;
        'cargo run --release --example '* | 'cargo build --release --example '*) system=hand ;;
        'target/release/examples/'* | 'mpirun -n 2 target/release/examples/'*) system=hand ;;
        *) return 1 ;;
    esac
}

# PLACE, a tab, and the line, for each of them; tests/commands.rs takes pages apart in the same way.
lines() { # FOLDER of the sources
    (cd "$1" && awk '
        { text = $0; sub(/^[ \t]+/, "", text) }
        text ~ /^```/ { if (open) open = inside = 0; else { open = 1; inside = text ~ /^```sh not-run *$/; whole = "" } next }
        inside && whole text !~ /^(#|$)/ {
            if (text ~ /<</) { print FILENAME ":" FNR ": a document in a command" >"/dev/stderr"; exit 1 }
            whole = whole text
            if (sub(/\\$/, "", whole)) next
            print FILENAME ":" FNR "\t" whole
            whole = ""
        }' README.md $(find docs/src -name '*.md' | LC_ALL=C sort))
}

# Without its remark.
short() { sed 's/ *#.*//; s/ *$//' <<<"$1"; }

list() { # FOLDER of the sources
    local all place line
    all=$(lines "$1")
    while IFS=$'\t' read -r place line; do
        plan "$line" || stop "$place: nobody has said how to run '$line': see plan()"
        printf '%-26s %-5s %s%s\n' "$place" "${system:--}" "$(short "$line")" "${why:+ ($why)}"
    done <<<"$all"
}

if [ "${1:-}" = --list ]; then
    list "$(dirname "$0")/.."
    exit
fi

if [ "${1:-}" != inside ]; then
    [ $# = 1 ] || [ $# = 2 ] || stop "give a folder for what the commands print: install.sh target/install"
    from=${2:-}
    [ "$(id -u)" = 0 ] || stop "making a Debian needs root: please run it as root (sudo make test-install)"
    root=$(realpath "$(dirname "$0")/..")
    PATH=$PATH:/usr/sbin
    for tool in debootstrap unshare findmnt git cargo rustc; do
        command -v $tool >/dev/null || stop "$tool is missing: tests/setup.sh install installs debootstrap"
    done
    toolchain=$(rustc --print sysroot)
    [ -x "$toolchain/bin/cargo" ] && [ "$toolchain" != /usr ] ||
        stop "no cargo in $toolchain: Rust has to be one of rustup, in a folder of its own"
    mkdir -p "$1"
    logs=$(realpath "$1")

    folder=$(mktemp -d)
    namespace=
    finish() {
        status=$?
        trap - EXIT
        if [ -n "$namespace" ]; then
            # The first process of a name space ends after all others in it, and takes their mounts along.
            first=$(cat "/proc/$namespace/task/$namespace/children" 2>/dev/null || true)
            kill -KILL "$namespace" 2>/dev/null || true
            for _ in $(seq 100); do [ -n "$first" ] && [ -e "/proc/${first% }" ] || break; sleep 0.1; done
        fi
        if findmnt -rno TARGET | grep -qF "$folder"; then stop "something is mounted in $folder, which is left as it is"; fi
        rm -rf --one-file-system "$folder"
        exit $status
    }
    trap finish EXIT
    trap 'exit 130' INT TERM

    # Objects are copied, since they change their owner below. What is not committed is not tested.
    git clone -q --no-hardlinks "$root" "$folder/sources"
    say "$(git -C "$root" describe --always --dirty=', and changes that are not tested')"
    # All lines are known, or this ends here and not after an hour.
    list "$folder/sources" | tee "$folder/list"
    [ -z "$from" ] || grep -q "^$from " "$folder/list" || stop "there is no line at $from"
    # In the background, for a shell obeys signals at once only while it waits.
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
        "$0" inside "$folder" "$logs" "$toolchain" "$from" </dev/null &
    namespace=$!
    wait $namespace || exit 1
    namespace=
    say "all of it works"
    exit
fi

folder=$2 logs=$3 toolchain=$4 from=$5
user=user home=/home/user
# Temporary folders may forbid what sudo and devices need.
mount --bind "$folder" "$folder"
mount -o remount,bind,suid,dev,exec "$folder"
chmod 755 "$folder"
failures=0

# What leads into the network: variables, and the files that they name.
variables=()
files=()
for name in $(compgen -e); do
    case $name in
        *_proxy | *_PROXY | CARGO_HTTP_* | CARGO_NET_* | CARGO_REGISTRIES_* | CARGO_SOURCE_* | PIP_* | SSL_CERT_FILE | CURL_CA_BUNDLE | REQUESTS_CA_BUNDLE) ;;
        *) continue ;;
    esac
    value=${!name}
    case $value in /*) [ -f "$value" ] || continue; files+=("$value") ;; esac
    variables+=("$name=$value")
done

# What commands print goes into a file, whose end is shown where one of them fails; $state is then `failed`. Not to be called in
# a condition, since bash forgets `set -e` there.
logged() { # LOG COMMAND...
    local log=$1
    shift
    (set -e; "$@") >"$log" 2>&1 </dev/null
    if [ $? = 0 ]; then state=ok; else state=failed; tail -n 60 "$log" | sed 's/^/    | /'; fi
}

as_root() { # SYSTEM COMMAND...
    local place=$folder/$1
    shift
    chroot "$place" /usr/bin/env -i "${variables[@]}" HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

# A new login for each command, as where a page says to open a new shell.
as_user() { # SYSTEM COMMAND
    chroot --userspec=$user:$user --groups=$user "$folder/$1" /usr/bin/env -i "${variables[@]}" \
        HOME=$home USER=$user LOGNAME=$user TERM=dumb bash -lc "cd ~/solver && $2"
}

base() {
    local base=$folder/base mirror=http://deb.debian.org/debian sources
    # Of a host that is a Debian 12, its servers.
    sources=$(apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        grep -E ' bookworm(-updates|-security)? main$' | sort -u || true)
    if grep -q ' bookworm main$' <<<"$sources"; then
        mirror=$(awk '$3 == "bookworm" { print $2; exit }' <<<"$sources")
    else
        sources="deb $mirror bookworm main
deb $mirror bookworm-updates main
deb $mirror-security bookworm-security main"
    fi
    debootstrap --variant=minbase --include=ca-certificates,sudo bookworm "$base" "$mirror"
    echo "$sources" >"$base/etc/apt/sources.list"
    # The second is what a user answers.
    apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::|Retries)' >"$base/etc/apt/apt.conf.d/90host" || true
    echo 'APT::Get::Assume-Yes "true";' >"$base/etc/apt/apt.conf.d/91answers"
    cp -L /etc/resolv.conf /etc/hosts "$base/etc/"
    for file in "${files[@]}"; do mkdir -p "$base$(dirname "$file")" && cp -L "$file" "$base$file"; done
    # Certificates one by one, as the tool wants them.
    awk -v to="$base/usr/local/share/ca-certificates/host-" '
        /BEGIN CERTIFICATE/ { file = to (++n) ".crt" } file { print >file } /END CERTIFICATE/ { close(file); file = "" }' \
        /etc/ssl/certs/ca-certificates.crt
    as_root base update-ca-certificates
    as_root base useradd -m -s /bin/bash $user
    printf '%s ALL=(ALL) NOPASSWD: ALL\nDefaults env_keep += "http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY"\n' \
        $user >"$base/etc/sudoers.d/$user"
    # What rustup would leave behind, its downloads included; and what README has people set for more ranks than cores.
    local cargo=${CARGO_HOME:-$HOME/.cargo}
    mkdir -p "$base/opt/rust" "$base$home/.cargo/bin"
    for file in config config.toml registry; do
        [ ! -e "$cargo/$file" ] || cp -a "$cargo/$file" "$base$home/.cargo/"
    done
    echo 'PATH=$HOME/.cargo/bin:/opt/rust/bin:$PATH' >>"$base$home/.profile"
    sed -n '/^## MPI/,/^## /s/^export /&/p' "$folder/sources/README.md" >>"$base$home/.profile"
    cp -a "$folder/sources" "$base$home/solver"
    as_root base chown -R $user:$user $home
    as_root base apt-get update
}

# A copy of the base, with devices, processes and processors, and one folder of downloads for all.
system() { # NAME
    local at=$folder/$1 device n=0
    cp -a "$folder/base" "$at"
    mkdir -p "$folder/archives/partial"
    mount --bind "$toolchain" "$at/opt/rust"
    mount -o remount,bind,ro "$at/opt/rust"
    mount -t proc proc "$at/proc"
    mount --bind /sys "$at/sys"
    mount -o remount,bind,ro "$at/sys"
    mount -t tmpfs -o mode=755 dev "$at/dev"
    for device in null zero full random urandom tty; do
        touch "$at/dev/$device"
        mount --bind /dev/$device "$at/dev/$device"
    done
    mkdir -m 1777 "$at/dev/shm"
    mkdir "$at/dev/pts"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$at/dev/pts"
    ln -s pts/ptmx "$at/dev/ptmx"
    ln -s /proc/self/fd "$at/dev/fd"
    for device in in out err; do ln -s fd/$((n++)) "$at/dev/std$device"; done
    mount --bind "$folder/archives" "$at/var/cache/apt/archives"
}

# What a system has before its first line.
prepare() { # SYSTEM
    system "$1"
    case $1 in
        make) as_root make apt-get install make ;;
        lean)
            # All that is said to be needed but for MPI and its headers; what was compiled is taken over.
            local packages
            packages=$(sed -n 's/^sudo apt-get install \([^#]*\).*/\1/p' "$folder/sources/README.md" | grep -v pipx |
                tr -s ' ' '\n' | grep -vE 'mpi|clang')
            as_root lean apt-get install $packages
            rm -rf "$folder/lean$home"
            cp -a "$folder/hand$home" "$folder/lean$home"
            ;;
    esac
}

# HDF5 goes before CMake comes, so that nobody can link it.
before() { # SYSTEM LINE
    case $2 in *pipx*) as_root "$1" apt-get remove --autoremove libhdf5-dev ;; esac
}

look_nothing() { :; }
look_demo() { as_user "$1" 'ls -l demo/cpu/vortex.pvd demo/gpu/vortex.pvd'; }
look_pages() { as_user "$1" 'ls -l target/doc/solver/index.html target/book/index.html'; }
look_meshes() { diff -r "$folder/sources/meshes" "$folder/$1$home/solver/meshes"; }
look_cmake() { as_user "$1" 'cmake --version'; }

# A program that was installed: what it was built with, what it needs, and that it runs.
look_program() { # SYSTEM LINE
    local features=mpi,gpu,avx2,avx512 needs='libc|libm|libgcc_s|ld-linux[a-z0-9_-]*|libpthread|libdl'
    case $2 in *--no-default-features*) features=$(sed 's/.*--features \([^ ]*\).*/\1/' <<<"$2") ;; esac
    case ,$features, in *,static-hdf5,*) ;; *) needs="$needs|libhdf5[a-z_]*" ;; esac
    case ,$features, in *,mpi,*) needs="$needs|libmpi" ;; esac
    as_user "$1" "features=,$features, needs='$needs'"'
        set -eu
        [ "$(command -v solver)" = ~/.cargo/bin/solver ]
        rm -rf ~/try && mkdir ~/try && cd ~/try
        has() { case $features in *,$1,*) ;; *) false ;; esac }
        prints() { # PATTERN COMMAND...
            pattern=$1; shift; printf "\n$ %s\n" "$*"
            "$@" >out 2>&1 || { cat out; echo "it ended with an error"; return 1; }
            cat out
            grep -qE "$pattern" out || { echo "no $pattern in it"; return 1; }
        }
        refuses() { printf "\n$ %s\n" "$*"; if "$@"; then echo "this was not refused"; return 1; fi; }
        prints "^solver $(sed -n "s/^version = .\(.*\).$/\1/p" ~/solver/Cargo.toml | head -n 1)$" solver --version
        prints "vortex.smesh: 2-D, 400 quad" solver import ~/solver/meshes/vortex.msh vortex.smesh
        run="solver run vortex.smesh $HOME/solver/configs/vortex.ini --set solver-time-integrator.tend=0.16"
        prints "^done: t = 0.16" $run
        if has avx512 && grep -qw avx512f /proc/cpuinfo; then grep -q AVX-512 out; fi
        if has avx2 && grep -qw avx2 /proc/cpuinfo; then grep -q AVX out; fi
        if has gpu; then
            prints "^0: .*llvmpipe" solver devices
            prints "^backend .*llvmpipe" $run -b gpu
        else
            refuses $run -b gpu
        fi
        if has mpi; then
            prints "^backend +2 ranks" mpirun -n 2 $run
        fi
        printf "\nneeds directly:\n"
        readelf -d ~/.cargo/bin/solver | sed -n "s/.*(NEEDED).*\[\(.*\)\]/\1/p" | tee needed
        if grep -vE "^($needs)\.so" needed; then echo "should not be needed"; exit 1; fi'
}

# This program runs where nothing was ever installed.
look_static() { # SYSTEM LINE
    look_program "$@"
    as_user "$1" '
        ldd ~/.cargo/bin/solver | tee ~/try/libraries
        if grep -vE "^\s*(linux-vdso|libc|libm|libgcc_s|libpthread|libdl|/lib[64]*/ld-linux[a-z0-9_-]*)\.so" ~/try/libraries; then
            echo "should not be needed"; exit 1
        fi'
    [ -e "$folder/bare" ] || system bare
    cp "$folder/$1$home/.cargo/bin/solver" "$folder/bare/usr/local/bin/"
    echo "in a Debian with nothing but itself:"
    as_user bare 'solver run meshes/vortex.msh configs/vortex.ini --set solver-time-integrator.tend=0.16' | tee "$folder/printed"
    grep -q '^done: t = 0.16' "$folder/printed"
}

duration() { printf '%3d min %02d s' $(($1 / 60)) $(($1 % 60)); }
row() { # PLACE LINE STATUS SECONDS
    printf '%-6s %s   %-26s %s\n' "$3" "$(duration "$4")" "$1" "$(short "$2")"
    [ "$3" = ok ] || failures=$((failures + 1))
}

say "a bare Debian 12"
rm -f "$logs"/*.txt
start=$SECONDS
set +e
logged "$logs/00-debian.txt" base
printf '%-6s %s\n' $state "$(duration $((SECONDS - start)))"
[ $state = ok ] || exit 1
number=0
while IFS=$'\t' read -r place line <&3; do
    plan "$line"
    [ -z "$why" ] || continue
    [ "$place" != "$from" ] || from=
    case $from,$line in ,* | *,'sudo apt-get install '*) ;; *) continue ;; esac
    number=$((number + 1))
    log=$logs/$(printf %02d $number)
    if [ ! -e "$folder/$system" ]; then
        logged "$log-system.txt" prepare $system
        [ $state = ok ] || exit 1
    fi
    start=$SECONDS
    logged "$log-before.txt" before $system "$line"
    [ $state = failed ] || logged "$log-line.txt" as_user $system "$line"
    [ $state = failed ] || logged "$log-look.txt" look_$look $system "$line"
    row "$place" "$line" $state $((SECONDS - start))
done 3< <(lines "$folder/sources")
say "$number lines, $failures failed; what they printed is in $logs; $(du -shx --exclude=opt/rust "$folder" | cut -f 1) were needed"
[ $failures = 0 ]
