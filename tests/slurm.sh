#!/bin/bash
# Runs docs/slurm/*.sh, as they are, and the srun lines of docs/src/clusters.md on a Slurm of its own: four nodes, all of them
# on this machine, with as many cores and graphics devices as the scripts ask for. Nobody's configuration is touched, for
# everything is in a temporary folder, and in the end all of it is stopped and removed. Takes three minutes on one core.
#   slurm.sh PROGRAM       (SLURM_TEST_PORT=26800: the first of six ports)
set -euo pipefail

say() { printf '== %s\n' "$*"; }
stop() { printf 'slurm.sh: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || stop "the daemons of Slurm start jobs for any user, and need root: please run it as root (sudo make test-slurm)"
[ -x "${1:-}" ] || stop "give the program: slurm.sh target/release/solver"
program=$(realpath "$1")
root=$(realpath "$(dirname "$0")/..")
port=${SLURM_TEST_PORT:-26800}
PATH=$PATH:/usr/sbin
for tool in munged slurmctld slurmd srun sbatch; do
    command -v $tool >/dev/null || stop "$tool is missing: tests/setup.sh slurm installs it"
done
# What a job or a user has set must not get into the cluster's own.
unset "${!SLURM_@}" "${!SBATCH_@}" "${!SRUN_@}" MESH CASE LIMIT

# Programs of the jobs end with their daemons. Spoken to by the numbers they wrote down themselves.
folder=$(mktemp -d)
finish() {
    status=$?
    trap - EXIT
    [ $status -eq 0 ] || tail -n 15 "$folder"/log/* "$folder"/*/slurm-*.out >&2 2>/dev/null || true
    timeout 10 scancel --user root 2>/dev/null || true
    within 20 no_jobs || true
    for file in "$folder"/pid/*; do [ ! -s "$file" ] || kill "$(cat "$file")" 2>/dev/null || true; done
    within 20 all_ended || true
    rm -rf "$folder"
    exit $status
}
within() { # SECONDS COMMAND...: waits until the command is true
    local end=$((SECONDS + $1))
    shift
    until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.5; done
}
no_jobs() { [ -z "$(timeout 10 squeue -h 2>/dev/null)" ]; }
all_ended() { for file in "$folder"/pid/*; do [ ! -s "$file" ] || ! kill -0 "$(cat "$file")" 2>/dev/null || return 1; done; }
trap finish EXIT
trap 'exit 130' INT TERM

# The cluster. Nodes have a folder each, TmpFS too, which PMIx needs to tell them apart; devices are any four device files.
chmod 755 "$folder"
mkdir -p "$folder"/{bin,log,pid,state,cpu,gpu} "$folder"/node/n{1,2,3,4}
host=$(hostname -s)
cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
AuthInfo=socket=$folder/munge.socket
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/node/%n
TmpFS=$folder/node/%n
SlurmctldPidFile=$folder/pid/slurmctld
SlurmdPidFile=$folder/pid/%n
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/%n
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=none
GresTypes=gpu
NodeName=n[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 4))] Sockets=2 CoresPerSocket=32 Gres=gpu:4
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE
END
printf 'NodeName=n[1-4] Name=gpu File=/dev/%s\n' null zero full random >"$folder/gres.conf"
export SLURM_CONF=$folder/slurm.conf
(umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
munged --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/pid/munged" \
    --seed-file="$folder/munge.seed" --log-file="$folder/log/munged"
slurmctld
for node in n1 n2 n3 n4; do slurmd -N $node; done
idle() { [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 4 ]; }
within 60 idle || stop "the nodes do not come up"

# Nodes that share a machine also share the names of Open MPI's shared memory, so that ranks talk by TCP.
export OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=lo OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Four nodes with 256 cores are not here: threads of a software device for each rank would be too many.
export LP_NUM_THREADS=1 XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$folder}
ln -s "$program" "$folder/bin/solver"
export PATH=$folder/bin:$PATH

printed= # What was printed last.
prints() { grep -qE -- "$1" <<<"$printed" || stop "no '$1' in what was printed:
$printed"; }
run() { # COMMAND: as the book has it
    [ -n "$1" ] || exit 1
    say "$1"
    printed=$(timeout 120 bash -c "$1" 2>&1) || stop "it ended with $?: $printed"
}
line() { grep -E -m 1 "^$1" "$root/docs/src/clusters.md" || stop "clusters.md has no line '$1'"; }

cd "$folder/cpu"
run "$(line 'solver generate ')"
run "$(line 'solver partition ')"
cp "$root/configs/vortex.ini" channel.ini
cp channel.* ../gpu
run "$(line 'srun --mpi=list')"
prints '\<pmix\>'
run "$(line 'srun --mpi=pmix ')"
prints 'backend +2 ranks'
run "$(line 'srun -N 1 solver devices')"
prints '^0: '
say "srun without --mpi, which is refused"
printed=$(srun -n 2 solver run channel.smesh channel.ini 2>&1) && stop "two runs of one rank were not refused: $printed"
prints "SLURM's PMI support|srun started 2 processes"
run "salloc -N 2 -n 2 mpirun solver run channel.smesh channel.ini --set solver-time-integrator.tend=0.01"
prints 'backend +2 ranks'

export SLURM_MPI_TYPE=pmix
submit() { # OPTIONS: as the book has it; then $job is its number
    say "sbatch $*"
    printed=$(sbatch "$@")
    next
}
next() { job=$(sed -n 's/^Submitted batch job //p' <<<"$printed"); [ -n "$job" ] || stop "no job follows: $printed"; }
computing() { grep -q '^t = ' "slurm-$job.out" 2>/dev/null; }
over() { [ -z "$(squeue -h -j "$job" 2>/dev/null)" ]; }
end() { # SECONDS: what a job has printed; nothing, where it was cancelled before it began
    within "$1" over || stop "job $job does not end"
    printed=$(cat "slurm-$job.out" 2>/dev/null || true)
}
# Stopped, and not followed by another job.
cancel() {
    scancel "$job"
    end 60
    ! grep -q '^Submitted' <<<"$printed" || stop "a cancelled job asks for another one"
}

chain() { # SCRIPT BACKEND: stopped by its limit, goes on; a signal, goes on; cancelled; goes on and ends
    cp "$root/docs/slurm/$1" .
    LIMIT=0:00:20 submit "$1"
    end 120
    prints "backend +8 ranks, each .*$2"
    prints '^stopped .*before the time limit'
    next
    within 60 computing || stop "job $job does not compute"
    say "scancel -s TERM $job"
    scancel -s TERM "$job"
    end 60
    prints '^stopped .*as asked'
    next
    within 60 computing || stop "job $job does not compute"
    say "scancel $job"
    cancel
    prints '^stopped .*as asked'
    newest=$(ls -t checkpoint-*.ssoln | head -n 1)
    [[ $newest =~ checkpoint-0*([1-9][0-9]*).ssoln ]] || stop "no checkpoint: $newest"
    steps=$((BASH_REMATCH[1] + 10)) # of 0.016 each
    submit "$1" --set "solver-time-integrator.tend=$(awk "BEGIN { print 0.016 * $steps }")"
    end 120
    prints "^goes on .*$newest"
    prints "^done: .* $steps steps"
    ! grep -q '^Submitted' <<<"$printed" || stop "a run that is done asks for another job"
}
chain cpu.sh CPU
submit --time=1 --signal=TERM@10 cpu.sh --set solver-time-integrator.tend=1000
end 150
prints '^stopped .*as asked'
next
cancel
# Where Slurm has no PMIx. Signals are no use then: they end mpirun's daemons.
sed 's/srun solver/mpirun solver/' cpu.sh >mpirun.sh
LIMIT=0:00:10 submit mpirun.sh
end 120
prints 'backend +8 ranks'
prints '^stopped .*before the time limit'
next
cancel
cd ../gpu
chain gpu.sh vulkan
say "all of it works"
