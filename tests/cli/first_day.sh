# The first day of somebody new: what people want first, done as README and --help say it, and what is printed is read.
. "$(dirname "$0")/tap.sh"
build=${WINNOW_BUILD:-}
cc=${WINNOW_CC:-cc}

# offers COMMAND OPTION: the help has it
offers() { "$W" "$1" --help | grep -q -e "--$2"; }

# said TEXT NAME: of the summary
said() { has "$err" "$1" "$2"; }

awk 'BEGIN {
    srand(11)
    n = split("battery screen price delivery camera sound colour cable manual support charger case", w, " ")
    m = split("is was seems feels looks", v, " ")
    o = split("good bad slow fast broken cheap", a, " ")
    for (i = 0; i < 300; i++) {
        t = "The " w[1 + int(rand() * n)] " " v[1 + int(rand() * m)] " " a[1 + int(rand() * o)] " and the " \
            w[1 + int(rand() * n)] " " v[1 + int(rand() * m)] " " a[1 + int(rand() * o)] " after week " int(rand() * 30)
        s = i % 2 ? "one" : "five"
        printf "{\"id\": \"r%d\", \"text\": \"%s\", \"stars\": \"%s\"}\n", i, t, s >"reviews.jsonl"
        printf "%s%s\t%s\tr%d\n", i ? "" : "text\tstars\tid\n", t, s, i >"reviews.tsv"
        printf "{\"doc\": {\"title\": \"Review %d\", \"body\": \"%s\"}, \"meta\": {\"id\": \"r%d\"}}\n", i, t, i \
            >"nested.jsonl"
        printf "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}, {\"role\": \"assistant\", \"content\": " \
            "\"Thank you.\"}]}\n", t >"chat.jsonl"
    }
}'

# ---- 1: a tenth of a table ----
try run reviews.tsv -k 10% -o tenth
is "$code" 0 "a tenth of a tsv file"
said "read      300 records from 1 file" "the summary says what was read"
said "chosen    30 of 300 (10%)" "and what was chosen"
said "report    tenth/report.html" "and where to look"
is "$(wc -l <tenth/subset.tsv) $(head -1 tenth/subset.tsv)" "31 $(head -1 reviews.tsv)" "30 rows below the same header"
is "$(tail -qn +2 tenth/subset.tsv tenth/rest.tsv | sort | cksum)" "$(tail -n +2 reviews.tsv | sort | cksum)" \
    "no row was lost"

# ---- 2: the text stands deep in a record ----
try run nested.jsonl -k 20 -o deep
is "$code" 3 "without the field's name the run ends"
said 'nested.jsonl:1: ' "and the line is named"
said '"text"' "with the field that is missing"
try run nested.jsonl --text-field doc.title --text-field doc.body --id-field meta.id -k 20 -o deep
is "$code $(wc -l <deep/subset.jsonl)" "0 20" "fields in objects, by dots, joined"

# ---- 3: a chat ----
if offers run role; then
    try run chat.jsonl --text-field 'messages[].content' --role user -k 20 -o chat
    is "$code $(wc -l <chat/subset.jsonl)" "0 20" "what the user says in a chat"
    try explain chat 0
    is "$(grep -c "Thank you" "$out")" 0 "explain shows that, and not the answer"
else
    skip "a chat" "no --role in the help"
fi

# ---- 4: one's own vectors ----
try embed reviews.jsonl --id-field id -q -o own.h5ad
try select own.h5ad -k 15 -o own
is "$code" 0 "vectors of one's own"
said "chosen    15 of 300 (5%)" "as many as asked"
try select own.h5ad -k 15 -o stochastic --maximizer stochastic --epsilon .3
said ", maximizer stochastic" "what searched, where it is no solver of the objective's own"
try select own.h5ad -k 15 -o lazy --objective facility-location
said ", maximizer lazy (auto)" "also where nobody asked for it"
is "$(grep -c '"maximizer":[[:space:]]*"lazy"' lazy/manifest.json)" 1 "and in the manifest"
is "$(cut -f2 own/selection.tsv | grep -c '^r[0-9]')" 15 "with the ids of the file"
said "records   reviews.jsonl, which own.h5ad names" "and its records, which it names itself"
is "$(wc -l <own/subset.jsonl) $(cat own/subset.jsonl own/rest.jsonl | sort | cksum)" \
    "15 $(sort reviews.jsonl | cksum)" "subset and rest hold them"
