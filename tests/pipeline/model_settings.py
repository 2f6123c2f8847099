"""Every setting of a model folder that winnow honours, against transformers and sentence-transformers: ids and vectors.
Usage: model_settings.py WINNOW. Small random models; needs an interpreter with sentence-transformers (WINNOW_PEERS)."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

winnow = sys.argv[1]
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
try:
    import h5py
    import numpy as np
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
except ImportError as e:
    print(f"1..0 # SKIP {e} (WINNOW_PEERS names an interpreter that has it)")
    sys.exit(77)
transformers.logging.set_verbosity_error()

checks = failures = 0
ROWS = ["The quick brown fox", "a Café in ÎLE DE FRANCE 東京 tokyo", "x", "query: One two three four five six seven",
        "<extra> [MASK] <mask> the [X] end", "", "ÄÖÜ straße İstanbul ΟΔΟΣ", "one two three four five six " * 4]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZéîäöüßÎÉÄÖÜİοδσς:<>[]"


def check(name, ok, detail=""):
    global checks, failures
    checks += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {checks} - {name} {detail}")


def put(folder, name, value):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))


def change(folder, name, **values):
    path = os.path.join(folder, name)
    old = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    put(folder, name, {k: v for k, v in {**old, **values}.items() if v is not ...})


def bert(folder, kind="bert"):
    """A random model of the kind with a tokenizer in every form."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "The", "one", "two", "three", "fox", "quick"]
    words += list(LETTERS) + ["##" + c for c in LETTERS] + ["東", "京", "東京", "caf", "##e", "i", "##\u0307"]
    words = list(dict.fromkeys(words))
    put(folder, "vocab.txt", "".join(w + "\n" for w in words))
    torch.manual_seed(7)
    sizes = dict(vocab_size=len(words) + 4, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                 intermediate_size=32, max_position_embeddings=40)
    if kind == "distilbert":
        sizes = dict(vocab_size=len(words) + 4, dim=16,
                     n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=40)
    config = transformers.AutoConfig.for_model(kind, **sizes)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    transformers.BertTokenizer(os.path.join(folder, "vocab.txt")).save_pretrained(folder)


def roberta(folder):
    table, n = [], 0
    for b in range(256):
        if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174:
            table.append(chr(b))
        else:
            table.append(chr(256 + n))
            n += 1
    pieces = ["<s>", "<pad>", "</s>", "<unk>"] + table + ["th", "the", "on", "one", "Th", "The"] + ["<mask>"]
    vocab = {p: i for i, p in enumerate(pieces)}
    put(folder, "vocab.json", vocab)
    put(folder, "merges.txt", "#version: 0.2\nt h\nth e\no n\non e\nT h\nTh e\n")
    torch.manual_seed(7)
    config = transformers.RobertaConfig(vocab_size=len(pieces) + 4, hidden_size=16, num_hidden_layers=2,
                                        num_attention_heads=2, intermediate_size=32, max_position_embeddings=42,
                                        pad_token_id=1, bos_token_id=0, eos_token_id=2)
    transformers.RobertaModel(config).save_pretrained(folder)
    merges = [("t", "h"), ("th", "e"), ("o", "n"), ("on", "e"), ("T", "h"), ("Th", "e")]
    transformers.RobertaTokenizer(vocab=vocab, merges=merges, model_max_length=40).save_pretrained(folder)


