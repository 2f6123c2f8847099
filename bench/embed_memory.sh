# Peak memory and rate of winnow embed on the 25,000 IMDB reviews (WINNOW_DATA/imdb/train.jsonl.gz), against weights +
# 300 MB; and how soon a model is ready: one short text, whole process, minimum of five.
# usage: bench/run embed_memory [ROWS [MODEL]]
set -euo pipefail
winnow=$WINNOW_BENCH_BIN/winnow
rows=${1:-25000} model=${2:-all-MiniLM-L6-v2}
data=${WINNOW_DATA:-../shared/data}/imdb/train.jsonl.gz
folder=$("$winnow" info "$model" | sed -n '1s/: [a-z]*, [0-9]* layers.*//p')
weights=$({ cat "$folder"/model.safetensors "$folder"/pytorch_model.bin 2>/dev/null || true; } | wc -c)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

printf '{"text":"ready"}\n' >"$tmp/one.jsonl"
least=999999
for _ in 1 2 3 4 5; do
    begin=$(date +%s%N)
    "$winnow" embed "$tmp/one.jsonl" --model "$model" -q -f -o "$tmp/one.h5ad"
    took=$((($(date +%s%N) - begin) / 1000000))
    [ "$took" -ge "$least" ] || least=$took
done
ready=$(for _ in 1 2 3 4 5; do
    "$winnow" embed "$tmp/one.jsonl" --model "$model" -v -f -o "$tmp/one.h5ad" 2>&1 | sed -n 's/.*ready in //p'
done | sort | head -1)
echo "model and tokenizer ready in $ready; one text, whole process: $least ms"

if [ ! -f "$data" ]; then
    echo "no $data: peak memory is not measured" >&2
    exit 0
fi
/usr/bin/env python3 - "$winnow" "$data" "$rows" "$model" "$tmp/out.h5ad" "$weights" <<'PY'
import re, resource, subprocess, sys
winnow, data, rows, model, out, weights = sys.argv[1:]
command = [winnow, "embed", data, "--limit", rows, "--model", model, "-o", out]
p = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
line = next((l for l in p.stderr.splitlines() if l.startswith("embedded")), "")
print("reviews   weights    peak     peak - weights   bound     rate")
rate = line.split(": ")[-1]
print(f"{rows:>7}  {int(weights)/1e6:6.1f} MB {peak/1e6:6.1f} MB {(peak-int(weights))/1e6:10.1f} MB   300 MB   {rate}")
sys.exit(peak > int(weights) + 300e6)
PY
