# What stands in the way of an output, what an output folder says afterwards, and what explain and report know of it.
. "$(dirname "$0")/tap.sh"

awk 'BEGIN {
    srand(3)
    n = split("river stone bird light house green morning engine market music paper winter signal garden", w, " ")
    for (i = 0; i < 30; i++) {
        t = ""
        for (j = 0; j < 8; j++) t = t (j ? " " : "") w[1 + int(rand() * n)]
        printf "{\"id\": \"r%d\", \"text\": \"%s\"}\n", i, t
    }
}' >rows.jsonl

# ---- -f replaces what winnow wrote, and nothing else ----
try run rows.jsonl -k 3 -q -o out
try run rows.jsonl -k 4 -f -q -o out
is "$code $(wc -l <out/subset.jsonl)" "0 4" "a folder that winnow wrote is replaced"
echo "my notes" >out/notes.txt
refused "a file of the user's stays" 2 "run: out/notes.txt is not a file that winnow wrote" \
    run rows.jsonl -k 5 -f -o out
refused "dedup leaves it, too" 2 "dedup: out/notes.txt is not a file" dedup rows.jsonl -f -o out
rm out/notes.txt
mkdir out/finetuned
echo weights >out/finetuned/w.bin
refused "a folder of the user's stays" 2 "run: out/finetuned is not" run rows.jsonl -k 5 -f -o out/
rm -r out/finetuned
: >out/.hidden
refused "a hidden file of the user's stays" 2 "run: out/.hidden is not" run rows.jsonl -k 5 -f -o out
rm out/.hidden
cp out/subset.jsonl keep
sed 's/river/RIVER/' keep >out/subset.jsonl
echo >>out/subset.jsonl
refused "a changed file stays" 2 "run: out/subset.jsonl has changed since winnow wrote it" run rows.jsonl -k 5 -f -o out
mv keep out/subset.jsonl
mv out/rest.jsonl rest.jsonl
ln -s ../rest.jsonl out/rest.jsonl
refused "a link of the user's stays" 2 "run: out/rest.jsonl is not a file" run rows.jsonl -k 5 -f -o out
rm out/rest.jsonl
try run rows.jsonl -k 5 -f -q -o out
is "$code $(wc -l <out/subset.jsonl)" "0 5" "a folder with a file less is replaced"
cp out/SHA256SUMS keep
sed 's/report/mine/' keep >out/SHA256SUMS
refused "a changed SHA256SUMS is believed nothing" 2 "run: out: its SHA256SUMS" run rows.jsonl -k 5 -f -o out
rm out/SHA256SUMS
refused "nor is a folder without" 2 "run: out is not a folder that winnow wrote (no SHA256SUMS in it)" \
    run rows.jsonl -k 5 -f -o out
mv keep out/SHA256SUMS
mkdir other
echo '{"name": "site"}' >other/manifest.json
refused "a manifest.json of something else" 2 "run: other is not a folder" run rows.jsonl -k 5 -f -o other
rm -r other

# ---- the certificate: the same in the summary, the manifest and on the page ----
for objective in facility-location graph-cut; do
    try run rows.jsonl -k 5 -f -o out --objective $objective
    says=$(sed -n 's/^certified at least \([0-9.]*\)% of the best that 5 rows can reach$/\1/p' "$err")
    is "$says" "$(awk -F'[:,]' '/"value":/ { v = $2 } /"bound":/ { b = $2 }
        END { printf "%.1f", int(1000 * v / b) / 10 }' out/manifest.json)" \
        "$objective: the summary's certificate is value by bound"
    is "$(awk -F'[:,]' '/"certified":/ { printf "%.1f", 100 * $2 }' out/manifest.json) $(grep -c \
        "<dt>Certified</dt><dd>$says%" out/report.html)" "$says 1" "$objective: so are manifest and page"
done
printf '3\n7\n' >kept.txt
try run rows.jsonl -k 5 -f -o out --keep kept.txt
is "$(grep -c '^certified .* that 5 rows can reach, those to keep among them$' "$err")" 1 "rows to keep are told of"
try run rows.jsonl -k 5 -f -o out --objective random
is "$(grep -c '^certified' "$err") $(grep -c '"bound":[[:space:]]*null' out/manifest.json)" "0 1" "random has none"
try run rows.jsonl -k 5 -f -q -o out

