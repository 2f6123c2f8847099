#!/bin/sh
# winnow compare: what it writes, the same for any number of threads and after any kill; what it refuses; its statistics
# against scipy where WINNOW_PYTHON has it. NULLS says how often one method is compared with itself (6).
. "$(dirname "$0")/tap.sh"

# records N SEED: six classes of uneven size, whose words overlap; each 40th text is that of the record before
records() {
    awk -v n="$1" -v seed="$2" 'BEGIN { srand(seed); for (i = 0; i < n; i++) {
        u = rand(); c = u < .35 ? 0 : u < .6 ? 1 : u < .75 ? 2 : u < .87 ? 3 : u < .95 ? 4 : 5
        t = ""; m = 6 + int(rand() * 12)
        for (j = 0; j < m; j++) t = t sprintf("w%d ", int(rand() * rand() * 60) + (rand() < .5 ? c * 40 : 300))
        if (i % 40 == 39) { t = last; c = kind }
        last = t; kind = c
        printf "{\"id\":\"r%d\",\"text\":\"%s\",\"label\":\"class %d\"}\n", i, t, c } }'
}
records 900 1 >pool.jsonl
records 300 2 >test.jsonl
all="default,facility-location,graph-cut:lambda=10:similarity=cosine,random:seed=7,longest"
scenarios="--inject-duplicates 1%x30 --long-tail 10 --label-noise 20%"
common="--label-field label --id-field id --dims 32 --min-df 1"

# timeless FOLDER: what of the folder does not depend on the clock
timeless() {
    sed 's/,[^,]*,[^,]*$//' "$1/results.csv"
    sed 's/,"select_s".*//' "$1/results.json"
    sed 's/"select_s":[^}]*"against"/"against"/' "$1/summary.json"
    cat "$1/subsets.jsonl"
    [ ! -f "$1/tests.txt" ] || cat "$1/tests.txt"
}

# ---- what it writes ----

try compare pool.jsonl --test test.jsonl $common --budgets 5%,60 --seeds 3 --methods "$all" $scenarios -o out
is "$code" 0 "all methods, four scenarios"
is "$(ls out | tr '\n' ' ')" \
    "SHA256SUMS manifest.json report.html results.csv results.json subsets.jsonl summary.json " "the files"
try check out
is "$code" 0 "winnow check finds it whole"
try info out
has "$out" "a comparison of 10 methods at 2 budgets" "winnow info says what it is"
is "$(find . -name '.*cells*')" "" "what kept the cells is gone"
is "$(head -1 out/results.csv | tr ',' ' ')" "scenario method budget k selection_seed training_seed accuracy \
balanced_accuracy macro_f1 log_loss select_s train_s" "the columns of results.csv"
# 4 scenarios, 3 seeds; 9 methods at 2 budgets and the full set
is "$(tail -n +2 out/results.csv | wc -l) $(wc -l <out/subsets.jsonl)" "228 228" "a line a cell"
is "$(grep -c '^plain,.*,60,60,' out/results.csv)" 27 "a budget of 60 is 60 rows"
is "$(grep -c '^plain,random,5%,36,' out/results.csv)" 3 "5% of the 720 rows that a seed draws are 36"
for m in random dedup+random balanced-random stratified-random full; do
    grep -q "^plain,$m," out/results.csv
    ok $? "$m is always in"
done
grep -q 'no difference shown\|better\|worse' out/summary.json
ok $? "there is a verdict"
has out/report.html "<title>winnow: subset against random</title>" "there is a page"
grep -q 'src=\|href="http\|<script' out/report.html
is "$?" 1 "which needs no network and no script"
refused "a comparison is no choice to explain" 3 "explain: out is a comparison" explain out r1
refused "nor to report" 3 "report: out is a comparison" report out --html page.html

# ---- the same again ----

timeless out >first
for j in 1 4; do
    try compare pool.jsonl --test test.jsonl $common --budgets 5%,60 --seeds 3 --methods "$all" $scenarios -j $j \
        -o again
    timeless again >second
    cmp -s first second
    ok $? "the same bytes with $j threads"
    rm -rf again
