# experiments/distributed: the Slurm scripts, by a loop that stands in for the array; the Spark job, where PySpark and
# Java are there. The bytes of one process; what fails is named, and only that is made again.
. "$(dirname "$0")/../cli/tap.sh"
here=$root/experiments/distributed
export WINNOW="$W"
awk 'BEGIN {
    srand(5)
    n = split("river stone bird light house green morning engine market music paper winter signal garden", w, " ")
    for (i = 0; i < 600; i++) {
        t = ""
        for (j = 0; j < 9; j++) t = t w[1 + int(rand() * n)] " "
        printf "{\"text\": \"%s%d\"}\n", t, i
    }
}' >rows.jsonl
try embed rows.jsonl --dims 24 -q -o v.h5ad
same() { # same A B [FILE...]
    a=$1 b=$2
    shift 2
    for f in "${@:-selection.tsv}"; do cmp -s "$a/$f" "$b/$f" || return 1; done
}

for script in select.sbatch merge.sbatch missing.sh install; do
    bash -n "$here/$script"
    ok $? "$script: can be read by bash"
    if command -v shellcheck >/dev/null; then
        shellcheck "$here/$script" >"$out"
        ok $? "$script: shellcheck"
    else
        skip "$script: shellcheck" "there is none"
    fi
    case $script in
    *.sbatch)
        [ "$(sed -n '1p;2p' "$here/$script" | cut -c1-8 | tr '\n' ' ')" = "#!/bin/b #SBATCH  " ]
        ok $? "$script: directives stand where sbatch reads them" ;;
    esac
done

# an array whose third task is lost
task() { SLURM_ARRAY_TASK_ID=$1 bash "$here/select.sbatch" parts 5 v.h5ad -k 10% --no-records; }
for i in 1 2 4 5; do task $i >/dev/null 2>&1 || break; done
is "$(sh "$here/missing.sh" parts)" 3 "the task that is lost"
bash "$here/merge.sbatch" parts merged >"$out" 2>"$err"
is "$?" 3 "cannot be merged without"
task 3 >/dev/null 2>&1
is "$?$(sh "$here/missing.sh" parts)" 0 "made again"
bash "$here/merge.sbatch" parts merged >"$out" 2>"$err"
is "$?" 0 "merged"
try select v.h5ad -k 10% --no-records --partitions 5 -q -o one
same one merged selection.tsv selection.h5ad assignment.tsv report.html
ok $? "to the bytes of one process"
bash "$here/select.sbatch" parts 5 v.h5ad >"$out" 2>"$err"
is "$?" 2 "outside of an array the usage is said"
sh "$here/missing.sh" merged >"$out" 2>"$err"
is "$?" 3 "a folder without shards"

# Spark
python=$(python_with pyspark)
if [ -z "$python" ] || ! command -v java >/dev/null; then
    skip "the Spark job" "no Python with pyspark (WINNOW_PYTHON), or no Java: experiments/distributed/install"
    finish
fi
export SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_DIRS="$work/spark"
"$W" embed rows.jsonl --dims 24 --save-encoder encoder.lsa -q -o whole.h5ad
cat >fails <<TEXT
#!/bin/sh
case "\$1 \$*" in "select "*"--shard 2/3"*) echo "winnow select: the disk is full" >&2; exit 1 ;; esac
exec "$W" "\$@"
TEXT
chmod +x fails
spark() { # spark MASTER WINNOW
    timeout 500 "$python" "$here/spark_job.py" rows.jsonl chosen --work spark --parts 3 -k 10% --encoder encoder.lsa \
        --master "$1" --winnow "$2" -- --objective facility-location >"$out" 2>"$err"
    code=$?
}
spark 'local[2]' "$PWD/fails"
is "$code" 1 "a worker that fails makes the job fail"
has "$err" "spark_job: exit code 1: " "which says so"
has "$err" "the disk is full" "and why"
[ ! -e chosen ]
ok $? "and writes no choice"
before=$(ls -i spark/vectors spark/parts | sort)
spark 'local-cluster[2,1,1024]' "$W"
is "$code" 0 "started again it ends"
[ "$code" -eq 0 ] || note "$err"
echo "$before" | while read -r inode f; do
    [ -z "$f" ] || ls -i spark/vectors spark/parts | grep -q "^ *$inode $f\$" || echo "$f"
done >again
is "$(cat again)" "" "and makes nothing twice"
try select "$PWD"/spark/vectors/*.h5ad -k 10% --no-records --objective facility-location --partitions 3 -q -o one-of-3
same one-of-3 chosen selection.tsv selection.h5ad assignment.tsv report.html
ok $? "with the bytes of one process from the same vectors"
try select whole.h5ad -k 10% --no-records --objective facility-location --partitions 3 -q -o from-whole
for d in from-whole chosen; do cut -f1-3,6- $d/selection.tsv >$d.tsv; done # but for the file of a row
cmp -s from-whole.tsv chosen.tsv
ok $? "and the picks from vectors that were made at once"
finish
