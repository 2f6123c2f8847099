"""What fine_tune of common.sh keeps of a training: NAME.metrics.json, .train.json, .score.json."""
import figures


def run(name):
    """accuracy and the rest of the metrics, train_s, score_s, records; None if it has not run."""
    m = figures.read(f"{name}.metrics.json")
    if not m:
        return None
    manifest = figures.read(f"{name}.train.json")
    score = figures.read(f"{name}.score.json")
    here = manifest["this_run"]
    return {**m, "train_s": None if here["steps_resumed"] else here["seconds"]["train"],
            "score_s": score["score_ms"] / 1000, "trained_on": manifest["training"]["records"],
            "epochs": manifest["training"]["epochs"], "loss": manifest["training"]["loss"], "cpu": here["cpu"],
            "kernels": here["kernels"], "threads": here["threads"]}


def runs(pattern, seeds):
    """Those of the seeds that have run; pattern has {seed}."""
    return [r for r in (run(pattern.format(seed=s)) for s in seeds) if r]


def values(found, name):
    return [r[name] for r in found if r[name] is not None]
