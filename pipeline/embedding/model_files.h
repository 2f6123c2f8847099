#ifndef WINNOW_PIPELINE_MODEL_FILES_H
#define WINNOW_PIPELINE_MODEL_FILES_H
/* A model folder's files as bytes: what identifies a model. */
#include <winnow/model.h>

/* SHA-256 of the weights in dir/inside, in hex: of the one file, as sha256sum prints it; of several shards, of the
 * index and the shards one after the other in the order of their names. */
wn_code wn_model_sha256(const char *dir, const char *inside, char hex[65], wn_err *err);
/* A fast fingerprint of everything that decides a vector: weights, configuration, tokenizer, modules. */
wn_code wn_model_fingerprint(const char *dir, const wn_model_config *c, char hex[33], wn_err *err);

#endif
