#!/bin/sh
# embed, run, tokenize and info with a BERT model: bytes, threads, shards, kills and --resume, Ctrl-C, refusals.
# KILLS says how many kills (50).
. "$(dirname "$0")/tap.sh"
data=${WINNOW_DATA:-../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac
M=$data/models/tiny-random-bert
if [ ! -f "$M/config.json" ]; then
    echo "1..0 # SKIP no model: $M (WINNOW_DATA names the folder of test data)"
    exit 0
fi
kills=${KILLS:-50}

# 3000 records: a twelfth are copies, some empty, one cut at --max-tokens
awk 'BEGIN {
    srand(5)
    n = split("river stone bird light house green morning engine market music paper winter signal garden", w, " ")
    for (i = 0; i < 3000; i++) {
        t = ""
        for (j = 0; j < 3 + rand() * 30; j++) t = t w[1 + int(rand() * n)] " "
        if (i % 12 == 0 && i > 600) t = kept[i - 600]
        if (i == 77) t = ""
        kept[i] = t
        printf "{\"id\": \"r%d\", \"text\": \"%s\"}\n", i, t
    }
}' >rows.jsonl
head -300 rows.jsonl >few.jsonl
bytes() { sha256sum <"$1" | cut -c1-16; }

# ---- what it writes ----
try embed few.jsonl --model "$M" --id-field id --max-tokens 100 -o e.h5ad
is "$code" 0 "embed with a model"
has "$err" "texts have more than 100 tokens and were cut there" "it counts cut texts"
has "$err" "tokens/s" "it gives a rate"
"$W" info e.h5ad >info.txt
is "$(head -1 info.txt)" "e.h5ad: 300 rows of 32 numbers, 37.5 KiB in memory" "a row a record"
is "$(sed -n 's/  model_sha256: //p' info.txt)" "$(sha256sum <"$M/pytorch_model.bin" | cut -d' ' -f1)" \
    "with the model's SHA-256"
is "$(ls -A | grep -c part)" 0 "no part file is left"
for j in 1 2 4; do
    "$W" embed few.jsonl --model "$M" --id-field id --max-tokens 100 -q -j $j -o "e$j.h5ad" 2>"$err"
    is "$(cmp e.h5ad "e$j.h5ad" 2>&1)$(cat "$err")" "" "the same bytes with $j threads; -q says nothing"
done
for p in bf16 int16 int8; do
    if ! "$W" embed few.jsonl --model "$M" --precision $p -q -o "$p.h5ad" 2>"$err"; then
        skip "$p: the same bytes with 1 and 4 threads" "$(cat "$err")"
        continue
    fi
    for j in 1 4; do "$W" embed few.jsonl --model "$M" --precision $p -q -j $j -o "$p$j.h5ad"; done
    is "$(cmp $p.h5ad ${p}1.h5ad 2>&1)$(cmp $p.h5ad ${p}4.h5ad 2>&1)" "" "$p: the same bytes with 1 and 4 threads"
done
: | "$W" embed - --format jsonl --model "$M" -q -o none.h5ad
is "$("$W" info none.h5ad | head -1)" "none.h5ad: 0 rows of 32 numbers, 0 bytes in memory" "no records, no rows"
try embed few.jsonl --model "$M" --all-layers --verify 20 -o layers.h5ad
has "$err" "verified  20 texts against f32: cosine at least" "--verify compares a sample"
"$W" embed few.jsonl --model "$M" --layer 3 -q -o layer3.h5ad
[ "$("$W" check layers.h5ad layer3.h5ad | grep -c whole)" -eq 2 ]
ok $? "--all-layers and --layer write whole files"
for pooling in cls max mean_sqrt_len; do "$W" embed few.jsonl --model "$M" --pooling $pooling -q -o $pooling.h5ad; done
"$W" embed few.jsonl --model "$M" --pooling mean -q -o mean.h5ad
is "$(for f in cls max mean; do bytes $f.h5ad; done | sort -u | wc -l)" 3 "--pooling changes the vectors"

# ---- shards ----
for i in 1 2 3; do try embed few.jsonl --model "$M" --id-field id --shard $i/3 -o s$i.h5ad; done
has "$err" "shard     3 of 3: 100 of 300 rows, from row 200" "--shard says its rows"
is "$("$W" info s3.h5ad | sed -n 2p | grep -c ' row')" 1 "and stores their numbers"

"$W" select s1.h5ad s2.h5ad s3.h5ad -k 20 --no-records -q -o whole_s
is "$(wc -l <whole_s/selection.tsv)" 21 "select takes all shards"
"$W" embed few.jsonl --model "$M" --id-field id -q -o f.h5ad
"$W" select f.h5ad -k 20 --no-records -q -o whole_f
is "$(cut -f1-3,6- whole_s/selection.tsv | sha256sum)" "$(cut -f1-3,6- whole_f/selection.tsv | sha256sum)" \
    "and chooses as from the whole"