done
"$W" embed pool.jsonl $common --save-encoder enc -o pool.h5ad -q
"$W" embed test.jsonl --label-field label --id-field id --load-encoder enc -o test.h5ad -q
try compare pool.jsonl --test test.jsonl --label-field label --id-field id --embeddings pool.h5ad \
    --test-embeddings test.h5ad --budgets 5%,60 --seeds 3 --methods "$all" $scenarios -o read
timeless read >second
cmp -s first second
ok $? "the same with vectors that winnow embed wrote"
try compare pool.jsonl --config out/manifest.json -o replayed
timeless replayed >second
cmp -s first second
ok $? "the same again from its manifest"
rm -rf read replayed

try compare pool.jsonl --test 20% $common --budgets 10% --seeds 2 --repeat-training 2 -o split
is "$code $(wc -l <split/tests.txt) $(tail -n +2 split/results.csv | wc -l)" "0 179 24" "a share to test on"
"$W" embed pool.jsonl $common -q -o learned.h5ad
try compare pool.jsonl --test 20% --label-field label --id-field id --embeddings learned.h5ad --budgets 10% --seeds 2 \
    --repeat-training 2 -o read20
is "$code$(cksum <read20/subsets.jsonl)" "0$(cksum <split/subsets.jsonl)" "vectors that are read: the same rows chosen"
timeless split | grep full >seen
timeless read20 | grep full | cmp -s - seen
is $? 1 "but test rows that LSA learned from are not tested with what it learned"
try compare pool.jsonl --test 20% $common --budgets 10% --seeds 1 -o one
is "$code" 0 "one seed"
try compare pool.jsonl --test 20% $common --budgets 10% --seeds 1 -o one
is "$code" 2 "an output that is there stays"
try compare pool.jsonl --test 20% $common --budgets 10% --seeds 2 -f -o one
is "$code" 0 "-f replaces it"
cp pool.jsonl same.jsonl
try compare pool.jsonl --test same.jsonl $common --budgets 10% --seeds 2 -o same
has "$err" "warning: 900 of the 900 test records have the text of a record of the pool" "test rows of the pool are told"
rm -rf split one same same.jsonl

# ---- plans and progress ----

listing >"$work/.before"
try compare pool.jsonl --test test.jsonl $common --budgets 5%,60 --seeds 3 --methods "$all" $scenarios -n -o x
listing >"$work/.after"
cmp -s "$work/.before" "$work/.after"
ok $? "--dry-run writes nothing"
has "$out" "cells     228" "and says how many cells there are"
is "$(grep -c "long-tail" "$err")" 0 "nothing is said of a tail that cuts"
try compare pool.jsonl --test test.jsonl $common --budgets 5% --long-tail 1.5 -n -o x
has "$err" "warning: --long-tail 1.5 cuts no row" "of one that does not it is"
try compare pool.jsonl --test test.jsonl $common --budgets 5% -M 1M -o x
is "$code" 4 "what does not fit is refused"
try compare pool.jsonl --test test.jsonl $common --budgets 5% -v --log-json -o x
has "$err" '"stage":"compare"' "the log tells of the cells"
rm -rf x

# ---- null test: the same method under two names ----

wrong=0 seed=0 nulls=${NULLS:-6}
while [ "$seed" -lt "$nulls" ]; do
    seed=$((seed + 1))
    "$W" compare pool.jsonl --test test.jsonl --label-field label --id-field id --embeddings pool.h5ad \
        --test-embeddings test.h5ad --budgets 10% --seeds 5 --seed $seed --methods random:seed=$((seed + 100)) -q \
        -o null
    grep -q 'random:seed=[0-9]* against dedup+random: no difference shown' null/summary.json || wrong=$((wrong + 1))
    rm -rf null
done
[ $((wrong * 100)) -le $((nulls * 7 + 58)) ] # one of 6, 7 of 100
ok $? "random under two names: no difference shown (told apart $wrong times of $nulls)"

# ---- stopped ----

