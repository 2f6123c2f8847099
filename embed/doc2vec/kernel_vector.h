/* Body of the vector kernels. The including file defines `vec`, VL (floats a register), LOAD, STORE, FMA, ADD, SUB,
 * MUL, SET1, ZERO and reduce8 (the sums of eight registers). */

static inline __attribute__((always_inline)) void step_n(const float *in, float *work, float *const *rows,
                                                         const unsigned count, unsigned labels, size_t n, float alpha,
                                                         const bool learn) {
    vec acc[WN_D2V_BATCH];
    for (unsigned i = 0; i < WN_D2V_BATCH; i++) acc[i] = ZERO();
    for (size_t k = 0; k < n; k += VL) {
        vec x = LOAD(in + k);
        for (unsigned i = 0; i < count; i++) acc[i] = FMA(LOAD(rows[i] + k), x, acc[i]);
    }
    float f[WN_D2V_BATCH];
    reduce8(acc, f);
    vec g[WN_D2V_BATCH];
    for (unsigned i = 0; i < count; i++) g[i] = SET1(wn_d2v_gradient(f[i], labels >> i & 1u, alpha));
    for (size_t k = 0; k < n; k += VL) {
        vec x = LOAD(in + k), w = LOAD(work + k);
        for (unsigned i = 0; i < count; i++) {
            vec r = LOAD(rows[i] + k);
            w = FMA(g[i], r, w);
            if (learn) STORE(rows[i] + k, FMA(g[i], x, r));
        }
        STORE(work + k, w);
    }
}

static void step(const float *in, float *work, float *const *rows, unsigned count, unsigned labels, size_t n,
                 float alpha, bool learn) {
#define CASE(c)                                                                                                        \
    case c:                                                                                                            \
        if (learn)                                                                                                     \
            step_n(in, work, rows, c, labels, n, alpha, true);                                                         \
        else                                                                                                           \
            step_n(in, work, rows, c, labels, n, alpha, false);                                                        \
        break;
    switch (count) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) default : break; }
#undef CASE
}

static void sum(float *y, float *const *rows, size_t count, float scale, size_t n) {
    vec s1 = SET1(scale);
    for (size_t k = 0; k < n; k += VL) {
        vec s = LOAD(rows[0] + k);
        for (size_t i = 1; i < count; i++) s = ADD(s, LOAD(rows[i] + k));
        STORE(y + k, MUL(s, s1));
    }
}

static void add(float *const *rows, size_t count, const float *x, size_t n) {
    for (size_t k = 0; k < n; k += VL) {
        vec v = LOAD(x + k);
        for (size_t i = 0; i < count; i++) STORE(rows[i] + k, ADD(LOAD(rows[i] + k), v));
    }
}

static void merge(float *y, float *const *copies, size_t count, size_t n) {
    for (size_t k = 0; k < n; k += VL) {
        vec base = LOAD(y + k), s = LOAD(copies[0] + k);
        for (size_t i = 1; i < count; i++) s = ADD(s, SUB(LOAD(copies[i] + k), base));
        STORE(y + k, s);
    }
}
