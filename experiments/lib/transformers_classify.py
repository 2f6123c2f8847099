"""The same training by torch and transformers. Usage: transformers_classify.py MODEL TRAIN TEST OUT NAME=VALUE...

TRAIN and TEST are JSON lines with text and label. OUT gets metrics as JSON. Settings: epochs, batch, lr, length, seed,
warmup (part of all steps), threads. AdamW without decay on biases and LayerNorm, linear warm-up and decay, clip 1:
what `winnow train` does by default. The batches are padded to their longest text."""
import json
import os
import platform
import sys
import time

import numpy as np
import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

MODEL, TRAIN, TEST, OUT = sys.argv[1:5]
SET = {"epochs": 3, "batch": 32, "lr": 2e-5, "length": 128, "seed": 1, "warmup": 0.1, "threads": os.cpu_count()}
SET.update((k, type(SET[k])(v)) for k, v in (a.split("=") for a in sys.argv[5:]))


class Rows(torch.utils.data.Dataset):
    def __init__(self, path, tokenizer, classes):
        with open(path, encoding="utf-8") as f:
            rows = [json.loads(line) for line in f]
        ids = tokenizer([r["text"] for r in rows], truncation=True, max_length=SET["length"])
        self.items = [{k: v[i] for k, v in ids.items()} | {"labels": classes.index(r["label"])}
                      for i, r in enumerate(rows)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def main():
    torch.set_num_threads(SET["threads"])
    with open(TRAIN, encoding="utf-8") as f:
        classes = sorted({json.loads(line)["label"] for line in f})
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    transformers.set_seed(SET["seed"])
    model = AutoModelForSequenceClassification.from_pretrained(MODEL, num_labels=len(classes))
    train, test = Rows(TRAIN, tokenizer, classes), Rows(TEST, tokenizer, classes)
    steps = -(-len(train) // SET["batch"]) * SET["epochs"]
    trainer = Trainer(
        model=model, train_dataset=train, eval_dataset=test,
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
        compute_metrics=lambda p: {"accuracy": float(np.mean(p.predictions.argmax(1) == p.label_ids))},
        args=TrainingArguments(
            output_dir=OUT + ".trainer", num_train_epochs=SET["epochs"], per_device_train_batch_size=SET["batch"],
            per_device_eval_batch_size=SET["batch"], learning_rate=SET["lr"], weight_decay=0.01,
            warmup_steps=round(SET["warmup"] * steps), max_grad_norm=1.0, seed=SET["seed"], save_strategy="no",
            report_to=[], use_cpu=True, logging_strategy="no", disable_tqdm=True))
    begin = time.time()
    trained = trainer.train()
    train_s = time.time() - begin
    begin = time.time()
    scored = trainer.evaluate()
    out = {"accuracy": scored["eval_accuracy"], "log_loss": scored["eval_loss"], "loss": trained.training_loss,
           "train_s": train_s, "score_s": time.time() - begin, "trained_on": len(train), "records": len(test),
           "epochs": SET["epochs"], "platform": platform.platform(), "threads": SET["threads"],
           "versions": {"torch": torch.__version__, "transformers": transformers.__version__}}
    with open(OUT + ".part", "w", encoding="utf-8") as f:
        json.dump(out, f, indent=1)
    os.replace(OUT + ".part", OUT)


main()
