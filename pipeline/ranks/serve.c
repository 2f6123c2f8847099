/* The side of the other ranks: one function an order, which mirrors the one of ranks.c. */
#include "message.h"

#include "stages/axes.h"

#include <string.h>
#include <winnow/mem.h>

typedef struct {
    wn_comm *comm;
    const wn_matrices *in;
    wn_vectors v; /* its share of the rows, or all of them */
    wn_ranks_rows rows;
    bool by_length; /* not normalised yet */
} rank_state;

/* Rows of the files: `rows` [n] rising, or n from `first` on. Runs of them are read at once. */
static wn_code read_runs(wn_mat *out, const wn_matrices *in, const size_t *rows, size_t first, size_t n, wn_err *err) {
    wn_code code = wn_mat_init(out, n, in->cols, err);
    size_t before = 0, at = 0;
    for (size_t file = 0; file < in->n && at < n; before += wn_matrix_rows(in->files[file++])) {
        const size_t end = before + wn_matrix_rows(in->files[file]);
        while (at < n && code == WN_OK) {
            const size_t row = rows ? rows[at] : first + at;
            size_t run = 1;
            if (row >= end) break;
            while (at + run < n && row + run < end && (rows ? rows[at + run] : first + at + run) == row + run) run++;
            code = wn_matrix_read(in->files[file], row - before, run, wn_mat_row(out, at), out->stride, err);
            at += run;
        }
    }
    return code;
}

static wn_code do_read(rank_state *s, const wn_ranks_message *m, wn_err *err) {
    const size_t n = m->rows.n, first = m->rows.whole ? 0 : wn_spread_first(n, s->comm->rank, s->comm->size),
                 end = m->rows.whole ? n : wn_spread_first(n, s->comm->rank + 1, s->comm->size);
    size_t *rows = m->rows.rows ? wn_alloc(n, sizeof *rows, err) : NULL;
    wn_code code = wn_comm_agree(s->comm, !m->rows.rows || rows ? WN_OK : WN_EMEMORY, err);
    if (code != WN_OK) goto out;
    if (rows && (code = wn_comm_bcast(s->comm, rows, n * sizeof *rows, 0, err)) != WN_OK) goto out;
    s->rows = m->rows;
    s->rows.rows = NULL;
    code = read_runs(&s->v.x, s->in, rows ? rows + first : NULL, first, end - first, err);
    s->by_length = m->rows.as_they_are;
    if (code == WN_OK && !s->by_length) (void)wn_mat_normalize(&s->v.x);
    code = wn_comm_agree(s->comm, code, err);
out:
    wn_free(rows);
    return code;
}

static wn_code do_space(rank_state *s, const wn_ranks_message *m, wn_err *err) {
    wn_pca pca = {.d = s->in->cols, .dims = m->dims};
    const wn_copies all = {.n = s->v.x.rows, .m = s->v.x.rows};
    pca.mean = wn_alloc(pca.d, sizeof *pca.mean, err);
    pca.axes = wn_alloc(pca.dims, pca.d * sizeof *pca.axes, err);
    s->v.zero = wn_alloc(s->v.x.rows, sizeof *s->v.zero, err);
    wn_code code = wn_comm_agree(s->comm, pca.mean && pca.axes && s->v.zero ? WN_OK : WN_EMEMORY, err);
    if (code != WN_OK) goto out;
    if ((code = wn_comm_bcast(s->comm, pca.mean, pca.d * sizeof *pca.mean, 0, err)) != WN_OK) goto out;
    if ((code = wn_comm_bcast(s->comm, pca.axes, pca.dims * pca.d * sizeof *pca.axes, 0, err)) != WN_OK) goto out;
    wn_vectors_zero(s->v.zero, &s->v.x);
    code = wn_comm_agree(s->comm, wn_axes_apply(&s->v, &all, &pca, err), err);
out:
    wn_pca_free(&pca);
    return code;
}

/* The lists of a message, which become o's. */
typedef struct {
    size_t *keep, *exclude, *todo;
    uint32_t *label;
} rank_lists;

static void free_lists(rank_lists *l) {
    wn_free(l->keep);
    wn_free(l->exclude);
    wn_free(l->todo);
    wn_free(l->label);
}

