/* Rank 0's side. */
#include "message.h"

#include "stages/axes.h"

#include <string.h>
#include <winnow/mem.h>

wn_code wn_ranks_open(wn_ranks *r, wn_err *err) {
    int rank = 0, size = 1;
    *r = (wn_ranks){0};
    wn_comm_launched(&rank, &size);
    wn_comm_self(&r->comm);
    return size > 1 ? wn_comm_mpi(&r->comm, err) : WN_OK;
}

wn_code wn_ranks_agree(wn_ranks *r, wn_code code, wn_err *err) {
    if (!wn_ranks_many(r)) return code;
    code = wn_comm_agree(&r->comm, code, err);
    r->over = code != WN_OK;
    return code;
}

/* What every order begins with; `own`: whether this rank has made room. */
static wn_code give(wn_ranks *r, const wn_ranks_message *m, wn_code own, wn_err *err) {
    wn_ranks_message sent = *m;
    const wn_code code = wn_comm_bcast(&r->comm, &sent, sizeof sent, 0, err);
    if (code == WN_OK) return wn_ranks_agree(r, own, err);
    r->over = true;
    return code;
}

/* What an order ended with: an error is one that all share. */
static wn_code ended(wn_ranks *r, wn_code code) {
    r->over = code != WN_OK;
    return code;
}

void wn_ranks_end(wn_ranks *r) {
    wn_ranks_message end = {.order = WN_RANKS_END};
    if (wn_ranks_many(r) && r->comm.rank == 0) (void)wn_comm_bcast(&r->comm, &end, sizeof end, 0, &(wn_err){0});
    wn_comm_close(&r->comm);
}

static wn_code send(wn_ranks *r, const void *data, size_t n, wn_err *err) {
    return wn_comm_bcast(&r->comm, (void *)(size_t)data, n, 0, err); /* the root's is only read */
}

wn_code wn_ranks_read(wn_ranks *r, const wn_ranks_rows *rows, wn_err *err) {
    const wn_ranks_message m = {.order = WN_RANKS_READ, .rows = *rows};
    r->n = rows->n;
    wn_code code = give(r, &m, WN_OK, err);
    if (code == WN_OK && rows->rows) code = ended(r, send(r, rows->rows, rows->n * sizeof *rows->rows, err));
    return code;
}

wn_code wn_ranks_space(wn_ranks *r, const wn_vectors *v, const wn_copies *c, const wn_space_opts *o, wn_io *io,
                       wn_err *err) {
    wn_pca pca = {0};
    const wn_ranks_message m = {.order = WN_RANKS_SPACE, .dims = v->space.cols};
    wn_code code = give(r, &m, wn_axes_fit(&pca, v, c, o, io, err), err);
    if (code != WN_OK) goto out;
    code = send(r, pca.mean, pca.d * sizeof *pca.mean, err);
    if (code == WN_OK) code = send(r, pca.axes, pca.dims * pca.d * sizeof *pca.axes, err);
    if (code == WN_OK) code = wn_comm_agree(&r->comm, WN_OK, err);
    code = ended(r, code);
out:
    wn_pca_free(&pca);
    return code;
}

/* Their keep and exclude. */
static wn_code send_lists(wn_ranks *r, const wn_select_opts *o, wn_err *err) {
    const wn_code code = send(r, o->keep, o->nkeep * sizeof *o->keep, err);
    return code == WN_OK ? send(r, o->exclude, o->nexclude * sizeof *o->exclude, err) : code;
}

wn_code wn_ranks_select(wn_ranks *r, const wn_mat *x, const wn_select_opts *o, wn_selection *out, wn_err *err) {
    const wn_ranks_message m = {.order = WN_RANKS_SELECT, .o = *o};
    const wn_mat share = wn_ranks_share(x, &r->comm);
    double *T = NULL;
    wn_code code = give(r, &m, WN_OK, err);
    if (code != WN_OK) return code;
    code = send_lists(r, o, err);
    if (code == WN_OK) code = wn_spread_select(&share, x->rows, o, &r->comm, out, &T, &r->cost, err);
    r->exact = ended(r, code) == WN_OK;
    r->k = o->k;
    if (code == WN_OK && o->certify && (code = wn_spread_bound(out, x, o, T, err)) != WN_OK) wn_selection_free(out);
    wn_free(T);
    return code;
}

wn_code wn_ranks_parts(wn_ranks *r, const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                       const wn_choice_todo *todo, wn_err *err) {
    const double begin = wn_now();
    const size_t size = (size_t)r->comm.size;
    const wn_ranks_message m = {.order = WN_RANKS_PARTS, .o = *o, .p = *p, .count = todo->n};
    wn_part_picks *picks = wn_alloc(size, sizeof *picks, err);
    wn_code code = give(r, &m, picks ? WN_OK : WN_EMEMORY, err);
    if (code != WN_OK) goto out;
    code = send_lists(r, o, err);
    if (code == WN_OK && p->label) code = send(r, p->label, x->rows * sizeof *p->label, err);
    if (code == WN_OK) code = send(r, todo->parts, todo->n * sizeof *todo->parts, err);
    for (size_t at = 0; at < todo->n && code == WN_OK; at += size) {
        const wn_ranks_round round = {x, o, p, todo->parts, todo->n, at};
        if ((code = wn_ranks_do_round(picks, &round, &r->comm, err)) != WN_OK) break;
        for (size_t i = 0; i < size && at + i < todo->n && code == WN_OK; i++)
            code = todo->done(todo->ctx, todo->parts[at + i], &picks[i], err);
        code = wn_comm_agree(&r->comm, code, err);
    }
    code = ended(r, code);
    r->parts = todo->n;
    r->parts_seconds = wn_now() - begin;
out:
    for (size_t i = 0; picks && i < size; i++) wn_part_picks_free(&picks[i]);
    wn_free(picks);
    return code;
}

wn_code wn_ranks_nearest(wn_ranks *r, const wn_mat *x, const size_t *chosen, size_t k, size_t *nearest, float *sim,
                         wn_progress *p, wn_err *err) {
    const double begin = wn_now();
    const uint64_t before = r->comm.received;
    const wn_ranks_message m = {.order = WN_RANKS_NEAREST, .count = k};
    const wn_mat share = wn_ranks_share(x, &r->comm);
    wn_mat to = {0};
    wn_code code = give(r, &m, wn_mat_init(&to, k, x->cols, err), err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < k; i++) memcpy(wn_mat_row(&to, i), wn_mat_row(x, chosen[i]), x->cols * sizeof(float));
    code = send(r, to.data, k * to.stride * sizeof *to.data, err);
    if (code == WN_OK) code = wn_ranks_do_nearest(nearest, sim, &share, x->rows, &to, &r->comm, p, err);
    code = ended(r, code);
    r->assign_seconds += wn_now() - begin;
    r->assign_bytes += r->comm.received - before;
out:
    wn_mat_free(&to);
    return code;
}
