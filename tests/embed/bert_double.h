#ifndef WINNOW_TESTS_BERT_DOUBLE_H
#define WINNOW_TESTS_BERT_DOUBLE_H
/* BERT's forward pass as the papers write it (Vaswani et al. 2017, section 3; Devlin et al. 2019, section 3), in
 * double, one text at a time: the mean of the last states, of length 1. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t layers, h, heads, wide, words, positions;
    double eps;
} bert_shape;

/* The tensors that follow one another in memory: each call gives the next one. */
typedef const float *bert_tensors;
static inline const float *next_tensor(bert_tensors *at, size_t n) {
    const float *p = *at;
    *at += n;
    return p;
}

static inline void double_linear(bert_tensors *at, const double *x, size_t t, size_t k, size_t n, double *y) {
    const float *w = next_tensor(at, n * k), *b = next_tensor(at, n);
    for (size_t i = 0; i < t; i++)
        for (size_t j = 0; j < n; j++) {
            double s = (double)b[j];
            for (size_t e = 0; e < k; e++) s += x[i * k + e] * (double)w[j * k + e];
            y[i * n + j] = s;
        }
}

static inline void double_norm(bert_tensors *at, double eps, double *x, const double *residual, size_t t, size_t h) {
    const float *w = next_tensor(at, h), *b = next_tensor(at, h);
    for (size_t i = 0; i < t; i++) {
        double mean = 0, variance = 0;
        for (size_t j = 0; j < h; j++) mean += x[i * h + j] += residual ? residual[i * h + j] : 0;
        mean /= (double)h;
        for (size_t j = 0; j < h; j++) variance += pow(x[i * h + j] - mean, 2) / (double)h;
        for (size_t j = 0; j < h; j++)
            x[i * h + j] = (x[i * h + j] - mean) / sqrt(variance + eps) * (double)w[j] + (double)b[j];
    }
}

static inline void double_attention(const bert_shape *s, const double *q, const double *k, const double *v, size_t t,
                                    double *out) {
    const size_t d = s->h / s->heads;
    double *weight = malloc(t * sizeof *weight);
    for (size_t at = 0; at < s->h; at += d)
        for (size_t i = 0; i < t; i++) {
            double sum = 0;
            for (size_t j = 0; j < t; j++) {
                double dot = 0;
                for (size_t c = at; c < at + d; c++) dot += q[i * s->h + c] * k[j * s->h + c];
                sum += weight[j] = exp(dot / sqrt((double)d));
            }
            for (size_t c = at; c < at + d; c++) {
                out[i * s->h + c] = 0;
                for (size_t j = 0; j < t; j++) out[i * s->h + c] += weight[j] / sum * v[j * s->h + c];
            }
        }
    free(weight);
}

/* out[h] of ids[t] of those types. Tensors: words, positions, types, norm; a layer's query, key, value, output, norm,
 * the two of the feed-forward part, norm. */
static inline void double_bert(const bert_shape *s, bert_tensors tensors, const uint32_t *ids, const uint8_t *types,
                               size_t t, double *out) {
    const size_t h = s->h, cells = t * h;
    double *x = malloc(cells * sizeof *x), *q = malloc(cells * sizeof *q), *k = malloc(cells * sizeof *k),
           *v = malloc(cells * sizeof *v), *y = malloc(cells * sizeof *y), *wide = malloc(t * s->wide * sizeof *wide);
    const float *words = next_tensor(&tensors, s->words * h), *places = next_tensor(&tensors, s->positions * h),
                *kinds = next_tensor(&tensors, 2 * h);
    for (size_t i = 0; i < t; i++)
        for (size_t j = 0; j < h; j++)
            x[i * h + j] = (double)words[ids[i] * h + j] + (double)places[i * h + j] + (double)kinds[types[i] * h + j];
    double_norm(&tensors, s->eps, x, NULL, t, h);
    for (size_t layer = 0; layer < s->layers; layer++) {
        double_linear(&tensors, x, t, h, h, q);
        double_linear(&tensors, x, t, h, h, k);
        double_linear(&tensors, x, t, h, h, v);
        double_attention(s, q, k, v, t, y);
        double_linear(&tensors, y, t, h, h, q);
        double_norm(&tensors, s->eps, q, x, t, h);
        double_linear(&tensors, q, t, h, s->wide, wide);
        for (size_t i = 0; i < t * s->wide; i++) wide[i] *= 0.5 * (1 + erf(wide[i] * sqrt(0.5)));
        double_linear(&tensors, wide, t, s->wide, h, x);
        double_norm(&tensors, s->eps, x, q, t, h);
    }
    double squares = 0;
    memset(out, 0, h * sizeof *out);
    for (size_t i = 0; i < cells; i++) out[i % h] += x[i];
    for (size_t j = 0; j < h; j++) squares += out[j] * out[j];
    for (size_t j = 0; j < h; j++) out[j] /= sqrt(squares);
    free(x), free(q), free(k), free(v), free(y), free(wide);
}

#endif
