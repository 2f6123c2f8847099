#!/bin/sh
# winnow stream: one pass over standard input, the chosen records to standard output.
. "$(dirname "$0")/tap.sh"
awk 'BEGIN { for (i = 0; i < 6000; i++)
    printf "{\"id\":\"r%d\",\"text\":\"w%d v%d u%d number %d\"}\n", i, i % 5000 % 7, i % 5000 % 41, i % 5000 % 13,
        i % 5000 }' >in.jsonl
head -500 in.jsonl >head.jsonl
"$W" embed head.jsonl --dims 16 --save-encoder lsa -q -o head.h5ad
stream() { "$W" stream --load-encoder lsa "$@" >"$out" 2>"$err"; code=$?; }

# ---- what comes out ----
stream -k 50 <in.jsonl
is "$code $(wc -l <"$out")" "0 50" "as many as were asked for"
is "$(grep -cvxFf in.jsonl "$out")" 0 "byte for byte"
is "$(sed 's/.*"r\([0-9]*\)".*/\1/' "$out" | sort -nc 2>&1)" "" "in the order of the input"
has "$err" "stream    6000 records, 1 pass; 1000 equal to an earlier one;" "passes and copies are told"
has "$err" "select    50 of 5000 rows, facility-location under rbf with gamma" "and the objective"
has "$err" "measured on 2048 rows" "and the sample"
has "$err" "bound     none: the sample changed" "and that no bound is known"
cp "$out" first
cat in.jsonl | stream -k 50 -j 1 -
cmp -s first "$out"
ok $? "the same bytes for any number of threads, and from a pipe"
gzip -c in.jsonl | stream -k 50 -
cmp -s first "$out"
ok $? "and packed"
split -l 1000 in.jsonl part.
stream -k 50 part.a? --format jsonl
cmp -s first "$out"
ok $? "and from several files"
stream -k 50 --order rank <in.jsonl
! cmp -s first "$out" && sort first >a && sort "$out" | cmp -s - a
ok $? "--order rank: the same, in another order"
stream -k 50 --seed 7 <in.jsonl
! cmp -s first "$out"
ok $? "--seed draws another sample"
stream -k 50 --sample 10000 <in.jsonl
has "$err" "bound     at least 45.5% of the best f (epsilon 0.1)" "a sample of all rows has the bound"
stream -k 50 --sample 10000 --epsilon .5 <in.jsonl
has "$err" "bound     at least 33.3% of the best f (epsilon 0.5)" "by epsilon"
stream -k 50 --dedup off <in.jsonl
has "$err" "select    50 of 6000 rows" "--dedup off keeps copies"
stream -k 50 --limit 300 <in.jsonl
has "$err" "select    50 of 300 rows" "--limit"
for o in saturated-coverage graph-cut log-determinant feature-based; do
    stream -k 50 --objective $o <in.jsonl
    is "$code $(grep -cxFf in.jsonl "$out")" "0 50" "--objective $o"
    ! cmp -s first "$out"
    ok $? "which chooses others"
done
stream -k 50 --similarity cosine <in.jsonl
has "$err" "facility-location under cosine: f" "--similarity"
stream -k 50 -o chosen.jsonl <in.jsonl
is "$code$(wc -c <"$out")" 00 "-o: nothing to standard output"
cmp -s first chosen.jsonl
ok $? "but to the file"
refused "which is not replaced" 2 "stream: chosen.jsonl exists" \
    stream head.jsonl --load-encoder lsa -k 5 -o chosen.jsonl
refused "even where it may be" 2 "stream: chosen.jsonl does not tell that winnow wrote it, so -f leaves it alone" \
    stream head.jsonl --load-encoder lsa -k 5 -o chosen.jsonl -f
printf 'k = 50\nload-encoder = lsa\n' >conf
"$W" stream --config conf <in.jsonl 2>/dev/null | cmp -s - first
ok $? "--config"
stream -k 5 -n <in.jsonl
is "$code$(wc -c <"$out")" 00 "-n writes nothing"
has "$err" "plan      1 pass; at most" "and says what memory it takes"

