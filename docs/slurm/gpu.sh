#!/bin/bash
#SBATCH --job-name=channel
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00

# One rank a graphics device: the ranks of a node take turns on its devices. Starts the run, or goes on from the newest
# checkpoint; stops ten minutes before the job ends, and asks for another one if there is more to do.
MESH=${MESH:-channel.smesh}
CASE=${CASE:-channel.ini}
export RAYON_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}

newest=$(ls -t checkpoint-*.ssoln 2>/dev/null | head -n 1)
if [ -n "$newest" ]; then
    srun solver restart -b gpu "$MESH" "$newest" --time-limit 11:50:00 --progress lines
else
    srun solver run -b gpu "$MESH" "$CASE" --time-limit 11:50:00 --progress lines
fi
status=$?
if [ $status -eq 3 ]; then
    sbatch gpu.sh
    exit 0
fi
exit $status
