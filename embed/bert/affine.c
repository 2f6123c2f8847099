/* Layers of weights and biases: the products are embed/linear's. */
#include "bert_private.h"

#include <string.h>

wn_code wn_affine_init(wn_affine *l, const wn_linear_opts *o, const float *w, const float *bias, size_t n, size_t k,
                       wn_err *err) {
    *l = (wn_affine){0};
    float *copy = wn_alloc(n, sizeof *copy, err);
    wn_code code = copy ? wn_linear_layer_init(&l->w, o, w, n, k, err) : WN_EMEMORY;
    if (code != WN_OK) {
        wn_free(copy);
        return code;
    }
    memcpy(copy, bias, n * sizeof *bias);
    l->bias = copy;
    return WN_OK;
}

void wn_affine_free(wn_affine *l) {
    wn_linear_layer_free(&l->w);
    wn_free(l->bias);
    *l = (wn_affine){0};
}

void wn_affine_apply(const wn_affine *l, wn_activation a, const wn_linear_rows *x, float *y, size_t ldy,
                     void *scratch) {
    const wn_epilogue e = {.bias = l->bias, .activation = a, .activate = wn_bert_ops_get()->bias_activate};
    wn_linear_layer_apply(&l->w, x, &e, y, ldy, scratch);
}

void wn_affine_product(const wn_affine *l, const wn_linear_rows *x, float *y, size_t ldy, void *scratch) {
    const wn_epilogue e = {.activation = WN_ACT_IDENTITY, .activate = wn_bert_ops_get()->bias_activate};
    wn_linear_layer_apply(&l->w, x, &e, y, ldy, scratch);
}
