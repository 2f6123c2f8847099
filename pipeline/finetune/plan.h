#ifndef WN_FINETUNE_PLAN_H
#define WN_FINETUNE_PLAN_H
/* How much memory training takes. */
#include "trainer.h"

#include <winnow/model.h>

/* Parameters of a model with a head of `outputs`. */
size_t wn_finetune_parameters(const wn_model_config *m, size_t outputs);
/* Bytes: values, gradients and two moments of every parameter, once more the values where the best epoch is kept, and
 * the activations of the largest batch that may come. */
size_t wn_finetune_memory(const wn_model_config *m, const wn_examples *e, const wn_finetune_opts *o, size_t outputs);
/* Bytes that a forward pass over the examples takes. */
size_t wn_predict_memory(const wn_model_config *m, const wn_examples *e, size_t outputs);

#endif
