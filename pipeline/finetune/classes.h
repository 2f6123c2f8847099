#ifndef WN_FINETUNE_CLASSES_H
#define WN_FINETUNE_CLASSES_H
/* Names of classes, and which class a label means. */
#include "examples.h"

#include <cjson/cJSON.h>
#include <winnow/model.h>

typedef struct {
    size_t n;
    char **names; /* [n] owned */
} wn_classes;

/* The different labels of the records: by value where all are whole numbers, else in the order of their bytes. */
wn_code wn_classes_of_records(wn_classes *out, const wn_corpus *c, wn_err *err);
/* The choices of a choice, as the labels name them: by their fields, or by numbers from 0 or from 1. */
wn_code wn_classes_of_choices(wn_classes *out, const wn_corpus *c, const char *const *fields, size_t n, wn_err *err);
/* LABEL_0, LABEL_1, ...: what transformers calls classes without names. */
wn_code wn_classes_numbered(wn_classes *out, size_t n, wn_err *err);
/* id2label of a config.json; n = 0 where it has none. `what` names the file in messages. */
wn_code wn_classes_of_config(wn_classes *out, const cJSON *config, const char *what, wn_err *err);
void wn_classes_free(wn_classes *c); /* empties *c; NULL is fine */

/* Whether every label of the records is a class: one of the names, or throughout LABEL_n, or throughout n. */
bool wn_classes_cover(const wn_classes *c, const wn_corpus *corpus);
/* e->target [n] from the labels. WN_EINPUT names the first record without a label, or with one that is no class. */
wn_code wn_classes_map(wn_examples *e, const wn_classes *c, const char *label_field, wn_err *err);
/* [n] weights of the classes among the rows of e named: n / (classes n_c); of a class that none has: 0. */
void wn_classes_balance(double *weight, const wn_examples *e, const size_t *rows, size_t nrows, size_t classes);

#endif
