"""Prints the methods' cells by number of classes and by vectors, and what the second edition of LSA brings. Usage,
beside the folders: table.py SET.ENCODER..."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import figures  # noqa: E402

METHODS = ["graph-cut", "graph-cut:components=0", "facility-location", "facility-location:components=0"]
WORDS = ["better", "no difference shown", "worse"]


def read(folders):
    """(set, encoder) -> (classes, the standings of every budget)."""
    for folder in folders:
        name, encoder = folder.rsplit(".", 1)
        summary = figures.read(f"{folder}/summary.json")
        yield (name, encoder), (summary["classes"], [s for s in summary["standings"] if s["budget"] != "all"])


def by_classes(found):
    rows = []
    for many in (True, False):
        for encoder in ("lsa", "model"):
            cells = [s for (_, e), (classes, of) in found.items() if e == encoder and (classes > 2) == many for s in of]
            for method in METHODS:
                against = [s["against"]["dedup+random"] for s in cells if s["method"] == method]
                means = [100 * d["difference"]["mean"] for d in against]
                if not means:
                    continue
                verdicts = [d["verdict"] for d in against]
                rows.append([f"{'many' if many else 'two'} classes ({len(means)} cells)", encoder, method,
                             *(verdicts.count(w) for w in WORDS),
                             *(f"{f(means):+.2f}" for f in (figures.mean, min, max))])
    print("## By classes and vectors, against dedup+random\n")
    print(figures.table(["texts", "vectors", "method", *WORDS, "mean", "least", "most"], rows))


def by_edition(found):
    rows, all_of_them = [], []
    for name, encoder in found:
        if encoder != "first":
            continue
        first, second = [{(s["method"], s["budget"]): 100 * s["accuracy"]["mean"] for s in found[name, e][1]
                          if s["scenario"] == "plain"} for e in ("first", "lsa")]
        for method in ["random", "dedup+random", "graph-cut", "facility-location"]:
            gains = [second[m, b] - first[m, b] for m, b in first if m == method]
            all_of_them += gains
            rows.append([name, method, " ".join(f"{g:+.1f}" for g in gains)])
    print("\n## LSA's second edition against the first, plain, by budget\n")
    print(figures.table(["texts", "method", "points of accuracy"], rows))
    print(f"\nThe mean of these {len(all_of_them)} is {figures.mean(all_of_them):+.1f}.")


def main(folders):
    found = dict(read(folders))
    by_classes(found)
    by_edition(found)


main(sys.argv[1:])
