/* The greedy over ranks: each has a solver over its share, which names the share's best row. What the others hold it
 * knows by T, and by the picks, whose vectors all get. */
#include <wn/spread.h>

#include <math.h>
#include <string.h>
#include <winnow/mem.h>

#include "certificate.h"
#include "partition/spread_sums.h"
#include "partition/sums.h"
#include "rank.h"
#include "solver/solver.h"

/* A rank is not told what the options point to, but for the rows to keep and those to exclude. */
bool wn_spread_serves(const wn_select_opts *o) {
    const wn_kernel_kind k = o->kernel.kind;
    const bool compares = k == WN_RBF || k == WN_COSINE || k == WN_DOT,
               limits = o->limit.had || wn_constraint_limits(o);
    return o->objective == WN_GRAPH_CUT && compares && o->storage != WN_DENSE && o->maximizer == WN_MAXIMIZER_AUTO &&
           !limits && !o->graph && !o->weight && !o->value && !o->represent && !o->sums && !o->first && !o->n_all;
}

typedef struct {
    wn_comm *comm;
    size_t n, first;   /* rows of the whole; the first of the share */
    wn_greedy g;       /* of the share */
    wn_constraint all; /* of the whole */
    const wn_solver_vt *vt;
    void *solver;
    size_t open; /* rows of the share that may be picked */
    float *x;    /* [d] the row that was picked */
} spread;

/* ---- before ---- */

static wn_code check(const wn_select_opts *o, const wn_mat *mine, size_t n, const wn_comm *comm, wn_err *err) {
    const size_t first = wn_spread_first(n, comm->rank, comm->size);
    if (!wn_spread_serves(o))
        return wn_err_set(err, WN_EUSAGE,
                          "ranks: only graph-cut over all pairs, without values, weights and limits, is chosen by "
                          "several processes exactly");
    if (wn_cut_estimated(o, n))
        return wn_err_set(err, WN_EUSAGE, "ranks: sums are over all rows, not over a sample of %zu", o->sum_rows);
    if (mine->rows != wn_spread_first(n, comm->rank + 1, comm->size) - first)
        return wn_err_set(err, WN_EUSAGE, "ranks: %zu rows are not the share of rank %d of %d in %zu", mine->rows,
                          comm->rank, comm->size, n);
    if (o->k == 0) return wn_err_set(err, WN_EUSAGE, "select: k is 0; at least one row must be chosen");
    if (!isnan(o->lambda) && !(o->lambda >= 0 && o->lambda <= 1e12))
        return wn_err_set(err, WN_EUSAGE, "select: lambda is %g; it must lie between 0 and 1e12, or be auto",
                          o->lambda);
    if (o->nkeep > o->k)
        return wn_err_set(err, WN_ECONSTRAINT, "select: %zu rows must be kept but k is %zu; raise k", o->nkeep, o->k);
    return wn_kernel_check(&o->kernel, err);
}

/* What every rank knows of the whole, and room for what it will be told. */
static wn_code prepare(spread *s, wn_selection *out, const wn_mat *mine, const wn_select_opts *o, wn_err *err) {
    const wn_ground whole = {.n = s->n, .d = mine->cols};
    wn_code code = check(o, mine, s->n, s->comm, err);
    if (code != WN_OK || (code = wn_constraint_init(&s->all, &whole, o, err)) != WN_OK) return code;
    s->all.g = NULL;
    s->vt = o->kernel.kind == WN_RBF ? &wn_solver_graph_cut_rbf : &wn_solver_graph_cut_cone;
    s->g = (wn_greedy){.o = *o, .out = out};
    s->g.o.first = s->first;
    s->g.o.n_all = s->n;
    s->g.o.lambda = out->lambda = wn_ground_lambda(o->lambda, (double)s->n, o->k);
    out->storage = WN_MATRIX_FREE;
    const size_t bytes = s->vt->bytes(&s->g.o, mine->rows, mine->cols);
    if (o->memory && bytes > o->memory)
        return wn_err_set(err, WN_EMEMORY, "select: %zu bytes are needed for %zu rows but %zu are allowed", bytes,
                          mine->rows, o->memory);
    if (!(out->ids = wn_alloc(o->k, sizeof *out->ids, err)) || !(out->gain = wn_alloc(o->k, sizeof *out->gain, err)) ||
        !(out->objective = wn_alloc(o->k, sizeof *out->objective, err)) ||
        !(s->x = wn_alloc(mine->cols, sizeof *s->x, err)))
        return WN_EMEMORY;
    if ((code = wn_ground_init(&s->g.ground, mine, &s->g.o, err)) != WN_OK) return code;
    return wn_ground_read(&s->g.ground, &o->kernel, err);
}

