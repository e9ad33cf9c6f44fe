#!/bin/bash
#SBATCH --job-name=channel
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00

# One rank a graphics device: the ranks of a node take turns on its devices.
MESH=${MESH:-channel.smesh}
CASE=${CASE:-channel.ini}
export RAYON_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}

srun solver run -b gpu "$MESH" "$CASE" --time-limit 11:50:00 --progress lines
