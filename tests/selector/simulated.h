#ifndef TESTS_SELECTOR_SIMULATED_H
#define TESTS_SELECTOR_SIMULATED_H
/* Ranks as threads of one process: a wn_comm over shared memory and a barrier. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wn/comm.h>

enum { RANKS_MOST = 16 };

typedef struct {
    int size;
    pthread_barrier_t all;
    const void *from[RANKS_MOST];
} simulated_world;

typedef struct {
    simulated_world *world;
    int rank;
    void (*work)(void *ctx, wn_comm *comm);
    void *ctx;
} simulated_rank;

static inline void simulated_meet(const simulated_rank *r) {
    (void)pthread_barrier_wait(&r->world->all);
}

static inline wn_code simulated_bcast(void *state, void *data, size_t n, int root, wn_err *err) {
    const simulated_rank *r = state;
    (void)err;
    if (r->rank == root) r->world->from[root] = data;
    simulated_meet(r);
    if (r->rank != root && n) memcpy(data, r->world->from[root], n);
    simulated_meet(r);
    return WN_OK;
}

static inline wn_code simulated_gather(void *state, const void *mine, const size_t *bytes, void *all, int root,
                                       wn_err *err) {
    const simulated_rank *r = state;
    (void)err;
    r->world->from[r->rank] = mine;
    simulated_meet(r);
    char *to = all;
    for (int i = 0; i < r->world->size && (root < 0 || root == r->rank); to += bytes[i++])
        if (bytes[i]) memcpy(to, r->world->from[i], bytes[i]);
    simulated_meet(r);
    return WN_OK;
}

static inline wn_code simulated_best(void *state, wn_comm_bid *bid, wn_err *err) {
    const simulated_rank *r = state;
    const wn_comm_bid mine = *bid;
    (void)err;
    r->world->from[r->rank] = &mine;
    simulated_meet(r);
    for (int i = 0; i < r->world->size; i++) {
        const wn_comm_bid *other = r->world->from[i];
        if (wn_comm_outbids(other, bid)) *bid = *other;
    }
    simulated_meet(r);
    return WN_OK;
}

static inline void simulated_close(void *state) {
    (void)state;
}

static inline void *simulated_run(void *arg) {
    static const wn_comm_vt vt = {simulated_bcast, simulated_gather, simulated_best, simulated_close};
    simulated_rank *r = arg;
    wn_comm comm = {.rank = r->rank, .size = r->world->size, .vt = &vt, .state = r};
    r->work(r->ctx, &comm);
    wn_comm_close(&comm);
    return NULL;
}

/* work(ctx, comm) as each of `size` ranks. */
static inline void simulate(int size, void (*work)(void *ctx, wn_comm *comm), void *ctx) {
    simulated_world world = {.size = size};
    simulated_rank ranks[RANKS_MOST];
    pthread_t thread[RANKS_MOST];
    if (pthread_barrier_init(&world.all, NULL, (unsigned)size) != 0) abort();
    for (int i = 0; i < size; i++) {
        ranks[i] = (simulated_rank){&world, i, work, ctx};
        if (i > 0 && pthread_create(&thread[i], NULL, simulated_run, &ranks[i]) != 0) abort();
    }
    (void)simulated_run(&ranks[0]);
    for (int i = 1; i < size; i++) (void)pthread_join(thread[i], NULL);
    (void)pthread_barrier_destroy(&world.all);
}

#endif
