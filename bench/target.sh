# Rows toward queries, a million to choose from, beside one pass over all pairs.
# usage: bench/run target [ROWS [COLUMNS [QUERIES]]]
set -euo pipefail
exec "$WINNOW_BENCH_BIN/bench_target" "$@"
