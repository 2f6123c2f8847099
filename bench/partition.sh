# Selection in parts beside the exact greedy: f over all rows, and seconds.
# usage: bench/run partition [ROWS [COLUMNS [K [PARTS...]]]]
set -euo pipefail
exec "$WINNOW_BENCH_BIN/bench_partition" "$@"
