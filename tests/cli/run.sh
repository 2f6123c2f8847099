# winnow run and select, end to end on small files that this test writes.
. "$(dirname "$0")/tap.sh"
py=${WINNOW_PYTHON:-python3}

# 600 rows of 3 kinds, some of them exact copies; word lists overlap a little
awk 'BEGIN {
    srand(7)
    n = split("river stone bird light house green morning engine market music paper winter signal garden city water " \
              "teacher metal orange story window copper forest letter", w, " ")
    for (i = 0; i < 600; i++) {
        c = i % 3
        t = ""
        for (j = 0; j < 14; j++) t = t (j ? " " : "") w[1 + (c * 7 + int(rand() * 10)) % n]
        if (i % 40 == 39) t = last
        last = t
        printf "{\"id\": \"r%d\", \"text\": \"%s\", \"label\": \"kind %d\"}\n", i, t, c
    }
}' >rows.jsonl

# Equal records, whatever the order, in subset + rest and the input.
same_records() { # INPUT SUBSET REST NAME
    sort "$1" >"$work/.a"
    sort "$2" "$3" >"$work/.b"
    cmp -s "$work/.a" "$work/.b"
    ok $? "$4"
}

# ---- the main job ----
try run rows.jsonl -k 10% --id-field id --label-field label --labels ignore -o out
is "$code" 0 "run ends well"
cp "$err" "$work/summary"
is "$(ls out | sort | tr '\n' ' ')" "SHA256SUMS assignment.tsv conflicts.tsv manifest.json report.html rest.jsonl \
selection.h5ad selection.tsv subset.jsonl " "out/ holds what is promised"
is "$(wc -l <out/subset.jsonl)" 60 "10% of 600 input rows are 60"
same_records rows.jsonl out/subset.jsonl out/rest.jsonl "subset and rest together are the input"
(cd out && sha256sum --quiet -c SHA256SUMS >/dev/null 2>&1)
ok $? "sha256sum confirms SHA256SUMS"
try check out
is "$code" 0 "winnow check calls it whole"
is "$(cut -f1 out/selection.tsv | head -4 | tr '\n' ' ')" "rank 1 2 3 " "ranks count from 1"
is "$(awk -F'\t' 'NR > 1 {s += $9} END {print s}' out/selection.tsv)" 600 "the chosen stand for every row"
is "$(wc -l <out/assignment.tsv)" 601 "every row is assigned"
awk -F'\t' 'NR == FNR {if (FNR > 1) chosen[$2] = 1; next} FNR > 1 && !($2 in chosen) {bad = 1} END {exit bad}' \
    out/selection.tsv out/assignment.tsv
ok $? "only chosen rows stand for others"
awk -F'\t' 'NR == FNR {if (FNR > 1) chosen[$2] = 1; next} FNR > 1 && ($1 in chosen) && ($1 != $2 || $3 != "1.000000") {
    bad = 1} END {exit bad}' out/selection.tsv out/assignment.tsv
ok $? "a chosen row stands for itself, at similarity 1"
try run rows.jsonl -k 10% --id-field id --label-field label --labels ignore --lambda 10 -o fixed
awk -F'\t' 'NR > 1 && $6 + 0 > last + 1e-6 && NR > 2 {bad = 1} {last = $6 + 0} END {exit bad}' fixed/selection.tsv
ok $? "with a lambda of its own gains fall (rbf is non-negative)"
rm -rf fixed
has "$work/summary" "dropped in 15 groups" "the summary counts the copies"
has "$work/summary" "gamma" "the summary names gamma"
has "$work/summary" "64 components" "and where rows are compared"
has out/manifest.json '"components":	64' "the manifest, too"
has "$work/summary" "out/report.html" "the summary says where the report is"
has out/manifest.json '"copies_dropped":	15' "the manifest counts the copies"
has out/report.html "60 of 600 texts chosen" "the report has its headline"
has out/report.html "<span>run</span> <span>rows.jsonl</span>" "the report has the command"
has out/report.html "2030-03-17" "and the day"

