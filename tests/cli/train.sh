#!/bin/sh
# train and score with a small model: what they write, threads, kills and --resume, Ctrl-C, refusals.
. "$(dirname "$0")/tap.sh"
data=${WINNOW_DATA:-../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac
M=$data/models/tiny-random-bert
if [ ! -f "$M/config.json" ]; then
    echo "1..0 # SKIP no model: $M (WINNOW_DATA names the folder of test data)"
    exit 0
fi

# 120 records whose class is told by a word; a second text, two endings, a number
awk 'BEGIN {
    srand(5)
    n = split("river stone bird light house green morning engine market music paper winter", w, " ")
    for (i = 0; i < 120; i++) {
        t = ""; u = ""
        for (j = 0; j < 3 + rand() * 9; j++) t = t w[1 + int(rand() * n)] " "
        for (j = 0; j < 2 + rand() * 5; j++) u = u w[1 + int(rand() * n)] " "
        printf "{\"id\": \"r%d\", \"text\": \"%s\", \"other\": \"%s\", \"class\": \"%s\", ", i, t, u, \
            t ~ /stone|music/ ? "yes" : "no"
        printf "\"side\": %d, \"x\": %.2f}\n", 1 + i % 2, length(t) / 20
    }
}' >rows.jsonl
head -40 rows.jsonl >few.jsonl
T="--model $M --task classify --label-field class --max-tokens 120"
weights() { sha256sum <"$1/model.safetensors" | cut -c1-16; }

# ---- what train writes ----
try train rows.jsonl $T --epochs 2 --lr 1e-3 --log steps.jsonl -o m
is "$code$(cat "$out")" 0 "train"
has "$err" "head      new, drawn by --seed 1: classifier.weight, classifier.bias" "a new head is said to be one"
has "$err" "epoch     2 of 2: loss " "the loss of every epoch is told"
is "$(ls -A | tr '\n' ' ')" "few.jsonl m rows.jsonl steps.jsonl " "nothing else is left"
is "$(ls m | tr '\n' ' ')" "README.md SHA256SUMS config.json manifest.json model.safetensors special_tokens_map.json \
tokenizer.json tokenizer_config.json vocab.txt " "the files of a model's folder"
(cd m && sha256sum -c --quiet SHA256SUMS)
ok $? "SHA256SUMS holds"
is "$("$W" check m 2>&1 | grep -c whole)" 1 "winnow check finds it whole"
try info m
is "$code" 0 "winnow info reads it"
has "$out" "m: a model trained for the task classify on 120 records" "and says what it is"
is "$(tr -d ' \t\n' <m/config.json | grep -o '"id2label":{[^}]*},"label2id":{[^}]*}')" \
    '"id2label":{"0":"no","1":"yes"},"label2id":{"no":0,"yes":1}' "names of classes in config.json"
is "$(wc -l <steps.jsonl)" 8 "--log: a line a step"
is "$(cut -d, -f1,2 steps.jsonl | tail -1)" '{"step": 8, "epoch": 2' "with step and epoch"
is "$(grep -c '"loss": [0-9.]*, "grad_norm": [0-9.]*, "lr": [0-9.e-]*, "seconds": [0-9.]*}$' steps.jsonl)" 8 \
    "loss, norm, rate and seconds"
is "$(sed -n 's/.*"lr": \([^,]*\),.*/\1/p' steps.jsonl | head -3 | tr '\n' ' ')" "0 0.001 0.000857142857 " \
    "the rate of transformers' schedule"
try train rows.jsonl $T --epochs 2 --lr 1e-3 -o "m2" -q
is "$code$(cat "$out" "$err")" 0 "-q says nothing"
is "$(weights m2)" "$(weights m)" "the same again"
for j in 1 2 4; do
    "$W" train rows.jsonl $T --epochs 2 --lr 1e-3 -o "m$j" -f -q -j $j
    is "$(weights "m$j")" "$(weights m)" "the same weights with $j threads"
done
"$W" train --config m/manifest.json -o m5 -q
is "$(weights m5)" "$(weights m)" "--config m/manifest.json repeats it"
"$W" train rows.jsonl $T --epochs 2 --lr 1e-3 -o m6 -q --seed 2
[ "$(weights m6)" != "$(weights m)" ]
ok $? "another seed, other weights"
rm -rf m2 m1 m4 m5 m6

