/* The plain twin of the vector kernels: the portable path, and what tests compare the others with. */
#include "kernel.h"

static void step(const float *in, float *work, float *const *rows, unsigned count, unsigned labels, size_t n,
                 float alpha, bool learn) {
    for (unsigned i = 0; i < count; i++) {
        float *row = rows[i], f = 0.0f;
        for (size_t k = 0; k < n; k++) f += in[k] * row[k];
        float g = wn_d2v_gradient(f, labels >> i & 1u, alpha);
        for (size_t k = 0; k < n; k++) work[k] += g * row[k];
        if (!learn) continue;
        for (size_t k = 0; k < n; k++) row[k] += g * in[k];
    }
}

static void sum(float *y, float *const *rows, size_t count, float scale, size_t n) {
    for (size_t k = 0; k < n; k++) {
        float s = rows[0][k];
        for (size_t i = 1; i < count; i++) s += rows[i][k];
        y[k] = s * scale;
    }
}

static void add(float *const *rows, size_t count, const float *x, size_t n) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < n; k++) rows[i][k] += x[k];
}

static void merge(float *y, float *const *copies, size_t count, size_t n) {
    for (size_t k = 0; k < n; k++) {
        float base = y[k], s = copies[0][k];
        for (size_t i = 1; i < count; i++) s += copies[i][k] - base;
        y[k] = s;
    }
}

const wn_d2v_kernels wn_d2v_kernels_ref = {.step = step, .sum = sum, .add = add, .merge = merge};
