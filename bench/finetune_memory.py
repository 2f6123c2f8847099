"""Peak memory of winnow train, batches of 16 texts of 128 tokens whose words are, together, most of the vocabulary,
against 600 MB. Usage: bench/run finetune_memory [MODEL]"""
import json
import os
import random
import resource
import subprocess
import sys
import tempfile

WINNOW = os.path.join(os.environ["WINNOW_BENCH_BIN"], "winnow")
MODEL = sys.argv[1] if len(sys.argv) > 1 else "all-MiniLM-L6-v2"
WORDS, TEXTS, BOUND = 126, 480, 600e6


def vocabulary():
    """Words of the model's vocabulary, and pieces behind a word that none of them is."""
    first = subprocess.run([WINNOW, "info", MODEL], capture_output=True, text=True, check=True).stdout.split(": ")[0]
    with open(os.path.join(first, "tokenizer.json"), encoding="utf-8") as f:
        tokens = json.load(f)["model"]["vocab"]
    words, rest = [t for t in tokens if t.isalpha()], [t[2:] for t in tokens if t.startswith("##")]
    random.Random(1).shuffle(words)
    random.Random(2).shuffle(rest)
    return words, rest


def main():
    words, rest = vocabulary()
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/wide.jsonl", "w", encoding="utf-8") as f:
            for i in range(TEXTS):
                text = [words[(i * WORDS + k) % len(words)] for k in range(WORDS - 6)]
                text += ["zz" + rest[(i * 6 + k) % len(rest)] for k in range(6)]
                print(json.dumps({"text": " ".join(text), "label": "ab"[i % 2]}), file=f)
        subprocess.run([WINNOW, "train", f"{folder}/wide.jsonl", "--model", MODEL, "--task", "classify",
                        "--label-field", "label", "--max-tokens", "128", "--batch", "16", "--epochs", "1", "-q", "-o",
                        f"{folder}/model"], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    met = min(len(words), TEXTS * (WORDS - 6)) + min(len(rest), TEXTS * 6)
    print("| steps | words and pieces met | peak MB | bound MB | ratio |\n|---|---|---|---|---|")
    print(f"| {TEXTS // 16} | {met} | {peak / 1e6:.0f} | {BOUND / 1e6:.0f} | {peak / BOUND:.2f} |")
    return peak > BOUND


sys.exit(main())
