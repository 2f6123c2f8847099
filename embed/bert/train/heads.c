/* What stands on the encoder, as the reference library's classes have it: the first token's state (or another vector
 * of the text, where the caller wants that) through a dense layer and an activation, dropout, and the classifier.
 *
 *     BERT, ALBERT                   pooler, tanh, dropout, classifier
 *     RoBERTa                        dropout, classifier.dense, tanh, dropout, classifier.out_proj
 *     RoBERTa, choice                pooler, tanh, dropout, classifier
 *     DistilBERT                     pre_classifier, relu, dropout, classifier
 */
#include "bert/train/trainee.h"

static wn_activation head_activation(const wn_trainee *t) {
    return t->config.arch == WN_DISTILBERT ? WN_ACT_RELU : WN_ACT_TANH;
}

static wn_dropout dropout_before(const wn_trainee *t) {
    const bool there = t->config.arch == WN_ROBERTA && t->opts.head != WN_HEAD_CHOICE;
    return wn_train_dropout(t, there ? t->head_dropout : 0, WN_DROP_HEAD);
}

static wn_dropout dropout_after(const wn_trainee *t) { return wn_train_dropout(t, t->head_dropout, WN_DROP_OUTPUT); }

/* y[m, n] = x W^T + b */
static void head_linear(wn_trainee *t, wn_real *y, const wn_real *x, const wn_train_linear *l) {
    wn_real *at = t->packed;
    wn_train_pack(t, &t->out, l, false, &at);
    wn_operand_product(y, l->n, x, l->k, t->batch.n, &t->out, false);
    t->ops->add_bias(y, t->params.value + l->b, t->batch.n, l->n);
}

/* dx[m, k] = dy W, and the weight's gradient. */
static void head_linear_backward(wn_trainee *t, wn_real *dx, const wn_real *dy, const wn_real *x,
                                 const wn_train_linear *l) {
    const wn_train_gradient g = {l, dy, x};
    wn_real *at = t->packed;
    wn_train_pack(t, &t->out, l, true, &at);
    wn_operand_product(dx, l->k, dy, l->n, t->batch.n, &t->out, false);
    wn_train_gradients(t, &g, 1, t->batch.n);
}

void wn_train_head_forward(wn_trainee *t, wn_real *out) {
    const wn_kept *k = &t->kept;
    const size_t h = t->config.hidden, n = t->batch.n;
    const wn_dropout before = dropout_before(t), after = dropout_after(t);
    wn_train_pool(t, false);
    wn_train_drop_rows(t, k->first, &before, 0, n, h);
    head_linear(t, k->dense, k->first, &t->map.dense);
    t->ops->activate(head_activation(t), k->hidden, k->dense, n * h);
    wn_train_drop_rows(t, k->hidden, &after, 0, n, h);
    head_linear(t, out, k->hidden, &t->map.classifier);
}

void wn_train_head_backward(wn_trainee *t, const wn_real *dout) {
    const wn_kept *k = &t->kept;
    const size_t h = t->config.hidden, n = t->batch.n;
    const wn_dropout before = dropout_before(t), after = dropout_after(t);
    head_linear_backward(t, k->d_hidden, dout, k->hidden, &t->map.classifier);
    wn_train_drop_rows(t, k->d_hidden, &after, 0, n, h);
    t->ops->activate_backward(head_activation(t), k->dense, k->d_hidden, n * h);
    head_linear_backward(t, k->d_first, k->d_hidden, k->first, &t->map.dense);
    wn_train_drop_rows(t, k->d_first, &before, 0, n, h);
    wn_train_pool(t, true);
}
