#ifndef WN_STATIC_PRIVATE_H
#define WN_STATIC_PRIVATE_H
/* What reading a static table's settings and reading its numbers share. */
#include "model/model_private.h"

#include <winnow/mem.h>
#include <winnow/static.h>
#include <wn/weights.h>

/* Views into the weights. */
typedef struct {
    const wn_tensor *table;             /* [rows, dims] */
    const wn_tensor *mapping, *weights; /* [tokens] each, or NULL */
    bool model2vec;
} wn_static_tensors;
/* WN_EINPUT: none is a table, or one has a wrong shape or type. */
wn_code wn_static_find(wn_static_tensors *t, const wn_weights *w, wn_err *err);

#endif
