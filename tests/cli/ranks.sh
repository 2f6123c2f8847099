# winnow select under mpirun: the bytes of one process, errors of one rank, ranks that are killed. KILLS says how many
# times (10).
. "$(dirname "$0")/tap.sh"
mpirun=$(command -v mpirun) || mpirun=
if [ -z "$mpirun" ] || [ ! -e "$(dirname "$W")/winnow-mpi.so" ]; then
    echo "1..0 # SKIP Open MPI is not there, or winnow was built without it (libopenmpi-dev, openmpi-bin)"
    exit 0
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # libmpi keeps what it has until the process ends
awk 'BEGIN {
    srand(5)
    n = split("river stone bird light house green morning engine market music paper winter signal garden", w, " ")
    for (i = 0; i < 1500; i++) {
        t = ""
        for (j = 0; j < 9; j++) t = t w[1 + int(rand() * n)] " "
        printf "{\"id\": \"r%d\", \"text\": \"%s%d\", \"kind\": \"k%d\"}\n", i, t, i, i % 5
    }
}' >rows.jsonl
try embed rows.jsonl --id-field id --label-field kind --dims 24 -q -o v.h5ad
is "$code" 0 "vectors"
printf 'r1200\nr3\n' >keep
printf 'r0\nr700\nr1499\n' >exclude

# ranks N ARGS: runs winnow select under mpirun; leaves $code, $out and $err (of mpirun, too)
ranks() {
    n=$1
    shift
    "$mpirun" --oversubscribe -n "$n" "$W" select "$@" >"$out" 2>"$err" </dev/null
    code=$?
}
# same A B: all files are equal but manifest.json, and that is but for its timings
same() {
    [ -e "$2/selection.tsv" ] || return 1
    for f in "$1"/*; do
        case $f in */manifest.json) continue ;; esac
        cmp -s "$f" "$2/${f##*/}" || return 1
    done
    sed '/"this_run"/,$d' "$1/manifest.json" >"$work/.a"
    sed '/"this_run"/,$d' "$2/manifest.json" | cmp -s - "$work/.a"
}

# the bytes of one process, exact and in parts, and of shards that are joined
for how in "--objective graph-cut" "--similarity cosine" "--similarity dot --lambda 2" "--dedup 0.9 --components 0" \
    "--keep keep --exclude exclude" "--similarity cosine --keep keep --exclude exclude" \
    "--partitions 6" "--partitions 6 --objective facility-location" "--partitions 5 --similarity cosine" \
    "--partitions 4 --partition-by label --keep keep --exclude exclude"; do
    rm -rf one
    try select v.h5ad -k 150 $how --no-records -j 2 -q -o one
    is "$code" 0 "$how: one process"
    for n in 1 2 4; do
        [ "$n" -gt 1 ] || [ "$how" = "--objective graph-cut" ] || continue
        rm -rf many
        ranks "$n" v.h5ad -k 150 $how --no-records -o many
        is "$code" 0 "$how: $n ranks"
        same one many
        ok $? "$how: $n ranks, the same bytes"
    done
    case $how in
    *partitions*) grep -q "^ranks     4: [456] parts made in " "$err" ;;
    *) grep -q "^ranks     4, exact: sums .* to a rank; picks .* bytes a pick; assigned in " "$err" ;;
    esac
    ok $? "$how: what it cost is said, by one rank"
    is "$(grep -c '^ranks' "$err")$(grep -c '^chosen' "$err")" 11 "$how: and nothing twice"
done
for n in 1 2 3 4; do try select v.h5ad -k 150 $how --no-records --shard $n/4 -q -o shards; done
try merge shards -q -o merged
same one merged
ok $? "shards and merge: the same bytes, too"
rm -rf one many
try select v.h5ad -k 150 -q -o one
ranks 3 v.h5ad -k 150 -o many
same one many && [ -s many/subset.jsonl ]
ok $? "with the records that the matrix names"

# several files, other formats
for i in 1 2 3; do head -$((i * 500)) rows.jsonl | tail -500 >part.jsonl; cp part.jsonl part$i.jsonl; done
for i in 1 2 3; do try embed part$i.jsonl --dims 16 -q -o part$i.h5ad; done
rm -rf one many
try select part1.h5ad part2.h5ad part3.h5ad -k 100 --no-records -q -o one
ranks 4 part1.h5ad part2.h5ad part3.h5ad -k 100 --no-records -o many
same one many
ok $? "several files"
head -3 rows.jsonl >few.jsonl
try embed few.jsonl --dims 2 -q -o few.h5ad
rm -rf one many
try select few.h5ad -k 2 --gamma 1 --no-records -q -o one
ranks 4 few.h5ad -k 2 --gamma 1 --no-records -o many
same one many
ok $? "fewer rows than ranks"

