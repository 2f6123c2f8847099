# A selection in parts: at once, and shard by shard; shards that are missing, damaged, of another job, or killed.
# KILLS says how many times (20).
. "$(dirname "$0")/tap.sh"
awk 'BEGIN {
    srand(5)
    n = split("river stone bird light house green morning engine market music paper winter signal garden", w, " ")
    for (i = 0; i < 900; i++) {
        t = ""
        for (j = 0; j < 9; j++) t = t w[1 + int(rand() * n)] " "
        printf "{\"text\": \"%s%d\", \"kind\": \"k%d\"}\n", t, i, i % 5
    }
}' >rows.jsonl
try embed rows.jsonl --label-field kind --dims 24 -o v.h5ad
is "$code" 0 "vectors"
same() { # what two folders say of the choice
    for f in selection.tsv selection.h5ad assignment.tsv; do cmp -s "$1/$f" "$2/$f" || return 1; done
    [ "$(tail -n +2 "$1/selection.tsv" | wc -l)" -eq "${3:-90}" ]
}

for how in "--objective graph-cut" "--similarity cosine" "--objective facility-location" "--partition-by order" \
    "--objective graph-cut --partition-by label --dedup 0.9"; do
    rm -rf one two parts
    try select v.h5ad -k 10% --partitions 6 $how -j 1 -o one
    is "$code" 0 "$how: at once"
    for i in 4 1 6 2 5 3; do
        try select v.h5ad -k 10% --partitions 6 $how --shard $i/6 -j $((1 + i % 3)) -q -o parts
        [ "$code" -eq 0 ] || break
    done
    is "$code" 0 "$how: shard by shard"
    try merge parts -o two
    is "$code" 0 "$how: merge"
    same one two
    ok $? "$how: the same bytes"
done
grep -q '"parts":.6' two/manifest.json && grep -q '"by":."label"' two/manifest.json
ok $? "the manifest says how"
try run rows.jsonl -k 10% --partitions 6 --label-field kind --partition-by label -o records
is "$code" 0 "run, too"
has "$err" "parts     6, by label" "says how many parts"

# what is missing
rm -rf parts three
shard="select v.h5ad -k 10% --partitions 3 --shard"
try $shard 2/3 -o parts
try status parts
is "$code" 0 "status of a job that is not done"
command='winnow select v.h5ad --label-field kind -k 10% --labels ignore --partitions 3'
for i in 1 3; do echo "$command --shard $i/3 -o parts"; done >wanted
cmp -s "$out" wanted
ok $? "the commands that are missing"
has "$err" "1 of 3 shards are there" "and how many are there"
try merge parts -o three
is "$code" 3 "no merge without all shards"
has "$err" "2 of 3 shards cannot be used; the first, 1/3, is missing. winnow status parts" "with the remedy"
[ ! -e three ]
ok $? "nothing is written"
winnow() { "$W" "$@"; }
try status parts
cp "$out" commands
. ./commands >/dev/null 2>&1
try status parts
is "$(cat "$out")" "" "those commands make them"
try merge parts -o three
is "$code" 0 "and then they are joined"

# parts that one process keeps as it makes them
rm -rf five
try select v.h5ad -k 10% --partitions 3 --parts kept-parts -q -o five
same three five && [ "$(ls kept-parts/part-*.txt | wc -l)" -eq 3 ]
ok $? "--parts: the same bytes, and three parts"
rm kept-parts/part-00002.txt
try status kept-parts
is "$(cat "$out")" "$command --shard 2/3 -o kept-parts" "status knows the folder"
before=$(ls -i kept-parts/part-00001.txt kept-parts/part-00003.txt)
try select v.h5ad -k 10% --partitions 3 --parts kept-parts -f -o five
has "$err" "2 of 3 parts are there already" "those that are there are taken"
same three five && [ "$before" = "$(ls -i kept-parts/part-00001.txt kept-parts/part-00003.txt)" ]
ok $? "and only the other is made"
try select v.h5ad -k 10% --partitions 4 --parts kept-parts -f -o five
is "$code" 2 "not for another number of parts"
try select v.h5ad -k 10% --partitions 3 --parts kept-parts --shard 1/3 -o five
is "$code" 2 "nor beside --shard"
has "$err" "the folder of a shard is -o" "which says why"
try select v.h5ad -k 10% --parts kept-parts -f -o five
is "$code" 2 "nor without --partitions"

