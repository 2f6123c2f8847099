#ifndef WN_PIPELINE_OUTCOME_READ_H
#define WN_PIPELINE_OUTCOME_READ_H
/* Shared by the parts of wn_outcome_read. */
#include <cjson/cJSON.h>
#include <winnow/records.h>
#include <winnow/store.h>
#include <wn/outcome.h>

/* What a view that was read points to. */
struct wn_outcome_own {
    const char *folder;
    cJSON *manifest; /* NULL: not read */
    char *config;
    wn_input *inputs;
    wn_outcome_query query;
    wn_outcome_model model;
    wn_strings ids;
    wn_label_codes labels, sources;
    uint64_t *line, *offset, *length;
    wn_mat x;
    struct {
#define WN_COLUMN(name, type, when) wn_column_##type *name;
        WN_OUTCOME_COLUMNS(WN_COLUMN)
#undef WN_COLUMN
    } column;
    wn_worth worth;
    size_t *chosen, *n_represented, points[WN_CURVE_POINTS], nearest_random[WN_CURVE_BINS];
    double *gain, *value;
    double coverage[WN_CURVE_POINTS], coverage_random[WN_CURVE_POINTS], value_random[WN_CURVE_POINTS];
    wn_corpus corpus; /* subset.* and rest.* */
    char *text;       /* texts in the order of the input */
    unsigned long long *off;
};

wn_code wn_outcome_damaged(const wn_outcome *o, const char *what, wn_err *err); /* WN_EINPUT */

/* A member of the manifest, or of a group in it; NULL: absent. */
const cJSON *wn_manifest_at(const wn_outcome *o, const char *group, const char *name);
wn_code wn_manifest_read(wn_outcome *o, wn_err *err);
/* vectors: the matrix too. */
wn_code wn_selection_h5ad_read(wn_outcome *o, bool columns, bool vectors, wn_err *err);
bool wn_assignment_alone(const wn_outcome *o); /* the folder of a dedup: no selection.h5ad */
wn_code wn_assignment_read(wn_outcome *o, wn_err *err);
wn_code wn_outcome_texts_read(wn_outcome *o, wn_progress *p, wn_err *err);

#endif
