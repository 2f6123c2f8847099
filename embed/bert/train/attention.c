/* Attention of one text: nothing but queries, keys and values is kept for the way back, where the probabilities are
 * computed once more. t = tokens, d = values of a head. */
#include "bert/train/trainee.h"

#include <math.h>
#include <string.h>

/* Three t x t matrices and the two operands that are there at a time. */
size_t wn_attention_scratch(size_t t, size_t hidden, size_t heads) {
    const size_t d = hidden / heads, rows = wn_operand_size(t, d), columns = wn_operand_size(d, t);
    return 3 * t * t + 2 * (rows > columns ? rows : columns);
}

typedef struct {
    wn_real *p, *q, *r; /* [t, t] */
    wn_operand b, c;
} attention_scratch;

static attention_scratch carve_attention(const wn_attention *a, wn_real *scratch) {
    const size_t square = a->t * a->t, operands = wn_attention_scratch(a->t, a->hidden, a->heads) - 3 * square;
    return (attention_scratch){.p = scratch,
                               .q = scratch + square,
                               .r = scratch + 2 * square,
                               .b = {.data = scratch + 3 * square},
                               .c = {.data = scratch + 3 * square + operands / 2}};
}

/* s->p = softmax(Q K^T / sqrt d) of the head at qkv. */
static void probabilities(attention_scratch *s, const wn_real *q, const wn_attention *a, const wn_train_ops *ops) {
    const size_t t = a->t, d = a->hidden / a->heads, ld = 3 * a->hidden;
    wn_operand_rows(&s->b, q + a->hidden, ld, t, d);
    wn_operand_product(s->p, t, q, ld, t, &s->b, false);
    ops->softmax(s->p, 1 / (wn_real)sqrt((double)d), t, t);
}

void wn_attention_forward(wn_real *context, const wn_real *qkv, const wn_attention *a, const wn_train_ops *ops,
                          wn_real *scratch) {
    const size_t t = a->t, d = a->hidden / a->heads, ld = 3 * a->hidden;
    attention_scratch s = carve_attention(a, scratch);
    for (size_t h = 0; h < a->heads; h++) {
        const wn_real *q = qkv + h * d, *v = q + 2 * a->hidden;
        probabilities(&s, q, a, ops);
        ops->dropout(s.p, &a->dropout, a->row + h, t * t);
        wn_operand_columns(&s.b, v, ld, d, t);
        wn_operand_product(context + h * d, a->hidden, s.p, t, t, &s.b, false);
    }
}

/* With P' = dropout(P): dV = P'^T dC, dP = dropout(dC V^T), dS = softmax's gradient of dP, dQ = dS K, dK = dS^T Q. */
void wn_attention_backward(wn_real *qkv, const wn_real *d_context, const wn_attention *a, const wn_train_ops *ops,
                           wn_real *scratch) {
    const size_t t = a->t, d = a->hidden / a->heads, ld = 3 * a->hidden;
    const wn_real by = 1 / (wn_real)sqrt((double)d);
    attention_scratch s = carve_attention(a, scratch);
    for (size_t h = 0; h < a->heads; h++) {
        wn_real *q = qkv + h * d, *k = q + a->hidden, *v = k + a->hidden;
        const wn_real *dc = d_context + h * d;
        probabilities(&s, q, a, ops);
        wn_operand_rows(&s.b, v, ld, t, d);
        wn_operand_product(s.q, t, dc, a->hidden, t, &s.b, false);
        ops->dropout(s.q, &a->dropout, a->row + h, t * t);
        ops->softmax_backward(s.q, s.p, by, t, t);
        ops->dropout(s.p, &a->dropout, a->row + h, t * t);
        wn_transpose(s.r, t, s.p, t, t, t);
        wn_operand_columns(&s.b, dc, a->hidden, d, t);
        wn_operand_product(v, ld, s.r, t, t, &s.b, false);
        wn_operand_columns(&s.b, q, ld, d, t);
        wn_operand_columns(&s.c, k, ld, d, t);
        wn_operand_product(q, ld, s.q, t, t, &s.c, false);
        wn_transpose(s.r, t, s.q, t, t, t);
        wn_operand_product(k, ld, s.r, t, t, &s.b, false);
    }
}
