#!/usr/bin/env python3
"""Writes a BERT-base-shaped model with random weights: what speed depends on, without a download.

usage: random_bert.py FOLDER VOCAB [--layers 12] [--hidden 768] [--heads 12] [--seed 1]

VOCAB is a WordPiece vocab.txt, one piece a line, e.g. that of all-MiniLM-L6-v2. Standard library and numpy only."""
import argparse
import json
import pathlib
import shutil
import struct

import numpy as np


def tensors(vocab, layers, hidden, seed):
    rng = np.random.default_rng(seed)
    wide = 4 * hidden

    def normal(*shape):
        return (rng.standard_normal(shape, dtype=np.float32) * 0.02).astype("<f4")

    def norm(name):
        return {name + ".weight": np.ones(hidden, "<f4"), name + ".bias": np.zeros(hidden, "<f4")}

    def linear(name, n, k):
        return {name + ".weight": normal(n, k), name + ".bias": np.zeros(n, "<f4")}

    out = {"embeddings.word_embeddings.weight": normal(vocab, hidden),
           "embeddings.position_embeddings.weight": normal(512, hidden),
           "embeddings.token_type_embeddings.weight": normal(2, hidden), **norm("embeddings.LayerNorm")}
    for i in range(layers):
        base = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            out.update(linear(base + "attention.self." + part, hidden, hidden))
        out.update(linear(base + "attention.output.dense", hidden, hidden))
        out.update(norm(base + "attention.output.LayerNorm"))
        out.update(linear(base + "intermediate.dense", wide, hidden))
        out.update(linear(base + "output.dense", hidden, wide))
        out.update(norm(base + "output.LayerNorm"))
    out.update(linear("pooler.dense", hidden, hidden))
    return out


def write_safetensors(path, named):
    header, at = {}, 0
    for name, t in named.items():
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + t.nbytes]}
        at += t.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in named.values():
            f.write(t.tobytes())


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("vocab", type=pathlib.Path)
    p.add_argument("--layers", type=int, default=12)
    p.add_argument("--hidden", type=int, default=768)
    p.add_argument("--heads", type=int, default=12)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    words = len(a.vocab.read_text(encoding="utf-8").splitlines())
    shutil.copy(a.vocab, a.folder / "vocab.txt")
    config = {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": words, "hidden_size": a.hidden,
              "num_hidden_layers": a.layers, "num_attention_heads": a.heads, "intermediate_size": 4 * a.hidden,
              "hidden_act": "gelu", "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "type_vocab_size": 2,
              "pad_token_id": 0, "position_embedding_type": "absolute", "hidden_dropout_prob": 0.1,
              "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02}
    (a.folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tokenizer = {"do_lower_case": True, "tokenizer_class": "BertTokenizer", "model_max_length": 512}
    (a.folder / "tokenizer_config.json").write_text(json.dumps(tokenizer) + "\n")
    write_safetensors(a.folder / "model.safetensors", tensors(words, a.layers, a.hidden, a.seed))


if __name__ == "__main__":
    main()
