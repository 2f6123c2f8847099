#!/bin/sh
# Ctrl-C in every stage of every command that writes: exit code 130, one line, nothing left behind.
. "$(dirname "$0")/tap.sh"
mkfifo "$work/log"

awk 'BEGIN { srand(7); for (i = 0; i < 2000; i++) {
    t = ""; for (j = 0; j < 20; j++) t = t sprintf("w%d ", int(rand() * rand() * 20000))
    printf "{\"text\":\"%s\"}\n", t } }' >in.jsonl
"$W" embed in.jsonl --dims 64 -q -o in.h5ad

# interrupt SIGNAL STAGE ARGS: sends the signal when the stage begins; leaves $code and $err
interrupt() {
    signal=$1 stage=$2
    shift 2
    # a shell starts its background jobs with SIGINT ignored, and winnow would leave it so
    env --default-signal=INT "$W" "$@" --log-json >"$out" 2>"$work/log" </dev/null &
    pid=$!
    : >"$err"
    while read -r line; do
        case $line in
        *'"event":"begin","stage":"'"$stage"'"'*) kill -s "$signal" "$pid" ;;
        *'"event":"error"'*) printf '%s\n' "$line" >>"$err" ;;
        esac
    done <"$work/log"
    wait "$pid"
    code=$?
}

# every COMMAND LINE: all its stages
every() {
    stages=$("$W" "$@" -o x -v --log-json 2>&1 >/dev/null |
        sed -n 's/.*"event":"begin","stage":"\([^"]*\)".*/\1/p' | sort -u | tr ' ' '_')
    [ -n "$stages" ]
    ok $? "$*: it names its stages: $(echo $stages)"
    rm -rf x
    hit=0
    for s in $stages; do
        s=$(echo "$s" | tr '_' ' ')
        listing >"$work/.before"
        for attempt in 1 2 3 4 5 6 7 8; do
            interrupt INT "$s" "$@" -o x
            [ "$code" -eq 0 ] || break
            rm -rf x
        done
        if [ "$code" -eq 0 ]; then
            skip "$*: Ctrl-C while at: $s" "the stage was over sooner than the signal came"
            continue
        fi
        hit=$((hit + 1))
        listing >"$work/.after"
        is "$code $(grep -c 'interrupted' "$err") $(wc -l <"$err") $(diff "$work/.before" "$work/.after")" "130 1 1 " \
            "$*: Ctrl-C while at: $s"
    done
    [ "$hit" -gt 0 ]
    ok $? "$*: some stage could be hit"
}

every run in.jsonl -k 10% --dedup 0.99
every run in.jsonl -k 200 --objective facility-location
every run in.jsonl -k 200 --encoder doc2vec --epochs 3
every embed in.jsonl
every dedup in.jsonl --dedup 0.99
every graph in.h5ad -K 1500
every select in.h5ad -k 10%

interrupt TERM 'sum similarities' run in.jsonl -k 10% -o x
is "$code" 143 "SIGTERM: exit code 143"
is "$(ls)" "in.h5ad
in.jsonl" "and nothing left behind"
interrupt HUP 'sum similarities' run in.jsonl -k 10% -o x
is "$code $(ls | tr '\n' ' ')" "129 in.h5ad in.jsonl " "SIGHUP: exit code 129, nothing left behind"
(
    trap '' INT HUP
    interrupt_ignored() {
        "$W" run in.jsonl -k 10% -o x --log-json 2>"$work/log" >/dev/null </dev/null &
        pid=$!
        while read -r line; do
            case $line in
            *'"event":"begin","stage":"sum similarities"'*) kill -s INT "$pid" && kill -s HUP "$pid" ;;
            esac
        done <"$work/log"
        wait "$pid"
    }
    interrupt_ignored
)
is "$? $(ls x | grep -c subset)" "0 1" "signals that were ignored at the start stay ignored"

rm -rf x

# ---- one long text, which is one step of the work to most loops ----
awk 'BEGIN { printf "{\"text\":\""; for (i = 0; i < 2000000; i++) printf "a\314\201\314\226 "; print "\"}"
    for (i = 0; i < 3; i++) print "{\"text\":\"a red boat of a friend\"}" }' >long.jsonl
for command in "run long.jsonl -k 1 --min-df 1 --dims 2" "embed long.jsonl --min-df 1 --dims 2" "dedup long.jsonl"; do
    for signal in TERM HUP; do
        for attempt in 1 2 3 4 5 6 7 8; do
            # shellcheck disable=SC2086 # words of a command
            interrupt $signal read $command -o x
            [ "$code" -eq 0 ] || break
            rm -rf x
        done
        want=143
        [ $signal = TERM ] || want=129
        is "$code $(ls -A | tr '\n' ' ')" "$want in.h5ad in.jsonl long.jsonl " \
            "${command%% *}: SIG$signal within a long text: nothing left behind"
    done
done
rm long.jsonl

# ---- what has no end, in place of a file of an output folder ----
"$W" dedup in.jsonl -o gone -q
rm gone/subset.jsonl
mkfifo gone/subset.jsonl
try check gone
is "$code" 3 "check: a pipe in place of a file of the folder: not waited for"
has "$err" "gone/subset.jsonl: not a file" "and named"
rm -rf gone
"$W" run in.jsonl -k 5 --dims 4 -o whole -q
for file in SHA256SUMS manifest.json; do
    cp -r whole gone
    rm gone/$file
    mkfifo gone/$file
    for command in "explain gone 0" "report gone --html x" "check gone" "info gone" "run in.jsonl -k 5 -f -o gone"; do
        # shellcheck disable=SC2086 # words of a command
        timeout -k 1 10 "$W" $command >"$out" 2>"$err"
        ok $(($? >= 124)) "${command%% *}: a pipe in place of $file: not waited for"
    done
    rm -rf gone x
done
mkfifo pipe
for encoder in lsa doc2vec; do
    timeout -k 1 10 "$W" embed in.jsonl --encoder $encoder --load-encoder pipe -o x >"$out" 2>"$err"
    is "$?" 3 "embed: a pipe as a fitted $encoder: refused"
done
mkdir -p cache/models--a--b/refs
mv pipe cache/models--a--b/refs/main
HF_HUB_CACHE=$PWD/cache timeout -k 1 10 "$W" embed in.jsonl --model a/b -o x >"$out" 2>"$err"
is "$?" 3 "embed: a pipe in the cache of models: not waited for"
rm -rf whole cache
ln -s /dev/zero endless.jsonl
for command in embed dedup check; do
    case $command in check) try check endless.jsonl ;; *) try $command endless.jsonl -o x ;; esac
    is "$code $(test -e x || echo none)" "1 none" "$command: /dev/zero: refused"
done
rm endless.jsonl

# ---- moments within pathological texts, by the processor's time ----
python=$(python_with json)
if [ -n "$python" ]; then
    "$python" "$root/tests/cli/interrupt.py" "$W" >"$work/moments"
    status=$?
    while read -r bad name; do ok "$bad" "$name"; done <"$work/moments"
    ok $status "every moment was tried"
else
    skip "SIGINT within pathological texts" "WINNOW_PYTHON names no Python"
fi
finish
