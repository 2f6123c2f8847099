# Tokenizing on one thread against the Rust tokenizers: tokens/s and equal ids.
# (A tokenize.py here would hide Python's own.)
# python: tokenizers
# usage: bench/run tokenize [--data ../shared/data] [--rounds 3] [--quick]
set -euo pipefail
exec "$WINNOW_PYTHON" bench/lib/tokenizer_rates.py "$@"