# what is wrong is said once, with its exit code, and nothing is left
wrong() {
    name=$1 want=$2 text=$3
    shift 3
    rm -rf bad
    ranks 3 "$@" -o bad
    is "$code" "$want" "$name"
    is "$(grep -c '^winnow select: ' "$err")" 1 "$name: said once"
    has "$err" "$text" "$name: what it is"
    [ ! -e bad ]
    ok $? "$name: nothing is written"
}
wrong "an objective that ranks cannot share" 2 "3 ranks cannot share this choice: without --partitions M" v.h5ad \
    -k 9 --objective facility-location
wrong "another maximizer" 2 "without --partitions M" v.h5ad -k 9 --maximizer naive
awk '{ sub(/}$/, ", \"v\": " NR % 7 + 1 "}"); print }' rows.jsonl >values.jsonl
values="--records values.jsonl --id-field id"
for what in "--value-field v $values" "--weight-field v $values" "--group-field v $values" "--against v.h5ad" \
    "--max-similarity 0.9" "--budget 90 --cost-field v $values" "--label-field kind --quota equal $values" \
    "--similarity rbf --sums sampled --sum-rows 300"; do
    # shellcheck disable=SC2086
    wrong "$what" 2 "3 ranks cannot share this choice: " v.h5ad -k 9 $what
done
# shellcheck disable=SC2086
wrong "parts with weights" 2 "of a part they know no weights" v.h5ad -k 9 --partitions 3 --weight-field v $values
wrong "a wrong option" 2 "-k: \"0\" will not do" v.h5ad -k 0
wrong "no such file" 1 "none.npy: cannot open" none.npy -k 9
wrong "more parts than rows" 2 "cannot be cut into 2000 parts" v.h5ad -k 9 --partitions 2000
wrong "what cannot be met" 5 "2 rows must be kept (--keep, --start-from), but -k asks for 1" v.h5ad -k 1 --keep keep
wrong "memory" 4 "memory" v.h5ad -k 9 --memory 1M
python=$(python_with numpy)
if [ -n "$python" ]; then
    "$python" -c 'import numpy as np
x = np.random.default_rng(1).normal(size=(900, 8)).astype("f4"); x[800, 3] = np.nan
np.save("many.npy", np.repeat(x[:, :1], 556, 0)[:500001])
np.save("nan.npy", x); x[800, 3] = 1e38; x[800, 4] = 1e38; np.save("large.npy", x)'
    wrong "so many rows that one process would sample them" 2 \
        "ranks count all: mpirun -n 3 winnow select many.npy -k 9 --sums exact -o bad; or --partitions M, or" \
        many.npy -k 9
    ranks 3 many.npy -k 9 --sums exact -o bad -n
    is "$code" 0 "the command that is named is taken"
    wrong "a number that is none, in the share of another rank" 3 "row 800" nan.npy -k 9
    wrong "a row that is too long, in the share of another rank" 3 "norm" large.npy -k 9 --similarity dot
    "$python" -c 'import numpy as np
x = np.random.default_rng(1).normal(size=(40, 8)).astype("f4")
np.save("forty.npy", x); np.save("two.npy", x[:2]); np.save("single.npy", x[:1])'
    for how in "forty.npy -k 35" "forty.npy -k 39 --similarity cosine" "two.npy -k 1" "single.npy -k 1"; do
        rm -rf one many
        try select $how -q -o one
        timeout 60 "$mpirun" --oversubscribe -n 3 "$W" select $how -q -o many >"$out" 2>"$err" </dev/null
        same one many
        ok $? "$how: more rows chosen than a rank has"
    done
else
    skip "a number that is none, in the share of another rank" "no Python with numpy"
fi
"$mpirun" --oversubscribe -n 2 "$W" stream v.npy --vectors -k 9 >"$out" 2>"$err" </dev/null
is "$?" 2 "stream is the work of one"
"$mpirun" --oversubscribe -n 2 "$W" run rows.jsonl -k 9 -o bad >"$out" 2>"$err" </dev/null
is "$?" 2 "run is the work of one"
has "$err" "mpirun started 2 of winnow run, which is the work of one" "which is said"
OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 try select v.h5ad -k 9 --partitions 3 --shard 1/3 -q -o alone
is "$code" 0 "a shard under mpirun is a process of its own"
cp "$W" alone.bin
OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 ./alone.bin select v.h5ad -k 9 -o bad >"$out" 2>"$err"
is "$?" 2 "without the module"
has "$err" "winnow-mpi.so cannot be loaded (there is none): build winnow with Open MPI" "the remedy is named"
"$W" --version >/dev/null && ! ldd "$W" | grep -q libmpi
ok $? "and winnow does not need libmpi"

