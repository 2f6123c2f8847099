#include "learner.h"

static const wn_learner_vt *learner_family(wn_learner_kind kind) {
    switch (kind) {
    case WN_LEARNER_PROBE:
        return &wn_learner_probe;
    case WN_LEARNER_FINETUNE:
        return &wn_learner_finetune;
    }
    return NULL;
}

wn_code wn_learner_open(wn_learner *l, const wn_learner_opts *o, const wn_compare_data *data, wn_err *err) {
    *l = (wn_learner){.vt = learner_family(o->kind), .opts = *o, .data = data};
    return l->vt->open ? l->vt->open(l, err) : WN_OK;
}

void wn_learner_close(wn_learner *l) {
    if (l->vt && l->vt->close) l->vt->close(l);
    *l = (wn_learner){0};
}

wn_code wn_learner_learn(const wn_learner *l, const wn_lesson *lesson, float *probs, wn_err *err) {
    void *model = NULL;
    wn_code code = l->vt->fit(&model, l, lesson, err);
    if (code != WN_OK) goto out;
    code = l->vt->predict(l, model, probs, err);
out:
    l->vt->forget(model);
    return code;
}
