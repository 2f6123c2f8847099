# One selection by ranks of mpirun beside one process: seconds, and the bytes that come to a rank.
# usage: bench/run distributed [ROWS [COLUMNS [K [RANKS...]]]]
# python: numpy
# Each rank has one thread, so that ranks are what is compared. Every choice is compared with that of one process.
set -euo pipefail
rows=${1:-50000} columns=${2:-384} k=${3:-2000}
shift $(($# < 3 ? $# : 3))
[ $# -gt 0 ] || set -- 1 2 4
winnow=$WINNOW_BENCH_BIN/winnow
if ! command -v mpirun >/dev/null || [ ! -e "$WINNOW_BENCH_BIN/winnow-mpi.so" ]; then
    echo "distributed: Open MPI is not there, or winnow was built without it (libopenmpi-dev, openmpi-bin)" >&2
    exit 1
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d "${TMPDIR:-/tmp}/winnow-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$WINNOW_PYTHON" - "$work/v.npy" "$rows" "$columns" <<'PY'
import sys
import numpy as np

path, n, d = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
r = np.random.default_rng(1)
c = r.normal(size=(max(8, n // 100), d)).astype("f4")
x = c[r.integers(0, len(c), n)] + np.float32(.7) * r.normal(size=(n, d)).astype("f4") + np.float32(.5)
np.save(path, x.astype("f4"))
PY
echo "$rows rows of $columns, k = $k; one thread a process; bytes are those that come to rank 0"
echo
echo "| choice | processes | seconds | sums | picks | parts | assigned | bytes for sums | bytes a pick | same picks |"
echo "|---|---|---|---|---|---|---|---|---|---|"
seconds() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b - a) / 1e9 }'; }
row() { # row CHOICE PROCESSES SECONDS LOG SAME
    sums=$(sed -n 's/^ranks .*sums \([0-9.]*\) s, .*/\1/p' "$4")
    picks=$(sed -n 's/^ranks .*picks \([0-9.]*\) s, .*/\1/p' "$4")
    parts=$(sed -n 's/^ranks .* parts made in \([0-9.]*\) s.*/\1/p' "$4")
    assigned=$(sed -n 's/^ranks .*assigned in \([0-9.]*\) s.*/\1/p' "$4")
    to=$(sed -n 's/^ranks .* s, \(.*\) to a rank.*/\1/p' "$4")
    each=$(sed -n 's/^ranks .* s, \([0-9]*\) bytes a pick.*/\1/p' "$4")
    echo "| $1 | $2 | $3 | ${sums:--} | ${picks:--} | ${parts:--} | ${assigned:--} | ${to:--} | ${each:--} | $5 |"
}
for how in "rbf" "cosine" "rbf --partitions 16"; do
    # shellcheck disable=SC2086
    set_of() { echo $how | sed 's/^/--similarity /'; }
    begin=$(date +%s%N)
    # shellcheck disable=SC2046
    "$winnow" select "$work/v.npy" -k "$k" $(set_of) -j 1 --no-progress -f -o "$work/one" 2>"$work/log"
    row "${how/ --/, }" "1, no MPI" "$(seconds "$begin" "$(date +%s%N)")" "$work/log" "-"
    for n in "$@"; do
        begin=$(date +%s%N)
        # shellcheck disable=SC2046
        mpirun --oversubscribe -n "$n" "$winnow" select "$work/v.npy" -k "$k" $(set_of) -j 1 --no-progress -f \
            -o "$work/many" 2>"$work/log"
        took=$(seconds "$begin" "$(date +%s%N)")
        same=no
        if cmp -s "$work/one/selection.tsv" "$work/many/selection.tsv"; then same=yes; fi
        row "${how/ --/, }" "$n" "$took" "$work/log" "$same"
    done
done
