"""Models that winnow train makes, opened by transformers: the same probabilities for every head and architecture; and
models of transformers under winnow score. Usage: trained_models.py WINNOW. Small random models; needs an interpreter
with transformers (WINNOW_PEERS)."""
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile

winnow = sys.argv[1]
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
try:
    import numpy as np
    import torch
    import transformers
    from sklearn import metrics as sk
except ImportError as e:
    print(f"1..0 # SKIP {e} (WINNOW_PEERS names an interpreter that has it)")
    sys.exit(77)
transformers.logging.set_verbosity_error()

checks = failures = 0
WORDS = "river stone bird light house green morning engine market music paper winter signal garden".split()
ARCHITECTURES = ("bert", "roberta", "distilbert", "albert")
TOLERANCE = 1e-6


def check(name, ok, detail=""):
    global checks, failures
    checks += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {checks} - {name} {detail}")


def run(*args):
    done = subprocess.run([winnow, *args], capture_output=True, text=True)
    if done.returncode:
        print("# " + " ".join(args) + "\n# " + done.stderr.replace("\n", "\n# "))
    return done


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def base_model(folder, kind):
    os.makedirs(folder)
    torch.manual_seed(7)
    if kind == "roberta":
        table, n = [], 0
        for b in range(256):
            if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174:
                table.append(chr(b))
            else:
                table.append(chr(256 + n))
                n += 1
        pieces = ["<s>", "<pad>", "</s>", "<unk>"] + table + ["<mask>"]
        write(folder + "/vocab.json", json.dumps({p: i for i, p in enumerate(pieces)}))
        write(folder + "/merges.txt", "#version: 0.2\n")
        write(folder + "/tokenizer_config.json", json.dumps({"tokenizer_class": "RobertaTokenizer",
                                                             "model_max_length": 60}))
        config = transformers.RobertaConfig(vocab_size=len(pieces), hidden_size=16, num_hidden_layers=2,
                                            num_attention_heads=2, intermediate_size=32, max_position_embeddings=62,
                                            type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    else:
        vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS
        write(folder + "/vocab.txt", "".join(w + "\n" for w in vocab))
        write(folder + "/tokenizer_config.json", json.dumps({"tokenizer_class": "BertTokenizer",
                                                             "do_lower_case": True, "model_max_length": 60}))
        sizes = dict(vocab_size=len(vocab), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                     intermediate_size=32, max_position_embeddings=60)
        if kind == "distilbert":
            sizes = dict(vocab_size=len(vocab), dim=16, n_layers=2, n_heads=2, hidden_dim=32,
                         max_position_embeddings=60)
        if kind == "albert":
            sizes.update(embedding_size=8, num_hidden_groups=1, inner_group_num=1)
        config = transformers.AutoConfig.for_model(kind, **sizes)
    model = transformers.AutoModel.from_config(config)
    with torch.no_grad():  # large enough for outputs that tell texts apart
        for name, p in model.named_parameters():
            if p.dim() == 2:
                p.normal_(0, 0.3)
    model.save_pretrained(folder)


def records(path, n, seed):
    """Texts, a second text, two endings; a class of three by the first word, a side, a number."""
    rng = random.Random(seed)
    rows = []
    for i in range(n):
        a = [rng.choice(WORDS) for _ in range(rng.randint(2, 12))]
        b = [rng.choice(WORDS) for _ in range(rng.randint(1, 9))]
        c = [rng.choice(WORDS) for _ in range(rng.randint(1, 9))]
        rows.append({"id": f"r{i}", "a": " ".join(a), "b": " ".join(b), "c": " ".join(c),
                     "class": ("red", "green", "blue")[WORDS.index(a[0]) % 3], "side": 1 + (len(b) < len(c)),
                     "number": len(a) / 4})
    write(path, "".join(json.dumps(r) + "\n" for r in rows))
    return rows


TASKS = {
    "classify": (["--task", "classify", "--text-field", "a", "--label-field", "class"],
                 ["--text-field", "a", "--label-field", "class"]),
    "pairs": (["--task", "pairs", "--text-field", "a", "--text-field", "b", "--label-field", "class"],
              ["--text-field", "a", "--text-field", "b", "--label-field", "class"]),
    "choice": (["--task", "choice", "--text-field", "a", "--choices", "b", "--choices", "c", "--label-field", "side"],
               ["--text-field", "a", "--choices", "b", "--choices", "c", "--label-field", "side"]),
    "regress": (["--task", "regress", "--text-field", "a", "--label-field", "number"],
                ["--text-field", "a", "--label-field", "number"]),
}


def by_transformers(folder, task, rows):
    """Probabilities, or numbers, of the rows."""
    tok = transformers.AutoTokenizer.from_pretrained(folder)
    family = transformers.AutoModelForMultipleChoice if task == "choice" else \
        transformers.AutoModelForSequenceClassification
    model, info = family.from_pretrained(folder, output_loading_info=True)
    model.eval()
    lost = [*info["missing_keys"], *info["unexpected_keys"], *info["mismatched_keys"]]
    out = []
    with torch.no_grad():
        for r in rows:
            if task == "choice":
                x = tok([r["a"]] * 2, [r["b"], r["c"]], return_tensors="pt", padding=True, truncation=True)
                logits = model(**{k: v[None] for k, v in x.items()}).logits
            elif task == "pairs":
                logits = model(**tok(r["a"], r["b"], return_tensors="pt", truncation=True)).logits
            else:
                logits = model(**tok(r["a"], return_tensors="pt", truncation=True)).logits
            out.append((logits if task == "regress" else logits.softmax(-1))[0].tolist())
    return np.array(out), lost, model.config


def predictions(path, task):
    rows = [json.loads(line) for line in open(path, encoding="utf-8")]
    if task == "regress":
        return np.array([[r["predicted"]] for r in rows]), None
    return np.array([list(r["probabilities"].values()) for r in rows]), list(rows[0]["probabilities"])


def every_head(kind, tmp, rows):
    base = f"{tmp}/{kind}"
    base_model(base, kind)
    for task, (train, score) in TASKS.items():
        name = f"{kind}, {task}"
        model = f"{tmp}/{kind}-{task}"
        done = run("train", f"{tmp}/train.jsonl", "--model", base, *train, "-o", model, "--epochs", "2", "--lr", "1e-3",
                   "-q")
        check(f"{name}: trains", done.returncode == 0)
        done = run("score", model, f"{tmp}/test.jsonl", *score, "--predictions", f"{tmp}/p.jsonl", "-f", "-q",
                   "--metrics", f"{tmp}/m.json")
        check(f"{name}: scores", done.returncode == 0)
        if done.returncode:
            continue
        ours, names = predictions(f"{tmp}/p.jsonl", task)
        theirs, lost, config = by_transformers(model, task, rows)
        check(f"{name}: transformers finds every tensor, and no other", not lost, str(lost))
        off = float(np.abs(ours - theirs).max())
        check(f"{name}: the same probabilities", off <= TOLERANCE, f"off by {off:.1e}")
        spread = float(np.abs(theirs - theirs.mean(0)).max())
        check(f"{name}: and they differ from row to row", spread > 1e-4, f"spread {spread:.1e}")
        if task != "regress":
            check(f"{name}: the names of classes", list(config.id2label.values()) == names, f"{config.id2label}")
        metrics_agree(name, task, f"{tmp}/m.json", ours, names, rows)
        again(name, task, model, train, tmp)
        trace_agrees(name, task, model, train, tmp)


def metrics_agree(name, task, path, probs, names, rows):
    m = json.load(open(path))
    if task == "regress":
        truth = [r["number"] for r in rows]
        want = {"mse": sk.mean_squared_error(truth, probs), "mae": sk.mean_absolute_error(truth, probs)}
    else:
        truth = [names.index(str(r["side"] if task == "choice" else r["class"])) for r in rows]
        guess = probs.argmax(1)
        want = {"accuracy": sk.accuracy_score(truth, guess),
                "log_loss": sk.log_loss(truth, probs / probs.sum(1)[:, None])}
    for key, value in want.items():
        check(f"{name}: {key}", math.isclose(m[key], value, rel_tol=1e-5), f"{m[key]} {value}")


BATCH, EPOCHS, RATE = 16, 2, 2e-3


def batch_loss(model, tok, task, rows, config):
    """The loss as the class of transformers computes it."""
    if task == "choice":
        x = tok([r["a"] for r in rows for _ in "bc"], [r[c] for r in rows for c in "bc"], return_tensors="pt",
                padding=True, truncation=True)
        x = {k: v.view(len(rows), 2, -1) for k, v in x.items()}
        return model(**x, labels=torch.tensor([r["side"] - 1 for r in rows])).loss
    second = [r["b"] for r in rows] if task == "pairs" else None
    x = tok([r["a"] for r in rows], second, return_tensors="pt", padding=True, truncation=True)
    if task == "regress":
        return model(**x, labels=torch.tensor([r["number"] for r in rows], dtype=torch.float32)).loss
    return model(**x, labels=torch.tensor([config.label2id[r["class"]] for r in rows])).loss


def trace_agrees(name, task, model, train, tmp):
    """Loss, norm of the gradient and rate of every step, and the end, beside a loop in torch: without dropout, in the
    order of the records."""
    done = run("train", f"{tmp}/train.jsonl", "--model", model, *train, "-o", f"{tmp}/traced", "-f", "-q", "--epochs",
               str(EPOCHS), "--batch", str(BATCH), "--lr", str(RATE), "--dropout", "0", "--order", "input", "--log",
               f"{tmp}/steps.jsonl")
    check(f"{name}: trains with a log", done.returncode == 0)
    if done.returncode:
        return
    ours = [json.loads(line) for line in open(f"{tmp}/steps.jsonl")]
    rows = [json.loads(line) for line in open(f"{tmp}/train.jsonl")]
    tok = transformers.AutoTokenizer.from_pretrained(model)
    family = transformers.AutoModelForMultipleChoice if task == "choice" else \
        transformers.AutoModelForSequenceClassification
    theirs = family.from_pretrained(model).eval()  # no dropout
    plain = [p for n, p in theirs.named_parameters() if n.endswith("bias") or "norm" in n.lower()]
    decayed = [p for p in theirs.parameters() if all(p is not q for q in plain)]
    steps = EPOCHS * math.ceil(len(rows) / BATCH)
    adamw = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0}],
                              lr=RATE)
    schedule = transformers.get_linear_schedule_with_warmup(adamw, math.ceil(0.1 * steps), steps)
    worst = {"loss": 0, "grad_norm": 0, "lr": 0}
    for step in range(steps):
        at = step % (steps // EPOCHS) * BATCH
        loss = batch_loss(theirs, tok, task, rows[at:at + BATCH], theirs.config)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0).item()
        got = {"loss": loss.item(), "grad_norm": norm, "lr": schedule.get_last_lr()[0]}
        for key, value in got.items():
            worst[key] = max(worst[key], abs(ours[step][key] - value) / max(abs(value), 1e-9))
        adamw.step()
        schedule.step()
        adamw.zero_grad()
    check(f"{name}: loss, norm and rate of {steps} steps are torch's", len(ours) == steps and worst["loss"] < 1e-4 and
          worst["grad_norm"] < 1e-3 and worst["lr"] < 1e-6, str(worst))
    from safetensors.torch import load_file
    ended, state = load_file(f"{tmp}/traced/model.safetensors"), theirs.state_dict()
    # these change no attention and no choice: their gradient is rounding, which Adam takes for a direction
    idle = ("key.bias", "k_lin.bias") + (("classifier.bias",) if task == "choice" else ())
    moved = [k for k in ended if not k.endswith(idle)]
    off = max((float((ended[k] - state[k]).abs().max()), k) for k in moved)
    check(f"{name}: and so are the weights at the end", off[0] < 1e-5, f"off by {off[0]:.1e} in {off[1]}")