is "$(cut -f4 whole_s/selection.tsv | sort -u | tr '\n' ' ')" "file s1.h5ad s2.h5ad s3.h5ad " \
    "naming the shard of each row"
"$W" graph s1.h5ad s2.h5ad s3.h5ad -K 5 -q -o gs.h5ad && "$W" graph f.h5ad -K 5 -q -o gf.h5ad
is "$("$W" info gs.h5ad | sed -n 2p)" "$("$W" info gf.h5ad | sed -n 2p)" "graph takes all shards"
"$W" embed few.jsonl --dims 8 -q -o narrow.h5ad
refused "matrices of different widths" 3 "select: narrow.h5ad has rows of 8 numbers, but s1.h5ad of 32" \
    select s1.h5ad narrow.h5ad -k 3 -o x

# ---- kills ----
now() { echo $(($(date +%s%N) / 1000)); }
big() { "$W" embed rows.jsonl --model "$M" --id-field id "$@"; }
took=60000000
for again in 1 2; do
    begin=$(now)
    big -f -q -o whole.h5ad
    this=$(($(now) - begin))
    [ "$this" -ge "$took" ] || took=$this
done
i=0 broken=0 resumed=0 finished=0
while [ "$i" -lt "$kills" ]; do
    i=$((i + 1))
    "$W" embed rows.jsonl --model "$M" --id-field id --resume -o killed.h5ad >/dev/null 2>"$err" &
    pid=$!
    wait_us=$((took * ((i * 7919) % kills) / kills * 12 / 10))
    sleep "$(printf '%d.%06d' $((wait_us / 1000000)) $((wait_us % 1000000)))"
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    if grep -q '^resuming  [1-9]' "$err"; then resumed=$((resumed + 1)); fi
    [ -e killed.h5ad ] || continue
    finished=$((finished + 1))
    cmp -s whole.h5ad killed.h5ad || { broken=$((broken + 1)); echo "# kill $i: other bytes"; }
    rm -f killed.h5ad
done
echo "# $kills kills: $resumed runs went on with vectors of earlier ones, $finished finished"
big --resume -q -o killed.h5ad
is "$(cmp whole.h5ad killed.h5ad 2>&1)$broken" "0" "killed $kills times and resumed: the same bytes"
[ "$resumed" -gt 0 ]
ok $? "some runs went on with what was there"
is "$(ls -A | grep -c part)" 0 "the part file is gone"

# interrupt ARGS: Ctrl-C as soon as the part file holds vectors; leaves $code
interrupt() {
    env --default-signal=INT "$W" "$@" >"$out" 2>"$err" </dev/null & # which a shell's background job ignores
    pid=$!
    tries=0
    until [ "$(stat -c %s .*.winnow.part 2>/dev/null || echo 0)" -gt 2000 ] || [ $tries -gt 600 ]; do
        kill -0 $pid 2>/dev/null || break
        tries=$((tries + 1))
        sleep 0.01
    done
    kill -INT $pid 2>/dev/null
    wait $pid
    code=$?
}
interrupt embed rows.jsonl --model "$M" --id-field id -j 1 -o i.h5ad
if [ "$code" -eq 0 ]; then
    skip "Ctrl-C keeps the vectors" "the job was over sooner"
    big -q --max-tokens 40 -o i2.h5ad
    cp whole.h5ad i.h5ad
else
    is "$code" 130 "Ctrl-C ends with 130"
    has "$err" "vectors are kept: the same command with --resume goes on from there" "and says how to go on"
    refused "a part of another input is refused" 2 \
        "embed: --resume: .i.h5ad.winnow.part is the part of a job with other texts" \
        embed few.jsonl --model "$M" -q --resume -o i.h5ad
    refused "and one with other options" 2 \
        "embed: --resume: .i.h5ad.winnow.part is the part of a job with other options" \
        embed rows.jsonl --model "$M" --id-field id --pooling cls -q --resume -o i.h5ad
    cp -r "$M" other
    chmod -R u+w other
    echo "{}" >other/added_tokens.json
    refused "and one of another model" 2 \
        "embed: --resume: .i.h5ad.winnow.part is the part of a job with another model" \
        embed rows.jsonl --model other --id-field id -q --resume -o i.h5ad
    cp .i.h5ad.winnow.part torn
    big --resume -q -o i.h5ad
    is "$(cmp whole.h5ad i.h5ad 2>&1)" "" "--resume gives the same bytes"
    head -c -5 torn >.t.h5ad.winnow.part
    big --resume -o t.h5ad 2>"$err"
    is "$(cmp whole.h5ad t.h5ad 2>&1)" "" "and so from a torn part"
    size=$(stat -c %s torn)
    { head -c $((size - 300)) torn; printf 'xxxx'; tail -c 296 torn; } >.u.h5ad.winnow.part
    big --resume -o u.h5ad 2>"$err"
    is "$(cmp whole.h5ad u.h5ad 2>&1)" "" "and so from one with a changed byte"
    cp torn .v.h5ad.winnow.part
    listing >"$work/.before"
    big -o v.h5ad >"$out" 2>"$err"
    code=$?
    kept=$(sed -n 's/^winnow embed: \([0-9]*\) vectors of an earlier run are there (.v.h5ad.winnow.part): .*/\1/p' \
        "$err")
    judge "the same command again keeps the vectors and says how to go on" 2 "embed: $kept vectors"
    [ "${kept:-0}" -gt 0 ]
    ok $? "and how many there are"
    big -f -o v.h5ad 2>"$err"
    has "$err" ".v.h5ad.winnow.part, the part of an unfinished job, was replaced" \
        "with -f an old part is replaced"
