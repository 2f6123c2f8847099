#include "encoding.h"

#include "embedding/options.h"

#include <math.h>
#include <string.h>

static wn_code keep_rows(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err) {
    wn_mat *x = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++) memcpy(wn_mat_row(x, begin + i), rows + i * stride, x->cols * sizeof *rows);
    return WN_OK;
}

/* An encoder that learns, learns from the kept rows alone. */
static wn_code encode_more_after(wn_mat *x, wn_encoder *e, const wn_texts *kept, const wn_encoding_more *more,
                                 const wn_encoder_watch *watch, wn_err *err) {
    wn_code code = wn_encoder_prepare(e, x, kept, watch, err);
    if (code != WN_OK || !more) return code;
    if ((code = wn_mat_init(more->x, more->texts->n, e->dims, err)) != WN_OK) return code;
    return wn_encoder_encode(e, keep_rows, more->x, more->texts, watch, err);
}

/* One that is loaded takes all texts at once, so that a part file serves for all. */
static wn_code encode_more_at_once(wn_mat *x, wn_encoder *e, const wn_texts *kept, const wn_encoding_more *more,
                                   const wn_encoder_watch *watch, wn_err *err) {
    wn_strings all = {0};
    wn_code code = wn_strings_join(&all, kept, more->texts, err);
    if (code != WN_OK) goto out;
    if ((code = wn_encoder_prepare(e, x, &all.view, watch, err)) != WN_OK) goto out;
    if ((code = wn_mat_init(more->x, more->texts->n, e->dims, err)) != WN_OK) goto out;
    x->rows = kept->n;
    for (size_t i = 0; i < more->texts->n; i++)
        memcpy(wn_mat_row(more->x, i), wn_mat_row(x, kept->n + i), x->cols * sizeof *x->data);
out:
    wn_strings_free(&all);
    return code;
}

wn_code wn_encoding_kept(wn_mat *x, wn_encoder *e, const wn_config *c, const wn_texts *texts, const wn_copies *copies,
                         const wn_encoding_more *more, wn_io *io, wn_err *err) {
    const wn_encoder_watch watch = wn_encoder_watch_of(c, io);
    wn_strings kept = {0};
    wn_code code = wn_copies_texts(copies, texts, &kept, err);
    if (code != WN_OK) goto out;
    if (kept.view.n == 0)
        code = wn_mat_init(x, 0, e->dims, err);
    else if (more && !wn_encoder_fits(e))
        code = encode_more_at_once(x, e, &kept.view, more, &watch, err);
    else
        code = encode_more_after(x, e, &kept.view, more, &watch, err);
    if (code != WN_OK) goto out;
    wn_encoder_release(e);
out:
    wn_strings_free(&kept);
    return code;
}

wn_code wn_encoding_model(const wn_outcome_model **model, wn_outcome_model *out, wn_encoder *e, wn_err *err) {
    wn_encoder_origin origin;
    *model = NULL;
    if (!e) return WN_OK;
    wn_code code = wn_encoder_describe(e, &origin, err);
    if (code != WN_OK || !origin.sha256) return code;
    const wn_encoder_counts *n = &e->counts;
    *out = (wn_outcome_model){.path = origin.dir,
                              .sha256 = origin.sha256,
                              .precision = origin.precision,
                              .texts = n->texts,
                              .tokens = n->tokens,
                              .truncated = n->truncated,
                              .equal = n->equal,
                              .resumed = n->resumed,
                              .computed_tokens = n->computed_tokens,
                              .tokens_per_second = n->computed ? (double)n->computed_tokens / n->seconds : NAN};
    *model = out;
    return WN_OK;
}
