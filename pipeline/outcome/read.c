/* Reading an output folder back, part by part. */
#include "read_private.h"

#include <math.h>
#include <winnow/mem.h>

wn_code wn_outcome_read(wn_outcome *o, const char *folder, unsigned parts, wn_progress *p, wn_err *err) {
    wn_code code;
    *o = (wn_outcome){.lambda = NAN, .saturation = NAN, .gamma = NAN, .gamma_median = NAN, .cut_off = NAN};
    o->bound = o->explained = o->push = o->label_noise = o->quota_power = NAN;
    o->own = wn_alloc(1, sizeof *o->own, err);
    if (!o->own) return WN_EMEMORY;
    o->own->folder = folder;
    if (parts & WN_READ_MANIFEST) {
        if ((code = wn_manifest_read(o, err)) != WN_OK) return code;
        if (o->n == 0) return WN_OK; /* nothing was read, so there is no more than a manifest */
    }
    if ((parts & WN_READ_COLUMNS) && wn_assignment_alone(o)) {
        if ((code = wn_assignment_read(o, err)) != WN_OK) return code;
    } else if (parts & (WN_READ_COLUMNS | WN_READ_VECTORS)) {
        code = wn_selection_h5ad_read(o, parts & WN_READ_COLUMNS, parts & WN_READ_VECTORS, err);
        if (code != WN_OK) return code;
    }
    return parts & WN_READ_TEXTS ? wn_outcome_texts_read(o, p, err) : WN_OK;
}

void wn_outcome_free(wn_outcome *o) {
    struct wn_outcome_own *own = o->own;
    if (!own) return;
    cJSON_Delete(own->manifest);
    wn_free(own->config);
    wn_free(own->inputs);
    wn_strings_free(&own->ids);
    wn_label_codes_free(&own->labels);
    wn_label_codes_free(&own->sources);
    wn_free(own->line);
    wn_free(own->offset);
    wn_free(own->length);
    wn_mat_free(&own->x);
#define FREE_COLUMN(name, type, when) wn_free(own->column.name);
    WN_OUTCOME_COLUMNS(FREE_COLUMN)
#undef FREE_COLUMN
    wn_free(own->chosen);
    wn_free(own->n_represented);
    wn_free(own->gain);
    wn_free(own->value);
    wn_corpus_free(&own->corpus);
    wn_free(own->text);
    wn_free(own->off);
    wn_free(own);
    *o = (wn_outcome){0};
}
