#!/bin/sh
# What reaches a terminal: names and contents of files made visible, in messages and on standard output; names that are
# no UTF-8 and records of all kinds in files of ours; and progress that tells the truth, on a pseudo-terminal.
. "$(dirname "$0")/tap.sh"
python=$(python_with h5py anndata)

# clean FILE NAME: UTF-8, and of control characters only line feeds
clean() {
    iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1
    status=$?
    LC_ALL=C grep -q -e "$(printf '[\001-\011\013-\037\177]')" -e "$(printf '\342\200\256')" \
        -e "$(printf '\302\233')" "$1" && status=1
    ok $status "$2"
    [ $status -eq 0 ] || head -5 "$1" | od -c | head -20 | note
}
# speaks NAME ARGS: both streams are clean
speaks() {
    name=$1
    shift
    try "$@"
    clean "$out" "$name: standard output"
    clean "$err" "$name: messages"
}

evil=$(printf 'e\033[31m\177\302\233\342\200\256\377\nX')
awk 'BEGIN { for (i = 0; i < 60; i++) {
    printf "{\"id\":\"i\\\"%d\342\200\256\",\"text\":\"\\u001b[2J w%d w%d\\u009b w%d\\u202e\\n\\t\",",
        i, i % 7, i % 11, i % 13
    printf "\"label\":\"\\u001b]0;x\\u0007%d\",\"f\\u001b\":%d}\n", i % 2, i } }' >"$evil.jsonl"
set -- --id-field id --label-field label
speaks "info of records" info "$evil.jsonl" --label-field label
has "$out" 'e\u001B[31m\u007F\u009B\u202E\xFF\nX.jsonl: 60 records' "a name is shown whole, on one line"
has "$out" '\u001B]0;x\u00071' "a label as well"
speaks "check" check "$evil.jsonl"
speaks "run" run "$evil.jsonl" "$@" -k 8 -o out
is "$code" 0 "run of a file with a name like that"
speaks "info of a folder" info out
speaks "check of a folder" check out
id=$(sed -n 2p out/selection.tsv | cut -f2)
speaks "explain" explain out "$id"
is "$code" 0 "explain of an id that turns the direction"
speaks "explain an unknown id" explain out "$evil"
speaks "dry run" run "$evil.jsonl" -k 3 -n -o "$evil.out"
speaks "run into a folder with such a name" run "$evil.jsonl" -k 3 -o "$evil.out"
speaks "report" report out --html "$evil.html"
speaks "embed" embed "$evil.jsonl" "$@" -o "$evil.h5ad"
speaks "info and check of a matrix" info "$evil.h5ad"
speaks "graph" graph "$evil.h5ad" -K 3 -o "$evil.graph.h5ad"
speaks "select" select "$evil.h5ad" -k 3 -o out2
speaks "dedup" dedup "$evil.jsonl" -n -o "$evil.dd"
speaks "no such file" info "no$evil"
speaks "no such command" "$evil"
speaks "no such option" run "--$evil" x
speaks "a value that will not do" run "$evil.jsonl" -k "$evil" -o x
speaks "a field that is not there" run "$evil.jsonl" -k 3 -o x --text-field "$evil"
printf '{"text":"a"}\n{"te\033[2Jxt":}\n' >bad.jsonl
speaks "a bad record" check bad.jsonl
printf '\033[2J\342\200\256 = 3\n' >conf
speaks "a bad configuration" run "$evil.jsonl" -k 3 -o x --config conf
speaks "a value for --dump-config" run --dump-config --label-field "$evil"
"$W" run "$evil.jsonl" -k 3 -o x --config conf --log-json 2>"$err" >"$out"
clean "$err" "--log-json"

# ---- files of ours ----
for f in out/manifest.json out/selection.tsv out/assignment.tsv out/report.html out/SHA256SUMS; do
    iconv -f UTF-8 -t UTF-8 "$f" >/dev/null 2>&1
    ok $? "$f is UTF-8"
done
is "$(awk -F'\t' '{ print NF }' out/selection.tsv | sort -u)$(wc -l <out/selection.tsv)" 99 \
    "selection.tsv: nine columns"
