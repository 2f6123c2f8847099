#include <wn/probe.h>

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>

#include "compare/logistic.h"

/* The value of the constant column beside columns of variance 1. Neither this nor how they are scaled changes the
 * minimum, only how fast L-BFGS gets there. */
#define CONSTANT 1.0f
/* What is added to the variances first, in units of the penalty of c = 1: its share in the curvature of a column. */
#define STRETCH 2.0
/* A fit in few steps ends where three of them let the objective fall by less than this share. */
#define FEW_FALL 1e-4

/* The rows as they are fitted: centred and scaled, a constant column at the end, the classes that occur numbered from
 * 0. The minimum is that of the rows as given, since the intercept is free and `shrink` scales the penalty. */
typedef struct {
    wn_logistic_rows rows;
    float *data;     /* [n, d + 1] */
    const float **x; /* [n] */
    uint32_t *y;     /* [n] */
    uint32_t *name;  /* [rows.classes] the class that each number stands for */
    double *mean;    /* [d] */
    double *scale;   /* [d] data = (x - mean) * scale */
    double *shrink;  /* [d + 1] a column's penalty: that of the weights of x */
} probe_problem;

static void problem_free(probe_problem *p) {
    wn_free(p->data);
    wn_free(p->x);
    wn_free(p->y);
    wn_free(p->name);
    wn_free(p->mean);
    wn_free(p->scale);
    wn_free(p->shrink);
    *p = (probe_problem){0};
}

static wn_code probe_check(const wn_probe_rows *r, const wn_probe_opts *o, wn_err *err) {
    if (r->n == 0 || r->d == 0 || r->classes == 0)
        return wn_err_set(err, WN_EINPUT, "the probe got %zu rows of %zu values and %zu classes: nothing to learn from",
                          r->n, r->d, r->classes);
    if (o->folds == 1) return wn_err_set(err, WN_EINPUT, "the probe's cross-validation needs 2 folds or more, not 1");
    for (size_t i = 0; i < r->n; i++) {
        if (r->y[i] >= r->classes)
            return wn_err_set(err, WN_EINPUT, "row %zu of the probe has class %u of %zu", i, r->y[i], r->classes);
        for (size_t j = 0; j < r->d; j++)
            if (!isfinite(r->x[i * r->ld + j]))
                return wn_err_set(err, WN_EINPUT, "row %zu of the probe: value %zu is not a finite number", i, j);
    }
    return WN_OK;
}

/* p->y, p->name: classes that occur, by rising number. */
static wn_code problem_classes(probe_problem *p, const wn_probe_rows *r, wn_err *err) {
    uint32_t *number = wn_alloc(r->classes, sizeof *number, err);
    p->y = wn_alloc(r->n, sizeof *p->y, err);
    p->name = wn_alloc(r->classes, sizeof *p->name, err);
    const wn_code code = number && p->y && p->name ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < r->n; i++) number[r->y[i]] = 1;
    for (size_t c = 0; c < r->classes; c++)
        if (number[c]) {
            number[c] = (uint32_t)p->rows.classes;
            p->name[p->rows.classes++] = (uint32_t)c;
        }
    for (size_t i = 0; i < r->n; i++) p->y[i] = number[r->y[i]];
out:
    wn_free(number);
    return code;
}

/* Columns get variances alike, so that L-BFGS needs half the steps; but those that vary least, which the penalty holds
 * down, are stretched less. */
static void set_scales(probe_problem *p, const wn_probe_rows *r) {
    const size_t n = r->n, d = r->d;
    double square = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) {
            const double x = (double)r->x[i * r->ld + j] - p->mean[j];
            p->scale[j] += x * x / (double)n;
        }
    for (size_t j = 0; j < d; j++) square += p->scale[j];
    const bool usual = square > 0 && isfinite(square);
    const double floor = STRETCH * square / (double)n;
    for (size_t j = 0; j < d; j++) p->scale[j] = usual ? 1 / sqrt(p->scale[j] + floor) : 1;
}

