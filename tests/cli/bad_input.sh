#!/bin/sh
# Every kind of bad input: one clear line, the right exit code, nothing half-written, nothing lost.
. "$(dirname "$0")/tap.sh"
python=$(python_with h5py numpy)

text() { awk -v n="$1" 'BEGIN { srand(7); for (i = 0; i < n; i++) {
    t = ""; for (j = 0; j < 12; j++) t = t sprintf("w%d ", int(rand() * rand() * 3000))
    printf "{\"id\":\"r%d\",\"text\":\"%s\"}\n", i, t } }'; }
text 300 >good.jsonl
"$W" embed good.jsonl --id-field id --dims 16 -q -o good.h5ad

# ---- files ----
refused "no such file" 1 "run: cannot open none.jsonl: No such file" run none.jsonl -k 5 -o x
refused "no such file, by another command" 1 "embed: cannot open none.jsonl: No such file" embed none.jsonl -o x
refused "no such matrix" 1 "graph: none.h5ad: cannot open: No such file" graph none.h5ad -o x
refused "no such file to check" 1 "check: none: No such file" check none
mkdir folder
refused "a folder" 1 "run: folder is a folder; name the files in it" run folder -k 5 -o x
refused "a folder, with --format" 1 "run: folder is a folder; name the files in it" run folder --format csv -k 5 -o x
refused "a folder as a matrix" 1 "select: folder: not a file but a folder" select folder -k 5 -o x
: >empty.jsonl
: >empty.csv
: >empty.h5ad
refused "an empty file" 3 "run: empty.jsonl is empty" run empty.jsonl -k 5 -o x
refused "an empty file, embed" 3 "embed: empty.jsonl is empty" embed empty.jsonl -o x
refused "an empty csv file" 3 "run: empty.csv is empty" run empty.csv -k 5 -o x
refused "an empty matrix file" 3 "select: empty.h5ad: the file is empty" select empty.h5ad -k 5 -o x

# ---- records ----
printf '{"text":"a"}\n{"text":"b"\n{"text":"c"}\n' >json.jsonl
refused "bad JSON" 3 "run: json.jsonl:2: not valid JSON" run json.jsonl -k 1 -o x
printf '{"text":"a"}\n["b"]\n' >array.jsonl
refused "JSON that is no object" 3 "run: array.jsonl:2: " run array.jsonl -k 1 -o x
printf '{"text":"a"}\n{"text":"\377"}\n' >utf8.jsonl
refused "bad UTF-8" 3 "run: utf8.jsonl:2: not valid UTF-8: byte 0xFF" run utf8.jsonl -k 1 -o x
printf 'a\nb\n\303(\n' >utf8.txt
refused "bad UTF-8 in plain text" 3 "run: utf8.txt:3: not valid UTF-8" run utf8.txt -k 1 -o x
printf 'text,x\na,b\n"c,d\n' >quote.csv
refused "a quote that does not end" 3 "run: quote.csv:3: " run quote.csv -k 1 -o x
printf 'text,x\na,b\na,b,c\n' >fields.csv
refused "a csv row with too many fields" 3 "run: fields.csv:3: " run fields.csv -k 1 -o x
printf '{"id":1,"body":"a"}\n' >field.jsonl
refused "a missing field" 3 'run: field.jsonl:1: missing field "text" (fields: id, body). Try --text-field body' \
    run field.jsonl -k 1 -o x
printf 'id,body\n1,a\n' >field.csv
refused "a missing column" 3 'run: field.csv:1: ' run field.csv -k 1 -o x
printf '{"text":"a"}\n{"text":7}\n' >type.jsonl
refused "a field that is no string" 3 'run: type.jsonl:2: field "text" is a number, a string is wanted' \
    run type.jsonl -k 1 -o x
