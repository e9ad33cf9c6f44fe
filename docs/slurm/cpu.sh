#!/bin/bash
#SBATCH --job-name=channel
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00

# One rank a socket, with a thread for each core of it. Starts the run, or goes on from the newest checkpoint; stops after
# LIMIT, ten minutes before the job ends, and asks for another one if there is more to do.
MESH=${MESH:-channel.smesh}
CASE=${CASE:-channel.ini}
LIMIT=${LIMIT:-23:50:00}
export RAYON_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# Since Slurm 22.05 srun does not ask the job for it: where ranks are bound to cores, all threads of one would share a core.
export SRUN_CPUS_PER_TASK=$RAYON_NUM_THREADS

newest=$(ls -t checkpoint-*.ssoln 2>/dev/null | head -n 1)
if [ -n "$newest" ]; then
    srun solver restart "$MESH" "$newest" --time-limit "$LIMIT" --progress lines "$@"
else
    srun solver run "$MESH" "$CASE" --time-limit "$LIMIT" --progress lines "$@"
fi
status=$?
if [ $status -eq 3 ]; then
    exec sbatch "$0" "$@"
fi
exit $status