static wn_code problem_rows(probe_problem *p, const wn_probe_rows *r, wn_err *err) {
    const size_t n = r->n, d = r->d;
    if (!(p->mean = wn_alloc(d, sizeof *p->mean, err))) return WN_EMEMORY;
    if (!(p->scale = wn_alloc(d, sizeof *p->scale, err))) return WN_EMEMORY;
    if (!(p->shrink = wn_alloc(d + 1, sizeof *p->shrink, err))) return WN_EMEMORY;
    if (!(p->data = wn_alloc(n, (d + 1) * sizeof *p->data, err))) return WN_EMEMORY;
    if (!(p->x = wn_alloc(n, sizeof *p->x, err))) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) p->mean[j] += (double)r->x[i * r->ld + j] / (double)n;
    set_scales(p, r);
    for (size_t i = 0; i < n; i++) {
        float *row = p->data + i * (d + 1);
        for (size_t j = 0; j < d; j++) row[j] = (float)(((double)r->x[i * r->ld + j] - p->mean[j]) * p->scale[j]);
        row[d] = CONSTANT;
        p->x[i] = row;
    }
    p->rows = (wn_logistic_rows){
        .x = p->x, .y = p->y, .n = n, .d = d + 1, .classes = p->rows.classes, .shrink = p->shrink};
    return WN_OK;
}

static wn_code problem_open(probe_problem *p, const wn_probe_rows *r, wn_err *err) {
    *p = (probe_problem){0};
    wn_code code;
    if ((code = problem_classes(p, r, err)) != WN_OK) goto out;
    if ((code = problem_rows(p, r, err)) != WN_OK) goto out;
    /* Of two classes scikit-learn learns one vector v, by which softmax has -v/2 and v/2, of half its square: twice the
     * penalty here. */
    for (size_t j = 0; j < r->d; j++) p->shrink[j] = p->scale[j] * p->scale[j] * (p->rows.classes == 2 ? 2 : 1);
out:
    if (code != WN_OK) problem_free(p);
    return code;
}

/* ---- c by cross-validation ---- */

/* c = 10^(step / 2); the search starts at 10 and goes up or down while the held-out log loss falls, which it does on
 * one side of a single minimum. On glosses of WordNet (45 classes; MiniLM and LSA vectors; six draws each of 300 and
 * 1,500 rows) accuracy on new rows was .0012 below that of the best c in the mean and .0047 at most, with three folds
 * as with five; the next smaller c, which rules of one standard error lean to, lost .001 to .025. */
enum { STEP_LEAST = -4, STEP_START = 2, STEP_MOST = 8 };
static double step_c(int step) {
    return pow(10, step / 2.0);
}

typedef struct {
    const probe_problem *p;
    size_t folds;
    size_t *fold;    /* [n] which fold holds the row out; `folds`: none */
    const float **x; /* [n] rows of one part, y beside them */
    uint32_t *y;     /* [n] */
    double **w;      /* [folds] weights of the last c: the start for the next */
} crossing;

static void crossing_free(crossing *v) {
    for (size_t f = 0; v->w && f < v->folds; f++) wn_free(v->w[f]);
    wn_free(v->w);
    wn_free(v->fold);
    wn_free(v->x);
    wn_free(v->y);
    *v = (crossing){0};
}

/* Rows dealt out class by class, each class shuffled. The only row of a class is never held out, so that every class
 * occurs in every training part. */
static wn_code crossing_deal(crossing *v, uint64_t seed, wn_err *err) {
    const wn_logistic_rows *r = &v->p->rows;
    wn_code code = WN_EMEMORY;
    size_t *first = wn_alloc(r->classes + 1, sizeof *first, err), *order = wn_alloc(r->n, sizeof *order, err);
    if (!first || !order) goto out;
    for (size_t i = 0; i < r->n; i++) first[r->y[i] + 1]++;
    for (size_t c = 0; c < r->classes; c++) first[c + 1] += first[c];
    for (size_t i = r->n; i-- > 0;) order[--first[r->y[i] + 1]] = i; /* leaves first[c + 1] = where class c begins */
    for (size_t c = 0, dealt = 0; c < r->classes; c++) {
        const size_t begin = first[c + 1], end = c + 1 < r->classes ? first[c + 2] : r->n;
        wn_rng rng = wn_rng_init(seed, c);
        wn_rng_shuffle(&rng, order + begin, end - begin);
        for (size_t i = begin; i < end; i++) v->fold[order[i]] = end - begin < 2 ? v->folds : dealt++ % v->folds;
    }
    code = WN_OK;
out:
    wn_free(first);
    wn_free(order);
    return code;
}