printf '{"id":"p","text":"a"}\n{"id":"q","text":"b"}\n{"id":"p","text":"c"}\n' >ids.jsonl
refused "a duplicate id" 3 "run: " run ids.jsonl --id-field id -k 1 -o x
case $(cat "$err") in
*ids.jsonl:3:*'"p"'*1*) ok 0 "names the id and both lines" ;;
*) ok 1 "names the id and both lines: $(cat "$err")" ;;
esac
awk 'BEGIN { printf "{\"text\":\"first\"}\n{\"text\":\""; for (i = 0; i < 1000; i++) s = s "aaaaaaaaaa"
    for (i = 0; i < 10500; i++) printf "%s", s; print "\"}" }' >long.jsonl
refused "a line of 100 MB" 3 "run: long.jsonl:2: " run long.jsonl -k 1 -o x
try run long.jsonl -k 1 -q -o x --on-error skip:skipped.jsonl
is "$code$(cat "$err")$(wc -l <x/subset.jsonl)" 01 "which --on-error skip puts aside"
is "$(tail -n +2 long.jsonl | cmp - skipped.jsonl && echo same)" same "byte for byte"
rm -rf x skipped.jsonl long.jsonl
printf '{"text":""}\n{"text":" "}\n' >blank.jsonl
try run blank.jsonl -k 2 -o x
is "$code" 0 "empty texts alone are no error"
has "$err" "2 of them are empty" "but counted"
rm -rf x
printf '{"text":"a"}\nbad\n{"text":"b"}\n' >some.jsonl
try run some.jsonl -k 2 -q -o x --on-error skip:aside.jsonl
is "$code$(cat aside.jsonl)" 0bad "--on-error skip puts a bad record aside and goes on"
rm -rf x
refused "which never overwrites" 2 "run: aside.jsonl exists" run some.jsonl -k 2 -q -o x --on-error skip:aside.jsonl
printf 'x\ny\n' >bad.jsonl
refused "a file of bad records only" 3 "run: " run bad.jsonl -k 1 -o x

# ---- compressed and cut files ----
gzip -c good.jsonl >good.jsonl.gz
head -c 2000 good.jsonl.gz >cut.jsonl.gz
refused "cut gzip" 3 "run: cut.jsonl.gz: " run cut.jsonl.gz -k 5 -o x
refused "cut gzip, check" 3 "check: cut.jsonl.gz: " check cut.jsonl.gz
if command -v zstd >/dev/null; then
    zstd -q good.jsonl -o good.jsonl.zst
    head -c 2000 good.jsonl.zst >cut.jsonl.zst
    refused "cut zstd" 3 "run: cut.jsonl.zst: " run cut.jsonl.zst -k 5 -o x
else
    skip "cut zstd" "zstd is not installed"
fi
head -c 9000 good.h5ad >cut.h5ad
refused "cut HDF5" 3 "select: cut.h5ad: " select cut.h5ad -k 5 -o x
refused "cut HDF5, graph" 3 "graph: cut.h5ad: " graph cut.h5ad -o x
refused "cut HDF5, check" 3 "check: cut.h5ad: " check cut.h5ad
refused "not HDF5 at all" 3 "select: good.jsonl: not an HDF5 file" select good.jsonl -k 5 -o x

# ---- matrices: .npy is 128 bytes of header and then floats ----
npy() { # npy SHAPE TYPE, values on standard input
    printf '\223NUMPY\001\000v\000'
    printf "%-117s\n" "{'descr': '$2', 'fortran_order': False, 'shape': $1, }"
    cat
}
zeros() { head -c "$1" /dev/zero; }
{ zeros 16; printf '\000\000\200\077\000\000\300\177'; zeros 8; } | npy '(4, 2)' '<f4' >nan.npy
refused "NaN in a matrix" 3 "select: nan.npy: row 2, column 1 is NaN" select nan.npy -k 1 -o x
refused "NaN, graph" 3 "graph: nan.npy: row 2, column 1 is NaN" graph nan.npy -o x
{ zeros 24; printf '\000\000\200\177'; zeros 4; } | npy '(4, 2)' '<f4' >inf.npy
refused "infinity in a matrix" 3 "select: inf.npy: row 3, column 0 is infinite" select inf.npy -k 1 -o x
zeros 20 | npy '(4, 2)' '<f4' >cut.npy
refused "cut .npy" 3 "select: cut.npy: " select cut.npy -k 1 -o x
zeros 32 | npy '(8,)' '<f4' >rank.npy
refused ".npy of the wrong rank" 3 "select: rank.npy: " select rank.npy -k 1 -o x
zeros 64 | npy '(8, 2)' '<i4' >type.npy
refused ".npy of the wrong type" 3 "select: type.npy: " select type.npy -k 1 -o x
refused "a dataset that is not there" 2 'select: good.h5ad: ' select good.h5ad --dataset /none -k 1 -o x
refused "a dataset of the wrong rank" 3 'select: good.h5ad: ' select good.h5ad --dataset /obs/offset -k 1 -o x
refused "a dataset of the wrong type" 3 'select: good.h5ad: ' select good.h5ad --dataset /obs/_index -k 1 -o x
if [ -n "$python" ]; then
    "$python" - <<'EOF'