# ---- the report again ----
try report out --html again.html
cmp -s again.html out/report.html
ok $? "winnow report writes the same page again"
try run rows.jsonl -k 25 --order rank --dedup 0.9 --label-field label -o ranked
try report ranked --html ranked.html
cmp -s ranked.html ranked/report.html
ok $? "also of a subset in order of rank, with near duplicates"
# ---- two choices side by side ----
try report out ranked --html both.html
has both.html "Two choices from 600 texts" "the page of two choices"
has both.html "texts are in both" "says what they share"
cmp -s ranked.html ranked/report.html
ok $? "and leaves their own pages alone"
refused "two choices and no --html" 2 "report: the page of two choices lies in neither folder" report out ranked
refused "the page of two choices that exists" 2 "report: both.html exists" report out ranked --html both.html
head -n 500 rows.jsonl >fewer.jsonl
try run fewer.jsonl -k 25 -o fewer
refused "choices from different inputs" 3 "report: out and fewer are choices from different inputs (600 and 500 rows" \
    report out fewer --html x.html
try dedup rows.jsonl -o kept
refused "a folder without a choice" 3 "report: kept: nothing was chosen there" report out kept --html x.html
refused "a page for a file of the second folder" 2 "report: --html ranked/selection.tsv is selection.tsv" \
    report out ranked -f --html ranked/selection.tsv
rm -rf ranked ranked.html again.html both.html fewer fewer.jsonl kept
refused "the report of no output folder" 3 "report:" report . --html x.html

# ---- determinism ----
for threads in 1 2 4; do
    try run rows.jsonl -k 10% --id-field id --label-field label --labels ignore -o "t$threads" -j "$threads"
    bad=0
    for f in out/*; do
        case $f in */manifest.json) continue ;; esac
        cmp -s "$f" "t$threads/${f##*/}" || { bad=1; echo "# $f differs with -j $threads"; }
    done
    sed '/"this_run"/,$d' out/manifest.json >"$work/.a"
    sed '/"this_run"/,$d' "t$threads/manifest.json" >"$work/.b"
    cmp -s "$work/.a" "$work/.b" || { bad=1; echo "# the manifest differs before this_run"; }
    ok $bad "same bytes with $threads threads"
    rm -rf "t$threads"
done

# ---- nested prefixes ----
try run rows.jsonl -k 20 --lambda 5 --id-field id -o small
try run rows.jsonl -k 60 --lambda 5 --id-field id -o large
head -21 large/selection.tsv | cut -f1-8 >"$work/.a"
cut -f1-8 small/selection.tsv >"$work/.b"
cmp -s "$work/.a" "$work/.b"
ok $? "the first 20 of 60 are the 20"
rm -rf small large

# ---- order, annotate ----
try run rows.jsonl -k 10% --id-field id --order rank --annotate -o ranked
is "$(sed 's/.*"rank": \([0-9]*\),.*/\1/' ranked/subset.jsonl | tr '\n' ' ')" "$(seq 60 | tr '\n' ' ')" \
    "--order rank --annotate: ranks rise"
sed 's/, "winnow": {[^}]*}}$/}/' ranked/subset.jsonl | sort >"$work/.a"
sort out/subset.jsonl >"$work/.b"
cmp -s "$work/.a" "$work/.b"
ok $? "without the added object the records are the input's"
"$py" -c 'import json, sys
for line in open("ranked/subset.jsonl"):
    assert set(json.loads(line)["winnow"]) == {"rank", "gain", "n_represented"}' 2>/dev/null
ok $? "annotated records are JSON"
cp ranked/subset.jsonl again.jsonl
refused "a record that is annotated already is refused" 3 "run: again.jsonl:" run again.jsonl -k 5 --annotate -o again
rm -rf ranked again.jsonl
printf '{}\n{ }\n{"a": 1}\n' >bare.jsonl

# ---- csv: CRLF, quoted newlines, byte order mark, no last newline ----
"$py" - <<'PY'
rows = []
words = "river stone bird light house green morning engine market music".split()
for i in range(60):
    t = " ".join(words[(i * j + j) % 10] for j in range(1, 8))
    if i % 7 == 0: t = '"' + t + ',\r\nsecond ""line""' + '"'
    rows.append(f"c{i},{t}")
