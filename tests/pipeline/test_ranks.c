/* What rank 0 asks of the others (pipeline/ranks), with ranks that threads simulate: the results of one process, and an
 * allocation that fails anywhere, at whichever rank, ends all ranks alike. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>

#include "ranks/ranks.h"
#include "selector/naive.h"
#include "selector/simulated.h"

enum { N = 90, D = 6, DIMS = 4, K = 12, PARTS = 5, RANKS = 3 };

static char path[64];
static wn_mat file; /* what the file holds */

static void begin(void) {
    char head[128];
    (void)snprintf(path, sizeof path, "/tmp/winnow-ranks.%d.npy", (int)getpid());
    file = clustered_rows(N, D, 12, .4, true, 4);
    memset(wn_mat_row(&file, 7), 0, D * sizeof(float));
    FILE *f = fopen(path, "wb");
    (void)snprintf(head, sizeof head, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", N, D);
    cr_assert(f && fprintf(f, "\x93NUMPY\x01%c%c%c%-117s\n", 0, 118, 0, head) == 128);
    for (size_t i = 0; i < N; i++) cr_assert_eq(fwrite(wn_mat_row(&file, i), sizeof(float), D, f), D);
    cr_assert_eq(fclose(f), 0);
    wn_threads_set(1);
}

static void end(void) {
    (void)unlink(path);
    wn_mat_free(&file);
}

TestSuite(ranks, .init = begin, .fini = end);

/* What one process, or rank 0, comes to. */
typedef struct {
    wn_selection s;
    wn_part_picks picks[PARTS];
    size_t nearest[N];
    float sim[N];
} results;

typedef struct {
    bool some, whole;
    results got;
    wn_code code[RANKS];
    wn_err err[RANKS];
} job;

static wn_code keep_picks(void *ctx, size_t part, wn_part_picks *picks, wn_err *err) {
    (void)err;
    ((results *)ctx)->picks[part] = *picks;
    *picks = (wn_part_picks){0};
    return WN_OK;
}

static wn_select_opts options(void) {
    static const size_t keep[] = {50, 2}, exclude[] = {7, 70};
    return (wn_select_opts){.objective = WN_GRAPH_CUT,
                            .kernel = {WN_RBF, 5},
                            .lambda = NAN,
                            .k = K,
                            .keep = keep,
                            .nkeep = 2,
                            .exclude = exclude,
                            .nexclude = 2,
                            .seed = 3,
                            .certify = true};
}

static uint32_t labels[N];
static wn_partition_opts parts(void) {
    for (size_t i = 0; i < N; i++) labels[i] = (uint32_t)(i % 4);
    return (wn_partition_opts){.parts = PARTS, .by = WN_PART_LABEL, .label = labels};
}

/* Rows 0, 1, 3, 4, 6, ... where some are dropped. */
static size_t kept_rows(size_t rows[N], bool some) {
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        if (!some || i % 3 != 2 || i < 60) rows[n++] = i;
    return n;
}

/* The vectors of rank 0, as the stages have them. */
static wn_code load(wn_vectors *v, wn_copies *c, const size_t *rows, size_t n, wn_err *err) {
    *c = (wn_copies){.n = n, .m = n};
    c->x_row = wn_alloc(n, sizeof *c->x_row, err);
    wn_code code = wn_mat_init(&v->x, n, D, err);
    if (code != WN_OK || !c->x_row) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        c->x_row[i] = i;
        memcpy(wn_mat_row(&v->x, i), wn_mat_row(&file, rows[i]), D * sizeof(float));
    }
    (void)wn_mat_normalize(&v->x);
    if ((code = wn_vectors_scan(v, c, err)) != WN_OK) return code;
    return wn_space_make(v, c, &(wn_space_opts){DIMS, 1}, &(wn_io){0}, err);
}

static const size_t todo[PARTS] = {4, 0, 2, 1, 3};

