"""Static tables: winnow's by model2vec and by sentence-transformers, theirs by winnow, and winnow distill against the
model itself. Usage: static_tables.py WINNOW
Needs all-MiniLM-L6-v2 (tools/get-minilm) and an interpreter with sentence-transformers, model2vec and h5py
(WINNOW_PEERS)."""
import json
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
winnow = sys.argv[1]
found = subprocess.run([winnow, "info", "all-MiniLM-L6-v2"], capture_output=True, text=True)
if found.returncode:
    print("1..0 # SKIP no all-MiniLM-L6-v2 (tools/get-minilm fetches it)")
    sys.exit(77)
folder = found.stdout.splitlines()[0].split(": bert")[0]
try:
    import h5py
    import numpy as np
    import torch
    from model2vec import StaticModel
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, StaticEmbedding
    from tokenizers import Tokenizer
    from transformers import AutoModel
except ImportError as e:
    print(f"1..0 # SKIP {e} (WINNOW_PEERS names an interpreter that has it)")
    sys.exit(77)

checks = failures = 0


def check(name, ok, detail=""):
    global checks, failures
    checks += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {checks} - {name} {detail}")


def texts():
    """Lines of this repository's own documentation, alone and in runs of up to some 300 tokens; edge cases."""
    lines = []
    for path, _, files in sorted(os.walk("docs")):
        for name in sorted(files):
            if name.endswith(".md"):
                lines += [line.strip() for line in open(os.path.join(path, name), encoding="utf-8") if len(line) > 40]
    out = lines[:400] + [" ".join(lines[i:i + 8]) for i in range(0, 400, 8)]
    return out + ["", " ", "x", "naïve café — 東京", "unknown \u2603\ua4d0 signs", "[UNK] and [MASK]", "a" * 300]


def unit(x):
    norm = np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    return x / np.where(norm == 0, 1, norm)


def main():
    rows = texts()
    with tempfile.TemporaryDirectory() as tmp:
        def at(name):
            return os.path.join(tmp, name)

        def ours(model):
            command = [winnow, "embed", at("in.jsonl"), "--model", model, "-q", "-f", "-o", at("x.h5ad")]
            subprocess.run(command, check=True)
            with h5py.File(at("x.h5ad")) as f:
                return f["X"][:]

        def same(name, got, want):
            worst = np.abs(got - unit(want)).max(axis=1)
            check(f"{name}: largest difference of a component at most 1e-6", worst.max() <= 1e-6,
                  f"({worst.max():.2e} at text {worst.argmax()})")

        def transformed(path):
            return SentenceTransformer(path, device="cpu").encode(rows, convert_to_numpy=True)

        with open(at("in.jsonl"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps({"text": t}) + "\n" for t in rows)

        # made by winnow
        for weights in ("zipf", "sif"):
            subprocess.run([winnow, "distill", "--model", "all-MiniLM-L6-v2", "--token-weights", weights, "-q", "-o",
                            at(weights)], check=True)
        made = ours(at("zipf"))
        check("a text without a known token is a zero vector", not made[rows.index("")].any())
        model = StaticModel.from_pretrained(at("zipf"))
        same("winnow's table by model2vec", made, model.encode(rows))
        same("winnow's table by sentence-transformers", made, transformed(at("zipf")))

        # made by them: the table in other types, rows that tokens share, tables of sentence-transformers
        for kind in ("float16", "int8"):
            theirs = StaticModel.from_pretrained(at("sif"), quantize_to=kind)
            theirs.max_length = 512
            theirs.save_pretrained(at(kind))
            if kind == "float16":  # which it would also add up and round in
                theirs.embedding = theirs.embedding.astype(np.float32)
            same(f"model2vec's table in {kind}", ours(at(kind)), theirs.encode(rows))
        rng = np.random.default_rng(5)
        shared = StaticModel(vectors=rng.normal(size=(500, 64)).astype(np.float32), tokenizer=model.tokenizer,
                             weights=rng.uniform(.1, 2, len(model.tokens)), normalize=True, max_length=20,
                             token_mapping=rng.integers(0, 500, len(model.tokens)).astype(np.int32))
        shared.save_pretrained(at("shared"))
        same("model2vec's table of shared rows, texts cut", ours(at("shared")), shared.encode(rows))
        torch.manual_seed(3)
        for name, more in (("plain", []), ("normalised", [Normalize()])):
            tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
            SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=48), *more]).save(at(name))
            same(f"sentence-transformers' table, {name}", ours(at(name)), transformed(at(name)))

        # rows against the model: differences of two are as long as those of the model's vectors
        subprocess.run([winnow, "distill", "--model", "all-MiniLM-L6-v2", "--dims", "384", "--token-weights", "none",
                        "-q", "-o", at("none")], check=True)
        table = StaticModel.from_pretrained(at("none"))
        tokens = [t for t in table.tokens[700:20000:80]]
        ids = [Tokenizer.from_file(os.path.join(folder, "tokenizer.json")).token_to_id(t) for t in tokens]
        batch = torch.tensor([[101, i, 102] for i in ids])
        with torch.inference_mode():
            layers = AutoModel.from_pretrained(folder)(batch, attention_mask=torch.ones_like(batch))
        want = layers.last_hidden_state.mean(1).numpy()
        got = table.embedding[[table.tokens.index(t) for t in tokens]]

        def apart(x):
            return np.linalg.norm(x[:, None].astype(np.float64) - x[None], axis=2)

        worst = np.abs(apart(got) - apart(want)).max()
        check(f"rows of {len(tokens)} tokens are as far apart as the model's vectors", worst < 2e-5, f"({worst:.1e})")
    print(f"1..{checks}")
    return failures > 0


sys.exit(main())