# ---- options of training ----
"$W" train rows.jsonl $T --epochs 1 --batch 8 --accumulate 4 --dropout 0 --order input --log a.jsonl -o a -q
"$W" train rows.jsonl $T --epochs 1 --batch 32 --dropout 0 --order input --log b.jsonl -o b -q
is "$(sed 's/, "seconds.*//; s/\([0-9]\.[0-9]\{4\}\)[0-9]*/\1/g' a.jsonl)" \
    "$(sed 's/, "seconds.*//; s/\([0-9]\.[0-9]\{4\}\)[0-9]*/\1/g' b.jsonl)" \
    "--accumulate 4 of batches of 8 are steps of 32"
try train rows.jsonl $T --epochs 6 --lr 5e-3 --dev 25% --patience 1 -o dev
is "$code" 0 "--dev with a percentage"
has "$err" "on the held-out records" "it tells the loss of records held out"
has dev/manifest.json '"held_out":	30' "the manifest counts them"
try train rows.jsonl $T --epochs 2 --dev few.jsonl -o dev -f -q
is "$code$(cat "$err")" 0 "--dev with a file"
"$W" train rows.jsonl $T --epochs 1 --lr 1e-2 --clip 0 --freeze bert -o frozen -q
try score frozen rows.jsonl --label-field class
is "$code" 0 "--freeze, and score"
"$W" train rows.jsonl $T --epochs 1 --lr 1e-2 --clip 0 --lr-group bert=0 -o zero -q
is "$(weights zero)" "$(weights frozen)" "a learning rate of 0 is as good as frozen"
"$W" train rows.jsonl $T --class-weights balanced --epochs 1 -o balanced -q
[ "$(weights balanced)" != "$(weights m)" ]
ok $? "--class-weights"
rm -rf a b dev frozen zero balanced ./*.tsv a.jsonl b.jsonl

# ---- every task, and score ----
try score m rows.jsonl --label-field class --predictions p.tsv --metrics m.json -q
is "$code$(cat "$err")" 0 "score"
has "$out" "accuracy" "prints metrics"
is "$(head -1 p.tsv)" "$(printf 'id\tlabel\tpredicted\tp:no\tp:yes')" "predictions as a table"
is "$(wc -l <p.tsv)" 121 "a line a record"
is "$(awk -F'\t' 'NR > 1 { s = $4 + $5; if (s < 0.99999 || s > 1.00001) bad++; if (($5 > $4) != ($3 == "yes")) bad++ }
    END { print bad + 0 }' p.tsv)" 0 "probabilities sum to 1 and say the prediction"
right=$(awk -F'\t' 'NR > 1 && $2 == $3 { n++ } END { printf "%.4f", n / 120 }' p.tsv)
has "$out" "accuracy               $right" "accuracy is what the predictions say"
has m.json '"accuracy": ' "metrics as JSON"
"$W" score m rows.jsonl --predictions p.jsonl -q
line='^{"id": "0", "predicted": "[a-z]*", "probabilities": {"no": 0[0-9.]*, "yes": 0[0-9.]*}}$'
is "$(head -1 p.jsonl | grep -c "$line")" 1 "predictions as JSON, without labels"
for j in 1 4; do
    "$W" score m rows.jsonl --label-field class --predictions "p$j.tsv" -j $j >/dev/null
    is "$(cmp p.tsv "p$j.tsv" 2>&1)" "" "the same with $j threads"
done
head -20 rows.jsonl >p20.jsonl
"$W" score m p20.jsonl --label-field class --predictions p20.tsv >/dev/null
is "$(head -21 p.tsv | cmp - p20.tsv 2>&1)" "" "and for fewer records"
for task in "pairs --text-field text --text-field other --label-field class" \
    "choice --choices text --choices other --text-field class --label-field side" "regress --label-field x"; do
    name=${task%% *} fields=${task#* }
    try train rows.jsonl --model "$M" --task $name $fields --epochs 1 --lr 1e-3 -o t -f -q
    is "$code$(cat "$err")" 0 "train --task $name"
    try score t rows.jsonl $fields --predictions t.tsv -f -q
    is "$code$(cat "$err")$(wc -l <t.tsv)" 0121 "and score knows the task"
done
has "$out" "Pearson correlation" "of numbers it prints other metrics"
try score t rows.jsonl --label-field x --task classify
is "$code$(cat "$err")" "2winnow score: t is a model for the task regress, not classify" "another task is refused"
try train rows.jsonl $T --model m --epochs 1 -o again
has "$err" "head      the model's own, for classify" "a head of the same classes is used"
sed 's/"yes"/"maybe"/' rows.jsonl >maybe.jsonl
try train maybe.jsonl $T --model m --epochs 1 -o again -f
has "$err" "head      new, drawn by --seed 1: classifier.weight" "that of other classes is not"
if [ -f "$data/story_cloze/cloze_test_val__spring2016.csv" ]; then
    head -60 "$data/story_cloze/cloze_test_val__spring2016.csv" >cloze.csv
    try train cloze.csv --template story-cloze --model "$M" --epochs 1 -o cloze -q
    is "$code$(cat "$err")" 0 "--template story-cloze"
    try score cloze cloze.csv --template story-cloze --predictions cloze.tsv
    is "$code$(sed -n 2p cloze.tsv | cut -f1,2)" "0$(sed -n 2p cloze.csv | sed 's/,.*,/\t/')" "its ids and labels"
    refused "a template names its fields" 2 "train: --template story-cloze names the fields itself: leave" \
        train cloze.csv --template story-cloze --text-field x --model "$M" -o y
else
    skip "--template story-cloze" "no story_cloze in $data"
fi
rm -rf t again cloze cloze.* p.* p1.* p4.* p20.* t.tsv maybe.jsonl m.json

# ---- kills and --resume ----
# wait_for N: until steps.x has N lines, or $pid is gone
wait_for() {
    while kill -0 "$pid" 2>/dev/null; do
        [ ! -e steps.x ] || [ "$(wc -l <steps.x)" -lt "$1" ] || break
    done
}
R="$T --epochs 3 --lr 1e-3 --dev 10%"
"$W" train rows.jsonl $R --log whole.jsonl -o whole -q
want=$(weights whole)
try train rows.jsonl $R -o x --checkpoint-every 1 -q
is "$code$(weights x)" "0$want" "checkpoints do not show in the weights"
rm -rf x
killed=0 bad=0
for at in 1 2 3 4 5 6 7 8 9 10 11 12; do
    rm -rf x .x.winnow.train steps.x
    "$W" train rows.jsonl $R --checkpoint-every $((1 + at % 3)) --log steps.x -o x -q 2>"$err" &
    pid=$!
    wait_for $at
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ -e x ] || killed=$((killed + 1))
    if [ ! -e x ]; then
        "$W" train rows.jsonl $R --checkpoint-every 2 --log steps.x -o x -q --resume -j $((1 + at % 4)) 2>"$err" || \
            bad=$((bad + 1))
    else
        rm -f .x.winnow.train # killed when x was whole, its checkpoint not yet removed
    fi
    [ "$(weights x)" = "$want" ] || bad=$((bad + 1))
    [ "$(sed 's/, "seconds.*//' steps.x)" = "$(sed 's/, "seconds.*//' whole.jsonl)" ] || bad=$((bad + 1))
    [ "$(ls -A | grep -c 'winnow')" -eq 0 ] || bad=$((bad + 1))
