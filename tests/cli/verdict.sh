# The verdict of winnow run and select: planted cases whose answer is known, what it says where it cannot tell, and
# that the same work gives the same bytes.
. "$(dirname "$0")/tap.sh"

# 900 rows of 3 kinds. Two thirds of a kind are typical of it; the rest has one word of its kind among many of all, and
# is what random rows are made of too often.
awk 'BEGIN {
    srand(5)
    n = split("river stone bird light house green morning engine market music paper winter signal garden city " \
              "water teacher metal orange story window copper forest letter", w, " ")
    for (i = 0; i < 900; i++) {
        c = i % 3
        sure = rand() < .4
        t = "t" i
        for (j = 0; j < 10; j++) {
            own = rand() < (sure ? .75 : .3)
            t = t " " w[1 + (own ? c * 4 + int(rand() * 4) : int(rand() * n))]
        }
        printf "{\"id\": \"r%d\", \"text\": \"%s\", \"label\": \"kind %d\", ", i, t, c
        printf "\"one\": \"a\", \"own\": \"%d\"}\n", i
    }
}' >rows.jsonl
verdict() { grep '^verdict ' "$err"; }
value() { # FOLDER NAME: of the verdict in its manifest
    awk -v name="\"$2\"" '
        /"verdict":[[:space:]]*{/ { on = 1; next } on && index($0, name ":") {
        if ($0 ~ /{[[:space:]]*$/) getline
        sub(/^[^:]*:[[:space:]]*/, ""); sub(/,$/, ""); print; exit }' "$1/manifest.json"
}
body="--id-field id --label-field label --lsa-features words-only --dims 128" # texts of a few words, made up

# ---- a choice that helps ----
# shellcheck disable=SC2086
try run rows.jsonl $body -k 3% -o out
is "$code" 0 "a run with labels"
verdict | sed 's/0\.[0-9][0-9][0-9]/X/g; s/^verdict   better than a random choice: //' >"$work/.line"
grep -qx "expected accuracy with these rows X ± X, with as many random ones X, with all X" "$work/.line"
ok $? "rows that are typical of their class teach more, and the line says how much"
is "$(verdict | wc -l)" 1 "one line"
is "$(value out verdict)" '"better"' "the manifest has it"
is "$(value out folds) $(value out held_out)" "10 90" "ten folds, each row held out once"
[ "$(awk -v a="$(value out accuracy)" -v b="$(value out accuracy_random)" -v c="$(value out accuracy_all)" \
    'BEGIN { print b < a && a <= c + .02 }')" = 1 ]
ok $? "random rows teach less, all rows no less"
has out/report.html "<p class=\"verdict\">Better than a random choice" "the page begins with it"
has out/report.html "Better than a random choice: expected accuracy" "in the same words"
try report out --html again.html
cmp -s again.html out/report.html
ok $? "and is the same when it is read back"
try check out
is "$code" 0 "winnow check calls it whole"

# ---- the same bytes ----
for j in 1 2 4; do
    # shellcheck disable=SC2086
    "$W" run rows.jsonl $body -k 3% -j $j -q -o threads
    sed '/"this_run"/,$d' threads/manifest.json | cksum >"$work/.$j"
    rm -rf threads
done
cmp -s "$work/.1" "$work/.2" && cmp -s "$work/.1" "$work/.4"
ok $? "1, 2 and 4 threads say the same to the last digit"
"$W" run --config out/manifest.json -q -o repeated
sed '/"this_run"/,$d' repeated/manifest.json | cksum >"$work/.5"
cmp -s "$work/.1" "$work/.5"
ok $? "and a run that is repeated from the manifest"
# shellcheck disable=SC2086
"$W" run rows.jsonl $body -k 3% --verdict off -o off 2>"$err"
is "$(grep -c verdict "$err")$(grep -c '"verdict": *{' off/manifest.json)" 00 "--verdict off says nothing"
cmp -s off/selection.tsv out/selection.tsv && cmp -s off/assignment.tsv out/assignment.tsv
ok $? "what is chosen, and what stands for what, is the same with and without"
try run rows.jsonl --id-field id -k 3% -o plain
is "$(grep -c verdict "$err")" 0 "without labels nothing is said"
refused "--verdict without labels" 2 "run: --verdict has no effect: there is no --label-field" \
    run rows.jsonl -k 4 --verdict off -o x

# ---- labels that mean nothing ----
awk 'BEGIN { srand(7) } { sub(/kind [0-9]/, "kind " int(rand() * 3)); print }' rows.jsonl >dealt.jsonl
better=0
for seed in 1 2 3 4 5; do
    # shellcheck disable=SC2086
    "$W" run dealt.jsonl $body -k 10% --seed $seed -o dealt 2>"$err"
    if grep -q "^verdict   better" "$err"; then better=$((better + 1)); fi
    verdict >"$work/.last"
    rm -rf dealt
done
[ $better -le 1 ]
ok $? "labels dealt out anew: as good as never better ($better of 5)"
has "$work/.last" "a random" "and the line says so"

# ---- other objectives, and vectors from a file ----
# shellcheck disable=SC2086
try run rows.jsonl $body -k 10% --objective graph-cut -o cut
verdict | grep -q 'expected accuracy with these rows'
ok $? "graph-cut: measured as well"
# shellcheck disable=SC2086
try run rows.jsonl $body -k 10% --objective facility-location -o facility
verdict | grep -q 'expected accuracy with these rows'
ok $? "facility location, too"
# shellcheck disable=SC2086
"$W" embed rows.jsonl $body -q -o rows.h5ad
try select rows.h5ad -k 3% --objective class-herding --no-records -o selected
is "$(verdict)" "$(sed -n '/"sentence"/s/.*"sentence":[[:space:]]*"\(.*\)",$/verdict   \1/p' selected/manifest.json)" \
    "select says what its manifest says"
is "$(value selected accuracy)" "$(value out accuracy)" "and what run says of the same vectors"
seq 0 20 | sed 's/^/r/' >keep.txt
seq 600 700 | sed 's/^/r/' >leave.txt
# shellcheck disable=SC2086
try run rows.jsonl $body -k 90 --keep keep.txt --exclude leave.txt -o lists
verdict | grep -q 'expected accuracy with these rows'
ok $? "with rows to keep and to leave out"

# ---- what cannot be told ----
none() { # NAME TEXT ARGS...
    name=$1 text=$2
    shift 2
    rm -rf none
    try "$@" -o none
    is "$code:$(verdict)" "0:verdict   no verdict: $text" "$name"
}
none "one class" "all rows are of one class" run rows.jsonl --label-field one -k 10%
none "a class for each row" "900 classes for 900 rows are too few rows each" run rows.jsonl --label-field own -k 10%
# shellcheck disable=SC2086
none "everything" "everything was chosen" run rows.jsonl $body -k 100%
# shellcheck disable=SC2086
none "at random" "the rows were chosen at random" run rows.jsonl $body -k 10% --objective random
# shellcheck disable=SC2086
none "nearly everything" "too few rows with a label are left outside the choice to test on" \
    run rows.jsonl $body -k 895
is "$(grep -c 'No verdict: too few rows' none/report.html)" 1 "the page says why, too"
awk 'NR % 100 { sub(/"label": "kind [0-9]", /, "") } { print }' rows.jsonl >few.jsonl
try run few.jsonl --label-field label -k 10 -o few
verdict | grep -q "no verdict: "
ok $? "few labels: none, and why"

# ---- copies of different labels ----
{ cat rows.jsonl; head -1 rows.jsonl | sed 's/"r0"/"again"/; s/kind 0/kind 1/'; } >copies.jsonl
# shellcheck disable=SC2086
try run copies.jsonl $body -k 10% -q -o copies
is "$(tr '\t\n' ' /' <copies/conflicts.tsv)" \
    "kept id row label file line/r0 r0 0 kind 0 copies.jsonl 1/r0 again 900 kind 1 copies.jsonl 901/" \
    "conflicts.tsv lists them"
[ ! -e out/conflicts.tsv ]
ok $? "where there are none it is not written"
try check copies
is "$code" 0 "winnow check knows it"
try dedup copies.jsonl --label-field label --id-field id -o deduped
is "$(wc -l <deduped/conflicts.tsv)" 3 "dedup writes it, too"

# ---- a bound on memory, an interruption ----
# shellcheck disable=SC2086
try run rows.jsonl $body -k 3% -M 100M -o small
is "$(value small accuracy)" "$(value out accuracy)" "little memory: the same figures"
# ---- under limits ----
# shellcheck disable=SC2086
try run rows.jsonl $body --objective facility-location -k 3% --group-field label --per-group 9 -f -o out
verdict | grep -q " ± 0\.[0-9]*, with as many random ones under the same limits 0\.[0-9]*, with all"
ok $? "random rows under the limits of the choice"
is "$(value out random_under_limits)" true "which the manifest says"
"$W" report out --html page.html 2>/dev/null
cmp -s page.html out/report.html
ok $? "and the page"
# shellcheck disable=SC2086
try run rows.jsonl $body --objective facility-location --budget 5% --cost words -f -o out
is "$(verdict)" "verdict   no verdict: what is chosen under a budget is not chosen anew to be measured" "a budget"
finish