# what does not belong together
try select v.h5ad -k 10% --partitions 4 --shard 1/4 -o parts
is "$code" 2 "another number of shards"
has "$err" "shards of 3 partitions, and their number cannot change" "is named"
try select v.h5ad -k 9% --partitions 3 --shard 1/3 -o parts
is "$code" 2 "another option"
has "$err" "begun by another command: $command;" "is named"
try select v.h5ad -k 10% --partitions 3 --shard 4/3 -o parts
is "$code" 2 "shard 4/3"
try select v.h5ad -k 10% --partitions 3 --shard 1/2 -o parts
is "$code" 2 "shard 1/2 of 3 partitions"
try select v.h5ad -k 10% --shard 1/3 -o parts
is "$code" 2 "a shard of no partitions"
has "$err" "--shard 1/3 of what? --partitions 3 says how many parts" "and what is lacking"
try select v.h5ad -k 10% --partitions 3 --shard 1/3 -o three
is "$code" 2 "an output folder is no folder of shards"
has "$err" "holds other things than shards" "is named"
try merge three -o four
is "$code" 3 "nor can it be joined"
try status three
is "$code" 3 "or listed"
try merge -o four
is "$code" 2 "merge without a folder"
try select v.h5ad -k 10% --partitions 901 -o four
is "$code" 2 "more parts than rows"
has "$err" "900 rows cannot be cut into 901 parts" "is named"
try select v.h5ad -k 10% --objective random --partitions 3 -o four
is "$code" 2 "random in parts"
try select v.h5ad -k 10% --objective class-herding --partitions 3 -o four
is "$code" 2 "class-herding in parts"
try select v.h5ad -k 10% --partition-by label -o four
is "$code" 2 "parts without a number"
try run rows.jsonl -k 10% --partitions 3 --partition-by label -o four
is "$code" 2 "parts by labels that are not there"
echo 7 >keep
try select v.h5ad -k 10% --partitions 3 --keep keep --shard 1/3 -o kept
echo 8 >keep
try select v.h5ad -k 10% --partitions 3 --keep keep --shard 2/3 -o kept
is "$code" 2 "a list that has changed between shards"
cp v.h5ad keep.h5ad
try embed rows.jsonl --dims 25 -f -o v.h5ad
try merge parts -o four
is "$code" 2 "an input that has changed since"
has "$err" "a file has changed since" "is named"
cp keep.h5ad v.h5ad

# a shard that is there, and one that is damaged
try $shard 2/3 -o parts
has "$err" "is there already" "a shard that is done is not done again"
for spoil in "sed -i 4d" "truncate -s 100" "truncate -s 0" "cp parts/part-00001.txt"; do
    cp parts/part-00002.txt good
    $spoil parts/part-00002.txt
    try merge parts -f -o three
    is "$code" 3 "$spoil: no merge"
    has "$err" "2/3, is damaged" "$spoil: is named"
    try status parts
    is "$(wc -l <"$out")" 1 "$spoil: status lists that one"
    try $shard 2/3 -o parts
    cmp -s parts/part-00002.txt good
    ok $? "$spoil: made anew, to the same bytes"
done

# killed at random moments: what is there is whole, and only what was lost is made again
kills=${KILLS:-20}
begin=$(($(date +%s%N) / 1000))
try $shard 1/3 -f -o parts
took=$(($(date +%s%N) / 1000 - begin))
cp parts/part-00001.txt good
i=0 broken=0 absent=0
while [ "$i" -lt "$kills" ]; do
    i=$((i + 1))
    [ $((i % 4)) -ne 0 ] || rm -f parts/job.json parts/part-*
    rm -f parts/part-00001.txt
    "$W" $shard 1/3 -q -o parts >/dev/null 2>&1 &
    pid=$!
    wait_us=$((took * ((i * 7919) % kills) / kills * 3 / 2))
    sleep "$(printf '%d.%06d' $((wait_us / 1000000)) $((wait_us % 1000000)))"
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    if [ ! -e parts/part-00001.txt ]; then
        absent=$((absent + 1))
    elif ! cmp -s parts/part-00001.txt good; then
        broken=$((broken + 1))
    fi
    try $shard 1/3 -q -o parts
    cmp -s parts/part-00001.txt good || broken=$((broken + 1))
done
echo "# $kills kills: the shard was lost $absent times"
is "$broken" 0 "after every kill the shard was absent or whole, and a later run makes it"
[ "$absent" -gt 0 ]
ok $? "some kills came in time"
for i in 1 2 3; do try $shard $i/3 -q -o parts; done
try merge parts -f -o four
same three four
ok $? "the same bytes at the end"
finish