def again(name, task, model, train, tmp):
    """Trained once more for no step worth the name, it is what it was: the head was taken over."""
    done = run("train", f"{tmp}/train.jsonl", "--model", model, *train, "-o", f"{tmp}/again", "-f", "--epochs", "1",
               "--lr", "1e-30")
    check(f"{name}: a head of the same classes is used", "head      the model's own" in done.stderr)
    if done.returncode:
        return
    from safetensors.numpy import load_file
    a, b = load_file(f"{model}/model.safetensors"), load_file(f"{tmp}/again/model.safetensors")
    check(f"{name}: its parameters stay", a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a))


def of_anyone(tmp, rows):
    """A classifier that transformers made, with and without names of classes."""
    for names in (None, {0: "red", 1: "green", 2: "blue"}):
        folder = f"{tmp}/theirs"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(f"{tmp}/bert", folder)
        config = transformers.BertConfig.from_pretrained(folder, num_labels=3)
        if names:
            config.id2label, config.label2id = names, {v: k for k, v in names.items()}
        torch.manual_seed(3)
        model = transformers.BertForSequenceClassification(config)
        with torch.no_grad():
            model.classifier.weight.normal_()
        model.save_pretrained(folder)
        labels = ["red", "green", "blue"] if names else ["LABEL_0", "LABEL_1", "LABEL_2"]
        order = ["red", "green", "blue"]
        for style in ("names", "prefix", "number"):
            if not names and style == "names":
                continue
            give = {"names": labels, "prefix": ["LABEL_0", "LABEL_1", "LABEL_2"], "number": [0, 1, 2]}[style]
            write(f"{tmp}/l.jsonl", "".join(json.dumps({**r, "class": give[order.index(r["class"])]}) + "\n"
                                            for r in rows))
            done = run("score", folder, f"{tmp}/l.jsonl", "--text-field", "a", "--label-field", "class",
                       "--predictions", f"{tmp}/p.jsonl", "-f", "-q", "--metrics", f"{tmp}/m.json")
            what = f"a model of transformers {'with' if names else 'without'} names, labels by {style}"
            check(f"{what}: scores", done.returncode == 0)
            if done.returncode:
                continue
            ours, got = predictions(f"{tmp}/p.jsonl", "classify")
            theirs, _, _ = by_transformers(folder, "classify", rows)
            check(f"{what}: the same probabilities", float(np.abs(ours - theirs).max()) <= TOLERANCE and got == labels)
            truth = [order.index(r["class"]) for r in rows]
            accuracy = sk.accuracy_score(truth, theirs.argmax(1))
            check(f"{what}: accuracy", math.isclose(json.load(open(f"{tmp}/m.json"))["accuracy"], accuracy))


def main():
    with tempfile.TemporaryDirectory() as tmp:
        records(f"{tmp}/train.jsonl", 150, 1)
        rows = records(f"{tmp}/test.jsonl", 60, 2)
        for kind in ARCHITECTURES:
            every_head(kind, tmp, rows)
        of_anyone(tmp, rows)
    print(f"1..{checks}")
    return failures > 0


sys.exit(main())
