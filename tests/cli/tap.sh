# Sourced by the tests of this folder: a work folder, the program as $W, and checks that print TAP lines.
# The environment names the program (WINNOW) and may name WINNOW_DATA and WINNOW_PYTHON.
set -u
export SOURCE_DATE_EPOCH=1900000000 # the day on pages: tests may run past midnight
W=${WINNOW:?the program to test}
case $W in /*) ;; *) W=$PWD/$W ;; esac
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/winnow-test.XXXXXX")
trap 'cd /; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
out=$work/.stdout err=$work/.stderr
mkdir "$work/box"
cd "$work/box" || exit 1
count=0 failures=0

# ok STATUS NAME: one check; STATUS 0 is a pass
ok() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $count - $2"
    else
        failures=$((failures + 1))
        echo "not ok $count - $2"
    fi
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# python_with MODULE...: prints the interpreter that WINNOW_PYTHON names, if it has the modules
python_with() {
    if [ -n "${WINNOW_PYTHON:-}" ] && "$WINNOW_PYTHON" -c "import $(echo "$*" | tr ' ' ',')" 2>/dev/null; then
        echo "$WINNOW_PYTHON"
    fi
}

note() { sed 's/^/#   /' "$@"; }

# is GOT WANT NAME
is() {
    if [ "$1" = "$2" ]; then ok 0 "$3"
    else
        ok 1 "$3"
        printf '%s\n' "got:  $1" "want: $2" | note
    fi
}

# has FILE TEXT NAME: the file holds the text
has() {
    if grep -qF -e "$2" "$1"; then ok 0 "$3"
    else
        ok 1 "$3"
        { echo "no \"$2\" in:"; head -20 "$1"; } | note
    fi
}

# try ARGS: runs winnow; leaves $code, $out and $err
try() {
    "$W" "$@" >"$out" 2>"$err" </dev/null
    code=$?
}

# Everything that stands in the box, with its content.
listing() { find . -printf '%y %m %p %l ' \( -type f -exec sha256sum {} \; -o -printf '\n' \) | sort; }

# refused NAME CODE START ARGS: winnow ends with CODE, says one line that starts with START (after "winnow"), prints
# nothing, and leaves the box as it was.
refused() {
    name=$1 want=$2 start=$3
    shift 3
    listing >"$work/.before"
    try "$@"
    judge "$name" "$want" "$start"
}

# The second half of refused, for runs that a test starts by itself.
judge() {
    listing >"$work/.after"
    bad=
    [ "$code" -eq "$2" ] || bad="exit code $code, wanted $2"
    [ "$(wc -l <"$err")" -eq 1 ] || bad="$bad; not one line of message"
    case $3 in :*) start=winnow$3 ;; *) start="winnow $3" ;; esac
    case $(cat "$err") in "$start"*) ;; *) bad="$bad; wanted a message that starts: $start" ;; esac
    grep -q 'without saying what' "$err" && bad="$bad; no cause is named"
    [ ! -s "$out" ] || bad="$bad; something was printed"
    cmp -s "$work/.before" "$work/.after" || bad="$bad; files changed"
    if [ -z "$bad" ]; then ok 0 "$1"
    else
        ok 1 "$1"
        { echo "$bad"; head -5 "$err"; diff "$work/.before" "$work/.after"; } | note
    fi
}

finish() {
    echo "1..$count"
    [ "$failures" -eq 0 ] || exit 1
    exit 0
}