# ---- tables, line ends ----
printf 'id,text\r\n1,"a b\nc"\r\n2,d e\r\n3,f g' >t.csv
stream -k 3 t.csv
is "$(od -c "$out" | md5sum)" "$(od -c t.csv | md5sum)" "a table with its header, line ends and all"
stream -k 2 --order rank --format csv <t.csv
is "$(head -1 "$out" | tr -d '\r')" "id,text" "its header comes first"
printf 'one two\nthree four\nfive six' | stream -k 2 --format txt --order rank
is "$(sort "$out" | grep -cx -e 'one two' -e 'three four' -e 'five six')" 2 "a last line without an end joins no other"

# ---- vectors ----
python=$(python_with numpy)
if [ -n "$python" ]; then
    "$python" -c '
import numpy as np
r = np.random.default_rng(1)
a = (r.normal(size=(30, 8))[r.integers(0, 30, 3000)] + .2 * r.normal(size=(3000, 8))).astype("float32")
np.save("v.npy", a); np.save("v64.npy", a.astype("float64")); np.save("f.npy", np.asfortranarray(a))'
    vectors() { "$W" stream --vectors "$@" >"$out" 2>"$err"; code=$?; }
    vectors -k 30 <v.npy
    is "$code $(sort -un "$out" | awk '$1 < 3000' | wc -l)" "0 30" "--vectors: numbers of rows"
    has "$err" "stream    3000 rows, 1 pass; " "and no word of copies"
    cp "$out" rows
    cat v64.npy | vectors -k 30 -
    cmp -s rows "$out"
    ok $? "from a pipe, of doubles"
    vectors -k 30 v.npy
    cmp -s rows "$out"
    ok $? "from a file"
    refused "an empty pipe" 3 "stream: standard input holds no rows, nor the header of a .npy matrix" \
        stream --vectors -k 3
    : >nothing.npy
    refused "an empty file" 3 "stream: nothing.npy holds no rows, nor" stream --vectors nothing.npy -k 3
    "$python" -c '
import numpy as np
np.save("none.npy", np.zeros((0, 8), "float32"))
a = np.load("v.npy"); a[1500, 3] = np.nan; np.save("nan.npy", a); a[1500, 3] = np.inf; np.save("inf.npy", a)'
    refused "a matrix of no rows" 3 "stream: none.npy holds no rows" stream --vectors none.npy -k 3
    vectors -k 3 <none.npy
    is "$code $(cat "$err")" "3 winnow stream: standard input holds no rows" "from a pipe, too"
    refused "a row with NaN" 3 "stream: nan.npy: row 1500, column 3 is NaN; remove such rows or replace the values" \
        stream --vectors nan.npy -k 3
    vectors -k 3 <inf.npy
    is "$code $(cut -d';' -f1 "$err")" \
        "3 winnow stream: standard input: row 1500, column 3 is infinite or beyond 32-bit floats" "or infinity"
    head -c 50000 v.npy >cut.npy
    cat v.npy v.npy >twice.npy
    refused "a matrix that is cut" 3 "stream: cut.npy: truncated: 1558 rows of data where the header says 3000" \
        stream --vectors cut.npy -k 3
    refused "more than a matrix" 3 "stream: twice.npy: more follows the matrix, (3000, 8)" \
        stream --vectors twice.npy -k 3
    refused "columns first" 3 "stream: f.npy: column after column" stream --vectors f.npy -k 3
    refused "records instead" 3 "stream: head.jsonl is no .npy matrix" stream --vectors head.jsonl -k 3
    refused "vectors without the word" 2 "stream: v.npy holds vectors: --vectors reads a .npy matrix" \
        stream v.npy -k 3
    refused "or with an encoder" 2 "stream: v.npy holds vectors: --vectors reads a .npy matrix" \
        stream v.npy -k 3 --load-encoder lsa
    refused "an option of records" 2 "stream: --text-field has no effect: the input is a matrix" \
        stream --vectors v.npy -k 3 --text-field body
    refused "an encoder" 2 "stream: --load-encoder has no effect: the vectors are read" \
        stream --vectors v.npy -k 3 --load-encoder lsa
    refused "two matrices" 2 "stream: --vectors: one matrix is read, not 2" stream --vectors v.npy v.npy -k 3
else
    skip "--vectors" "WINNOW_PYTHON names no interpreter with numpy"
fi