static wn_code crossing_open(crossing *v, const probe_problem *p, const wn_probe_opts *o, wn_err *err) {
    const size_t n = p->rows.n, folds = o->folds ? o->folds : WN_PROBE_FOLDS;
    *v = (crossing){.p = p, .folds = folds < n ? folds : n};
    wn_code code = WN_EMEMORY;
    if (!(v->fold = wn_alloc(n, sizeof *v->fold, err))) goto out;
    if (!(v->x = wn_alloc(n, sizeof *v->x, err))) goto out;
    if (!(v->y = wn_alloc(n, sizeof *v->y, err))) goto out;
    if (!(v->w = wn_alloc(v->folds, sizeof *v->w, err))) goto out;
    for (size_t f = 0; f < v->folds; f++)
        if (!(v->w[f] = wn_logistic_weights(p->rows.classes, p->rows.d, err))) goto out;
    code = crossing_deal(v, o->seed, err);
out:
    if (code != WN_OK) crossing_free(v);
    return code;
}

/* The rows that fold f holds out, or the others. */
static wn_logistic_rows crossing_part(crossing *v, size_t f, bool held_out) {
    const wn_logistic_rows *all = &v->p->rows;
    wn_logistic_rows part = {.x = v->x, .y = v->y, .d = all->d, .classes = all->classes, .shrink = all->shrink};
    for (size_t i = 0; i < v->p->rows.n; i++)
        if ((v->fold[i] == f) == held_out) {
            v->x[part.n] = v->p->x[i];
            v->y[part.n++] = v->p->y[i];
        }
    return part;
}

/* As far as a choice among values of c needs; and to rounding. */
static const wn_logistic_effort rough = {3e-3, 1000}, full = {0, 1000};

/* Adds to *loss the log losses of the rows that fold f holds out. */
static wn_code crossing_fold(crossing *v, size_t f, double c, double *loss, wn_err *err) {
    wn_logistic l = {0};
    wn_logistic_rows part = crossing_part(v, f, false);
    wn_code code = wn_logistic_open(&l, &part, err);
    if (code != WN_OK) goto out;
    if ((code = wn_logistic_minimise(&l, 1 / (c * (double)part.n), &rough, v->w[f], err)) != WN_OK) goto out;
    wn_logistic_close(&l);
    part = crossing_part(v, f, true);
    if (part.n == 0) goto out;
    if ((code = wn_logistic_open(&l, &part, err)) != WN_OK) goto out;
    *loss += wn_logistic_loss(&l, v->w[f]);
out:
    wn_logistic_close(&l);
    return code;
}

