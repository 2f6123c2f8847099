# Neighbours, near duplicates and row sums against the plain products that they need.
# usage: bench/run neighbours [n d K threads rounds]
set -euo pipefail
if [ $# -eq 0 ]; then set -- 50000 128 50 2 3; fi
exec "$WINNOW_BENCH_BIN/bench_neighbours" "$@"