import h5py, numpy as np
x = np.random.default_rng(0).normal(size=(50, 4)).astype("f4")
with h5py.File("nan.hdf5", "w") as f: x[37, 2] = np.nan; f["x"] = x
with h5py.File("two.hdf5", "w") as f: f["a"] = f["b"] = x
with h5py.File("cube.hdf5", "w") as f: f["x"] = np.zeros((3, 3, 3))
with h5py.File("ints.hdf5", "w") as f: f["x"] = np.zeros((3, 3), dtype="i8")
EOF
    refused "NaN in HDF5" 3 "select: nan.hdf5: row 37, column 2 is NaN" select nan.hdf5 -k 1 -o x
    refused "two datasets and no --dataset" 2 "select: two.hdf5: " select two.hdf5 -k 1 -o x
    refused "three dimensions" 3 "select: cube.hdf5: " select cube.hdf5 --dataset x -k 1 -o x
    refused "whole numbers" 3 "select: ints.hdf5: " select ints.hdf5 --dataset x -k 1 -o x
else
    skip "HDF5 files made by Python" "WINNOW_PYTHON names no Python with h5py numpy"
fi

# ---- k, lambda, gamma, options: options.sh has them all; here that they do not touch an output ----
refused "k of 0" 2 'run: -k: "0" will not do' run good.jsonl -k 0 -o x
refused "k of 150%" 2 'run: -k: "150%" will not do' run good.jsonl -k 150% -o x
refused "a negative k" 2 'select: -k: "-3" will not do' select good.h5ad -k -3 -o x
refused "a k that is no number" 2 'select: -k: "abc" will not do' select good.h5ad -k abc -o x
refused "a negative lambda" 2 'run: --lambda: "-1" will not do' run good.jsonl -k 5 --lambda -1 -o x
refused "a gamma that is no number" 2 'run: --gamma: "wide" will not do' run good.jsonl -k 5 --gamma wide -o x
refused "an unknown option" 2 "run: unknown option --treads (did you mean --threads?)" \
    run good.jsonl -k 5 --treads 3 -o x
try run good.jsonl -k 301 -o x
is "$code$(wc -l <x/subset.jsonl)" 0300 "k above n keeps everything"
has "$err" "everything is kept" "and says so"
try run good.jsonl -k 5 -q -o x
is "$code$(wc -l <x/subset.jsonl)" 2300 "an output that exists stays as it is"
refused "an output that exists" 2 "run: x exists; -f replaces it" run good.jsonl -k 5 -o x
refused "an output that exists, embed" 2 "embed: good.h5ad exists; -f replaces it" embed good.jsonl -o good.h5ad
cp good.h5ad there.h5ad
refused "an output that exists, graph" 2 "graph: there.h5ad exists; -f replaces it" graph good.h5ad -o there.h5ad
refused "an output that is read" 2 "graph: -o good.h5ad is a file that is read" graph good.h5ad -o good.h5ad
rm there.h5ad
echo precious >folder/mine
refused "-f does not replace a folder of other things" 2 "run: folder" run good.jsonl -k 5 -f -o folder
refused "-f does not replace a folder by a file" 2 "embed: folder is a folder" embed good.jsonl -f -o folder
try run good.jsonl -k 5 -q -f -o x
is "$code$(wc -l <x/subset.jsonl)" 05 "-f replaces it"
rm -rf x
refused "an output in a folder that is not there" 1 "run: cannot write no/x: folder no: No such file" \
    run good.jsonl -k 5 -o no/x