# killed: the folder of parts has whole ones, status lists the others, and only these are made again
rm -rf one many
parts="--partitions 8 --objective facility-location -k 150 --no-records"
try select v.h5ad $parts -q -o one
begin=$(($(date +%s%N) / 1000))
ranks 2 v.h5ad $parts --parts good -q -o many
took=$(($(date +%s%N) / 1000 - begin))
same one many && [ "$(ls good/part-*.txt | wc -l)" -eq 8 ]
ok $? "--parts keeps the parts"
try status good
has "$err" "8 of 8 shards are there" "as status says"
try merge good -q -o joined
same one joined
ok $? "and merge joins them"
kills=${KILLS:-10} i=0 broken=0 lost=0 late=0
while [ "$i" -lt "$kills" ]; do
    i=$((i + 1))
    rm -rf parts many
    "$mpirun" --oversubscribe -n 2 "$W" select v.h5ad $parts --parts parts -q -o many >/dev/null 2>&1 </dev/null &
    pid=$!
    wait_us=$((took * ((i * 7919) % kills + 1) / kills))
    sleep "$(printf '%d.%06d' $((wait_us / 1000000)) $((wait_us % 1000000)))"
    rank=$(ps -o pid= --ppid "$pid" | sed -n "$((1 + i % 2))p")
    [ -z "$rank" ] || kill -9 $rank 2>/dev/null
    wait "$pid" 2>/dev/null
    there=0
    for f in parts/part-*.txt; do
        [ -e "$f" ] || continue
        there=$((there + 1))
        cmp -s "$f" "good/${f##*/}" || broken=$((broken + 1))
    done
    [ ! -e many ] || { late=$((late + 1)); same one many || broken=$((broken + 1)); }
    [ -e many ] || lost=$((lost + 1))
    if [ -e parts/job.json ]; then
        try status parts
        [ "$(wc -l <"$out")" -eq $((8 - there)) ] || broken=$((broken + 1))
    fi
    before=$(ls -i parts/part-*.txt 2>/dev/null)
    ranks 2 v.h5ad $parts --parts parts -f -q -o many
    same one many || broken=$((broken + 1))
    [ "$before" = "$(echo "$before" | while read -r inode f; do [ -z "$f" ] || echo "$(ls -i "$f")"; done)" ] ||
        broken=$((broken + 1)) # made again
done
echo "# $kills kills of a rank: $lost before the end, $late after it"
is "$broken" 0 "after every kill parts are whole or absent, only these are made again, and the bytes are the same"
[ "$lost" -gt 0 ]
ok $? "some kills came in time"
i=0 broken=0
while [ "$i" -lt $((kills / 2)) ]; do # the exact one has no parts: all or nothing
    i=$((i + 1))
    rm -rf many
    "$mpirun" --oversubscribe -n 3 "$W" select v.h5ad -k 700 --no-records -q -o many >/dev/null 2>&1 </dev/null &
    pid=$!
    sleep "0.$((2 + i * 7 % 8))"
    rank=$(ps -o pid= --ppid "$pid" | sed -n "$((1 + i % 3))p")
    [ -z "$rank" ] || kill -9 $rank 2>/dev/null
    wait "$pid" 2>/dev/null
    [ ! -e many ] || "$W" check many >/dev/null 2>&1 || broken=$((broken + 1))
done
rm -rf one many
try select v.h5ad -k 700 --no-records -q -o one
ranks 3 v.h5ad -k 700 --no-records -q -o many
same one many
is "$?$broken" 00 "a killed rank of the exact greedy leaves nothing, and the next run is not disturbed"
is "$(ls -A | grep -c '^\.')" 0 "no hidden folder stays"

# a signal to one rank ends all
rm -rf many
"$mpirun" --oversubscribe -n 2 "$W" select v.h5ad $parts -o many >"$out" 2>"$err" </dev/null &
pid=$!
sleep 0.4
rank=$(ps -o pid= --ppid "$pid" | sed -n 2p)
[ -z "$rank" ] || kill -TERM $rank 2>/dev/null
wait "$pid"
code=$?
[ "$code" -eq 0 ] || [ ! -e many ]
ok $? "a signal to one rank: all or nothing"
finish
