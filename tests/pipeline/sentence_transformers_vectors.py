"""winnow embed against sentence-transformers, text to vector. Usage: sentence_transformers_vectors.py WINNOW
Needs all-MiniLM-L6-v2 (tools/get-minilm) and an interpreter with sentence-transformers and h5py (WINNOW_PEERS)."""
import json
import os
import subprocess
import sys
import tempfile

winnow = sys.argv[1]
found = subprocess.run([winnow, "info", "all-MiniLM-L6-v2"], capture_output=True, text=True)
if found.returncode:
    print("1..0 # SKIP no all-MiniLM-L6-v2 (tools/get-minilm fetches it)")
    sys.exit(77)
try:
    import h5py
    import numpy as np
    from sentence_transformers import SentenceTransformer
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
    """Sentences of this repository's own documentation, alone and in longer and longer runs; edge cases."""
    lines = []
    for folder, _, files in sorted(os.walk("docs")):
        for name in sorted(files):
            if name.endswith(".md"):
                lines += [line.strip() for line in open(os.path.join(folder, name), encoding="utf-8") if len(line) > 40]
    lines = lines[:120]
    out = list(lines)
    for n in (3, 9, 40):
        out += [" ".join(lines[i:i + n]) for i in range(0, len(lines), 4 * n)]
    return out + ["", " ", "x", "naïve café — 東京 \U0001F600", "a" * 300, "word " * 600]


def main():
    rows = texts()
    with tempfile.TemporaryDirectory() as tmp:
        path, out = os.path.join(tmp, "in.jsonl"), os.path.join(tmp, "out.h5ad")
        with open(path, "w", encoding="utf-8") as f:
            for t in rows:
                f.write(json.dumps({"text": t}) + "\n")
        subprocess.run([winnow, "embed", path, "--model", "all-MiniLM-L6-v2", "-q", "-o", out], check=True)
        with h5py.File(out) as f:
            ours = f["X"][:]
    folder = found.stdout.splitlines()[0].split(": bert")[0]
    theirs = SentenceTransformer(folder, device="cpu").encode(rows, batch_size=1, normalize_embeddings=True)
    worst = np.abs(ours - theirs).max(axis=1)
    check(f"{len(rows)} texts", ours.shape == theirs.shape)
    check("largest difference of a component at most 1e-6", worst.max() <= 1e-6,
          f"({worst.max():.2e} at text {worst.argmax()})")
    check("rows have length 1", np.abs(np.linalg.norm(ours, axis=1) - 1).max() < 1e-6)
    print(f"1..{checks}")
    return failures > 0


sys.exit(main())