open("a.csv", "wb").write(("\ufeffid,text\r\n" + "\r\n".join(rows)).encode())
open("b.csv", "wb").write(("id,text\n" + "\n".join(r.replace("c", "d", 1) for r in rows) + "\n").encode())
open("c.csv", "wb").write(b"id,text,more\nx,y,z\n")
PY
try run a.csv -k 12 --id-field id -o csv
is "$code" 0 "csv with CRLF, quotes and a byte order mark"
"$py" - <<'PY'
import csv, io
def rows(p):
    raw = open(p, "rb").read()
    assert raw.startswith(b"\xef\xbb\xbfid,text\r\n"), p
    return raw, [tuple(r) for r in csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))][1:]
raw, want = rows("a.csv")
s, subset = rows("csv/subset.csv")
r, rest = rows("csv/rest.csv")
assert len(subset) == 12
assert sorted(subset + rest) == sorted(want)
assert len(s) + len(r) - len(b"\xef\xbb\xbfid,text\r\n") in (len(raw), len(raw) + 2), (len(s), len(r), len(raw))
PY
ok $? "its records come back byte for byte, each file with the header"
try run a.csv b.csv -k 100% --id-field id --dedup off -o both
is "$code" 0 "two csv files become one"
is "$("$py" -c 'import csv; print(len(list(csv.reader(open("both/subset.csv", encoding="utf-8-sig", newline="")))))')" \
    121 "with one header, and the open last line of the first closed"
has "$err" "everything is kept" "k of 100% keeps everything and says so"
refused "csv files of other columns" 3 "run: c.csv:1: its columns are not those of b.csv" run b.csv c.csv -k 5 -o mixed
printf '\n"id","text"\nx,y\n' >quoted.csv
try run b.csv quoted.csv -k 3 --id-field id -o quoted
is "$code $(head -1 quoted/rest.csv)" "0 id,text" "the same columns otherwise written are the same"
rm -rf quoted quoted.csv
refused "dedup of csv files of other columns" 3 "dedup: c.csv:1: its columns are not those of b.csv" \
    dedup b.csv c.csv -o mixed
try embed b.csv c.csv --dims 4 -q -o mixed.h5ad
is "$code" 0 "embed takes their texts from tables of any columns"
rm -f mixed.h5ad
try run a.csv -k 12 --id-field id --annotate -o noted
is "$(head -1 noted/subset.csv | tr -d '\r')" \
    "$(printf '\357\273\277id,text,winnow_rank,winnow_gain,winnow_n_represented')" \
    "--annotate adds columns to csv"
rm -rf csv both noted
refused "formats do not mix" 2 "run: rows.jsonl is jsonl" run rows.jsonl b.csv -k 5 -o mixed
printf 'bad\n' >bad.jsonl
refused "which is seen before any file is read" 2 "run: bad.jsonl is jsonl" run bad.jsonl b.csv -k 5 -o mixed
refused "nor for dedup" 2 "dedup: rows.jsonl is jsonl" dedup rows.jsonl b.csv -o mixed

# ---- files of one line without its end ----
for i in 1 2 3 4; do printf '{"text":"one line %d"}' "$i" >"line$i.jsonl"; done
try run line[1-4].jsonl -k 2 --dedup off --min-df 1 -o lines
is "$code $(wc -l <lines/subset.jsonl) $(grep -cx '{"text":"one line [1-4]"}' lines/subset.jsonl)" "0 1 2" \
    "records of files without a line end do not run together"
{ printf '\357\273\277'; cat line2.jsonl; } >bom2.jsonl
try run line1.jsonl bom2.jsonl -k 2 --dedup off --min-df 1 -f -o lines
cat line1.jsonl line2.jsonl | sed 's/}{/}\n{/' | cmp -s - lines/subset.jsonl
ok $? "also before a file with a byte order mark"
rm -rf lines line[1-4].jsonl bom2.jsonl
printf text >header.csv
printf 'text\na\nb' >ab.csv
try run header.csv ab.csv -k 2 --dedup off --min-df 1 --annotate -o lines
is "$code $(head -1 lines/subset.csv)" "0 text,winnow_rank,winnow_gain,winnow_n_represented" "nor does an open header"
rm -rf lines