# ---- ends of the range ----
stream -k 9999 <head.jsonl
cmp -s head.jsonl "$out"
ok $? "k beyond the rows: all of them"
has "$err" "note: there are no more rows than -k asks for: all are kept" "which is said"
stream -k 5 </dev/null
is "$code$(wc -c <"$out")" 00 "no input, no output"
is "$(cat "$err")" "stream    0 records from standard input: there is nothing to choose from" "and no bound of it"
printf '{"text":"a"}\n{"text":"a"}\n' | stream -k 1
is "$code$(cat "$out")" '0{"text":"a"}' "copies alone"

# ---- what goes wrong ----
{ head -3000 in.jsonl; echo '{"text": 3'; tail -3000 in.jsonl; } >bad.jsonl
refused "a bad record, and nothing is printed" 3 "stream: bad.jsonl:3001: " stream bad.jsonl --load-encoder lsa -k 5
"$W" stream bad.jsonl --load-encoder lsa -k 50 --on-error skip:skipped >"$out" 2>"$err"
is "$?$(cat skipped)" '0{"text": 3' "--on-error skip"
cmp -s "$out" first
ok $? "and the others are as if it were not there"
refused "no encoder" 2 "stream: a stream is read once, so its encoder must be there already" stream in.jsonl -k 5
refused "a percentage" 2 "stream: -k: how many to choose, as a count" stream in.jsonl --load-encoder lsa -k 5%
refused "no -k" 2 "stream: -k: how many to choose, as a count" stream in.jsonl --load-encoder lsa
refused "near copies" 2 "stream: --dedup: a stream drops equal texts alone" \
    stream in.jsonl --load-encoder lsa -k 5 --dedup .9
for o in herding random disparity-min class-herding; do
    refused "--objective $o" 2 "stream: --objective $o needs all rows at once" \
        stream in.jsonl --load-encoder lsa -k 5 --objective $o
done
refused "graph-cut over cosine" 2 "stream: --objective graph-cut: not under --similarity cosine" \
    stream in.jsonl --load-encoder lsa -k 5 --objective graph-cut --similarity cosine
refused "--epsilon of nearly nothing" 2 "stream: --epsilon 0.0001: a stream takes 0.001 or more" \
    stream in.jsonl --load-encoder lsa -k 5 --epsilon 1e-4
refused "too little memory" 4 "stream: " stream in.jsonl --load-encoder lsa -k 5000 -M 8M
refused "an option of run" 2 "stream: --lambda does not apply here" stream in.jsonl --load-encoder lsa -k 5 --lambda 1
(
    trap '' PIPE
    "$W" stream in.jsonl --load-encoder lsa -k 5000 -q 2>"$err"
    echo $? >code
) | head -1 >/dev/null
is "$(cat code) $(sed 's/: [A-Z].*//' "$err")" "1 winnow stream: standard output: cannot write" \
    "a reader that goes is told where SIGPIPE is ignored"
"$W" stream in.jsonl --load-encoder lsa -k 5000 -q 2>"$err" | head -1 >/dev/null
is "$(cat "$err")" "" "and quiet where it is not"
"$W" stream in.jsonl --load-encoder lsa -k 5000 -q >/dev/full 2>"$err"
is "$? $(cat "$err")" "1 winnow stream: standard output: cannot write: No space left on device" "a full disk"

# ---- interrupted ----
mkfifo pipe
{ cat in.jsonl; sleep 20 & echo $! >sleeper; wait; } >pipe &
feeder=$!
"$W" stream pipe --format jsonl --load-encoder lsa -k 5 -o late.jsonl 2>"$err" &
job=$!
sleep 1
kill -TERM $job 2>/dev/null # SIGINT is ignored by what a shell starts in the background
wait $job
is "$? $(ls late.jsonl .late* 2>/dev/null)" "143 " "a signal while it waits ends it, and nothing is left"
kill "$(cat sleeper)" $feeder 2>/dev/null
wait

# ---- memory ----
if [ -r /proc/self/status ] && [ -z "${WINNOW_SANITIZE:-}" ]; then
    peak() { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "{\"text\":\"w%d v%d u%d t%d\"}\n", i % 97, i % 89,
        i % 83, i }' | /usr/bin/env python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$W" stream --load-encoder lsa -k 20 -j 1 \
        --dedup off -q; }
    small=$(peak 5000) large=$(peak 60000)
    [ "$large" -le $((small + small / 10 + 2000)) ]
    ok $? "twelve times the records take no more memory ($small and $large KiB)"
fi
finish
