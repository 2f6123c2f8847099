#ifndef WINNOW_CORPUS_VIEW_H
#define WINNOW_CORPUS_VIEW_H
/* Rows as reports and selection files need them, whether they come from records or from a matrix file. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/data.h>

typedef struct {
    size_t n;
    wn_texts ids;            /* ids.n == 0: the id is the row number */
    wn_texts texts;          /* texts.n == 0: no texts */
    const uint32_t *label;   /* NULL: no labels; UINT32_MAX = none */
    const char *const *labels;
    size_t nlabels;
} wn_view;

#endif
