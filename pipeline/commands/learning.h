#ifndef WN_PIPELINE_LEARNING_H
#define WN_PIPELINE_LEARNING_H
/* Records as train and score read them. */
#include "finetune/base_model.h"

#include <winnow/config.h>

/* The task that the options name: a template's own, else --task. */
wn_finetune_task wn_learning_task(const wn_config *c);
/* The field that labels stand in: a template's own, else --label-field; NULL: none. */
const char *wn_learning_label_field(const wn_config *c);
/* A view, valid as long as c. `task` is not AUTO. */
wn_examples_opts wn_learning_examples(const wn_config *c, wn_finetune_task task, size_t max_tokens);
/* Says what the folder's settings and the texts' lengths are worth knowing. */
void wn_learning_notes(const wn_base_model *s, const wn_examples *e, wn_io *io);

#endif