/* Room for them, and what they hold. `labels`: rows that have one. */
static wn_code take_lists(rank_lists *l, wn_ranks_message *m, size_t labels, wn_comm *comm, wn_err *err) {
    wn_select_opts *o = &m->o;
    const bool by_label = m->p.label != NULL;
    l->keep = wn_alloc(o->nkeep, sizeof *l->keep, err);
    l->exclude = wn_alloc(o->nexclude, sizeof *l->exclude, err);
    l->todo = wn_alloc(m->count, sizeof *l->todo, err);
    l->label = wn_alloc(by_label ? labels : 0, sizeof *l->label, err);
    wn_code code = wn_comm_agree(comm, l->keep && l->exclude && l->todo && l->label ? WN_OK : WN_EMEMORY, err);
    if (code != WN_OK) return code;
    if ((code = wn_comm_bcast(comm, l->keep, o->nkeep * sizeof *l->keep, 0, err)) != WN_OK) return code;
    if ((code = wn_comm_bcast(comm, l->exclude, o->nexclude * sizeof *l->exclude, 0, err)) != WN_OK) return code;
    if (by_label && (code = wn_comm_bcast(comm, l->label, labels * sizeof *l->label, 0, err)) != WN_OK) return code;
    if (m->count && (code = wn_comm_bcast(comm, l->todo, m->count * sizeof *l->todo, 0, err)) != WN_OK) return code;
    o->keep = l->keep, o->exclude = l->exclude, o->progress = NULL;
    m->p.label = by_label ? l->label : NULL;
    return WN_OK;
}

static const wn_mat *compared(const rank_state *s) {
    return s->v.space.data ? &s->v.space : &s->v.x;
}

static wn_code do_select(rank_state *s, wn_ranks_message *m, wn_err *err) {
    rank_lists lists = {0};
    wn_selection out = {0};
    wn_spread_cost cost;
    wn_code code = take_lists(&lists, m, 0, s->comm, err);
    if (code == WN_OK) code = wn_spread_select(compared(s), s->rows.n, &m->o, s->comm, &out, NULL, &cost, err);
    wn_selection_free(&out);
    free_lists(&lists);
    return code;
}

static wn_code do_parts(rank_state *s, wn_ranks_message *m, wn_err *err) {
    rank_lists lists = {0};
    wn_code code = take_lists(&lists, m, s->rows.n, s->comm, err);
    for (size_t at = 0; at < m->count && code == WN_OK; at += (size_t)s->comm->size) {
        const wn_ranks_round round = {compared(s), &m->o, &m->p, lists.todo, m->count, at};
        code = wn_ranks_do_round(NULL, &round, s->comm, err);
        if (code == WN_OK) code = wn_comm_agree(s->comm, WN_OK, err); /* rank 0 keeps what came */
    }
    free_lists(&lists);
    return code;
}

static wn_code do_nearest(rank_state *s, const wn_ranks_message *m, wn_err *err) {
    wn_mat to = {0}, share = s->rows.whole ? wn_ranks_share(&s->v.x, s->comm) : s->v.x;
    wn_code code = wn_comm_agree(s->comm, wn_mat_init(&to, m->count, s->in->cols, err), err);
    if (code != WN_OK) goto out;
    if (s->by_length) (void)wn_mat_normalize(&s->v.x);
    s->by_length = false;
    if ((code = wn_comm_bcast(s->comm, to.data, m->count * to.stride * sizeof *to.data, 0, err)) != WN_OK) goto out;
    code = wn_ranks_do_nearest(NULL, NULL, &share, s->rows.n, &to, s->comm, NULL, err);
out:
    wn_mat_free(&to);
    return code;
}

wn_code wn_ranks_serve(wn_ranks *r, const wn_matrices *in, wn_err *err) {
    rank_state s = {.comm = &r->comm, .in = in};
    wn_ranks_message m = {0};
    wn_code code = WN_OK;
    while (code == WN_OK && (code = wn_comm_bcast(s.comm, &m, sizeof m, 0, err)) == WN_OK) {
        if (m.order == WN_RANKS_END) break;
        switch ((wn_ranks_order)m.order) {
        case WN_RANKS_READ:
            code = do_read(&s, &m, err);
            break;
        case WN_RANKS_SPACE:
            code = do_space(&s, &m, err);
            break;
        case WN_RANKS_SELECT:
            code = do_select(&s, &m, err);
            break;
        case WN_RANKS_PARTS:
            code = do_parts(&s, &m, err);
            break;
        case WN_RANKS_NEAREST:
            code = do_nearest(&s, &m, err);
            break;
        case WN_RANKS_END:
            break;
        }
    }
    r->over = true;
    wn_vectors_free(&s.v);
    return code;
}
