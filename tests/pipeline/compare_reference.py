"""The probe, the metrics and the statistics of a comparison against scikit-learn and scipy.

Usage: compare_reference.py DRIVER. Prints TAP; exit code 77 where numpy, scipy or scikit-learn is missing.
"""
import subprocess
import sys
import warnings

try:
    import numpy as np
    from scipy import stats
    from sklearn import metrics as sk
    from sklearn.linear_model import LogisticRegression
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(77)
warnings.filterwarnings("ignore")
count = 0


def ask(what, *numbers):
    data = np.concatenate([np.ravel(np.asarray(n, np.float64)) for n in numbers])
    done = subprocess.run([sys.argv[1], what], input=data.tobytes(), stdout=subprocess.PIPE, check=True)
    return np.array([float(v) for v in done.stdout.split()])


def ok(good, name, figure=""):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name} {figure}")


def near(ours, theirs, tolerance, name):
    """Relative beside absolute; NaN equals NaN."""
    ours, theirs = np.ravel(ours), np.ravel(np.asarray(theirs, float))
    same = ours.shape == theirs.shape and (np.isnan(ours) == np.isnan(theirs)).all()
    both = ~np.isnan(theirs)
    off = np.max(np.abs(ours - theirs)[both] / np.maximum(1, np.abs(theirs[both])), initial=0) if same else np.inf
    ok(off <= tolerance, name, f"off by {off:.1e}")


# ---- the probe ----
def rows_of(rng, n, d, classes, spread=0.25, common=0.5):
    """Unit rows about class centres and a common direction, in float."""
    centres = rng.normal(size=(classes, d)) * spread + rng.normal(size=d) * common
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    x = centres[y] + rng.normal(size=(n, d)) * 0.6
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32).astype(np.float64), y


def log_softmax(z):
    top = z - z.max(axis=1, keepdims=True)
    return top - np.log(np.exp(top).sum(axis=1, keepdims=True))


def objective(w, x, y, c, classes):
    """scikit-learn's, in double; two classes have one vector."""
    z = x @ w[:, :-1].T + w[:, -1]
    square = ((w[1] - w[0])[:-1] ** 2).sum() if classes == 2 else (w[:, :-1] ** 2).sum()
    return -c * log_softmax(z)[np.arange(len(y)), y].sum() + square / 2


