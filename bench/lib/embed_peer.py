"""One whole process of a peer: embed_peer.py NAME MODEL WORK TEXTS OUT. Reads a text a line, writes /X of OUT (HDF5),
and prints "inner TOKENS SECONDS": the encoding alone, without start-up, reading and writing.
NAME: sentence-transformers, torch, onnxruntime, onnxruntime-int8, openvino.
"export" writes WORK/model.onnx and WORK/model.int8.onnx once."""
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "true"
os.environ["TRANSFORMERS_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"
import h5py  # noqa: E402
import numpy as np  # noqa: E402

name, model, work, path, out = sys.argv[1:]
threads = len(os.sched_getaffinity(0))
BATCH = 32


def export():
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModel

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(model, attn_implementation="eager").eval()

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids=input_ids, attention_mask=attention_mask,
                              token_type_ids=token_type_ids).last_hidden_state

    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.ones(2, 8, dtype=torch.long)
    plain = os.path.join(work, "model.onnx")
    torch.onnx.export(Hidden(), (ids, ids, torch.zeros_like(ids)), plain, input_names=names, output_names=["hidden"],
                      opset_version=17,
                      dynamic_axes={n: {0: "b", 1: "t"} for n in [*names, "hidden"]}, dynamo=False)
    quantize_dynamic(plain, os.path.join(work, "model.int8.onnx"), weight_type=QuantType.QInt8)


def session(file):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    s = onnxruntime.InferenceSession(os.path.join(work, file), options, providers=["CPUExecutionProvider"])
    return lambda ids, mask, types: s.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": types})[0]


def compiled():
    import openvino
    core = openvino.Core()
    m = core.compile_model(core.read_model(os.path.join(work, "model.onnx")), "CPU",
                           {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda ids, mask, types: m({"input_ids": ids, "attention_mask": mask, "token_type_ids": types})[0]


def batches(run, texts):
    """Sorted by length, padded to the longest of a batch, mean pooled, normalised: what sentence-transformers does."""
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)

    def encode():
        encoded = [e.ids for e in tokenizer.encode_batch(texts)]
        order = sorted(range(len(encoded)), key=lambda i: -len(encoded[i]))
        vectors = np.zeros((len(texts), 0), np.float32)
        for k in range(0, len(order), BATCH):
            rows = order[k:k + BATCH]
            ids = np.zeros((len(rows), max(len(encoded[i]) for i in rows)), np.int64)
            mask = np.zeros_like(ids)
            for r, i in enumerate(rows):
                ids[r, :len(encoded[i])] = encoded[i]
                mask[r, :len(encoded[i])] = 1
            hidden = run(ids, mask, np.zeros_like(ids))
            pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
            if vectors.shape[1] == 0:
                vectors = np.zeros((len(texts), pooled.shape[1]), np.float32)
            vectors[rows] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return vectors, sum(map(len, encoded))
    return encode


def sentences(texts):
    import torch
    from sentence_transformers import SentenceTransformer
    torch.set_num_threads(threads)
    m = SentenceTransformer(model, device="cpu")
    return lambda: (m.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False), 0)


if name == "export":
    export()
    sys.exit(0)
with open(path, encoding="utf-8") as f:
    lines = f.read().split("\n")[:-1]
if name == "sentence-transformers":
    encode = sentences(lines)
else:
    encode = batches({"onnxruntime": lambda: session("model.onnx"),
                      "onnxruntime-int8": lambda: session("model.int8.onnx"), "openvino": compiled}[name](), lines)
start = time.perf_counter()
X, tokens = encode()
seconds = time.perf_counter() - start
with h5py.File(out, "w") as h:
    h["X"] = X
print("inner", tokens, seconds)