/* The largest norm of all shares: what rounding may do to a gain goes by it. */
static wn_code share_norms(spread *s, wn_err *err) {
    wn_comm_bid largest = {.key = s->g.ground.sq_max};
    const wn_code code = wn_comm_best(s->comm, &largest, err);
    s->g.ground.sq_max = largest.key;
    return code;
}

static wn_code add_up(double **T, spread *s, wn_err *err) {
    const bool rbf = s->g.o.kernel.kind == WN_RBF;
    const wn_spread_rows rows = {s->g.ground.x, s->n, s->first, s->comm, s->g.o.progress};
    double *sums = wn_alloc(rbf ? s->n : s->g.ground.d, sizeof *sums, err);
    wn_code code = wn_comm_agree(s->comm, sums ? WN_OK : WN_EMEMORY, err);
    if (code == WN_OK)
        code = rbf ? wn_spread_rbf_sums(sums, &rows, &s->g.o.kernel, err) : wn_spread_vector_sums(sums, &rows, err);
    *T = sums;
    s->g.o.sums = s->g.ground.sums = rbf && sums ? sums + s->first : sums;
    return code;
}

static wn_code open_solver(spread *s, wn_err *err) {
    const size_t m = s->g.ground.n;
    s->g.constraint = (wn_constraint){.closed = s->all.closed + s->first,
                                      .g = &s->g.ground,
                                      .keep = s->g.o.keep,
                                      .nkeep = s->g.o.nkeep,
                                      .k = s->g.o.k,
                                      .pool = m,
                                      .open = s->all.open}; /* of the whole: a share may run out of rows before */
    for (size_t i = 0; i < m; i++) s->open += wn_constraint_feasible(&s->g.constraint, i);
    return m ? s->vt->open(&s->solver, &s->g, err) : WN_OK;
}

/* ---- the greedy ---- */

/* This rank's bid for the next pick; *row in its share. */
static wn_comm_bid own_bid(spread *s, size_t *row, wn_code code, wn_err *err) {
    wn_comm_bid bid = {-INFINITY, UINT64_MAX, code};
    const size_t t = s->g.constraint.picked;
    if (code != WN_OK) return bid;
    if (t < s->g.o.nkeep) {
        const size_t kept = s->g.o.keep[t];
        if (kept < s->first || kept - s->first >= s->g.ground.n) return bid;
        *row = kept - s->first;
        code = s->vt->gain(s->solver, *row, &bid.key, err);
    } else {
        if (s->open == 0) return bid;
        code = s->vt->best(s->solver, row, &bid.key, err);
    }
    bid.row = s->first + *row;
    bid.code = code;
    return bid;
}

static void note_pick(spread *s, const wn_comm_bid *b) {
    wn_selection *out = s->g.out;
    const size_t t = s->g.constraint.picked;
    out->ids[t] = b->row;
    out->gain[t] = b->key;
    out->objective[t] = b->key + (t ? out->objective[t - 1] : 0.0);
    if (b->key < 0 && out->negative_from == out->k) out->negative_from = t;
}