def probe(n, d, classes, c, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    x, y = rows_of(rng, n + 200, d, classes)
    x *= scale
    c /= scale ** 2
    out = ask("probe", n, 200, d, classes, c, x[:n], y[:n], x[n:])
    w = out[1:1 + classes * (d + 1)].reshape(classes, d + 1)
    probs = out[1 + classes * (d + 1):].reshape(200, classes)
    model = LogisticRegression(C=c, tol=1e-10, max_iter=20000).fit(x[:n], y[:n])
    theirs = np.hstack([model.coef_, model.intercept_[:, None]])
    if classes == 2:
        theirs = np.vstack([-theirs / 2, theirs / 2])
    name = f"probe of {n} x {d}, {classes} classes, c {c:g}"
    near(probs, model.predict_proba(x[n:]), 1e-4, name + ": probabilities")
    mine, best = objective(w, x[:n], y[:n], c, classes), objective(theirs, x[:n], y[:n], c, classes)
    ok(mine <= best * (1 + 1e-8), name + ": objective", f"{mine / best - 1:+.1e}")


probe(300, 40, 12, 1.0, 1)
probe(300, 40, 12, 100.0, 2)
probe(400, 96, 45, 10.0, 3)
probe(150, 64, 2, 3.0, 4)
probe(1000, 384, 20, 10.0, 5)
probe(300, 40, 5, 10.0, 6, scale=30.0)

# c by cross-validation: as good on new rows as the best of scikit-learn's own search
rng = np.random.default_rng(7)
x, y = rows_of(rng, 1000, 64, 8, spread=0.12)
out = ask("probe", 400, 600, 64, 8, np.nan, x[:400], y[:400], x[400:])
probs = out[1 + 8 * 65:].reshape(600, 8)
losses = {c: sk.log_loss(y[400:], LogisticRegression(C=c, max_iter=5000).fit(x[:400], y[:400]).predict_proba(x[400:]))
          for c in 10.0 ** (np.arange(-4, 9) / 2)}
mine = sk.log_loss(y[400:], probs.astype(np.float64) / probs.sum(axis=1, keepdims=True))
best = min(losses.values())
ok(mine <= 1.03 * best, "c by cross-validation", f"c {out[0]:g}, loss {mine:.4f} of {best:.4f}")


# ---- metrics ----
def classify(n, classes, seed, step=None, present=None):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, classes)) * 2
    y = rng.integers(0, present or classes, n)
    z[np.arange(n), y] += 1
    p = np.exp(log_softmax(z))
    if step:
        p = np.round(p * step) / step  # many equal values
        p[:, 0] += 1 - p.sum(axis=1)
        p[p[:, 0] < 0] = np.eye(classes)[0]
    p = p.astype(np.float32).astype(np.float64)
    out = ask("classify", n, classes, p, y)
    hat = p.argmax(axis=1)
    name = f"metrics of {n} rows, {classes} classes" + (", equal values" if step else "")
    if classes == 2:
        auc = sk.roc_auc_score(y, p[:, 1])
    else:
        auc = np.mean([sk.roc_auc_score(y == c, p[:, c]) for c in np.unique(y)])
    best = p.max(axis=1)
    bins = np.clip(np.ceil(best * 15) - 1, 0, 14)
    ece = sum(abs(((hat == y)[bins == b] - best[bins == b]).sum()) for b in range(15)) / n
    loss = -np.log(np.maximum(p[np.arange(n), y], 2.0 ** -52)).mean()
    macro = sk.precision_recall_fscore_support(y, hat, average="macro", zero_division=0)[:3]
    near(out[:8], [sk.accuracy_score(y, hat), sk.balanced_accuracy_score(y, hat), *macro, auc, loss, ece], 1e-12, name)
    each = sk.precision_recall_fscore_support(y, hat, labels=range(classes), zero_division=np.nan)[:3]
    near(out[8:8 + 3 * classes].reshape(classes, 3).T, each, 1e-12, name + ": each class")
    near(out[8 + 3 * classes:], sk.confusion_matrix(y, hat, labels=range(classes)), 0, name + ": confusion")
    if not step and not present:
        unit = p / p.sum(axis=1, keepdims=True)
        near(out[6], sk.log_loss(y, unit, labels=range(classes)), 1e-6, name + ": log loss of rescaled rows")
        if classes > 2:
            near(out[5], sk.roc_auc_score(y, unit, multi_class="ovr"), 1e-6, name + ": scikit-learn's own mean area")


classify(500, 2, 1)
classify(500, 2, 2, step=10)
classify(700, 9, 3)
classify(300, 6, 4, step=8)
classify(200, 7, 5, present=4)


def regress(n, seed, digits=None):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n) * 3
    guess = truth + rng.normal(size=n)
    if digits is not None:
        truth, guess = truth.round(digits), guess.round(digits)
    truth, guess = (v.astype(np.float32).astype(np.float64) for v in (truth, guess))
    near(ask("regress", n, guess, truth),
         [sk.mean_squared_error(truth, guess), sk.mean_absolute_error(truth, guess), stats.pearsonr(guess, truth)[0],
          stats.spearmanr(guess, truth)[0]], 1e-12, f"metrics of {n} numbers")


regress(400, 1)
regress(400, 2, digits=0)
near(ask("regress", 5, np.ones(5), np.arange(5))[2:], [np.nan, np.nan], 0, "no spread, no correlation")

# ---- statistics ----
grid = [(p, df) for p in (1e-6, 0.005, 0.025, 0.2, 0.4999, 0.5, 0.7, 0.95, 0.975, 0.995, 1 - 1e-9)
        for df in (1, 2, 2.5, 3, 4, 9, 19, 99, 1000, 1e5)]
