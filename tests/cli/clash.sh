#!/bin/sh
# Outputs that would destroy an input, another output or a device are refused before anything is read or written.
. "$(dirname "$0")/tap.sh"
awk 'BEGIN { for (i = 0; i < 60; i++)
    printf "{\"id\":\"r%d\",\"text\":\"w%d w%d w%d\"}\n", i, i % 7, i % 11, i % 13 }' >in.jsonl
"$W" embed in.jsonl --dims 8 -q -o in.h5ad
"$W" run in.jsonl -k 20 -q -o prev
"$W" embed in.jsonl --dims 8 -q --save-encoder enc -o spare.h5ad
seq 0 3 >keep
ln in.jsonl hard.jsonl
ln -s in.jsonl soft.jsonl
mkdir sub
mkfifo fifo
ln -s fifo tofifo

refused "-o is the input" 2 "embed: -o in.jsonl is a file that is read" embed in.jsonl -f -o in.jsonl
refused "-o is the input by another spelling" 2 "embed: -o sub/../in.jsonl is a file that is read" \
    embed in.jsonl -f -o sub/../in.jsonl
refused "-o is the input by a hard link" 2 "embed: -o hard.jsonl is a file that is read" embed in.jsonl -f -o hard.jsonl
refused "-o is the input by a symbolic link" 2 "embed: -o soft.jsonl is a file that is read" \
    embed in.jsonl -f -o soft.jsonl
refused "-o is the matrix" 2 "graph: -o in.h5ad is a file that is read" graph in.h5ad -f -o in.h5ad
refused "-o is the list to keep" 2 "select: -o keep is a file that is read" select in.h5ad -k 5 --keep keep -f -o keep
refused "-o holds the input" 2 "run: -o prev holds a file that is read (prev/subset.jsonl)" \
    run prev/subset.jsonl -k 5 -f -o prev
refused "-o holds the matrix" 2 "select: -o prev/ holds a file that is read" select prev/selection.h5ad -k 5 -f -o prev/
refused "--save-encoder is the input" 2 "embed: --save-encoder in.jsonl is a file" \
    embed in.jsonl -f --save-encoder in.jsonl -o x
refused "--on-error is the input" 2 "run: --on-error in.jsonl is a file" \
    run in.jsonl -k 5 -f --on-error skip:in.jsonl -o x
refused "--html is the folder" 2 "report: --html prev is a file that is read" report prev -f --html prev
refused "--save-encoder is -o" 2 "embed: --save-encoder and -o name the same place" \
    embed in.jsonl --save-encoder ./x -o x
refused "--save-encoder lies in -o" 2 "run: --save-encoder and -o name the same place" \
    run in.jsonl -k 5 -f --save-encoder prev/e -o prev
refused "--parts is -o" 2 "select: -o and --parts name the same place" \
    select in.h5ad -k 5 --partitions 2 --parts x -o x
refused "--on-error is -o" 2 "run: --on-error and -o name the same place" run in.jsonl -k 5 --on-error skip:x -o x
refused "--on-error is --save-encoder" 2 "run: --save-encoder and --on-error name the same place" \
    run in.jsonl -k 5 --on-error skip:y --save-encoder sub/../y -o x
refused "-o is a pipe" 2 "embed: -o fifo is a device or a pipe" embed in.jsonl -f -o fifo
refused "-o is a link to a pipe" 2 "embed: -o tofifo is a device or a pipe" embed in.jsonl -f -o tofifo
refused "-o is the encoder" 2 "embed: -o enc is a file that is read" embed in.jsonl --load-encoder enc -f -o enc
try embed in.jsonl --dims 8 -q -f -o spare.h5ad
is "$code$(cat "$err")" 0 "another output is replaced with -f"
try run in.jsonl -k 10 -q -f -o prev
is "$code$(wc -l <prev/subset.jsonl)" 010 "and another folder"
try run in.jsonl -k 10 -q -o prev2
is "$code" 0 "a name that begins like another is not inside it"
try report prev -f
is "$code" 0 "report writes into the folder that it reads"

# ---- files that hold no lines ----
refused "--config of zeros" 2 "run: /dev/zero:1: a zero byte" run in.jsonl -k 5 -o x --config /dev/zero
refused "--filelist of zeros" 2 "run: /dev/zero:1: a zero byte" run --filelist /dev/zero -k 5 -o x
tr '\000' a </dev/zero | head -c 100000 >long
refused "--config with an endless line" 2 "run: long:1: a line longer than 64 KiB" run in.jsonl -k 5 -o x --config long
printf 'seed = 3' >noend
is "$("$W" run in.jsonl -k 5 -o x --config noend --dump-config | sed -n 's/^seed = //p')" 3 \
    "a last line without its end counts"

# ---- mistakes with a hint ----
printf 'Titel;Text\nA;b\n' >semi.csv
refused "cells between semicolons" 3 'run: semi.csv:1: missing field "text": the only field is "Titel;Text"' \
    run semi.csv -k 1 -o x
printf 'my text,n\na b,1\n' >space.csv
refused "a field name that a shell would split" 3 \
    'run: space.csv:1: missing field "text" (fields: my text, n). Try --text-field "my text"' \
    run space.csv -k 1 -o x
refused "a matrix where records are wanted" 2 "run: in.h5ad: by its name a matrix, not text records" \
    run in.h5ad -k 1 -o x
try run - -k 5 -o x
is "$code$(grep -c gamma "$err")" 00 "nothing is said of gamma where there is nothing"
rm -rf x
finish