static wn_code ask(results *out, wn_ranks *r, const job *j, wn_err *err) {
    const wn_select_opts o = options();
    const wn_partition_opts p = parts();
    const wn_choice_todo some = {todo, PARTS, keep_picks, out};
    size_t rows[N], n = kept_rows(rows, j->some);
    wn_vectors v = {0};
    wn_copies c = {0};
    const wn_ranks_rows asked = {.n = n, .rows = j->some ? rows : NULL, .whole = j->whole};
    wn_code code = wn_ranks_read(r, &asked, err);
    if (code == WN_OK) code = wn_ranks_agree(r, load(&v, &c, rows, n, err), err);
    if (code == WN_OK) code = wn_ranks_space(r, &v, &c, &(wn_space_opts){DIMS, 1}, &(wn_io){0}, err);
    if (code == WN_OK && !j->whole) code = wn_ranks_select(r, &v.space, &o, &out->s, err);
    if (code == WN_OK && j->whole) code = wn_ranks_parts(r, &v.space, &o, &p, &some, err);
    if (code == WN_OK) code = wn_ranks_nearest(r, &v.x, (size_t[]){3, 1, 9}, 3, out->nearest, out->sim, NULL, err);
    wn_vectors_free(&v);
    wn_free(c.x_row);
    return code;
}

static wn_code alone(results *out, const job *j, wn_err *err) {
    const wn_select_opts o = options();
    const wn_partition_opts p = parts();
    size_t rows[N], n = kept_rows(rows, j->some);
    wn_vectors v = {0};
    wn_copies c = {0};
    wn_code code = load(&v, &c, rows, n, err);
    if (code == WN_OK && !j->whole) code = wn_select(&v.space, &o, &out->s, err);
    for (size_t i = 0; i < PARTS && code == WN_OK && j->whole; i++)
        code = wn_partition_part(&v.space, &o, &p, i, &out->picks[i], err);
    if (code == WN_OK) code = wn_sim_nearest(&v.x, (size_t[]){3, 1, 9}, 3, out->nearest, out->sim, NULL, err);
    wn_vectors_free(&v);
    wn_free(c.x_row);
    return code;
}

static void results_free(results *r) {
    wn_selection_free(&r->s);
    for (size_t i = 0; i < PARTS; i++) wn_part_picks_free(&r->picks[i]);
    *r = (results){0};
}

static void work(void *ctx, wn_comm *comm) {
    job *j = ctx;
    wn_ranks r = {.comm = *comm};
    wn_matrices in = {0};
    wn_err *err = &j->err[comm->rank];
    static const char *const names[] = {path};
    wn_code code = wn_matrices_open(&in, names, 1, NULL, err);
    code = wn_ranks_agree(&r, code, err);
    if (code == WN_OK) code = comm->rank ? wn_ranks_serve(&r, &in, err) : ask(&j->got, &r, j, err);
    j->code[comm->rank] = code;
    wn_matrices_close(&in);
    wn_ranks_end(&r);
    *comm = r.comm; /* closed */
}

static void check_same(const results *a, const results *b, const job *j) {
    size_t rows[N], n = kept_rows(rows, j->some);
    cr_assert(j->whole || (same_selection(&a->s, &b->s) && a->s.bound == b->s.bound));
    for (size_t i = 0; i < PARTS && j->whole; i++) {
        cr_assert_eq(a->picks[i].n, b->picks[i].n);
        cr_assert_eq(memcmp(a->picks[i].ids, b->picks[i].ids, a->picks[i].n * sizeof(size_t)), 0);
        cr_assert(a->picks[i].value == b->picks[i].value);
    }
    cr_assert_eq(memcmp(a->nearest, b->nearest, n * sizeof *a->nearest), 0);
    cr_assert_eq(memcmp(a->sim, b->sim, n * sizeof *a->sim), 0);
}

Test(ranks, give_what_one_process_has) {
    for (int how = 0; how < 4; how++) {
        job j = {.some = how & 1, .whole = how & 2};
        results one = {0};
        wn_err err = {0};
        cr_assert_eq(alone(&one, &j, &err), WN_OK, "%s", err.msg);
        simulate(RANKS, work, &j);
        for (int r = 0; r < RANKS; r++) cr_assert_eq(j.code[r], WN_OK, "%d: rank %d: %s", how, r, j.err[r].msg);
        check_same(&one, &j.got, &j);
        results_free(&one);
        results_free(&j.got);
    }
}

Test(ranks, survive_any_failed_allocation) {
    for (int how = 0; how < 4; how++)
        for (int forever = 0; forever < 2; forever++) {
            bool done = false;
            for (long after = 0; !done; after += forever ? 3 : 1) {
                job j = {.some = how & 1, .whole = how & 2};
                wn_mem_fail_after(after, forever);
                simulate(RANKS, work, &j);
                wn_mem_fail_after(-1, false);
                done = j.code[0] == WN_OK;
                cr_assert(done || j.code[0] == WN_EMEMORY, "%ld: %s", after, j.err[0].msg);
                cr_assert(after < 3000);
                results_free(&j.got);
            }
        }
}