def modules(folder, inside="", pooling=None, more=(), **prompts):
    put(folder, "modules.json",
        [{"idx": 0, "name": "0", "path": inside, "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}, *more])
    put(folder, "1_Pooling/config.json",
        {"word_embedding_dimension": 16, **(pooling or {"pooling_mode_mean_tokens": True})})
    if prompts:
        put(folder, "config_sentence_transformers.json", prompts)


def run(*args):
    return subprocess.run([winnow, *args], capture_output=True, text=True)


def ids_agree(name, folder, rows, limit=0):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    got = run("tokenize", rows, "--model", folder, "-q", *(["--max-tokens", str(limit)] if limit else []))
    cut = dict(truncation=True, max_length=limit or 40)
    want = [tokenizer(t, **cut)["input_ids"] for t in ROWS]
    ours = [[int(i) for i in line.split()] for line in got.stdout.splitlines()]
    wrong = [i for i in range(len(ROWS)) if i >= len(ours) or ours[i] != want[i]]
    detail = got.stderr.strip() or (f"text {wrong[0]}: {ours[wrong[0]]} wanted {want[wrong[0]]}" if wrong else "")
    check(f"ids: {name}", not wrong, detail)


def vectors_agree(name, folder, rows, tmp):
    out = os.path.join(tmp, "e.h5ad")
    got = run("embed", rows, "--model", folder, "-q", "-f", "-o", out)
    if got.returncode:
        return check(f"vectors: {name}", False, got.stderr.strip())
    ours = h5py.File(out)["X"][:]
    theirs = SentenceTransformer(folder, device="cpu").encode(ROWS, batch_size=1, normalize_embeddings=True)
    far = np.abs(ours - theirs).max() if ours.shape == theirs.shape else 9
    check(f"vectors: {name}", far < 2e-6, f"({far:.1e})")


def refused(name, folder, rows, tmp, *words):
    got = run("embed", rows, "--model", folder, "-q", "-f", "-o", os.path.join(tmp, "e.h5ad"))
    ok = got.returncode == 3 and got.stderr.count("\n") == 1 and all(w in got.stderr for w in words)
    check(f"refused: {name}", ok, "" if ok else got.stderr.strip())


def tokenizer_settings(base, fresh, rows, tmp):
    # ---- tokenizer_config.json against tokenizer.json
    for kind in base:
        ids_agree(kind, fresh(kind), rows)
        vectors_agree(kind, fresh(kind), rows, tmp)
    settings = [("do_lower_case", False), ("do_lower_case", True), ("strip_accents", False), ("strip_accents", True),
                ("tokenize_chinese_chars", False), ("truncation_side", "left"), ("padding_side", "left"),
                ("model_max_length", 8), ("tokenizer_class", "PreTrainedTokenizerFast"), ("tokenizer_class", ...),
                ("tokenizer_class", "BertTokenizerFast"), ("tokenizer_class", "ElectraTokenizer"),
                ("additional_special_tokens", ["[X]"]), ("extra_special_tokens", ["[X]", "<extra>"]),
                ("extra_special_tokens", {"x_token": "[X]"}), ("mask_token", "[X]"), ("cls_token", "[SEP]"),
                ("unk_token", "x"), ("clean_up_tokenization_spaces", True)]
    for json_too in (True, False):
        for key, value in settings:
            folder = fresh(drop=() if json_too else ("tokenizer.json",))
            if not json_too and value == "PreTrainedTokenizerFast":
                continue
            change(folder, "tokenizer_config.json", **{key: value})
            where = "with tokenizer.json" if json_too else "with vocab.txt"
            ids_agree(f"{key} {value} {where}", folder, rows,
                      {"truncation_side": 6, "model_max_length": 8}.get(key, 0))
            if key == "model_max_length":
                vectors_agree(f"{key} {value} {where}", folder, rows, tmp)
    for key, value in [("add_prefix_space", True), ("truncation_side", "left"), ("tokenizer_class", ...),
                       ("tokenizer_class", "PreTrainedTokenizerFast"), ("extra_special_tokens", ["[X]"])]:
        folder = fresh("roberta")
        change(folder, "tokenizer_config.json", **{key: value})
        ids_agree(f"roberta: {key} {value}", folder, rows, 6 if key == "truncation_side" else 0)
    folder = fresh("roberta", ("tokenizer.json",))
    ids_agree("roberta: vocab.json", folder, rows)
    folder = fresh(drop=("tokenizer_config.json",))
    ids_agree("no tokenizer_config.json", folder, rows)
    for direction in ("Left", "Right"):
        folder = fresh()
        written = json.load(open(os.path.join(folder, "tokenizer.json"), encoding="utf-8"))
        cut = {"direction": direction, "max_length": 12, "strategy": "LongestFirst", "stride": 0}
        written["truncation"] = cut
        put(folder, "tokenizer.json", written)
        change(folder, "tokenizer_config.json", truncation_side=...)
        ids_agree(f"truncation direction {direction}", folder, rows, 6)
        change(folder, "tokenizer_config.json", truncation_side="right")
        ids_agree(f"truncation direction {direction} against truncation_side", folder, rows, 6)
    for form in ("special_tokens_map.json", "added_tokens.json"):
        folder = fresh(drop=("tokenizer.json",))
        change(folder, "tokenizer_config.json", added_tokens_decoder=...)
        size = len(open(os.path.join(folder, "vocab.txt"), encoding="utf-8").read().splitlines())
        put(folder, form, {"mask_token": "<extra>"} if form[0] == "s" else {"<extra>": size, "[x]": size + 1})
        ids_agree(form, folder, rows)


def pooling_settings(fresh, rows, tmp):
    # ---- sentence-transformers
    flags = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    for flag in flags:
        folder = fresh()
        modules(folder, pooling={"pooling_mode_mean_tokens": False, "pooling_mode_" + flag: True})
        vectors_agree("pooling " + flag, folder, rows, tmp)
    for mode in ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"):
        folder = fresh()
        modules(folder, pooling={"pooling_mode": mode, "include_prompt": False})
        vectors_agree("pooling_mode " + mode, folder, rows, tmp)
    folder = fresh()
    modules(folder, pooling={"pooling_mode": ["cls", "mean"]})
    refused("two pooling modes", folder, rows, tmp, "1_Pooling/config.json: pooling_mode \"cls, mean\"")
    folder = fresh()
    modules(folder, prompts={"query": "query: ", "passage": ""}, default_prompt_name="query")
    vectors_agree("a default prompt", folder, rows, tmp)
    modules(folder, prompts={"query": "query: ", "passage": ""}, default_prompt_name=None, similarity_fn_name="dot")
    vectors_agree("prompts without a default", folder, rows, tmp)
    modules(folder, prompts={}, default_prompt_name="document")
    vectors_agree("the document prompt that is always there", folder, rows, tmp)
    modules(folder, pooling={"pooling_mode": "mean", "include_prompt": False}, prompts={"q": "query: "},
            default_prompt_name="q")
    refused("include_prompt", folder, rows, tmp, "1_Pooling/config.json: include_prompt")
    modules(folder, prompts={}, truncate_dim=8)
    refused("truncate_dim", folder, rows, tmp, "config_sentence_transformers.json: truncate_dim \"8\"")


def module_settings(base, fresh, rows, tmp):
    for kind in base:
        for lower in (True, False):
            folder = fresh(kind)
            change(folder, "tokenizer_config.json", do_lower_case=False)
            modules(folder)
            put(folder, "sentence_bert_config.json", {"max_seq_length": 10, "do_lower_case": lower})
            vectors_agree(f"{kind}: sentence_bert_config.json do_lower_case {lower}", folder, rows, tmp)
    folder = fresh()
    put(folder, "sentence_bert_config.json", {"max_seq_length": 7, "do_lower_case": True})
    vectors_agree("sentence_bert_config.json without modules.json", folder, rows, tmp)
    for name in ("sentence_bert_config.json", "sentence_roberta_config.json", "sentence_xlnet_config.json"):
        folder = fresh()
        modules(folder)
        put(folder, name, {"max_seq_length": 9})
        vectors_agree(name, folder, rows, tmp)
    folder = fresh()
    modules(folder, inside="0_Transformer")
    os.makedirs(os.path.join(folder, "0_Transformer"))
    for name in os.listdir(folder):
        if os.path.isfile(os.path.join(folder, name)) and name != "modules.json":
            os.rename(os.path.join(folder, name), os.path.join(folder, "0_Transformer", name))
    put(folder, "0_Transformer/sentence_bert_config.json", {"max_seq_length": 9})
    put(folder, "config.json", {"__version__": "0.3.8"})
    vectors_agree("the encoder in 0_Transformer", folder, rows, tmp)
    for name in ("Tanh", "Identity", "ReLU", "GELU"):
        from safetensors.torch import save_file
        where = {"ReLU": "activation", "GELU": "activation", "Tanh": "activation", "Identity": "linear"}[name]
        folder = fresh()
        modules(folder, more=[{"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}])
        put(folder, "2_Dense/config.json", {"in_features": 16, "out_features": 6, "bias": name != "ReLU",
                                            "activation_function": f"torch.nn.modules.{where}.{name}"})
        weights = {"linear.weight": torch.randn(6, 16)}
        if name != "ReLU":
            weights["linear.bias"] = torch.randn(6)
        save_file(weights, os.path.join(folder, "2_Dense/model.safetensors"))
        vectors_agree("Dense " + name, folder, rows, tmp)
    change(folder, "2_Dense/config.json", use_residual=True)
    refused("use_residual", folder, rows, tmp, "2_Dense/config.json: use_residual \"true\"")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        rows = os.path.join(tmp, "rows.jsonl")
        put(tmp, "rows.jsonl", "".join(json.dumps({"text": t}) + "\n" for t in ROWS))
        base = {k: os.path.join(tmp, "base-" + k) for k in ("bert", "distilbert", "roberta")}
        bert(base["bert"])
        bert(base["distilbert"], "distilbert")
        roberta(base["roberta"])

        def fresh(kind="bert", drop=()):
            folder = os.path.join(tmp, "m")
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(base[kind], folder)
            for name in drop:
                if os.path.exists(os.path.join(folder, name)):
                    os.remove(os.path.join(folder, name))
            return folder

        tokenizer_settings(base, fresh, rows, tmp)
        pooling_settings(fresh, rows, tmp)
        module_settings(base, fresh, rows, tmp)
    print(f"1..{checks}")
    return failures > 0


sys.exit(main())
