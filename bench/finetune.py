"""Fine-tuning steps of all-MiniLM-L6-v2 with a classification head, winnow beside torch: forward, backward, clipping,
AdamW, in f32, dropout as the model has it. Both get the same batches of real texts in turn; torch gets them as
DataCollatorWithPadding makes them, padded to the longest of a batch, winnow packs them. The best of the rounds counts.

    bench/run finetune [--rounds 3] [--shared] [--equal]

--shared: processor time of all threads instead of wall time, for a machine that others use too. --equal: texts cut to
one length, so that torch pads nothing: what the kernels alone gain.
"""
# python: torch transformers

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import texts as sets  # noqa: E402

# set of texts, batch, tokens a text at most (with --equal: exactly), steps, samples a second that winnow should have
# times torch's
CASES = [
    ("stories", 32, 128, 44, 8, 1.6),
    ("reviews", 16, 128, 128, 12, 1.5),
    ("sentences", 32, 128, 13, 20, 2.5),
]


def seconds(shared, threads):
    return time.process_time() / threads if shared else time.perf_counter()


def torch_steps(model, path, texts, steps, shared):
    """The child process: prints ms of a step, samples a second, peak of memory in MB."""
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
    with open(path, encoding="utf-8") as f:
        lines = [[int(v) for v in line.split()] for line in f]
    took = 0
    for step in range(steps + 1):
        rows = lines[step * texts:(step + 1) * texts]
        longest = max(len(r) for r in rows)
        start = seconds(shared, threads)
        ids = torch.tensor([r + [0] * (longest - len(r)) for r in rows])
        labels = torch.ones(texts, dtype=torch.long)
        loss = m(input_ids=ids, attention_mask=(ids != 0).long(), labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        took += (seconds(shared, threads) - start) * (step > 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{took / steps * 1e3:.1f} {texts * steps / took:.2f} {peak:.0f}")


def ids_of(name, all_texts, most, exact, model, folder):
    """A file of a line of ids a text, and their mean number."""
    path, ids = os.path.join(folder, name + ".txt"), os.path.join(folder, name + ".ids")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(all_texts[:2000]) + "\n")
    winnow = os.path.join(os.environ["WINNOW_BENCH_BIN"], "winnow")
    command = [winnow, "tokenize", path, "--format", "txt", "--model", model, "--max-tokens", str(most), "-q"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    if exact:
        lines = [line[:exact] for line in lines if len(line) >= exact]
    with open(ids, "w", encoding="utf-8") as f:
        f.writelines(" ".join(line) + "\n" for line in lines)
    return ids, sum(map(len, lines)) / len(lines)


def numbers(command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(v) for v in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shared", action="store_true")
    parser.add_argument("--equal", action="store_true")
    parser.add_argument("--model", default="all-MiniLM-L6-v2")
    parser.add_argument("--data", default=os.environ.get("WINNOW_DATA", "../shared/data"))
    parser.add_argument("--torch", nargs=3, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.torch:
        return torch_steps(a.model, a.torch[0], int(a.torch[1]), int(a.torch[2]), a.shared)
    bench = Path(os.environ["WINNOW_BENCH_BIN"]) / "bench_finetune"
    folder = subprocess.run([bench, a.model], check=True, capture_output=True, text=True).stdout.strip()
    shared = ["--shared"] if a.shared else []
    rate = numbers([bench, "rate", *(["shared"] if a.shared else [])])[0]
    print(f"f32 products of this machine reach {rate:.0f} GFLOP/s\n")
    print("| texts | batch | tokens | torch samples/s | winnow samples/s | ratio | wanted | torch MB | winnow MB "
          "| of it | products GFLOP/s | share |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    good = True
    loaded = sets.load(a.data)
    with tempfile.TemporaryDirectory() as work:
        for name, batch, most, exact, steps, wanted in CASES:
            ids, tokens = ids_of(name, loaded[name], most, exact if a.equal else 0, folder, work)
            theirs, ours = [], []
            for _ in range(a.rounds):
                shape = [ids, str(batch), str(steps)]
                ours.append(numbers([bench, a.model, *shape, *(["shared"] if a.shared else [])]))
                theirs.append(numbers([sys.executable, __file__, "--model", folder, *shared, "--torch", *shape]))
            t, w = max(r[1] for r in theirs), max(r[1] for r in ours)
            t_mb, w_mb, flops = min(r[2] for r in theirs), max(r[3] for r in ours), max(r[2] for r in ours)
            print(f"| {name} | {batch} | {tokens:.1f} | {t:.1f} | {w:.1f} | {w / t:.2f} | {wanted} | {t_mb:.0f} "
                  f"| {w_mb:.0f} | {w_mb / t_mb:.2f} | {flops:.0f} | {100 * flops / rate:.0f}% |", flush=True)
            good = good and w / t >= wanted and w_mb < t_mb / 2
    print("\n" + ("every ratio is reached" if good else "NOT every ratio is reached"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
