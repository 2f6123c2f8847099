#ifndef WN_FINETUNE_BASE_MODEL_H
#define WN_FINETUNE_BASE_MODEL_H
/* A model folder that is to be trained or applied: what it is, its tokenizer, the head that it may have. */
#include "classes.h"

#include <wn/train.h>
#include <winnow/tokenizer.h>

typedef struct {
    char *dir;    /* the model's folder */
    char *folder; /* that of its encoder and tokenizer; most often the same */
    wn_model_config config;
    cJSON *json; /* config.json */
    wn_tok *tok;
    size_t max_tokens;
    wn_finetune_task
        task;           /* what its head is for, by "architectures": CLASSIFY (or PAIRS), CHOICE, REGRESS; AUTO: none */
    wn_classes classes; /* names of the classes that its head has; n = 0: none */
} wn_base_model;

/* `name`: a folder, or a name in the cache. max_tokens 0: as many as the model says. Zero-initialise *s;
 * wn_base_model_close in the end. WN_EUSAGE: no such model, or too many tokens. */
wn_code wn_base_model_open(wn_base_model *s, const char *name, size_t max_tokens, wn_err *err);
void wn_base_model_close(wn_base_model *s); /* empties *s */

wn_head_kind wn_base_model_head(wn_finetune_task task); /* of a task other than AUTO */
/* The name that transformers has for a model of this kind with a head for `task`. */
const char *wn_base_model_architecture(wn_arch arch, wn_finetune_task task);
/* Names of the parameters that were drawn rather than read, as far as they fit, separated by commas; false: none. */
bool wn_base_model_drawn(const wn_params *p, char *out, size_t size);

#endif
