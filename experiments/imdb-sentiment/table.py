"""Prints the metrics, the confusion and the new sentences; draws chart.svg. Usage: table.py SENTENCES SEED..."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import figures  # noqa: E402
import scores  # noqa: E402

PUBLISHED = {"accuracy": .8574, "AUC": .8577, "F1": .8545, "precision": .8817, "recall": .8290}


def positive(runs, name):
    return [c[name] for r in runs for c in r["classes"] if c["label"] == "positive"]


def confusion(runs):
    """Mean over seeds: true negatives, false positives, false negatives, true positives, as published."""
    return "/".join(f"{figures.mean([r['confusion'][i][j] for r in runs]):.0f}" for i in (0, 1) for j in (0, 1))


def main():
    runs = scores.runs("reviews.{seed}", sys.argv[2:])
    ours = {"accuracy": scores.values(runs, "accuracy"), "AUC": scores.values(runs, "auc"),
            "F1": positive(runs, "f1"), "precision": positive(runs, "precision"), "recall": positive(runs, "recall")}
    print(figures.table(["", f"ours, {len(runs)} seeds", "published, BERT-base"],
                        [[k, figures.cell(v, 1, 4), f"{PUBLISHED[k]:.4f}"] for k, v in ours.items()] +
                        [["confusion", confusion(runs), "2193/281/432/2094"],
                         ["training s", figures.cell(scores.values(runs, "train_s"), 1, 0), "–"]]))
    if os.path.exists("new.tsv"):
        with open("new.tsv", encoding="utf-8") as f, open(sys.argv[1], encoding="utf-8") as sentences:
            head, *rows = (line.rstrip("\n").split("\t") for line in f)
            texts = sentences.read().split("\n")
            print()
            print(figures.table(["sentence", "predicted", "probability of positive"],
                                [[t, r[head.index("predicted")], f"{float(r[head.index('p:positive')]):.3f}"]
                                 for t, r in zip(texts, rows)]))
    figures.bars("chart.svg", [("5,000 reviews, test", {k: {"ours": figures.mean(v) if v else None,
                                                              "published": PUBLISHED[k]} for k, v in ours.items()})])


main()
