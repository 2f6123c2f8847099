# Class herding over a million rows, many classes and two.
# usage: bench/run herding [ROWS [COLUMNS]]
set -euo pipefail
exec "$WINNOW_BENCH_BIN/bench_herding" "$@"