# ---- keep, exclude ----
printf 'r5\nr39\n' >keep.txt
printf 'r1\r\nr38\r\n' >drop.txt
try run rows.jsonl -k 30 --id-field id --keep keep.txt --exclude drop.txt -o kept
is "$code" 0 "keep and exclude"
is "$(sed -n '2,3p' kept/selection.tsv | cut -f2 | tr '\n' ' ')" "r5 r39 " "rows to keep come first, also a copy"
is "$(cut -f2 kept/selection.tsv | grep -cx -e r1 -e r38)" 0 "excluded rows are not chosen"
is "$(awk -F'\t' '$1 == "r38" {print $2}' kept/assignment.tsv)" r39 "the copy that is kept stands for its original"
try run rows.jsonl -k 30 --id-field id --keep keep.txt -f -o kept
has kept/manifest.json '"copies_dropped":	15' "a copy to keep takes the place of its original"
is "$(awk -F'\t' '$1 == "r38" {print $2}' kept/assignment.tsv)" r39 "and stands for it"
sed 's/.*"id": "\([^"]*\)".*/\1/' rows.jsonl >all.txt
try run rows.jsonl -k 30 --id-field id --exclude all.txt -o none
is "$code $(wc -c <none/subset.jsonl)" "0 0" "where every row is excluded nothing is chosen"
cmp -s none/rest.jsonl rows.jsonl
ok $? "and everything is rest"
try check none
is "$code" 0 "in a whole folder"
rm -rf none
try run rows.jsonl -k 30 --id-field id --keep keep.txt --exclude drop.txt --dedup 0.8 -o kept2
is "$(sed -n '2,3p' kept2/selection.tsv | cut -f2 | tr '\n' ' ')" "r5 r39 " "keep with near duplicates"
is "$(cut -f2 kept2/selection.tsv | grep -cx -e r1 -e r38)" 0 "exclude with near duplicates"
same_records rows.jsonl kept2/subset.jsonl kept2/rest.jsonl "and nothing is lost"
rm -rf kept2
printf 'r5\n\nnobody\n' >unknown.txt
refused "an unknown id names its line" 2 "run: unknown.txt:3: no row has the id \"nobody\"" \
    run rows.jsonl -k 30 --id-field id --keep unknown.txt -o x
refused "keep and exclude at once" 5 "run: \"r5\" is to be kept" \
    run rows.jsonl -k 30 --id-field id --keep keep.txt --exclude keep.txt -o x
refused "more to keep than k" 5 "run: 2 rows must be kept (--keep, --start-from)" \
    run rows.jsonl -k 1 --id-field id --keep keep.txt -o x
rm -rf kept

# ---- duplicates leave fewer than k ----
awk '{print; print}' rows.jsonl >twice.jsonl
try run twice.jsonl -k 60% -o fewer
is "$code" 0 "fewer distinct rows than k"
is "$(wc -l <fewer/subset.jsonl)" 585 "all distinct rows are kept"
has "$err" "only 585 are left after duplicates" "and that is said"
rm -rf fewer twice.jsonl
try run rows.jsonl -k 30 --dedup 0.9 -o near
is "$code" 0 "near duplicates"
same_records rows.jsonl near/subset.jsonl near/rest.jsonl "with near duplicates nothing is lost"
try check near
is "$code" 0 "and the output is whole"
rm -rf near

# ---- memory of the neighbour graph ----
awk 'BEGIN { srand(5); for (i = 0; i < 21000; i++) printf "{\"text\":\"w%d w%d w%d w%d\"}\n", rand() * 90, rand() * 90,
    rand() * 90, rand() * 90 }' >many.jsonl
small="--lsa-features words-only --dims 8"
# shellcheck disable=SC2086 # options
refused "facility location over a graph that does not fit" 4 "run: choosing 100 of 21000 rows takes about" \
    run many.jsonl -k 100 $small --objective facility-location -K 300 -M 150M --dedup off -o x
# shellcheck disable=SC2086
try run many.jsonl -k 100 $small --objective facility-location -K 10 -M 150M --dedup off -q -o x
is "$code" 0 "and over one that does"
rm -rf x many.jsonl

# ---- objectives ----
# every word that the option takes, and two settings of the default
refused "an objective that is none" 2 'run: --objective: "none" will not do: want graph-cut, ' \
    run rows.jsonl -k 30 --objective none -o obj
