#include "model.h"

#include <math.h>
#include <winnow/mem.h>

wn_doc2vec_opts wn_doc2vec_defaults(void) {
    return (wn_doc2vec_opts){.mode = WN_DM_MEAN,
                             .dims = 100,
                             .window = 5,
                             .min_count = 5,
                             .negative = 5,
                             .epochs = 10,
                             .sample = 1e-3,
                             .ns_exponent = 0.75,
                             .alpha = 0.025,
                             .min_alpha = 1e-4,
                             .seed = 1};
}

static wn_code check_size(const char *name, size_t v, size_t least, size_t most, wn_err *err) {
    if (v >= least && v <= most) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "doc2vec: %s is %zu, wanted %zu to %zu", name, v, least, most);
}

wn_code wn_d2v_check(const wn_doc2vec_opts *o, wn_err *err) {
    if ((int)o->mode < 0 || o->mode > WN_DBOW)
        return wn_err_set(err, WN_EUSAGE, "doc2vec: unknown mode %d", (int)o->mode);
    wn_code code = check_size("dims", o->dims, 1, 1 << 16, err);
    if (code != WN_OK) return code;
    if ((code = check_size("window", o->window, 1, 1 << 16, err)) != WN_OK) return code;
    if ((code = check_size("negative", o->negative, 0, 1 << 16, err)) != WN_OK) return code;
    if ((code = check_size("epochs", o->epochs, 1, 1 << 30, err)) != WN_OK) return code;
    if (o->negative == 0 && !o->hierarchical)
        return wn_err_set(
            err, WN_EUSAGE,
            "doc2vec: negative is 0 and hierarchical softmax is off: nothing would be learnt; set one of them");
    if (!(o->sample >= 0.0) || isinf(o->sample))
        return wn_err_set(err, WN_EUSAGE, "doc2vec: sample is %g, wanted 0 or more", o->sample);
    if (!isfinite(o->ns_exponent))
        return wn_err_set(err, WN_EUSAGE, "doc2vec: ns_exponent is %g, wanted a number", o->ns_exponent);
    if (!(o->alpha > 0.0) || !isfinite(o->alpha) || !(o->min_alpha >= 0.0) || o->min_alpha > o->alpha)
        return wn_err_set(
            err, WN_EUSAGE,
            "doc2vec: the learning rate falls from %g to %g, wanted alpha > 0 and 0 <= min_alpha <= alpha", o->alpha,
            o->min_alpha);
    return WN_OK;
}

wn_code wn_d2v_model_init(wn_doc2vec *m, wn_err *err) {
    const wn_doc2vec_opts *o = &m->opts;
    size_t n = m->vocab.words.n;
    wn_code code;
    m->stride = (o->dims + 15) / 16 * 16;
    m->segments = o->mode == WN_DM_CONCAT ? 1 + 2 * o->window : 1;
    if (!(m->keep = wn_alloc(n, sizeof *m->keep, err))) return WN_EMEMORY;
    wn_d2v_keep_init(m->keep, m->vocab.counts, n, o->sample);
    if (wn_d2v_uses_input(o)) {
        code = wn_mat_init(&m->input, n + (o->mode == WN_DM_CONCAT), o->dims, err);
        if (code != WN_OK) return code;
    }
    if (o->negative > 0) {
        if (!(m->alias = wn_alloc(n, sizeof *m->alias, err))) return WN_EMEMORY;
        if ((code = wn_d2v_alias_init(m->alias, m->vocab.counts, n, o->ns_exponent, err)) != WN_OK) return code;
        if ((code = wn_mat_init(&m->negative, n, m->segments * m->stride, err)) != WN_OK) return code;
    }
    if (!o->hierarchical) return WN_OK;
    if ((code = wn_d2v_tree_init(&m->tree, m->vocab.counts, n, err)) != WN_OK) return code;
    return wn_mat_init(&m->inner, n - 1, m->segments * m->stride, err);
}

size_t wn_doc2vec_dims(const wn_doc2vec *model) {
    return model->opts.dims;
}

size_t wn_doc2vec_words(const wn_doc2vec *model) {
    return model->vocab.words.n;
}

void wn_doc2vec_free(wn_doc2vec *m) {
    if (!m) return;
    wn_d2v_vocab_free(&m->vocab);
    wn_free(m->keep);
    wn_free(m->alias);
    wn_d2v_tree_free(&m->tree);
    wn_mat_free(&m->input);
    wn_mat_free(&m->negative);
    wn_mat_free(&m->inner);
    wn_free(m);
}

const char *wn_doc2vec_mode_name(wn_doc2vec_mode m) {
    switch (m) { WN_DOC2VEC_MODES(WN_NAME_CASE) }
    return NULL;
}
