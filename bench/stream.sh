# A choice from a stream beside the greedy: SST-2's training sentences by LSA, from WINNOW_DATA; or a matrix file.
# usage: bench/run stream [FILE [K [ROWS]]]
set -euo pipefail
if [ $# -gt 0 ]; then exec "$WINNOW_BENCH_BIN/bench_stream" "$@"; fi
data=${WINNOW_DATA:-../shared/data}/sst2/train.tsv
mkdir -p build
[ -f build/sst2.h5ad ] || "$WINNOW_BENCH_BIN/winnow" embed "$data" --text-field sentence --dims 64 -q -o build/sst2.h5ad
exec "$WINNOW_BENCH_BIN/bench_stream" build/sst2.h5ad 100 10000
