#include "encoding.h"

#include "embedding/options.h"

#include <math.h>

wn_code wn_encoding_kept(wn_mat *x, wn_encoder *e, const wn_config *c, const wn_texts *texts, const wn_copies *copies,
                         wn_io *io, wn_err *err) {
    const wn_encoder_watch watch = wn_encoder_watch_of(c, io);
    wn_strings kept = {0};
    wn_code code = wn_copies_texts(copies, texts, &kept, err);
    if (code != WN_OK) goto out;
    if (kept.view.n == 0)
        code = wn_mat_init(x, 0, e->dims, err);
    else
        code = wn_encoder_prepare(e, x, &kept.view, &watch, err);
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
