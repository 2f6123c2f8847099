# One experiment with a few rows and a tiny model of random weights. Usage: smoke.sh NAME
. "$(dirname "$0")/../cli/tap.sh"
name=$1
model=${WINNOW_DATA:-}/models/tiny-random-bert
if [ ! -d "$model" ]; then echo "1..0 # SKIP WINNOW_DATA names no data" && exit 0; fi
case $name in
compare-probe | default-objective | by-label | query | verdict | static-tables) needed=compare ;;
*) needed=train ;;
esac
if ! "$W" $needed --help >/dev/null 2>&1; then echo "1..0 # SKIP no winnow $needed" && exit 0; fi
if [ $needed = compare ] && [ ! -r /usr/share/wordnet/data.noun ]; then
    echo "1..0 # SKIP wordnet-base is not installed" && exit 0
fi
export WINNOW="$W" EXPERIMENT_PYTHON="${EXPERIMENT_PYTHON:-${WINNOW_PYTHON:-}}"
PATH=/usr/local/bin:/usr/bin:/bin:$PATH

# experiment OUT OPTION...
experiment() {
    place=$1
    shift
    bash "$root/experiments/$name/run" --smoke --model "$model" --out "$work/box/$place" "$@" \
        >"$out" 2>"$err" </dev/null
    code=$?
}

experiment plan --dry-run
is "$code" 0 "--dry-run prints the commands"
[ -s "$out" ]
ok $? "some"
[ ! -e plan ]
ok $? "and writes nothing"

experiment a
is "$code" 0 "it runs to the end"
[ "$code" -eq 0 ] || note "$err"
has a/table.md "|" "to its table"
python3 -c "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])" a/chart.svg
ok $? "and its plot"
grep -rlF -e "$work" a --include="*.md" --include="*.tsv" >"$work/.places"
is "$(grep -c . "$work/.places")" 0 "nothing of this machine's places stands in what it keeps"

cp a/table.md first.md
experiment a
is "$code" 0 "it runs again"
is "$(grep -c '^[0-9][0-9]:[0-9][0-9]:[0-9][0-9] [^n]' "$err")" 0 "and does nothing twice"
cmp -s a/table.md first.md
ok $? "with the same table"

bash "$root/experiments/$name/run" --smoke --model other --out "$work/box/a" >"$out" 2>"$err"
is "$?" 2 "another model in the same folder is refused"

# Killed at the first result; what the second run ends in is what the first one ended in, but for seconds.
setsid bash "$root/experiments/$name/run" --smoke --model "$model" --out "$work/box/b" >/dev/null 2>&1 &
pid=$!
for _ in $(seq 600); do
    if find b -name '*.metrics.json' -o -name results.csv 2>/dev/null | grep -q .; then break; fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.05
done
kill -KILL -"$pid" 2>/dev/null
wait "$pid" 2>/dev/null
experiment b
is "$code" 0 "killed, it goes on"
for f in $(cd a && find . -name '*.metrics.json'); do cmp -s "a/$f" "b/$f" || echo "$f"; done >differ
for f in $(cd a && find . -name results.csv); do
    cut -d, -f1-10 "a/$f" >x.csv
    cut -d, -f1-10 "b/$f" | cmp -s x.csv - || echo "$f"
done >>differ
is "$(cat differ)" "" "to the same figures"

if [ $needed = train ]; then
    (cd a && python3 "$root/experiments/lib/cells.py" pack) >cells.jsonl
    experiment c --cells cells.jsonl
    is "$code" 0 "with what a run elsewhere came to it runs"
    for f in $(cd a && find . -name '*.log.jsonl'); do [ ! -e "c/$f" ] || echo "$f"; done >again
    for f in $(cd a && find . -name '*.model'); do sed "\\|^${f%.model}.log.jsonl$|d" again >left && mv left again; done
    is "$(cat again)" "" "and no training of it is done again, but for models that are kept"
fi
finish
