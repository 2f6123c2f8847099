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
refused "a file of the user's stays" 2 "run: out/notes.txt is not a file that winnow wrote" run rows.jsonl -k 5 -f -o out
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
    refused "a file of the user's stays: $what" 2 "${what%% *}: diary is not a file that winnow wrote" $what -f
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

# ---- an input that is not there replaces nothing ----
printf 'bad\n' >all-bad.jsonl
false | cat >none
for what in "run - -k 3" "run - none -k 3" "dedup -"; do
    # shellcheck disable=SC2086
    refused "nothing replaces no folder: $what" 3 "${what%% *}: no" $what --format jsonl -f -o out
done
refused "nor a file" 3 "embed: no records came from standard input, so e.h5ad is not" embed - --format jsonl -f -o e.h5ad
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

finish