done
is "$bad" 0 "$killed of 12 killed at different steps, resumed with other numbers of threads: the same weights and log"
[ "$killed" -gt 5 ]
ok $? "most were hit"
rm -rf x steps.x
sh -c 'echo half >"..x.winnow.train.winnow-$$-1"' # as of a kill within the last checkpoint
try train rows.jsonl $R --checkpoint-every 12 -o x -q --resume
is "$code$(ls -A | grep winnow)" 0 "nothing is left of a checkpoint that a kill cut off"
rm -rf x steps.x

# stop SIGNAL: during training
stop() {
    env --default-signal=INT "$W" train rows.jsonl $R --epochs 300 --log steps.x -o x 2>"$err" &
    pid=$!
    wait_for 20
    kill -s "$1" $pid
    wait $pid
    code=$?
}
stop INT
is "$code$(ls -A | grep winnow)" "130.x.winnow.train" "Ctrl-C: exit code 130, and a checkpoint"
has "$err" "--resume goes on from there" "it says how to go on"
try train rows.jsonl $R --epochs 300 -o x -q
is "$code" 2 "without --resume it is refused"
has "$err" "steps of interrupted training: --resume goes on with it, -f starts anew" "and says both ways out"
try train rows.jsonl $R --epochs 301 -o x -q --resume
is "$code" 2 "so are other settings"
has "$err" 'it has "epochs 300, ' "which are named"
try train few.jsonl $R --epochs 300 -o x -q --resume
has "$err" "the records or their labels changed" "and other records"
printf 'x' >>.x.winnow.train
try train rows.jsonl $R --epochs 300 -o x -q --resume
is "$code" 3 "a damaged checkpoint is refused"
has "$err" "is damaged; -f without --resume starts anew" "and named"
try train rows.jsonl $R -o x -q -f --log steps.x
is "$code$(weights x)" "0$want" "-f starts anew"
rm -rf x steps.x

