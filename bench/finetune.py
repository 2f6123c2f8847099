"""Fine-tuning steps of all-MiniLM-L6-v2 with a classification head, winnow beside torch: forward, backward, clipping,
AdamW, in f32, dropout as the model has it. Both get batches of random ids in turn; the best of the rounds counts.

    bench/run finetune [--rounds 3] [--shared]

--shared: processor time of all threads instead of wall time, for a machine that others use too.
"""
# python: torch transformers

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

# what, texts, tokens, steps a round, samples a second that winnow should have times torch's
CASES = [
    ("stories, batch 32", 32, 44, 3, 1.6),
    ("reviews, batch 16", 16, 128, 3, 1.5),
    ("sentences, batch 32", 32, 13, 6, 2.5),
]


def seconds(shared, threads):
    return time.process_time() / threads if shared else time.perf_counter()


def torch_steps(model, texts, tokens, steps, shared):
    """The child process: prints ms of the fastest step, samples a second, peak of memory in MB."""
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    threads = len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    m = AutoModelForSequenceClassification.from_pretrained(model, num_labels=2).train()
    plain = [p for n, p in m.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    rest = [p for n, p in m.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    groups = [{"params": rest, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=2e-5)
    best = float("inf")
    for _ in range(steps):
        ids = torch.randint(1000, 4000, (texts, tokens))
        labels = torch.ones(texts, dtype=torch.long)
        start = seconds(shared, threads)
        loss = m(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        best = min(best, seconds(shared, threads) - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{best * 1e3:.1f} {texts / best:.2f} {peak:.0f}")


def numbers(command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(v) for v in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shared", action="store_true")
    parser.add_argument("--model", default="all-MiniLM-L6-v2")
    parser.add_argument("--torch", nargs=3, type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.torch:
        return torch_steps(a.model, *a.torch, a.shared)
    bench = Path(os.environ["WINNOW_BENCH_BIN"]) / "bench_finetune"
    folder = subprocess.run([bench, a.model], check=True, capture_output=True, text=True).stdout.strip()
    shared = ["--shared"] if a.shared else []
    rate = numbers([bench, "rate", *(["shared"] if a.shared else [])])[0]
    print(f"f32 products of this machine reach {rate:.0f} GFLOP/s\n")
    print("| batch | torch samples/s | winnow samples/s | ratio | wanted | torch MB | winnow MB | of it "
          "| products GFLOP/s | share |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    good = True
    for name, texts, tokens, steps, wanted in CASES:
        theirs, ours = [], []
        for _ in range(a.rounds):
            shape = [str(texts), str(tokens), str(steps)]
            ours.append(numbers([bench, a.model, *shape, *(["shared"] if a.shared else [])]))
            theirs.append(numbers([sys.executable, __file__, "--model", folder, *shared, "--torch", *shape]))
        t, w = max(r[1] for r in theirs), max(r[1] for r in ours)
        t_mb, w_mb, flops = min(r[2] for r in theirs), max(r[3] for r in ours), max(r[2] for r in ours)
        print(f"| {name} of {tokens} tokens | {t:.1f} | {w:.1f} | {w / t:.2f} | {wanted} | {t_mb:.0f} | {w_mb:.0f} "
              f"| {w_mb / t_mb:.2f} | {flops:.0f} | {100 * flops / rate:.0f}% |", flush=True)
        good = good and w / t >= wanted and w_mb < t_mb / 2
    print("\n" + ("every ratio is reached" if good else "NOT every ratio is reached"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