try explain own "$(sed -n '2s/^[0-9]*\t\([^\t]*\)\t.*/\1/p' own/selection.tsv)"
has "$out" "    The " "whose texts explain shows"
try run reviews.jsonl --id-field id --embeddings own.h5ad -k 15 -o ours
is "$code $(wc -l <ours/subset.jsonl)" "0 15" "run takes records and vectors, too"
said "vectors   300 x 256 from own.h5ad" "and says whose"
head -299 reviews.jsonl >fewer.jsonl
try select own.h5ad --records fewer.jsonl -k 15 -o wrong
is "$code" 3 "records that do not fit the vectors"
said "own.h5ad holds 300 rows, and fewer.jsonl holds 299 records" "are refused with both numbers"

# ---- 5, 6: rows that must and must not be there ----
printf 'r3\nr14\n' >keep.txt
printf 'r7\n' >never.txt
try run reviews.jsonl --id-field id --keep keep.txt --exclude never.txt -k 5 -o lists
is "$code $(cut -f2 lists/selection.tsv | grep -cx 'r3\|r14\|r7')" "0 2" "--keep and --exclude"
try explain lists r7
has "$out" "--exclude names it" "explain says why a row is not there"
echo r9999 >keep.txt
try run reviews.jsonl --id-field id --keep keep.txt -k 5 -o wrong
is "$code" 2 "an id that no row has"
said 'keep.txt:1: no row has the id "r9999"' "is named with its line"

# ---- 7: near copies ----
{ cat reviews.jsonl; sed 's/"id": "r/"id": "again/; s/The /the /; s/"}$/"}/' reviews.jsonl | head -40; } >twice.jsonl
try dedup twice.jsonl --id-field id --dedup 0.95 -o once
is "$code" 0 "near copies"
said "copies dropped" "are counted"
is "$(grep -c '"again' once/subset.jsonl)" 0 "the first of each is kept"

# ---- 8: why was that one dropped? ----
try explain once again5
is "$code" 0 "why was that one dropped?"
has "$out" "again5 was dropped: it is a copy of r" "it is a copy"
has "$out" "What stands for it, with cosine" "and of what, is said"

# ---- 9: the same again ----
if "$W" run reviews.jsonl --config tenth/manifest.json -n -o x >"$out" 2>"$err"; then
    try run --config tenth/manifest.json -o again
    is "$code $(cmp again/SHA256SUMS tenth/SHA256SUMS 2>&1)" "0 " "a run again from its manifest: the same bytes"
else
    skip "a run again from its manifest" "--config takes no manifest"
fi
try run reviews.tsv -k 10% -o again -f
is "$code $(cmp again/SHA256SUMS tenth/SHA256SUMS 2>&1)" "0 " "the same command: the same bytes"

# ---- 10: a pipe ----
gzip -kf reviews.jsonl
zcat reviews.jsonl.gz | "$W" run - --format jsonl --id-field id -k 12 -o pipe >"$out" 2>"$err"
is "$? $(wc -l <pipe/subset.jsonl)" "0 12" "from a pipe"
try run reviews.jsonl.gz --id-field id -k 12 -o packed
is "$code $(cmp pipe/subset.jsonl packed/subset.jsonl 2>&1)" "0 " "or the packed file itself: the same"
try explain pipe "$(sed -n '2s/^[0-9]*\t\([^\t]*\)\t.*/\1/p' pipe/selection.tsv)"
has "$out" "    The " "and explain has the texts"