# ---- what cannot be trained ----
printf '{"text": "a", "class": "x"}\n{"text": "b"}\n' >lacks.jsonl
refused "a record without label" 3 'train: lacks.jsonl:2: no label in field "class"; every record needs one' \
    train lacks.jsonl $T -o x
refused "no labels at all" 3 'train: rows.jsonl:1: missing field "nope"' \
    train rows.jsonl --model "$M" --task classify --label-field nope -o x
printf '{"text": "a", "class": "x"}\n{"text": "b", "class": "x"}\n' >one.jsonl
refused "one class only" 3 'train: one.jsonl: every record has the label "x" in field "class": nothing to tell apart' \
    train one.jsonl $T -o x
printf '{"text": "a", "class": "new"}\n' >unseen.jsonl
refused "a label of --dev that was never trained" 3 'train: unseen.jsonl:1: label "new" in field "class" is none of' \
    train rows.jsonl $T --dev unseen.jsonl -o x
refused "a label that the model does not know" 3 'score: unseen.jsonl:1: label "new" in field "class" is none of' \
    score m unseen.jsonl --label-field class
refused "a word where a number is to be learnt" 3 'train: rows.jsonl:1: "no" in field "class" is no number' \
    train rows.jsonl --model "$M" --task regress --label-field class -o x
printf '{"text": "a", "class": 0}\n{"text": "b", "class": 3}\n' >range.jsonl
refused "a choice that is none" 3 'train: range.jsonl:2: label "3" in field "class" is none of the 2 classes (0, 1)' \
    train range.jsonl --model "$M" --task choice --choices text --choices text --label-field class -o x
: >none.jsonl
refused "no records" 3 "train: none.jsonl is empty" train none.jsonl $T -o x
cp -r "$M" base
sed -i 's/ForSequenceClassification/Model/; s/ForPreTraining/Model/' base/config.json
refused "a model without a head in its configuration" 2 "score: base: its config.json names no head" \
    score base rows.jsonl --label-field class
three='"id2label": {"0": "no", "1": "yes", "2": "?"},'
sed -i "s/\"BertModel\"/\"BertForSequenceClassification\"/; s/\"hidden_act\"/$three &/" base/config.json
refused "weights with a head of other classes" 3 "score: base: its weights have no head for the 3 classes" \
    score base rows.jsonl --label-field class -q
rm -rf base
refused "no task" 2 "train: --task is missing" train rows.jsonl --model "$M" --label-field class -o x
refused "no label field" 2 "train: --label-field is missing" train rows.jsonl --model "$M" --task classify -o x
refused "no model" 2 "train: --model is missing" train rows.jsonl --task classify --label-field class -o x
refused "pairs of one field" 2 "train: --task pairs needs two --text-field, not 1" \
    train rows.jsonl --model "$M" --task pairs --label-field class -o x