near(ask("quantiles", grid), [stats.t.ppf(p, df) for p, df in grid], 1e-9, "quantiles of Student's t")
grid = [(t, df) for t in (0, 0.01, 0.1, 1, -2.3, 4.7, 12, 300) for df in (1, 2, 3, 4.5, 9, 19, 99, 1000, 1e5)]
theirs = np.array([2 * stats.t.sf(abs(t), df) for t, df in grid])
mine = ask("tails", grid)
off = np.max(np.abs(mine - theirs) / np.maximum(theirs, 1e-300))
ok(off <= 1e-9, "tails of Student's t", f"off by {off:.1e} of themselves")


def intervals(n, level, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n) + 0.4
    b = a + rng.normal(size=n) * 0.3 - 0.1
    theirs = []
    for v in (a, a - b):
        theirs += [v.mean(), v.std(ddof=1), *stats.t.interval(level, n - 1, v.mean(), stats.sem(v)),
                   stats.ttest_1samp(v, 0).pvalue]
    near(ask("intervals", n, level, a, b), theirs, 1e-9, f"intervals of {n} at {level}")


for n, level in ((2, 0.95), (3, 0.9), (5, 0.95), (10, 0.95), (10, 0.99), (40, 0.5)):
    intervals(n, level, n)


def philox(seed, stream, counters):
    """Philox4x32-10, blocks as rows."""
    c = [np.uint64(0) + (counters & 0xFFFFFFFF), counters >> np.uint64(32),
         np.full_like(counters, stream & 0xFFFFFFFF), np.full_like(counters, stream >> 32)]
    k0, k1, low = seed & 0xFFFFFFFF, seed >> 32, np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & low,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1)


def bootstrap(seeds, items, draws, seed, level):
    rng = np.random.default_rng(seed)
    a = (rng.random((seeds, items)) < 0.63).astype(float)
    b = (rng.random((seeds, items)) < 0.6).astype(float)
    d = (a - b).mean(axis=0)
    blocks = np.arange((items + 3) // 4, dtype=np.uint64)
    v = np.array([d[(philox(seed, i, blocks).ravel()[:items] * np.uint64(items)) >> np.uint64(32)].mean()
                  for i in range(draws)])
    tiny = 1e-15
    p = min(1, 2 * (min((v <= tiny).sum(), (v >= -tiny).sum()) + 1) / (draws + 1))
    ours = ask("bootstrap", seeds, items, draws, seed, level, a, b)
    name = f"bootstrap over {items} items"
    near(ours, [d.mean(), v.std(ddof=1), *np.quantile(v, [(1 - level) / 2, (1 + level) / 2]), p], 1e-9, name)
    free = stats.bootstrap((d,), np.mean, n_resamples=4000, confidence_level=level, method="percentile",
                           rng=np.random.default_rng(seed)).confidence_interval
    ok(max(abs(ours[2] - free.low), abs(ours[3] - free.high)) < 0.15 * (free.high - free.low),
       name + ": near scipy's own draws", f"{ours[2]:.4f} {ours[3]:.4f}, {free.low:.4f} {free.high:.4f}")


bootstrap(5, 501, 1000, 3, 0.95)
bootstrap(1, 200, 2000, 4, 0.9)


def holm(p):
    order, out, most = np.argsort(p), np.empty(len(p)), 0
    for rank, i in enumerate(order):
        most = max(most, min(1, (len(p) - rank) * p[i]))
        out[i] = most
    return out


for p in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.02, 0.02, 0.9], [0.001], [0.2, 0.01, 0.01, 0.011, 0.3, 0.0001]):
    near(ask("holm", p), holm(np.array(p)), 1e-15, f"Holm of {len(p)}")
near(ask("holm", [0.01, np.nan, 0.03]), [0.02, np.nan, 0.03], 1e-15, "Holm leaves NaN out")
print(f"1..{count}")