/* One pick. *own is what failed here since ranks last agreed; they do when they bid. */
static wn_code pick(spread *s, wn_code *own, wn_err *err) {
    size_t row = 0;
    const wn_comm_bid bid = own_bid(s, &row, *own, err);
    wn_comm_bid best = bid;
    wn_code code = wn_comm_best(s->comm, &best, err);
    if (code != WN_OK) return code;
    if (best.code != WN_OK) return wn_comm_agree(s->comm, (wn_code)bid.code, err);
    const int owner = wn_spread_owner(s->n, best.row, s->comm->size);
    const bool mine = owner == s->comm->rank;
    if (mine) memcpy(s->x, wn_mat_row(s->g.ground.x, row), s->g.ground.d * sizeof *s->x);
    if ((code = wn_comm_bcast(s->comm, s->x, s->g.ground.d * sizeof *s->x, owner, err)) != WN_OK) return code;
    note_pick(s, &best);
    if (mine) {
        wn_constraint_take(&s->g.constraint, row);
        s->open--;
        *own = s->vt->add(s->solver, row, err);
    } else {
        s->g.constraint.picked++;
        *own = s->solver ? s->vt->take(s->solver, s->x, err) : WN_OK;
    }
    if (*own == WN_OK) *own = wn_greedy_tick(&s->g, err);
    return WN_OK;
}

static wn_code pick_all(spread *s, wn_err *err) {
    wn_code own = WN_OK, code = WN_OK;
    while (s->g.constraint.picked < s->g.o.k && code == WN_OK)
        code = pick(s, &own, err); /* also with no rows left here */
    return code == WN_OK ? wn_comm_agree(s->comm, own, err) : code;
}

wn_code wn_spread_select(const wn_mat *mine, size_t n, const wn_select_opts *o, wn_comm *comm, wn_selection *out,
                         double **T, wn_spread_cost *cost, wn_err *err) {
    spread s = {.comm = comm, .n = n, .first = wn_spread_first(n, comm->rank, comm->size)};
    wn_selection made = {.k = o->k, .negative_from = o->k, .bound = NAN};
    double *sums = NULL, begin = wn_now();
    const uint64_t before = comm->received;
    *cost = (wn_spread_cost){0};
    wn_code code = wn_comm_agree(comm, prepare(&s, &made, mine, o, err), err);
    if (code != WN_OK || (code = share_norms(&s, err)) != WN_OK) goto out;
    if ((code = add_up(&sums, &s, err)) != WN_OK) goto out;
    cost->sums_seconds = wn_now() - begin;
    cost->sums_bytes = comm->received - before;
    begin = wn_now();
    if ((code = wn_comm_agree(comm, open_solver(&s, err), err)) != WN_OK) goto out;
    if ((code = pick_all(&s, err)) != WN_OK) goto out;
    cost->picks_seconds = wn_now() - begin;
    cost->picks_bytes = comm->received - before - cost->sums_bytes;
    *out = made;
    made = (wn_selection){0};
    if (T) *T = sums, sums = NULL;
out:
    if (s.vt) s.vt->close(s.solver);
    wn_selection_free(&made);
    wn_constraint_free(&s.all);
    wn_ground_free(&s.g.ground);
    wn_free(s.x);
    wn_free(sums);
    return code;
}

/* ---- the bound ---- */

wn_code wn_spread_bound(wn_selection *s, const wn_mat *x, const wn_select_opts *o, const double *T, wn_err *err) {
    wn_select_opts own = *o;
    wn_ground ground = {0};
    wn_constraint constraint = {0};
    double *sums = NULL;
    own.sums = T;
    own.lambda = s->lambda;
    wn_finished done = {&ground, &own, &constraint, s};
    wn_code code = wn_ground_init(&ground, x, &own, err);
    if (code != WN_OK || (code = wn_ground_read(&ground, &o->kernel, err)) != WN_OK) goto out;
    if ((code = wn_constraint_init(&constraint, &ground, &own, err)) != WN_OK) goto out;
    while (!wn_constraint_full(&constraint)) wn_constraint_take(&constraint, s->ids[constraint.picked]);
    if (o->kernel.kind == WN_RBF) {
        code = (sums = wn_alloc(ground.n, sizeof *sums, err))
                   ? wn_ground_rbf_sums(&ground, &o->kernel, NULL, sums, err) /* T, rounded */
                   : WN_EMEMORY;
        if (code != WN_OK) goto out;
    }
    own.sums = ground.sums = NULL; /* they are those of x */
    code = wn_certificate_of_cut(&done, sums, err);
out:
    wn_ground_free(&ground);
    wn_constraint_free(&constraint);
    wn_free(sums);
    return code;
}