refused "a choice of one" 2 "train: --task choice needs two or more --choices, not 0" \
    train rows.jsonl --model "$M" --task choice --label-field class -o x
refused "choices of no choice" 2 "train: --choices has no effect: it belongs to --task choice" \
    train rows.jsonl $T --choices a --choices b -o x
refused "patience without dev" 2 "train: --patience has no effect: it belongs to --dev" \
    train rows.jsonl $T --patience 3 -o x
refused "a pattern of no parameter" 2 "train: --freeze nothing matches no parameter" \
    train rows.jsonl $T --freeze nothing -o x -q
refused "everything frozen" 2 "train: --freeze leaves nothing to train" train rows.jsonl $T --freeze '*' -o x -q
refused "standard input" 2 "train: winnow train reads its records more than once" train - $T -o x
refused "a dev part that is none" 2 "train: --dev 0.1% of 120 records leaves none to hold out" \
    train rows.jsonl $T --dev 0.1% -o x
refused "score of nothing" 2 "score: --label-field (for metrics) or --predictions FILE is missing" score m rows.jsonl
refused "metrics without labels" 2 "score: --metrics needs the labels" score m rows.jsonl --metrics x.json
refused "an output that is there" 2 "train: m exists; -f replaces it" train rows.jsonl $T -o m
refused "too little memory" 4 "train: training takes about" train rows.jsonl $T -o x -M 32M
for v in 101% -1 x; do
    refused "--warmup $v" 2 "train: --warmup: \"$v\" will not do: want a count, or a percentage" \
        train rows.jsonl $T -o x --warmup "$v"
done
refused "--dev 100%" 2 'train: --dev: "100%" will not do: want a file, or a percentage' \
    train rows.jsonl $T -o x --dev 100%
refused "--lr-group without rate" 2 'train: --lr-group: "bert" will not do: want a pattern and a learning rate' \
    train rows.jsonl $T -o x --lr-group bert
refused "--dropout 1" 2 'train: --dropout: "1" will not do: want a number from 0 to 0.99, or model' \
    train rows.jsonl $T -o x --dropout 1
# the last batch has numbers beyond what a gradient can hold
sed '97,$s/"x": [0-9.]*/"x": 3e38/' rows.jsonl >huge.jsonl
try train huge.jsonl --model "$M" --task regress --label-field x --order input --checkpoint-every 1 -o x -q
is "$code" 3 "a loss that is no number stops"
has "$err" "step 4 (epoch 1): the norm of the gradient is not a finite number, so training stops" "and says where"
has "$err" "the checkpoint of step 3 is kept" "the last good checkpoint is kept"
is "$(ls -A | grep winnow)" ".x.winnow.train" "which is there"
rm -f .x.winnow.train huge.jsonl

# ---- plans, full disks ----
try train rows.jsonl $T --epochs 2 -o x -n
is "$code$(cat "$err")$(ls -d x 2>/dev/null)" 0 "--dry-run writes nothing"
has "$out" "steps: 8, 4 of" "and tells the steps"
(
    ulimit -f 500 # blocks of 512 bytes: the model fits in it, the checkpoint does not
    "$W" train rows.jsonl $T --epochs 1 -o x -q --checkpoint-every 2 2>"$err"
    echo $? >code
)
is "$(cat code)$(ls -A | grep -c winnow)" 10 "a checkpoint that does not fit: exit code 1, nothing is left"
has "$err" "the checkpoint of step 2: writing" "and says so"
rm -f code
"$W" train rows.jsonl $T --epochs 2 -o x -q --checkpoint-every 3 --log steps.x 2>"$err" &
pid=$!
wait_for 4
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
if [ -e .x.winnow.train ] && [ ! -e x ]; then
    before=$(sha256sum <.x.winnow.train)
    (
        ulimit -f 500
        "$W" train rows.jsonl $T --epochs 2 -o x -q --checkpoint-every 1 --resume 2>"$err"
        echo $? >code
    )
    is "$(cat code)$(sha256sum <.x.winnow.train)" "1$before" "the last good one stays where the next does not fit"
else
    skip "the last good one stays where the next does not fit" "training was over sooner than the kill came"
fi
finish