job="compare pool.jsonl --test test.jsonl $common --budgets 5%,60 --seeds 3 --methods $all $scenarios"
kept() { find .stopped.winnow.cells -name '*.json' 2>/dev/null | wc -l; }
# shellcheck disable=SC2086
for signal in KILL INT; do
    env --default-signal=INT "$W" $job -o stopped -q >"$out" 2>"$err" </dev/null &
    pid=$!
    tries=0
    while [ "$(kept)" -lt 20 ] && [ $tries -lt 200 ]; do sleep .05; tries=$((tries + 1)); done
    kill -s $signal $pid
    wait $pid
    code=$?
    n=$(kept)
    [ ! -e stopped ] && [ "$n" -ge 20 ] && [ "$n" -lt 228 ]
    ok $? "SIG$signal: no output, $n cells are kept"
    [ $signal = KILL ] || is "$code $(wc -l <"$err")" "130 1" "an interrupted comparison says so in one line"
    find .stopped.winnow.cells -name '*.json' -printf '%f %i\n' | sort >before
    try $job -o stopped -v
    has "$err" "$n of 228 cells were finished before" "SIG$signal: nothing is done twice"
    timeless stopped >second
    cmp -s first second
    ok $? "SIG$signal: the same bytes in the end"
    is "$(find . -name '.stopped*')" "" "SIG$signal: nothing is left beside it"
    rm -rf stopped