# files
try embed rows.jsonl --dims 4 -q -o e.h5ad --save-encoder lsa.bin
try embed rows.jsonl --dims 5 -f -q -o e.h5ad --save-encoder lsa.bin
is "$code" 0 "an .h5ad and an encoder that winnow wrote are replaced"
try graph e.h5ad -K 3 -q -o g.h5ad
try graph e.h5ad -K 4 -f -q -o g.h5ad
is "$code" 0 "a graph, too"
try graph e.h5ad -K 3 --export ann-benchmarks -q -o g.hdf5
try graph e.h5ad -K 4 --export ann-benchmarks -f -q -o g.hdf5
is "$code" 0 "in the other layout, too"
try report out -q --html page.html
try report out -f -q --html page.html
is "$code" 0 "and a page"
: >empty.h5ad
try embed rows.jsonl --dims 4 -f -q -o empty.h5ad
is "$code" 0 "an empty file is replaced"
rm empty.h5ad
echo "dear diary" >diary
for what in "embed rows.jsonl --dims 4 -o diary" "embed rows.jsonl --dims 4 -o f.h5ad --save-encoder diary" \
    "graph e.h5ad -K 3 -o diary" "graph e.h5ad -K 3 --export ann-benchmarks -o diary" "report out --html diary"; do
    # shellcheck disable=SC2086
    refused "a file of the user's stays: $what" 2 "${what%% *}: diary does not tell that winnow wrote it" $what -f
done
printf '{"text": "good"}\nbad\n' >bad.jsonl
cat rows.jsonl bad.jsonl >more.jsonl
refused "a file of the user's stays: skipped records" 2 "run: diary holds something else" \
    run more.jsonl -k 3 --on-error skip:diary -f -o skipping
try run more.jsonl -k 3 --on-error skip:skipped -q -o skipping
try run more.jsonl -k 3 --on-error skip:skipped -f -q -o skipping
is "$code $(cat skipped)" "0 bad" "the same skipped records are written again"
rm -r skipping

# what comes into the folder while the command works stays, too, and so does the old output
mkfifo pipe
"$W" run - --format jsonl -k 3 -f -q -o out <pipe >"$out" 2>"$err" &
pid=$!
exec 9>pipe
sleep 0.3
echo late >out/late.txt
listing >"$work/.before"
cat rows.jsonl >&9
exec 9>&-
wait "$pid"
code=$?
judge "what comes meanwhile stays" 2 "run: out/late.txt is not a file that winnow wrote"
rm out/late.txt pipe

# ---- a pipe in the place of a file is not waited for ----
cp -r out piped
rm piped/subset.jsonl
mkfifo piped/subset.jsonl
refused "a pipe is no part of an output" 3 "report: piped/subset.jsonl: not a file" report piped -f
rm -r piped

# ---- an input that is not there replaces nothing ----
printf 'bad\n' >all-bad.jsonl
false | cat >none
for what in "run - -k 3" "run - none -k 3" "dedup -"; do
    # shellcheck disable=SC2086
    refused "nothing replaces no folder: $what" 3 "${what%% *}: no" $what --format jsonl -f -o out
done
refused "nor a file" 3 "embed: no records came from standard input, so e.h5ad is not" \
    embed - --format jsonl -f -o e.h5ad
try run - --format jsonl -k 3 -q -o empty
is "$code $(wc -c <empty/subset.jsonl)" "0 0" "where nothing stands there, nothing in is nothing out"
rm -r empty
for what in "run - -k 3" "dedup -" "embed -"; do
    listing >"$work/.before"
    # shellcheck disable=SC2086
    "$W" $what --format jsonl -o x <&- >"$out" 2>"$err"
    code=$?
    judge "closed standard input is no empty one: $what" 1 "${what%% *}: "
    # shellcheck disable=SC2086
    "$W" $what --format jsonl -o x <. >"$out" 2>"$err"
    code=$?
    judge "nor is a folder: $what" 1 "${what%% *}: "
    # shellcheck disable=SC2086
    "$W" $what --format jsonl -o x 0>/dev/null 2>"$err" >"$out"
    code=$?
    judge "nor what can only be written: $what" 1 "${what%% *}: "
