# Graph-cut over the rbf kernel at the size of WordNet's glosses: clustered unit vectors, and real vectors where
# build/wordnet.h5ad (winnow embed wordnet.jsonl -o build/wordnet.h5ad) or a given matrix file exists.
# usage: bench/run select [ROWS COLUMNS SHARE | FILE]
set -euo pipefail
if [ $# -gt 0 ]; then exec "$WINNOW_BENCH_BIN/bench_select" "$@"; fi
"$WINNOW_BENCH_BIN/bench_select" 117659 128 0.05
if [ -f build/wordnet.h5ad ]; then
    echo
    "$WINNOW_BENCH_BIN/bench_select" build/wordnet.h5ad
fi