refused "an output below a file" 1 "embed: cannot write good.jsonl/x" embed good.jsonl -o good.jsonl/x
refused "an encoder that is not there" 1 "embed: --load-encoder none: No such file" \
    embed good.jsonl --load-encoder none -o x
refused "an encoder that is none" 3 "embed: good.jsonl" embed good.jsonl --load-encoder good.jsonl -o x
echo nobody >ids
refused "a list with an unknown id" 2 'run: ids:1: no row has the id "nobody"' \
    run good.jsonl --id-field id --keep ids -k 5 -o x

# ---- memory ----
for c in "run good.jsonl -k 5" "embed good.jsonl" "select good.h5ad -k 5" "graph good.h5ad" \
    "dedup good.jsonl --dedup 0.9" "dedup good.h5ad --dedup 0.9"; do
    refused "too little --memory: $c" 4 "${c%% *}: " $c -M 1M -o x
    case $(cat "$err") in
    *"takes about "*"--memory allows 1.0 MiB"*) ok 0 "names need and budget" ;;
    *) ok 1 "names need and budget: $(cat "$err")" ;;
    esac
done

# ---- a folder that cannot be written ----
mkdir readonly
chmod 755 "$work" "$work/box"
if [ "$(id -u)" -eq 0 ]; then as="setpriv --reuid 65534 --regid 65534 --clear-groups"
else as= && chmod 555 readonly
fi
if $as "$W" --help >/dev/null 2>&1; then
    for c in "run good.jsonl -k 5" "embed good.jsonl" "graph good.h5ad" "dedup good.jsonl"; do
        listing >"$work/.before"
        $as "$W" $c -o readonly/x >"$out" 2>"$err" </dev/null
        code=$?
        judge "a read-only folder: $c" 1 "${c%% *}: cannot write readonly/x: Permission denied"
    done
else
    skip "a read-only folder" "another user cannot start the program"
fi

# ---- a full disk ----
text 3000 >large.jsonl
for c in "run large.jsonl -k 50%" "embed large.jsonl" "dedup large.jsonl" "graph good.h5ad -K 200" \
    "select good.h5ad -k 50"; do
    for kib in 0 16 64 128 256; do
        listing >"$work/.before"
        # a limit on the size of files fails as a full disk does, at any write, and needs no rights
        { (ulimit -f $((kib * 2)) && exec "$W" $c -o x >"$out"); echo $? >"$work/.code"; } 2>&1 </dev/null | cat >"$err"
        code=$(cat "$work/.code")
        if [ "$code" -eq 0 ]; then
            rm -rf x
            break
        fi
        tail -1 "$err" >"$work/.last" && mv "$work/.last" "$err"
        judge "writing fails after $kib KiB: $c" 1 "${c%% *}: "
    done
done
mkdir disk
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=200k tmpfs disk 2>/dev/null; then
    for c in "run large.jsonl -k 50%" "embed large.jsonl" "dedup large.jsonl" "graph good.h5ad -K 200"; do
        listing >"$work/.before"
        "$W" $c -o disk/x >"$out" 2>"$err" </dev/null
        code=$?
        tail -1 "$err" >"$work/.last" && mv "$work/.last" "$err"
        judge "a full disk: $c" 1 "${c%% *}: "
        has "$err" "No space left on device" "and says so"
    done
    umount disk
else
    skip "a full disk" "no tmpfs can be mounted"
fi
[ -c /dev/full ] && { "$W" info good.jsonl >/dev/full 2>"$err"; is "$?" 1 "a full disk on standard output"; }

# ---- a closed pipe ----
{ "$W" info good.jsonl; echo $? >"$work/.status"; } 2>"$err" | :
is "$(cat "$work/.status" "$err")" 141 "a closed pipe ends it without a word"
finish