done
listing >"$work/.before"
"$W" run - --format jsonl -k 3 --on-error skip:all.bad -o x <all-bad.jsonl >"$out" 2>"$err"
code=$?
rm -f all.bad
judge "every record bad is no empty input" 3 "run: standard input: every record is bad"

rm -rf ./*

# ---- what explain says: kept, excluded, dropped, chosen; twice the same id ----
explained() { # FOLDER ID WANT NAME: a line of the answer
    try explain "$1" "$2"
    has "$out" "$3" "$4"
}

awk 'BEGIN {
    split("red blue green old small", a, " "); split("boat kite lamp chair door", b, " ")
    for (i = 0; i < 25; i++)
        printf "{\"id\": \"r%d\", \"text\": \"the %s %s\", \"label\": \"%s\"}\n", i, a[i % 5 + 1], b[int(i / 5) + 1],
            i % 2 ? "odd" : "even"
    print "{\"id\": \"same\", \"text\": \"The  red BOAT\", \"label\": \"odd\"}"
    print "{\"id\": \"again\", \"text\": \"the red boat\", \"label\": \"even\"}"
    print "{\"id\": \"alike\", \"text\": \"the blue boat\", \"label\": \"odd\"}"
}' >in.jsonl
printf 'r7\n' >keep
printf 'r3\nsame\n' >exclude
try run in.jsonl --id-field id --label-field label -k 4 --keep keep --exclude exclude -o out
cp "$err" summary
explained out r7 "r7 was chosen, as --keep asks: rank 1 of 4" "a row that --keep names is called so"
explained out r3 "r3 was not chosen: --exclude names it." "and one that --exclude names"
explained out same "same was not chosen: --exclude names it, and it is a copy of r0" "also a copy"
explained out again "again was not chosen: it is a copy of r0 and was dropped." "and a dropped one"
explained out r0 "the red boat" "with its text"
has out/report.html "named by --keep" "the page counts the rows to keep"
has out/report.html "named by --exclude" "and those excluded"

# copies of different labels: r0 is even, and "same" odd; r1 and "alike" are both odd
has summary "note: 1 group of copies has different labels" "copies of different labels are counted"
has out/manifest.json '"copy_groups_of_different_labels":	1' "in the manifest, too"
has out/report.html "Copies with different labels" "and listed in the report"
try report out --html page.html
cmp -s page.html out/report.html
ok $? "whose page is written again with the same bytes"
try run in.jsonl --id-field id -k 4 -o plain
is "$(grep -c "different labels" "$err" plain/report.html | tr '\n' ' ')" "$err:0 plain/report.html:0 " \
    "without labels nothing is said of them"
sed 's/, "label": "[a-z]*"}/}/; 3,$s/}$/, "label": "x"}/' in.jsonl >part.jsonl
try run part.jsonl --id-field id --label-field label -k 4 -o part
is "$(grep -c "different labels" "$err")" 0 "a row without a label contradicts none"
rm -rf plain part part.jsonl page.html

# ---- dedup's folder ----
try dedup in.jsonl --id-field id --label-field label -o dd
has "$err" "note: 1 of the groups has different labels" "dedup counts copies of different labels"
explained dd r0 "r0 was kept: the first of 3 copies" "explain knows what dedup kept"
explained dd r0 "the red boat" "with its text"
is "$(grep -c dropped "$out")" 3 "and lists its copies"
explained dd alike "alike was dropped: it is a copy of r1." "and what it dropped"
explained dd r9 "r9 was kept: it has no copy" "and what is alone"
has dd/report.html "25 of 28 texts kept" "its folder has a page"
has dd/report.html "2 groups" "which lists the groups"
has dd/report.html "Copies with different labels" "and those of different labels"
try report dd --html page.html
cmp -s page.html dd/report.html
ok $? "the page is written again with the same bytes"
try check dd
is "$code" 0 "and the folder is whole"
try dedup in.jsonl --dedup 0.9 --id-field id -q -f -o dd
explained dd again "it is a copy of r0" "also by cosine"
"$W" embed in.jsonl --id-field id --label-field label --dims 4 -q -o m.h5ad 2>/dev/null
try dedup m.h5ad --dedup 0.99 -o dm
has "$err" "of the groups" "copies of different labels are counted"
has dm/report.html "Copies with different labels" "and listed"
explained dm again "again was dropped: it is a copy of r0." "also of a matrix"
try report dm --html page2.html
cmp -s page2.html dm/report.html
ok $? "whose page is the same, too"
rm -rf dd dm page.html page2.html

# ---- texts of a pipe, from elsewhere, of an input that moved or changed ----
"$W" run - --format jsonl --id-field id -k 4 --order rank -q -o piped <in.jsonl
explained piped r7 "the green kite" "the text of a row that came through a pipe"
mkdir elsewhere
cd elsewhere || exit 1
explained ../out r8 "the old kite" "from another folder"
cd .. || exit 1
cp in.jsonl keep.jsonl
mv in.jsonl moved.jsonl
explained out r8 "the old kite" "when the input has moved"
is "$(cat "$err")" "" "of which nothing is said"
sed 's/old kite/NEW KITE/' keep.jsonl >in.jsonl
explained out r8 "the old kite" "when the input has changed, as it was"
has "$err" "note: in.jsonl has changed since winnow read it (another SHA-256)" "and the change is told"
echo '{"id": "new", "text": "new"}' >in.jsonl
try explain out r8
has "$err" "note: in.jsonl has changed since winnow read it ($(wc -c <keep.jsonl) bytes then, 29 now)" \
    "also where the size tells it"
try report out --html page.html
has "$err" "in.jsonl has changed since" "report tells it, too"
mv keep.jsonl in.jsonl
try explain out r8
is "$(cat "$err")" "" "an input that is what it was needs no word"
cp out/rest.jsonl rest
sed '1d' rest >out/rest.jsonl
mv in.jsonl away.jsonl
try explain out r8
is "$code $(grep -c "old kite" "$out")" "0 0" "no text from a rest.jsonl that was changed"
has "$err" "note: out/rest.jsonl has changed since winnow wrote it" "and that is told"
rm out/rest.jsonl
try explain out r8
is "$code $(grep -c "old kite" "$out")" "0 0" "none where it was deleted and the input has moved"
mv away.jsonl in.jsonl
explained out r8 "the old kite" "where it was deleted, the input has the text"
has "$err" "note: what is missing there is taken from the input, which is unchanged" "and that is told"
echo >>in.jsonl
try explain out r8
is "$code $(grep -c "old kite" "$out")" "0 0" "but not an input that has changed"
sed -i '$d' in.jsonl
mv rest out/rest.jsonl
"$W" select m.h5ad -k 3 -q -o chosen
cp m.h5ad old.h5ad
echo more >>m.h5ad
try explain chosen r8
has "$err" "note: m.h5ad has changed since" "a matrix that has changed is told, too"

# ---- two rows of one id; zero vectors of a matrix ----
py=$(python_with numpy h5py)
if [ -n "$py" ]; then
    "$py" - <<'EOF'
import h5py
import numpy as np
x = np.random.default_rng(5).standard_normal((12, 4)).astype("f4")
x[[3, 5]] = 0
with h5py.File("twice.h5ad", "w") as f:
    f["X"] = x
    f["obs/_index"] = np.array(["a", "b"] * 6, dtype=object)
    f["obs"].attrs["_index"] = "_index"
EOF
    try select twice.h5ad -k 2 -o twice
    has "$err" "note: 2 rows are zero vectors" "zero rows of a matrix are called so"
    is "$(grep -c "known word" "$err" twice/report.html | tr '\n' ' ')" "$err:0 twice/report.html:0 " \
        "words are no part of it"
    try explain twice b
    has "$out" '6 rows have the id "b"' "an id of several rows is told"
    has "$out" "row 3: b was not chosen" "with each of the rows"
    try explain twice c
    is "$code" 2 "an id of none is refused"
else
    skip "two rows of one id" "no Python with h5py"
fi

finish
