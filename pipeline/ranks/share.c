#include "message.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/nearest.h>

wn_mat wn_ranks_share(const wn_mat *x, const wn_comm *comm) {
    const size_t first = wn_spread_first(x->rows, comm->rank, comm->size);
    wn_mat share = *x;
    share.rows = wn_spread_first(x->rows, comm->rank + 1, comm->size) - first;
    if (share.rows) share.data = wn_mat_row(x, first);
    return share;
}

/* ---- parts ---- */

typedef struct {
    size_t n;
    double value;
} round_head;

static wn_code hand_out(wn_part_picks *picks, const round_head *heads, const size_t *all, size_t count, wn_err *err) {
    for (size_t i = 0; i < count; all += heads[i++].n) {
        picks[i] = (wn_part_picks){.n = heads[i].n, .value = heads[i].value};
        if (!(picks[i].ids = wn_alloc(heads[i].n, sizeof *all, err))) return WN_EMEMORY;
        memcpy(picks[i].ids, all, heads[i].n * sizeof *all);
    }
    return WN_OK;
}

wn_code wn_ranks_do_round(wn_part_picks *picks, const wn_ranks_round *r, wn_comm *comm, wn_err *err) {
    const size_t own = r->at + (size_t)comm->rank, size = (size_t)comm->size;
    const size_t count = r->ntodo - r->at < size ? r->ntodo - r->at : size;
    wn_part_picks mine = {0};
    size_t total = 0, *all = NULL, *bytes = wn_alloc(size, sizeof *bytes, err);
    round_head *heads = wn_alloc(size, sizeof *heads, err);
    wn_code code = heads && bytes ? WN_OK : WN_EMEMORY;
    if (code == WN_OK && own < r->ntodo) code = wn_partition_part(r->x, r->o, r->p, r->todo[own], &mine, err);
    const round_head head = {mine.n, mine.value};
    if ((code = wn_comm_agree(comm, code, err)) != WN_OK) goto out;
    for (size_t i = 0; i < size; i++) bytes[i] = sizeof head;
    if ((code = wn_comm_gather(comm, &head, bytes, heads, -1, err)) != WN_OK) goto out;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = heads[i].n * sizeof *all;
        total += heads[i].n;
    }
    if (comm->rank == 0 && !(all = wn_alloc(total, sizeof *all, err))) code = WN_EMEMORY;
    if ((code = wn_comm_agree(comm, code, err)) != WN_OK) goto out;
    if ((code = wn_comm_gather(comm, mine.ids, bytes, all, 0, err)) != WN_OK) goto out;
    if (comm->rank == 0) code = hand_out(picks, heads, all, count, err);
    code = wn_comm_agree(comm, code, err);
out:
    wn_part_picks_free(&mine);
    wn_free(heads);
    wn_free(bytes);
    wn_free(all);
    return code;
}

/* ---- nearest ---- */

wn_code wn_ranks_do_nearest(size_t *nearest, float *sim, const wn_mat *share, size_t n, const wn_mat *to, wn_comm *comm,
                            wn_progress *p, wn_err *err) {
    const wn_some_rows rows = {.m = share, .n = share->rows}, others = {.m = to, .n = to->rows};
    size_t *at = wn_alloc(share->rows, sizeof *at, err), *bytes = wn_alloc((size_t)comm->size, sizeof *bytes, err);
    float *value = wn_alloc(share->rows, sizeof *value, err);
    wn_code code = at && bytes && value ? WN_OK : WN_EMEMORY;
    if (code == WN_OK && share->rows) code = wn_nearest(&rows, &others, at, value, "assign", p, err);
    if ((code = wn_comm_agree(comm, code, err)) != WN_OK) goto out;
    for (int i = 0; i < comm->size; i++)
        bytes[i] = (wn_spread_first(n, i + 1, comm->size) - wn_spread_first(n, i, comm->size)) * sizeof *at;
    if ((code = wn_comm_gather(comm, at, bytes, nearest, 0, err)) != WN_OK) goto out;
    for (int i = 0; i < comm->size; i++) bytes[i] = bytes[i] / sizeof *at * sizeof *value;
    code = wn_comm_gather(comm, value, bytes, sim, 0, err);
out:
    wn_free(at);
    wn_free(bytes);
    wn_free(value);
    return code;
}
