#!/bin/sh
# The numbers of the shards that PARTS lacks, as sbatch --array takes them: 3,7,12. Nothing where all are there.
# usage: missing.sh PARTS
set -eu
list=$("${WINNOW:-winnow}" status "${1:?the folder of shards}" 2>/dev/null) # its exit code counts
printf '%s\n' "$list" | sed -n 's|.* --shard \([0-9]*\)/.*|\1|p' | paste -sd, -
