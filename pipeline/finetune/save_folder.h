#ifndef WN_FINETUNE_SAVE_FOLDER_H
#define WN_FINETUNE_SAVE_FOLDER_H
/* A trained model as a folder that transformers and winnow score open. */
#include "base_model.h"
#include "trainer.h"

#include <wn/timings.h>

typedef struct {
    const wn_base_model *source;
    const char *source_name; /* as one named it */
    const char *sha256;      /* of its weights */
    wn_params *params;       /* settled */
    wn_finetune_task task;
    const wn_classes *classes; /* none where a number is learnt */
    bool drawn;                /* the head was new */
    const wn_trained *trained;
    const wn_corpus *corpus;          /* what was trained on, held-out rows of it included */
    size_t rows, dev_rows, truncated; /* trained on; held out; cut to max_tokens */
    const char *settings;             /* wn_finetune_settings */
    const char *command, *config;     /* as manifests have them */
    uint64_t seed;
    const wn_timings *timings;
} wn_finetune_result;

/* config.json, model.safetensors, the tokenizer's files, README.md, SHA256SUMS, manifest.json in the folder `path`,
 * which appears whole or not at all. overwrite: as wn_outdir_create. */
wn_code wn_finetune_save(const wn_finetune_result *r, const char *path, bool overwrite, wn_err *err);

/* How a model was trained, as "epochs 3, batch 32, ...": what decides the result beside model and records. */
void wn_finetune_settings(char *out, size_t size, const wn_finetune_opts *o, wn_finetune_task task, size_t max_tokens,
                          uint64_t seed);

#endif
