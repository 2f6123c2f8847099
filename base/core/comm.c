#include <wn/comm.h>

#include <string.h>

/* ---- one process ---- */

static wn_code self_bcast(void *state, void *data, size_t n, int root, wn_err *err) {
    (void)state, (void)data, (void)n, (void)root, (void)err;
    return WN_OK;
}

static wn_code self_gather(void *state, const void *mine, const size_t *bytes, void *all, int root, wn_err *err) {
    (void)state, (void)root, (void)err;
    if (bytes[0] && all != mine) memmove(all, mine, bytes[0]);
    return WN_OK;
}

static wn_code self_best(void *state, wn_comm_bid *bid, wn_err *err) {
    (void)state, (void)bid, (void)err;
    return WN_OK;
}

static void self_close(void *state) {
    (void)state;
}

static const wn_comm_vt self = {self_bcast, self_gather, self_best, self_close};

void wn_comm_self(wn_comm *out) {
    *out = (wn_comm){.size = 1, .vt = &self};
}

void wn_comm_close(wn_comm *c) {
    if (c->vt) c->vt->close(c->state);
    *c = (wn_comm){0};
}

/* ---- any ---- */

wn_code wn_comm_bcast(wn_comm *c, void *data, size_t n, int root, wn_err *err) {
    const wn_code code = c->vt->bcast(c->state, data, n, root, err);
    if (c->rank != root) c->received += n;
    return code;
}

wn_code wn_comm_gather(wn_comm *c, const void *mine, const size_t *bytes, void *all, int root, wn_err *err) {
    const wn_code code = c->vt->gather(c->state, mine, bytes, all, root, err);
    if (root < 0 || root == c->rank)
        for (int i = 0; i < c->size; i++) c->received += i == c->rank ? 0 : bytes[i];
    return code;
}

wn_code wn_comm_best(wn_comm *c, wn_comm_bid *bid, wn_err *err) {
    const wn_code code = c->vt->best(c->state, bid, err);
    for (int reached = 1; reached < c->size && reached > 0; reached *= 2) c->received += sizeof *bid;
    return code;
}

wn_code wn_comm_agree(wn_comm *c, wn_code code, wn_err *err) {
    wn_comm_bid bid = {.row = (uint64_t)c->rank, .code = code};
    wn_err theirs = *err;
    if (c->size == 1) return code;
    wn_code shared = wn_comm_best(c, &bid, err);
    if (shared != WN_OK || bid.code == WN_OK) return shared;
    const int first = (int)bid.row;
    if ((shared = wn_comm_bcast(c, &theirs, sizeof theirs, first, err)) != WN_OK) return shared;
    *err = theirs;
    if (first > 0) return wn_err_prefix(err, "rank %d of %d: ", first, c->size);
    return err->code;
}