static wn_code crossing_loss(crossing *v, int step, double *loss, wn_err *err) {
    *loss = 0;
    for (size_t f = 0; f < v->folds; f++) {
        const wn_code code = crossing_fold(v, f, step_c(step), loss, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* Rough steps from weights of a larger c would end too near to them; from those of a smaller one they do not. */
static void crossing_restart(crossing *v) {
    const size_t cells = v->p->rows.classes * v->p->rows.d;
    for (size_t f = 0; f < v->folds; f++) memset(v->w[f], 0, cells * sizeof *v->w[f]);
}

static wn_code choose_c(double *c, const probe_problem *p, const wn_probe_opts *o, wn_err *err) {
    crossing v;
    wn_code code = crossing_open(&v, p, o, err);
    if (code != WN_OK) return code;
    int best = STEP_START;
    double least, loss;
    if ((code = crossing_loss(&v, best, &least, err)) != WN_OK) goto out;
    for (int way = 1; way >= -1; way -= 2) {
        if (best > STEP_START) break; /* went up: lower ones are worse */
        if (way < 0) crossing_restart(&v);
        for (int step = best + way; step >= STEP_LEAST && step <= STEP_MOST; step += way) {
            if ((code = crossing_loss(&v, step, &loss, err)) != WN_OK) goto out;
            if (!(loss < least)) break;
            least = loss;
            best = step;
        }
    }
    *c = step_c(best);
out:
    crossing_free(&v);
    return code;
}

wn_code wn_probe_choose_c(double *c, const wn_probe_rows *rows, const wn_probe_opts *o, wn_err *err) {
    probe_problem p = {0};
    wn_code code = probe_check(rows, o, err);
    if (code != WN_OK || (code = problem_open(&p, rows, err)) != WN_OK) return code;
    code = choose_c(c, &p, o, err);
    problem_free(&p);
    return code;
}

/* ---- the fit ---- */

/* Weights of the rows as given, from those of the problem. */
static void probe_weights(wn_probe *out, const probe_problem *p, const double *w) {
    const size_t d = out->d;
    for (size_t c = 0; c < out->classes; c++) out->w[c * (d + 1) + d] = -INFINITY;
    for (size_t k = 0; k < p->rows.classes; k++) {
        double *to = out->w + p->name[k] * (d + 1);
        const double *from = w + k * (d + 1);
        to[d] = from[d] * (double)CONSTANT;
        for (size_t j = 0; j < d; j++) {
            to[j] = from[j] * p->scale[j];
            to[d] -= to[j] * p->mean[j];
        }
    }
}

wn_code wn_probe_fit(wn_probe *out, const wn_probe_rows *rows, const wn_probe_opts *o, wn_err *err) {
    probe_problem p = {0};
    wn_logistic l = {0};
    wn_probe probe = {.classes = rows->classes, .d = rows->d, .c = o->c};
    double *w = NULL;
    wn_code code = probe_check(rows, o, err);
    if (code != WN_OK) goto out;
    if (!(o->c > 0 && isfinite(o->c))) {
        code = wn_err_set(err, WN_EINPUT, "the probe's c is %g; a number above 0 is wanted", o->c);
        goto out;
    }
    if ((code = problem_open(&p, rows, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(probe.w = wn_alloc(rows->classes, (rows->d + 1) * sizeof *probe.w, err))) goto out;
    if (!(w = wn_logistic_weights(p.rows.classes, p.rows.d, err))) goto out;
    if ((code = wn_logistic_open(&l, &p.rows, err)) != WN_OK) goto out;
    const wn_logistic_effort effort = o->steps ? (wn_logistic_effort){FEW_FALL, o->steps} : full;
    code = wn_logistic_minimise(&l, 1 / (probe.c * (double)rows->n), &effort, w, err);
    if (code != WN_OK) goto out;
    probe_weights(&probe, &p, w);
    *out = probe;
    probe.w = NULL;
out:
    wn_logistic_close(&l);
    wn_free(w);
    wn_free(probe.w);
    problem_free(&p);
    return code;
}

void wn_probe_free(wn_probe *p) {
    if (!p) return;
    wn_free(p->w);
    *p = (wn_probe){0};
}

/* z + intercept becomes a probability. */
static void probe_softmax(const wn_probe *p, float *z) {
    double top = -INFINITY, sum = 0;
    for (size_t c = 0; c < p->classes; c++) top = fmax(top, (double)z[c] + p->w[c * (p->d + 1) + p->d]);
    for (size_t c = 0; c < p->classes; c++) sum += exp((double)z[c] + p->w[c * (p->d + 1) + p->d] - top);
    for (size_t c = 0; c < p->classes; c++) z[c] = (float)(exp((double)z[c] + p->w[c * (p->d + 1) + p->d] - top) / sum);
}

wn_code wn_probe_predict(const wn_probe *p, const float *x, size_t ld, size_t n, float *probs, wn_err *err) {
    wn_packed packed = {0};
    wn_code code = WN_EMEMORY;
    float *w = wn_alloc(p->classes, p->d * sizeof *w, err);
    if (!w) goto out;
    for (size_t c = 0; c < p->classes; c++)
        for (size_t j = 0; j < p->d; j++) w[c * p->d + j] = (float)p->w[c * (p->d + 1) + j];
    if ((code = wn_packed_init(&packed, w, p->d, p->classes, p->d, err)) != WN_OK) goto out;
    wn_gemm_packed(x, ld, n, &packed, probs, p->classes, 0);
    for (size_t i = 0; i < n; i++) probe_softmax(p, probs + i * p->classes);
out:
    wn_free(w);
    wn_packed_free(&packed);
    return code;
}