words=$(sed 's/.*do: want //; s/ \[.*//; s/, /\n/g' "$err" | sed 's/^class-herding$/& --label-field label/
    s/^mixture$/& --mix facility-location=1,log-determinant=.1/; s/^by-value$/& --value-field n/')
sed 's/"id": "r\([0-9]*\)"/&, "n": \1/' rows.jsonl >numbered.jsonl
while read -r objective; do
    # shellcheck disable=SC2086
    try run numbered.jsonl -k 30 --id-field id --objective $objective -o obj
    is "$code $(wc -l <obj/subset.jsonl)" "0 30" "objective $objective"
    has "$err" "by ${objective%% *}" "and says so"
    try report obj --html obj.html
    is "$code" 0 "its page is made again"
    try explain obj "$(sed -n 2p obj/selection.tsv | cut -f 2)"
    is "$code" 0 "a row of it is explained"
    rm -rf obj obj.html
done <<END
$words
graph-cut --similarity cosine
graph-cut --preset paper
END
rm numbered.jsonl
try run rows.jsonl -k 6 --lambda 0 -o balance
has "$err" "densest group" "a lambda too small for k is warned of"
rm -rf balance

# ---- standard input, nothing, plain text ----
"$W" run - --format jsonl -k 10% --id-field id --label-field label --labels ignore -o piped <rows.jsonl >"$out" 2>"$err"
is "$?" 0 "standard input"
cmp -s piped/subset.jsonl out/subset.jsonl
ok $? "gives the same subset"
rm -rf piped
"$W" run - --format jsonl -k 10% -o nothing </dev/null >"$out" 2>"$err"
is "$? $(wc -c <nothing/subset.jsonl)" "0 0" "empty standard input gives empty output"
try check nothing
is "$code" 0 "which is whole"
rm -rf nothing
: >empty.jsonl
refused "an empty file" 3 "run: empty.jsonl" run empty.jsonl -k 5 -o x
printf 'one bird\ntwo birds\n\nlast line' >few.txt
try run few.txt -k 1 -o few
is "$code" 0 "four lines of text"
same_records few.txt few/subset.txt few/rest.txt "a few lines of plain text" 2>/dev/null
rm -rf few
printf '{"text": "alone"}' >one.jsonl
try run one.jsonl -k 5 -o one
is "$code $(cat one/subset.jsonl)" '0 {"text": "alone"}' "one record without a newline"
rm -rf one
if command -v gzip >/dev/null; then
    gzip -c rows.jsonl >rows.jsonl.gz
    try run rows.jsonl.gz -k 10% --id-field id --label-field label --labels ignore -o zipped
    cmp -s zipped/subset.jsonl out/subset.jsonl
    ok $? "gzip in, the same plain records out"
    rm -rf zipped
fi

# ---- output folders ----
refused "an output that exists" 2 "run: out exists; -f" run rows.jsonl -k 5 -o out
mkdir precious
echo mine >precious/file
refused "-f replaces no folder of someone else" 2 "run: precious is not a folder that winnow wrote" \
    run rows.jsonl -k 5 -f -o precious
try run rows.jsonl -k 7 -f -o out
is "$code $(wc -l <out/subset.jsonl)" "0 7" "-f replaces an earlier output"
refused "too little memory" 4 "run: choosing" run rows.jsonl -k 5 -M 1M -o x
try run rows.jsonl -k 10% -n -o planned
is "$code $(test -e planned; echo $?)" "0 1" "--dry-run writes nothing"
for what in rows memory disk time; do has "$out" "$what" "and plans $what"; done
is "$(find . -name '.*.winnow-*' | wc -l)" 0 "no temporary is left"

# ---- select ----
try embed rows.jsonl --id-field id --label-field label -o rows.h5ad
try select rows.h5ad -k 60 -o chosen
is "$code" 0 "select"
is "$(ls chosen | tr '\n' ' ')" \
    "SHA256SUMS assignment.tsv manifest.json report.html rest.jsonl selection.h5ad selection.tsv subset.jsonl " \
    "select writes the same files"
is "$(wc -l <chosen/selection.tsv)" 61 "select chooses k rows"
try check chosen
is "$code" 0 "and leaves a whole folder"
try report chosen --html again.html
cmp -s again.html chosen/report.html
ok $? "winnow report writes the page of a matrix again"
try select rows.h5ad -k 60 -o chosen1 -j 1
cmp -s chosen/selection.h5ad chosen1/selection.h5ad
ok $? "select gives the same bytes with one thread"
finish