fi

echo "dear diary" >.w.h5ad.winnow.part
for how in --resume -f; do
    refused "a file of the user's is no part: $how" 2 "embed: .w.h5ad.winnow.part is not a part file" \
        embed few.jsonl --model "$M" -q "$how" -o w.h5ad
done
rm .w.h5ad.winnow.part

# ---- run ----
"$W" run rows.jsonl --model "$M" --id-field id -k 5% -o run1 -q 2>"$err"
interrupt run rows.jsonl --model "$M" --id-field id -k 5% -j 1 -o run2
if [ "$code" -eq 0 ]; then skip "run: Ctrl-C keeps the vectors" "the job was over sooner"
else
    is "$code" 130 "run: Ctrl-C ends with 130"
    try run rows.jsonl --model "$M" --id-field id -k 5% -o run2 --resume
    has "$err" "resuming" "run: --resume goes on"
fi
is "$(cmp run1/SHA256SUMS run2/SHA256SUMS 2>&1)$(ls -A | grep -c part)" "0" "run: the same bytes, no part left"
has run1/manifest.json "\"sha256\":	\"$(sha256sum <"$M/pytorch_model.bin" | cut -d' ' -f1)\"" \
    "the manifest names the model"
has run1/manifest.json '"tokens_per_second"' "and the rate"

# ---- tokenize ----
printf '{"text":"river stone"}\n{"text":""}\n' >two.jsonl
try tokenize two.jsonl --model "$M" --pieces
is "$(cat "$out")" "[CLS] r ##i ##v ##e ##r s ##t ##o ##n ##e [SEP]
[CLS] [SEP]" "tokenize --pieces"
is "$("$W" tokenize two.jsonl --model "$M" -q | tail -1)" "2 3" "tokenize prints ids"
printf 'a,b\nr,s\n' >pairs.csv
is "$("$W" tokenize pairs.csv --text-field a --text-field b --model "$M" --pieces -q)" "[CLS] r [SEP] s [SEP]" \
    "two text fields make pairs"
"$W" tokenize rows.jsonl --model "$M" -q -j 1 >ids1 && "$W" tokenize rows.jsonl --model "$M" -q -j 4 | cmp -s ids1 -
ok $? "tokenize: the same with 1 and 4 threads"
if [ -c /dev/full ]; then
    "$W" tokenize rows.jsonl --model "$M" -q >/dev/full 2>"$err"
    is "$?" 1 "tokenize: a full disk is an error"
fi
: | "$W" tokenize - --format jsonl --model "$M" >"$out" 2>"$err"
is "$?$(cat "$out")" "0" "tokenize: no input, no output"

# ---- info, check ----
"$W" info "$M" >"$out"
has "$out" "bert, 5 layers, 4 heads, hidden 32, intermediate 37, gelu" "info names the architecture"
has "$out" "not used bert.pooler.dense.weight (32 x 32)" "and the tensors that are not used"
has "$out" "tokenizer: WordPiece, lower case, ids below 1124" "and the tokenizer"
"$W" check "$M" >"$out"
is "$?" 0 "check opens the model"

# ---- refusals ----
refused "a model that is not there" 2 'embed: no model "nonesuch"' embed few.jsonl --model nonesuch -o x.h5ad
has "$err" "tools/get-minilm" "says how to get one"
refused "a model for tokenize" 2 "tokenize: --model is missing" tokenize few.jsonl
refused "--resume without a model" 2 "embed: --resume needs a --model" embed few.jsonl --resume -o x.h5ad
refused "--dims with a model" 2 "embed: --dims does not go with --model" embed few.jsonl --model "$M" --dims 8 -o x.h5ad
refused "--encoder lsa with a model" 2 "embed: --model names an encoder" \
    embed few.jsonl --model "$M" --encoder lsa -o x.h5ad
refused "a layer too many" 2 "embed: --layer 6" embed few.jsonl --model "$M" --layer 6 -o x.h5ad
refused "more tokens than positions" 2 "embed: --max-tokens 513" embed few.jsonl --model "$M" --max-tokens 513 -o x.h5ad
refused "a shard that is none" 2 'embed: --shard: "4/3" will not do' embed few.jsonl --model "$M" --shard 4/3 -o x.h5ad
refused "a shard of a fitted encoder" 2 "embed: --shard needs --model" embed few.jsonl --shard 1/3 -o x.h5ad
finish
