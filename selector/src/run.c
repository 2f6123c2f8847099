#include "run.h"

#include <math.h>
#include <wn/pairwise.h>

/* Of a row sum's 53 bits. f32 kernel values leave about 24 right ones, rounding in the sum spoils the last 10 or so. */
enum { KEPT_BITS = 34 };

void wn_run_take(wn_run *r, size_t id, double gain) {
    wn_selection *s = r->out;
    s->ids[r->t] = id;
    s->gain[r->t] = gain;
    s->objective[r->t] = gain + (r->t ? s->objective[r->t - 1] : 0.0);
    if (gain < 0 && s->negative_from == s->k) s->negative_from = r->t;
    r->taken[id] = true;
    r->t++;
}

wn_code wn_run_tick(const wn_run *r, wn_err *err) {
    return wn_tick(r->o->progress, "select", "picks", r->t, r->o->k, err);
}

double wn_dot(const float *x, const double *v, size_t d) {
    double s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= d; i += 8)
        for (size_t l = 0; l < 8; l++) s[l] += (double)x[i + l] * v[i + l];
    for (size_t l = 0; i < d; i++, l++) s[l] += (double)x[i] * v[i];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

wn_code wn_rbf_sums(const wn_run *r, double *T, wn_err *err) {
    wn_code code = wn_pair_rowsums(&r->o->kernel, r->x, T, r->o->progress, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < r->n; i++) {
        int exponent = 0;
        double mantissa = frexp(T[i], &exponent);
        T[i] = ldexp(nearbyint(ldexp(mantissa, KEPT_BITS)), exponent - KEPT_BITS);
    }
    return WN_OK;
}

static inline void swap(size_t *a, size_t *b) {
    size_t t = *a;
    *a = *b;
    *b = t;
}

/* Of three ids the one that goes between the others. */
static size_t middle(size_t a, size_t b, size_t c, const double *key) {
    bool ab = wn_before(key[a], a, key[b], b), bc = wn_before(key[b], b, key[c], c),
         ac = wn_before(key[a], a, key[c], c);
    return ab == bc ? b : ab == ac ? c : a;
}

void wn_top(size_t *ids, size_t n, size_t b, const double *key) {
    size_t lo = 0, hi = n;
    while (hi - lo > 1 && b > lo && b < hi) { /* everything before lo belongs to the top, nothing from hi on does */
        size_t pivot = middle(ids[lo], ids[lo + (hi - lo) / 2], ids[hi - 1], key), i = lo, end = hi;
        while (i < end) { /* ids are distinct, so the pivot alone is on neither side */
            if (wn_before(key[ids[i]], ids[i], key[pivot], pivot))
                i++;
            else
                swap(&ids[i], &ids[--end]);
        }
        for (size_t j = i; j < hi; j++)
            if (ids[j] == pivot) swap(&ids[j], &ids[i]);
        if (b <= i)
            hi = i;
        else
            lo = i + 1;
    }
}

void wn_failure_note(wn_failure *f, const wn_err *err) {
    (void)pthread_mutex_lock(&f->lock);
    if (f->err.code == WN_OK) f->err = *err;
    (void)pthread_mutex_unlock(&f->lock);
}

wn_code wn_failure_take(const wn_failure *f, wn_err *err) {
    if (f->err.code != WN_OK && err) *err = f->err;
    return f->err.code;
}
