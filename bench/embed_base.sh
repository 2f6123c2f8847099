# The encoder at BERT-base's shape (12 layers, 768 wide, random weights) on the stories: bench/run embed on a model
# made here.
# usage: bench/run embed_base [arguments of bench/run embed]
# python: numpy h5py torch transformers sentence-transformers onnx onnxscript onnxruntime openvino
set -euo pipefail
minilm=${WINNOW_MODELS:-$HOME/.cache/winnow/models}/sentence-transformers/all-MiniLM-L6-v2
model=$(mktemp -d)
trap 'rm -rf "$model"' EXIT
"$WINNOW_PYTHON" bench/random_bert.py "$model" "$minilm/vocab.txt"
cp "$minilm/tokenizer.json" "$model"
"$WINNOW_PYTHON" bench/embed.py --model "$model" --sets stories --rounds 1 --precisions f32 \
    --peers sentence-transformers,onnxruntime,openvino "$@"
