#!/bin/sh
# Models as people have them: where they lie, what they are called, files that are none, files that change.
. "$(dirname "$0")/tap.sh"
data=${WINNOW_DATA:-../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac
M=$data/models/tiny-random-bert
if [ ! -f "$M/config.json" ]; then
    echo "1..0 # SKIP no model: $M (WINNOW_DATA names the folder of test data)"
    exit 0
fi
unset WINNOW_MODELS XDG_CACHE_HOME HF_HUB_CACHE HUGGINGFACE_HUB_CACHE HF_HOME SENTENCE_TRANSFORMERS_HOME
HOME=$work/home
export HOME
printf '{"text":"river stone"}\n{"text":"a bird in the morning"}\n' >two.jsonl
embed() { "$W" embed two.jsonl -q -f "$@"; }
copy() { mkdir -p "$1" && cp -r "$M"/* "$1" && chmod -R u+w "$1"; }
# the gains of both rows, which their cosine decides
gains() { "$W" select "$1" -k 2 -q -f -o gains && cut -f2,6 gains/selection.tsv | tail -n +2; }
embed --model "$M" -o plain.h5ad
gains plain.h5ad >plain

# ---- where ----
copy "$HOME/.cache/huggingface/hub/models--org--Tiny/snapshots/0a1b"
embed --model org/Tiny -o e.h5ad 2>"$err"
is "$(gains e.h5ad)" "$(cat plain)" "the only snapshot, without refs/main"
refused "another letter case" 2 \
    'embed: no model "org/tiny": neither a folder' embed two.jsonl --model org/tiny -o x.h5ad
has "$err" "did you mean org/Tiny?" "says what is there"
copy "$HOME/.cache/huggingface/hub/models--org--Tiny/snapshots/2c3d"
refused "two snapshots" 3 \
    "embed: $HOME/.cache/huggingface/hub/models--org--Tiny" embed two.jsonl --model org/Tiny -o x.h5ad
has "$err" "2c3d" "names them"
mv "$HOME/.cache/huggingface/hub" st
rm -r st/models--org--Tiny/snapshots/2c3d
SENTENCE_TRANSFORMERS_HOME=$PWD/st embed --model org/Tiny -o e.h5ad
is "$(gains e.h5ad)" "$(cat plain)" "SENTENCE_TRANSFORMERS_HOME"

# ---- layouts ----
copy old/0_Transformer
mkdir -p old/1_Pooling
echo '{"pooling_mode_mean_tokens": true}' >old/1_Pooling/config.json
echo '[{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
       {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]' >old/modules.json
echo '{"__version__": "0.3.8"}' >old/config.json
embed --model old -o e.h5ad
is "$(gains e.h5ad)" "$(cat plain)" "the encoder below 0_Transformer"
"$W" info old >"$out"
has "$out" "encoder: in 0_Transformer" "info says where it is"
has "$out" "SHA-256: $(sha256sum <"$M/pytorch_model.bin" | cut -d' ' -f1)" "and sums its weights"
"$W" check old >"$out"
is "$?" 0 "check opens it"
mkdir static
echo '[{"path": "", "type": "sentence_transformers.models.BoW"}]' >static/modules.json
for c in "embed two.jsonl -o x.h5ad --model" "info" "check"; do
    # shellcheck disable=SC2086
    refused "a module that is not supported: ${c%% *}" 3 "${c%% *}: static/modules.json" $c static
    has "$err" "module BoW is not supported" "names it"
done

# ---- settings ----
copy odd
sed 's/"do_lower_case"/"frobnicate": 1, "do_lower_case"/' "$M/tokenizer_config.json" >odd/tokenizer_config.json
try embed two.jsonl --model odd -f -o e.h5ad
has "$err" "note: odd has settings that winnow does not know and leaves aside: tokenizer_config.json: frobnicate" \
    "embed tells of an unknown key"
"$W" info odd >"$out"
has "$out" "settings left aside, unknown to winnow: tokenizer_config.json: frobnicate" "and so does info"
cp -r old prompted
echo '{"prompts": {"query": "query: "}, "default_prompt_name": "query"}' >prompted/config_sentence_transformers.json
try embed two.jsonl --model prompted -f -o p.h5ad
has "$err" 'note: "query: " is put before every text' "a default prompt is told"
sed 's/"text":"/&query: /' two.jsonl >queries.jsonl
"$W" embed queries.jsonl --model "$M" -q -f -o q.h5ad
is "$(gains p.h5ad)" "$(gains q.h5ad)" "and put there"
for pooling in weightedmean lasttoken; do
    embed --model "$M" --pooling $pooling -o $pooling.h5ad
    [ "$(gains $pooling.h5ad)" != "$(cat plain)" ]
    ok $? "--pooling $pooling changes the vectors"
done

# ---- what is no model ----
mkfifo pipe
refused "a named pipe" 2 "embed: pipe: not a folder" embed two.jsonl --model pipe -o x.h5ad
refused "a device" 2 "embed: /dev/null: not a folder" embed two.jsonl --model /dev/null -o x.h5ad
copy piped
rm piped/pytorch_model.bin
mkfifo piped/pytorch_model.bin
refused "weights that are a named pipe" 3 "embed: piped/pytorch_model.bin: not a file" \
    embed two.jsonl --model piped -o x.h5ad
finish