done
# a cell that is damaged is worked out again
env --default-signal=INT "$W" $job -o stopped -q >"$out" 2>"$err" </dev/null &
pid=$!
while [ "$(kept)" -lt 20 ] && kill -0 $pid 2>/dev/null; do sleep .05; done
kill -s KILL $pid
wait $pid
for f in .stopped.winnow.cells/*.json; do
    head -c 100 "$f" >cut && mv cut "$f"
    break
done
try $job -o stopped
timeless stopped >second
cmp -s first second
ok $? "a damaged cell is worked out again"
rm -rf stopped

# ---- a model that is trained on every subset ----

data=${WINNOW_DATA:-../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac
M=$data/models/tiny-random-bert
if [ ! -f "$M/config.json" ]; then skip "--learner finetune" "no model: $M (WINNOW_DATA names the folder of test data)"
else
    # the labels in the order in which train numbers its classes
    awk 'BEGIN {
        srand(4)
        n = split("river stone bird light house green morning engine market music paper winter", w, " ")
        for (i = 0; i < 150; i++) {
            c = i < 3 ? i : int(rand() * 3)
            t = ""
            for (j = 0; j < 4 + i % 5; j++) t = t w[1 + (rand() < .7 ? c * 4 + int(rand() * 4) : int(rand() * n))] " "
            printf "{\"text\":\"%s\",\"label\":\"class %d\"}\n", t, c >(i < 110 ? "taught.jsonl" : "asked.jsonl")
        }
    }'
    training="--lr 5e-3 --batch 8 --warmup 0 --max-tokens 60"
    tuned="compare taught.jsonl --test asked.jsonl --label-field label --learner finetune $training --seeds 2"
    all="$tuned --train-model $M --min-df 1 --dims 8 --budgets 10%,20 --label-noise 20%"
    try $all -j 1 -o tuned
    is "$code $(tail -n +2 tuned/results.csv | wc -l)" "0 44" "--learner finetune"
    timeless tuned >first
    rm -rf tuned
    env --default-signal=INT "$W" $all -j 2 -o tuned -q >"$out" 2>"$err" </dev/null &
    pid=$!
    while [ "$(find .tuned.winnow.cells -name '*.json' 2>/dev/null | wc -l)" -lt 3 ] && kill -0 $pid 2>/dev/null; do
        sleep .05
    done
    kill -s KILL $pid
    wait $pid
    n=$(find .tuned.winnow.cells -name '*.json' 2>/dev/null | wc -l)
    env --default-signal=INT "$W" $all -j 2 -o tuned -v >"$out" 2>"$err" </dev/null &
    pid=$!
    while [ "$(find .tuned.winnow.cells -name '*.json' | wc -l)" -le "$n" ] && kill -0 $pid 2>/dev/null; do
        sleep .05
    done
    kill -s INT $pid
    wait $pid
    is "$? $(grep -c "$n of 44 cells were finished before" "$err")" "130 1" "it goes on after SIGKILL, and obeys SIGINT"
    try $all -j 2 -o tuned
    timeless tuned >second
    cmp -s first second
    ok $? "the same bytes after that with 2 threads"
    is "$(find . -name '.tuned*')" "" "nothing is left beside it"
    weights=$(cat "$M"/*.bin "$M"/*.safetensors 2>/dev/null | sha256sum | cut -c1-64)
    has tuned/manifest.json "\"trained_from\":\"$weights\"" \
        "the manifest names the weights by their hash"
    # the cell of all rows, seed 1, is what train and score make of them
    try $tuned --model "$M" --budgets 10% --pool-share 100% --train-epochs 2 -o tuned -f
    "$W" train taught.jsonl --task classify --label-field label --model "$M" $training --epochs 2 -o trained -q
    "$W" score trained asked.jsonl --label-field label --metrics trained.json -q >"$out"
    is "$(sed -n 's/^plain,full,all,110,1,1,\([^,]*\),.*,\([^,]*\),[^,]*,[^,]*$/\1 \2/p' tuned/results.csv)" \
        "$(awk -F'[:,]' '/"accuracy"/ && !a { a = sprintf("%.10g", $2) } /"log_loss"/ && !l { l = sprintf("%.10g", $2) }
            END { print a, l }' trained.json)" "all rows, as train and score have it"
    try $tuned --model "$M" --budgets 10% --pool-share 100% --train-epochs 2 --same-steps -o same
    is "$code $(cut -d, -f1-10 same/results.csv | grep -c ',10%,')" "0 $(cut -d, -f1-10 tuned/results.csv |
        grep -c ',10%,')" "--same-steps"
    cut -d, -f1-10 tuned/results.csv | grep ',10%,' >first
    cut -d, -f1-10 same/results.csv | grep ',10%,' >second
    cmp -s first second
    ok $? "the largest budget has its own steps"
    [ "$(grep ,full, tuned/results.csv | cut -d, -f1-10)" != "$(grep ,full, same/results.csv | cut -d, -f1-10)" ]
    ok $? "and all rows those of the budget"
    rest="taught.jsonl --test asked.jsonl --label-field label --budgets 10% -o x"
    refused "no model to train" 2 "compare: --learner finetune needs a model to train: --train-model, or --model" \
        compare $rest --learner finetune
    refused "a pattern of nothing" 2 "compare: --freeze none matches no parameter" \
        compare $rest --learner finetune --model "$M" --freeze none
    refused "the epochs of an encoder" 2 "compare: --epochs is of --encoder doc2vec" \
        compare $rest --learner finetune --model "$M" --epochs 2
    refused "too little memory" 4 "compare: this comparison takes about" \
        compare $rest --learner finetune --train-model "$M" --min-df 1 -M 30M
    try compare $rest --learner finetune --train-model "$M" --min-df 1 --lr 1000 --clip 0 --weight-decay 1000
    has "$err" "compare: full, 88 rows, seed 1: step" "a loss that is no number names its cell"
    is "$code $(find . -name 'x')" "3 " "and ends the comparison"
    rm -rf .x.winnow.* tuned same trained
fi

# ---- refusals ----

for option in "batch 8" "accumulate 2" "lr 1e-3" "warmup 1" "schedule constant" "weight-decay 0" "clip 0" "dropout 0" \
    "class-weights balanced" "freeze x" "lr-group x=1" "train-epochs 2" "train-model x" same-steps; do
    refused "--$option with the probe" 2 "compare: --${option%% *} has no effect: it belongs to --learner finetune" \
        compare pool.jsonl --test test.jsonl --label-field label --budgets 5% -o x --$option
done

printf '{"text":"a b","label":"x"}\n{"text":"c d"}\n' >missing.jsonl
printf '{"text":"a b","label":"x"}\n{"text":"c d","label":"x"}\n' >single.jsonl
printf '{"text":"a b","label":"z"}\n' >unseen.jsonl
rest="--test test.jsonl --label-field label -o x"
refused "no label in the pool" 3 "compare: missing.jsonl:2: the record has no label" \
    compare missing.jsonl $rest --budgets 5%
refused "no label in the test file" 3 "compare: missing.jsonl:2: the record has no label" \
    compare pool.jsonl --test missing.jsonl --label-field label --budgets 5% -o x
refused "one class only" 3 'compare: every record has the label "x"' \
    compare single.jsonl --test single.jsonl --label-field label --budgets 5% -o x
refused "a label that the pool does not have" 3 'compare: unseen.jsonl:1: no record of the pool has the label "z"' \
    compare pool.jsonl --test unseen.jsonl --label-field label --budgets 5% -o x
refused "more than there is" 5 "compare: --budgets asks for 721 rows, but the pool of seed 1 has 720 of 900" \
    compare pool.jsonl $rest --budgets 721
refused "no label field" 2 "compare: --label-field is missing" compare pool.jsonl --test 20% --budgets 5% -o x
refused "no test rows" 2 "compare: --test is missing" compare pool.jsonl --label-field label --budgets 5% -o x
refused "no budget" 2 "compare: --budgets is missing" compare pool.jsonl $rest
refused "a test file that is not there" 1 "compare: cannot open none.jsonl" \
    compare pool.jsonl --test none.jsonl --label-field label --budgets 5% -o x
refused "vectors of another number of rows" 3 "compare: test.h5ad holds 300 rows, and pool.jsonl holds 900" \
    compare pool.jsonl $rest --budgets 5% --embeddings test.h5ad --test-embeddings test.h5ad
refused "half of the vectors" 2 "compare: --embeddings needs --test-embeddings" \
    compare pool.jsonl $rest --budgets 5% --embeddings pool.h5ad
refused "an encoder beside vectors" 2 "compare: --dims has no effect" \
    compare pool.jsonl $rest --budgets 5% --embeddings pool.h5ad --test-embeddings test.h5ad --dims 3
for bad in best graph-cut:k=3 graph-cut:lambda graph-cut:lambda=x random:lambda=3 facility-location:lambda=3 \
    balanced-random:similarity=dot default:dedup=2 random:seed=-1 default, ,default :; do
    refused "--methods $bad" 2 "compare: --methods" compare pool.jsonl $rest --budgets 5% --methods "$bad"
done
for bad in 0 x 200% 5%, 5%,5% -3 1e3; do
    refused "--budgets $bad" 2 "compare: --budgets" compare pool.jsonl $rest --budgets "$bad"
done
for bad in 1 1% 1%x 1%x1 0%x4 x3 1%x3x3 1%x-3 101%x3; do
    refused "--inject-duplicates $bad" 2 "compare: --inject-duplicates" \
        compare pool.jsonl $rest --budgets 5% --inject-duplicates "$bad"
done
refused "--label-noise 20" 2 "compare: --label-noise" compare pool.jsonl $rest --budgets 5% --label-noise 20
refused "--long-tail 0.5" 2 "compare: --long-tail" compare pool.jsonl $rest --budgets 5% --long-tail 0.5
refused "--pool-share 0%" 2 "compare: --pool-share" compare pool.jsonl $rest --budgets 5% --pool-share 0%
refused "--test 95%" 2 "compare: --test" compare pool.jsonl --test 95% --label-field label --budgets 5% -o x
refused "--seeds 0" 2 "compare: --seeds" compare pool.jsonl $rest --budgets 5% --seeds 0

# ---- the figures, by somebody else ----

python=$(python_with numpy scipy)
if [ -z "$python" ]; then skip "means, intervals and p values as scipy has them" "WINNOW_PYTHON has no scipy"
else
    "$python" "$root/tests/cli/compare_reference.py" out >"$out" 2>&1
    ok $? "means, intervals and p values as scipy has them"
    [ -s "$out" ] && note "$out"
fi

finish
