#!/bin/sh
# Vectors that do not fit into --memory are streamed from a file without a name beside the output: the choice has the
# bytes of one in memory, the peak is kept, and nothing is left behind, whatever happens. What cannot fit is refused
# before anything is read, with a command that fits.
. "$(dirname "$0")/tap.sh"
P=$(python_with resource)
if [ -z "$P" ]; then P=$(command -v python3 || true); fi
if [ -z "$P" ]; then
    echo "1..0 # SKIP no Python to make matrices with"
    exit 0
fi

cat >npy.py <<'EOF2'
import array, random, sys
path, rows, cols, sparse = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), len(sys.argv) > 4
head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}"
head += " " * (-(len(head) + 11) % 64) + "\n"
rng = random.Random(5)
with open(path, "wb") as f:
    f.write(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode())
    if sparse:
        f.truncate(f.tell() + rows * cols * 4)
    for i in range(0 if sparse else rows):  # every ninth row is nearly the one before
        if i % 9 != 8:
            row = array.array("f", memoryview(rng.randbytes(cols)).cast("b"))
        row[i % cols] += 1
        row.tofile(f)
EOF2
"$P" npy.py x.npy 18000 512
awk 'BEGIN { for (i = 0; i < 18000; i++) printf "{\"text\":\"t%d\",\"label\":\"c%d\"}\n", i, (i * 7919) % 11 }' >x.jsonl

# measure ARGS: leaves $code, $err and $peak (MiB)
measure() {
    "$P" -c 'import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
child.returncode = 0
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss // 1024)' "$W" "$@" >"$out" 2>"$err"
    code=$(cut -d' ' -f1 "$out")
    peak=$(cut -d' ' -f2 "$out")
}

# planned LIMIT ARGS: the plan of `winnow select ARGS` within LIMIT MiB is in $out
planned() {
    within=$1
    shift
    try select "$@" -k 40 -o o --dry-run -M "${within}M"
}

# needs ARGS: what it takes in memory, MiB, into $limit
needs() {
    planned 2048 "$@"
    limit=$(sed -n 's/^memory    about \([0-9]*\).* MiB of.*/\1/p' "$out")
}

# streams ARGS: with a little less memory than it takes at the least the choice is streamed, within it, and the same
streams() {
    needs "$@"
    limit=$((limit - 2))
    planned $limit "$@"
    while ! grep -q streamed "$out" && [ "$limit" -gt 40 ]; do # it does without what it holds for speed alone
        limit=$((limit - 2))
        planned $limit "$@"
    done
    has "$out" "streamed from a temporary file beside o" "$*: the plan says that it is streamed"
    measure select "$@" -k 40 -o small -f -q -M "${limit}M"
    is "$code" 0 "$*: exit code"
    is "$([ "$peak" -le "$limit" ] && echo kept || echo "$peak MiB")" kept "$*: peak"
    try select "$@" -k 40 -o large -f -q -M 2G
    for file in selection.tsv assignment.tsv; do
        is "$(cmp small/$file large/$file 2>&1)" "" "$*: $file of a choice in memory"
    done
}
streams x.npy
streams x.npy --similarity cosine
streams x.npy --similarity dot
streams x.npy --partitions 4
streams x.npy --similarity cosine --partitions 4
streams x.npy --objective facility-location
streams x.npy --objective herding --similarity cosine
streams x.npy --objective feature-based --similarity cosine
streams x.npy --objective disparity-min
streams x.npy --objective log-determinant
streams x.npy --objective random
streams x.npy --similarity cosine --dedup 0.9
streams x.npy --records x.jsonl --label-field label --objective class-herding
is "$(find . -name '.winnow*' -o -name '*.winnow*')" "" "no file is left"

# over cosine, without the codes of rows, which are for speed alone, all vectors are in memory still
needs x.npy --similarity cosine # rounded down
planned $limit x.npy --similarity cosine
is "$(grep -c streamed "$out")" 0 "a little less memory: codes are what goes first"
measure select x.npy --similarity cosine -k 40 -o small -f -q -M "${limit}M"
is "$code" 0 "without codes: exit code"
is "$([ "$peak" -le "$limit" ] && echo kept || echo "$peak MiB")" kept "without codes: peak"
try select x.npy --similarity cosine -k 40 -o large -f -q -M 2G
is "$(cmp small/selection.tsv large/selection.tsv 2>&1)" "" "without codes: the same choice"

# what cannot fit
"$P" npy.py big.npy 26041666 384 sparse
try select big.npy -k 10000 --similarity cosine -o o --dry-run -M 1G
is "$code" 4 "40 GB, too little memory: exit code"
has "$out" "26041666 x 384, 37.3 GiB, streamed" "40 GB, too little memory: the mode"
has "$out" "memory    about " "40 GB, too little memory: what it takes"
has "$out" "time      about " "40 GB, too little memory: how long"
has "$err" "--memory allows 1.0 GiB" "40 GB, too little memory: what is allowed"
fits=$(sed -n 's/.*fewer rows: winnow //p' "$err")
if [ -n "$fits" ]; then
    # shellcheck disable=SC2086 # words of a command
    try $fits --dry-run
    is "$code" 0 "40 GB: the command that is named fits"
else
    skip "40 GB: the command that is named fits" "this machine has too little memory for any"
fi
try select x.npy -k 40 --objective facility-location -o o --dry-run -M 50M
is "$code" 4 "a small file, too little memory: exit code"
# shellcheck disable=SC2046 # words of a command
try $(sed -n 's/.*fewer rows: winnow //p' "$err") --dry-run
is "$code" 0 "a small file: the command that is named fits"

# a full disk is said before anything is read
if ( ulimit -f 20000 ) 2>/dev/null; then
    (
        ulimit -f 20000
        "$W" select x.npy -k 40 -o full -q -M 84M --similarity cosine >"$out" 2>"$err"
        echo $? >.code
    )
    is "$(cat .code)" 1 "no room for the temporary file: exit code"
    has "$err" "no room for a temporary file of 35.2 MiB" "no room for the temporary file: said"
    is "$(wc -l <"$err")" 1 "no room for the temporary file: one line"
fi
# killed: nothing is left but what stood there before
"$P" -c 'import signal, subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
time.sleep(.4)
child.send_signal(signal.SIGKILL)
child.wait()' "$W" select x.npy -k 40 --similarity cosine -o killed -M 84M
is "$(find . -name '*winnow-rows*')" "" "killed: the file is gone"
finish
