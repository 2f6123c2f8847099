"""LSA against scikit-learn's TfidfVectorizer and LAPACK's eigenvectors. Usage: lsa_reference.py LSA_DRIVER"""
import csv
import os
import re
import struct
import subprocess
import sys
import tempfile
import unicodedata

try:
    import numpy as np
    import scipy.sparse
    from sklearn.feature_extraction.text import TfidfVectorizer
except ImportError as e:
    print(f"skipped: {e} (set WINNOW_PYTHON to an interpreter that has numpy and scikit-learn)")
    sys.exit(77)

checks = failures = 0


def check(name, ok, detail=""):
    global checks, failures
    checks += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {checks} - {name} {detail}")


def decompose(a, dims):
    """The leading singular values, one more than dims where there are, and the right vectors as rows."""
    wide = a.shape[0] < a.shape[1]
    s, u = np.linalg.eigh((a @ a.T if wide else a.T @ a).toarray())
    s, u = np.sqrt(np.maximum(s[::-1][:dims + 1], 0)), u[:, ::-1][:, :dims + 1]
    return s, (a.T @ u / np.maximum(s, 1e-12)).T if wide else u.T


UNSPACED = ("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def tokens(text):
    """Words of two characters or more; of scripts without spaces every letter, with its marks."""
    out = []
    for word in re.findall(r"[\w\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099]+", text.lower()):
        parts, before = [], True
        for c in word:
            alone = unicodedata.name(c, "").startswith(UNSPACED)
            if parts and (unicodedata.category(c)[0] == "M" if before else not alone):
                parts[-1] += c
            else:
                parts.append(c)
                before = alone
        out += [p for p in parts if len(p) > 1 or unicodedata.name(p, "").startswith(UNSPACED)]
    return out


def part(prefix, lines, **how):
    """TF-IDF of one part: names of the columns, matrix, idf. idf has no one added."""
    v = TfidfVectorizer(sublinear_tf=True, min_df=2, **how)
    v.fit(lines)
    v.idf_ = v.idf_ - 1
    return [prefix + w for w in v.get_feature_names_out()], v.transform(lines), v.idf_


def reference(features, lines):
    if features == "words-only":
        v = TfidfVectorizer(sublinear_tf=True, min_df=2)
        return [v.fit(lines).get_feature_names_out(), v.transform(lines), v.idf_]
    words = part("", lines, ngram_range=(1, 2), tokenizer=tokens, token_pattern=None, lowercase=False)
    pieces = part(" ", lines, ngram_range=(3, 5), analyzer="char_wb")
    return [words[0] + pieces[0], scipy.sparse.hstack([words[1], pieces[1]]).tocsr(),
            np.concatenate([words[2], pieces[2]])]


def read_encoder(path):
    """The model file as docs/encoders.md describes it."""
    data = open(path, "rb").read()
    words, size, dims, rank, texts = struct.unpack_from("<5Q", data, 8)
    at = 80
    ends = np.frombuffer(data, "<u8", words, at)
    df = np.frombuffer(data, "<u8", words, at + 8 * words)
    at += 16 * words
    blob = data[at:at + size]
    starts = np.concatenate([[0], ends[:-1]]).astype(int)
    vocabulary = [blob[s:e].decode() for s, e in zip(starts, ends.astype(int))]
    at += (size + 7) // 8 * 8
    sigma = np.frombuffer(data, "<f8", dims, at)
    v = np.frombuffer(data, "<f4", words * dims, at + 8 * dims).reshape(words, dims).astype(float)
    assert at + 8 * dims + 4 * words * dims + 8 == len(data)
    return vocabulary, df, texts, rank, sigma, v


def made_up(n, seed):
    """Texts with topics whose frequencies fall, so that leading singular values stand apart; marks of many kinds."""
    rng = np.random.default_rng(seed)
    marks = [" ", " ", " ", ", ", " - ", "' ", ".", "; ", " (", ") ", " a ", " É ", "\u2014", "\u00a0"]
    out = []
    for _ in range(n):
        topic = int(rng.random() ** 2 * 40)
        parts = []
        for _ in range(int(rng.integers(3, 30))):
            if rng.random() < 0.5:
                parts.append(f"Topic{topic}_{int(rng.random() ** 2 * 25)}")
            else:
                parts.append(f"wört{int(rng.random() ** 3 * 3000)}")
            parts.append(marks[int(rng.integers(len(marks)))])
        out.append("".join(parts))
    return out


def unspaced(n, seed):
    """Runs of Chinese, Japanese and Thai, of one to eight letters, beside words and numbers."""
    rng = np.random.default_rng(seed)
    scripts = ["\u6a5f\u68b0\u5b66\u7fd2\u6570\u636e\u9009\u62e9\u6a21\u578b\u8bad\u7ec3",
               "\u3042\u304b\u3055\u306e\u3067\u30ab\u30ca\u30fc",
               "\u0e01\u0e32\u0e23\u0e40\u0e23\u0e35\u0e22\u0e19\u0e23\u0e39\u0e49"]
    marks = [" ", "\u3001", "\u3002", "\uff1f", " 2013", "BERT", " a "]
    out = []
    for _ in range(n):
        letters = scripts[int(rng.integers(3))]
        text = ""
        for _ in range(int(rng.integers(1, 6))):
            at = int(rng.random() ** 2 * len(letters))
            text += (letters + letters)[at:at + int(rng.integers(1, 9))] + marks[int(rng.integers(len(marks)))]
        out.append(text)
    return out


def compare(driver, name, lines, dims, features="words+chars"):
    name = f"{name}, {features}"
    with tempfile.TemporaryDirectory() as d:
        with open(f"{d}/texts", "w", encoding="utf8") as f:
            f.write("".join(t.replace("\n", " ") + "\n" for t in lines))
        subprocess.run([driver, f"{d}/texts", features, str(dims), "2", "0", f"{d}/encoder", f"{d}/vectors"],
                       check=True)
        vocabulary, df, texts, rank, sigma, v = read_encoder(f"{d}/encoder")
        x = np.fromfile(f"{d}/vectors", "<f4").reshape(len(lines), dims).astype(float)
    names, a, weights = reference(features, lines)
    number = {w: i for i, w in enumerate(names)}
    check(f"{name}: the same vocabulary", set(vocabulary) == set(names) and texts == len(lines),
          f"{len(vocabulary)} words")
    if set(vocabulary) != set(names):
        print("#", sorted(set(vocabulary) ^ set(names))[:20])
        return
    order = [number[w] for w in vocabulary]
    cut = next((i for i, w in enumerate(vocabulary) if w[0] == " "), len(vocabulary))
    check(f"{name}: pieces follow words", all(w[0] == " " for w in vocabulary[cut:]))
    check(f"{name}: either by falling frequency",
          all(bool(np.all(np.diff(p.astype(np.int64)) <= 0)) for p in (df[:cut], df[cut:])))
    idf = np.log((1 + texts) / (1 + df.astype(float))) + (features == "words-only")
    check(f"{name}: the same idf", np.abs(idf - weights[order]).max() < 1e-12)
    a = a[:, order]
    s, vt = decompose(a, dims)
    check(f"{name}: orthonormal vectors", np.abs(v.T @ v - np.eye(dims))[:rank, :rank].max() < 1e-5)
    signs = v[np.abs(v).argmax(0), np.arange(dims)][:rank]
    check(f"{name}: the largest entry is positive", bool(np.all(signs > 0)))
    worst, count, deepest = 0.0, 0, 0
    for k in range(1, dims + 1):
        gap = 1 - s[k] / s[k - 1] if k < len(s) else 1
        if gap < 0.01:
            continue
        w = v[:, :k]
        outside = vt[:k].T - w @ (w.T @ vt[:k].T)
        worst = max(worst, np.linalg.norm(outside, 2))
        count, deepest = count + 1, k
    check(f"{name}: principal angles where singular values stand apart", worst <= 1e-3 and count > 0,
          f"sine {worst:.1e} over {count} leading subspaces, up to {deepest} dimensions")
    energy = np.linalg.norm(a @ v) ** 2 / (s[:dims] ** 2).sum()
    check(f"{name}: nothing of A's best approximation is lost", energy > 0.9995, f"{energy:.7f}")
    close = 1 - s[1:dims] / s[:dims - 1] > 0.01
    check(f"{name}: singular values", np.abs(sigma[:dims - 1] - s[:dims - 1])[close].max() < 1e-5 * s[0])
    y = a @ v
    norm = np.linalg.norm(y, axis=1, keepdims=True)
    y = np.where(norm < 1e-6, 0, y / np.maximum(norm, 1e-30))
    check(f"{name}: rows are A V, normalised", np.abs(x - y).max() < 2e-6, f"{np.abs(x - y).max():.1e}")
    exact = a @ vt[:dims].T
    exact /= np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), 1e-30)
    if dims < 64:  # with few dimensions left, what lies in the last one decides too much
        return
    rms = np.sqrt(np.mean((x[:1000] @ x[:1000].T - exact[:1000] @ exact[:1000].T) ** 2))
    check(f"{name}: cosines of rows as in the exact decomposition", rms < 3e-3, f"rms {rms:.1e}")


def main():
    driver = sys.argv[1]
    for features in ("words-only", "words+chars"):
        compare(driver, "made-up texts", made_up(1000, 1), 64, features)
        compare(driver, "few texts", made_up(150, 2), 24, features)
        compare(driver, "few words", [" ".join(t.split()[:2]) for t in made_up(1500, 3)], 8, features)
    compare(driver, "scripts without spaces", unspaced(800, 4), 24)
    data = os.environ.get("WINNOW_DATA", "../shared/data")
    path = f"{data}/story_cloze/cloze_test_val__spring2016.csv"
    if os.path.exists(path):
        with open(path, encoding="utf8", newline="") as f:
            stories = [" ".join(r[f"InputSentence{i}"] for i in (1, 2, 3, 4)) for r in csv.DictReader(f)]
        compare(driver, "stories", stories, 128, "words-only")
        compare(driver, "a third of the stories", stories[::3], 128)
    else:
        print(f"# no stories in {data} (WINNOW_DATA): not compared on them")
    return failures > 0


sys.exit(main())