# ---- 11: in parts, by several machines ----
try embed reviews.jsonl --id-field id -q -o whole.h5ad --save-encoder reviews.lsa
for i in 1 2 3; do
    try embed reviews.jsonl --id-field id --load-encoder reviews.lsa --shard $i/3 -o part-$i.h5ad
    said "shard     $i of 3: 100 of 300 rows" "part $i of three"
done
try select part-1.h5ad part-2.h5ad part-3.h5ad -k 15 -o parts
"$W" select whole.h5ad -k 15 -q -o unparted
is "$code $(cut -f2,3 parts/selection.tsv | cksum)" "0 $(cut -f2,3 unparted/selection.tsv | cksum)" \
    "chosen from the parts as from the whole"

# ---- 12: what would it take? ----
before=$(ls -A)
try run reviews.jsonl -k 10% -n -o plan
is "$code $(ls -A)" "0 $before" "a dry run writes nothing"
has "$out" "rows      300 read" "and says how many rows"
has "$out" "choose    30 of 300" "how many of them"
has "$out" "memory    about" "and how much memory"

# ---- 13: interrupted ----
if "$W" embed reviews.jsonl --model all-MiniLM-L6-v2 -n -o x >/dev/null 2>&1; then
    env --default-signal=INT "$W" embed reviews.jsonl --model all-MiniLM-L6-v2 -j 1 -o long.h5ad >"$out" 2>"$err" &
    pid=$!
    tries=0
    until [ "$(stat -c %s .long.h5ad.winnow.part 2>/dev/null || echo 0)" -gt 2000 ] || [ $tries -gt 1000 ]; do
        kill -0 $pid 2>/dev/null || break
        tries=$((tries + 1))
        sleep 0.01
    done
    kill -INT $pid 2>/dev/null
    wait $pid
    code=$?
    if [ "$code" -eq 0 ]; then
        skip "interrupted and resumed" "the job was over sooner"
    else
        said "vectors are kept: the same command with --resume goes on from there" "Ctrl-C says how to go on"
        try embed reviews.jsonl --model all-MiniLM-L6-v2 -o long.h5ad
        said "--resume goes on with them, -f starts anew" "so does the same command again"
        try embed reviews.jsonl --model all-MiniLM-L6-v2 -o long.h5ad --resume
        is "$code" 0 "--resume goes on"
        said "resuming  " "and says so"
        said "long.h5ad: 300 x 384 vectors" "to the end"
    fi
else
    skip "interrupted and resumed" "all-MiniLM-L6-v2 is not here"
fi

# ---- 14: a program of one's own, a package ----
if [ -f "$build/cmake_install.cmake" ] && [ -f "$root/examples/choose.c" ] && [ -z "${WINNOW_SANITIZE:-}" ] &&
    command -v pkg-config >/dev/null; then
    cmake --install "$build" --prefix "$work/prefix" >/dev/null 2>&1
    pc=$(dirname "$(find "$work/prefix" -name winnow.pc)")
    # shellcheck disable=SC2046
    $cc "$root/examples/choose.c" $(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs winnow) -o choose 2>"$err"
    is "$?$(cat "$err")" 0 "a C program over libwinnow"
    mkdir package
    (cd "$build" && cpack -G DEB -B "$work/box/package") >"$out" 2>&1
    is "$?" 0 "a Debian package"
    dpkg-deb -x "$(find package -maxdepth 1 -name 'winnow_*.deb')" tree
    is "$(tree/usr/bin/winnow --version | head -1)" "$("$W" --version | head -1)" "whose program runs"
else
    skip "a C program and a package" "no build folder, or no example in it"
fi

# ---- 15: completion ----
if command -v bash >/dev/null; then
    "$W" --completion bash >completion.bash
    is "$(bash -c '. ./completion.bash
        COMP_WORDS=(winnow run --sim) COMP_CWORD=2
        f=$(complete -p winnow | sed "s/.*-F \([^ ]*\).*/\1/")
        $f winnow --sim run
        echo "${COMPREPLY[0]}"' 2>/dev/null)" "--similarity" "the shell completes an option"
else
    skip "completion" "no bash"
fi

finish