is "$(awk -F'\t' '{ print NF }' out/assignment.tsv | sort -u)" 3 "assignment.tsv: three columns"
if [ -n "$python" ]; then
    "$python" - "$evil" >"$out" 2>"$err" <<'EOF'
import json, os, sys
import anndata, h5py
evil = os.fsencode(sys.argv[1])
manifest = json.load(open("out/manifest.json", encoding="utf-8"))
def visit(name, o):
    if isinstance(o, h5py.Dataset) and h5py.check_string_dtype(o.dtype) and o.shape:
        for v in o[:]: v.decode()
for path in (b"out/selection.h5ad", evil + b".h5ad"):
    with open(path, "rb") as raw, h5py.File(raw, "r") as f: f.visititems(visit)
print(repr(anndata.read_h5ad("out/selection.h5ad").obs["source"].iloc[0]), manifest["inputs"][0]["path"].isprintable())
EOF
    is "$(cat "$out" "$err")" "'e\\\\u001B[31m\\\\u007F\\\\u009B\\\\u202E\\\\xFF\\\\nX.jsonl' True" \
        "strings of HDF5 and JSON are UTF-8"
else
    skip "strings of HDF5 and JSON are UTF-8" "WINNOW_PYTHON names no Python with anndata and h5py"
fi
printf '{"id":"a\\tb","text":"x"}\n' >tab.jsonl
refused "an id that a table cannot hold" 3 'run: tab.jsonl:1: field "id" holds a control character' \
    run tab.jsonl --id-field id -k 1 -o x
printf '{"text":"x","label":"a\\u0000b"}\n' >nul.jsonl
refused "a label that HDF5 cannot hold" 3 'run: nul.jsonl:1: field "label" holds U+0000' \
    run nul.jsonl --label-field label -k 1 -o x

# ---- progress ----
python=${WINNOW_PYTHON:-$(command -v python3)}
awk 'BEGIN { for (i = 0; i < 12000; i++) {
    printf "{\"text\":\""
    for (k = 1; k < 20; k++) printf "w%d ", (i * k + i / 7) % 997
    print "\"}" } }' >big.jsonl
# drawn NAME COLUMNS ARGS: nothing wrong on a terminal of that width, and at least five lines drawn
drawn() {
    name=$1 columns=$2
    shift 2
    "$python" "$root/tests/cli/pty.py" "$columns" "$W" "$@" >"$out" 2>"$err"
    is "$?$(cat "$out")" 0 "$name"
    [ "$(sed -n 's/ lines drawn//p' "$err")" -ge 5 ]
    ok $? "$name: lines are drawn"
}
if [ -n "$python" ]; then
    drawn "progress of run" 80 run big.jsonl -k 300 -v -o p1
    drawn "progress on a narrow terminal" 30 run big.jsonl -k 300 --encoder doc2vec --epochs 2 --dims 20 -v -o p2
    drawn "progress on a very narrow one" 15 embed big.jsonl -v -o p3.h5ad
    drawn "progress of dedup" 100 dedup big.jsonl --dedup 0.95 -v -o p4
    "$python" "$root/tests/cli/pty.py" 80 "$W" embed "no$evil" -o p5 >"$out" 2>"$err"
    is "$?$(cat "$out")" 1 "an error on a terminal"
    "$W" run big.jsonl -k 300 --encoder doc2vec --epochs 2 --dims 20 --log-json -o p6 2>"$err" >"$out"
    "$python" - "$err" >"$out" 2>&1 <<'EOF'
import json, math, sys
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
stages = [e for e in events if "stage" in e]
print(len(stages) > 5, all(e["total"] == 0 or e["done"] <= e["total"] for e in stages),
      all(math.isfinite(e["seconds"]) for e in stages),
      {e["stage"] for e in stages} == {e["stage"] for e in stages if e["event"] == "stage"})
EOF
    is "$(cat "$out")" "True True True True" "--log-json: every stage ends, and none is more than done"
else
    skip "progress on a terminal" "there is no Python"
fi
hint() { grep -c '^hint:' "$err"; }
try run tab.jsonl -k 1 -o h1
is "$(hint)" 0 "no advice where nobody reads it"
finish
