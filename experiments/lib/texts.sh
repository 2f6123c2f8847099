# Sourced after common.sh: five sets of real texts with labels, rows to choose from and rows to test on.
package_rows() { apt-cache dumpavail | "$python" "$lib/packages.py"; }

# parts_of SET POOL TEST: SET.pool.jsonl and SET.test.jsonl of so many rows
parts_of() {
    local part
    case $1 in
    wordnet) print_once all.wordnet.jsonl "$top/tools/wordnet-jsonl" ;;
    packages) print_once all.packages.jsonl package_rows ;;
    esac
    for part in pool test; do
        local from=0 to=$2
        if [ $part = test ]; then from=$2 to=$(($2 + $3)); fi
        case $1 in
        sst2) prepare $1.$part.jsonl sst2 "$data/sst2/train.tsv" 1 $from $to ;;
        imdb) prepare $1.$part.jsonl imdb "$data/imdb/train.jsonl.gz" 1 $from $to ;;
        sarcasm) prepare $1.$part.jsonl sarcasm "$data/sarcasm/train.jsonl" 1 $from $to ;;
        *) prepare $1.$part.jsonl draw all.$1.jsonl "$2" "$3" $part ;;
        esac
    done
}

# text_rows SET [TEST]: the same with as many rows as this run takes, TEST of them to test on; $field is the text's
text_rows() {
    field=text
    case $1 in
    imdb) parts_of imdb "$(by_size 4000 1500 400)" "${2:-$(by_size 2000 750 200)}" ;;
    sarcasm)
        field=dialogue
        parts_of sarcasm 3500 1500 # all that there are
        ;;
    *) parts_of "$1" "$(by_size 6000 1500 400)" "${2:-$(by_size 3000 750 200)}" ;;
    esac
}
