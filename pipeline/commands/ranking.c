#include "ranking.h"

#include "options.h"
#include "stages/limits.h"
#include "stages/say.h"

#include <stdio.h>
#include <unistd.h>
#include <winnow/threads.h>

wn_code wn_rank_refuse(const char *command, wn_err *err) {
    int rank = 0, size = 1;
    wn_comm_launched(&rank, &size);
    if (size == 1) return WN_OK;
    return wn_err_set(err, WN_EUSAGE,
                      "mpirun started %d of winnow %s, which is the work of one: make vectors with winnow embed, and "
                      "choose among them with mpirun ... winnow select",
                      size, command);
}

/* mpirun may leave all processors to each rank. */
static void share_processors(const wn_config *c) {
    const long processors = sysconf(_SC_NPROCESSORS_ONLN), fair = processors / wn_comm_neighbours();
    if (c->threads == 0 && wn_threads_get() > fair) wn_threads_set(fair > 1 ? (int)fair : 1);
}

wn_code wn_ranking_open(wn_ranks *r, wn_selecting *s, const wn_config *c, bool *served, wn_err *err) {
    wn_code code = WN_OK;
    *r = (wn_ranks){0};
    wn_comm_self(&r->comm);
    *served = false;
    if (!c->shards && (code = wn_ranks_open(r, err)) != WN_OK) return code; /* a shard is a process of its own */
    if (wn_ranks_many(r)) share_processors(c);
    if (!c->shards && r->comm.rank == 0) code = wn_config_check_output(c, err); /* shards share a folder */
    if (code == WN_OK) code = wn_matrices_open(&s->in, c->inputs, c->ninputs, c->dataset, err);
    if ((code = wn_ranks_agree(r, code, err)) != WN_OK || r->comm.rank == 0) return code;
    *served = true;
    return wn_ranks_serve(r, &s->in, err);
}

/* With the command that counts all, where nothing but the number of rows asked for a sample. */
static wn_code refuse_sample(const wn_ranks *r, const wn_selecting *s, const wn_config *c, wn_err *err) {
    char exact[300];
    const bool asked = c->sums != WN_SUMS_AUTO || c->sum_rows != WN_PARTITION_SAMPLE;
    const int n = snprintf(exact, sizeof exact, "mpirun -n %d %s --sums exact -o %s", r->comm.size,
                           wn_config_command(c), c->output);
    if (asked || n < 0 || n >= (int)sizeof exact) (void)snprintf(exact, sizeof exact, "--sums exact");
    return wn_err_set(err, WN_EUSAGE,
                      "%d ranks cannot share this choice: one process would estimate the sums of %zu rows from a "
                      "sample, and ranks count all: %s; or --partitions M, or leave mpirun out",
                      r->comm.size, s->copies.m, exact);
}

wn_code wn_ranking_check(const wn_ranks *r, const wn_selecting *s, const wn_config *c, wn_err *err) {
    const wn_select_opts o = {.objective = s->opts.objective,
                              .kernel = s->opts.kernel,
                              .storage = s->opts.storage,
                              .maximizer = s->opts.maximizer};
    const bool plain = !c->query_path && !c->value_field && !c->weight_field && !wn_limits_any(&s->opts);
    if (!wn_ranks_many(r)) return WN_OK;
    if (c->partitions && c->weight_field)
        return wn_err_set(err, WN_EUSAGE,
                          "%d ranks cannot share this choice: of a part they know no weights: leave "
                          "--weight-field out, or mpirun",
                          r->comm.size);
    if (!c->partitions && !(plain && wn_spread_serves(&o)))
        return wn_err_set(err, WN_EUSAGE,
                          "%d ranks cannot share this choice: without --partitions M (of graph-cut or "
                          "facility-location) only graph-cut by its own maximizer over rbf, cosine or dot, without "
                          "queries, values, weights and limits, is chosen by several processes",
                          r->comm.size);
    return wn_choice_sum_rows(&s->opts, s->copies.m) ? refuse_sample(r, s, c, err) : WN_OK;
}

static wn_ranks_rows rows_of(const wn_selecting *s, const wn_config *c) {
    const bool some = s->copies.m < s->copies.n;
    return (wn_ranks_rows){.n = s->copies.m,
                           .rows = some ? s->copies.row_of : NULL,
                           .whole = c->partitions > 0,
                           .as_they_are = c->similarity == WN_DOT};
}

wn_code wn_ranking_vectors(wn_ranks *r, wn_selecting *s, const wn_config *c, wn_err *err) {
    if (!wn_ranks_many(r)) return wn_selecting_vectors(s, c, err);
    wn_code code = WN_OK;
    if (c->dedup != WN_DEDUP_NEAR) { /* with near copies the others read when these are known */
        const wn_ranks_rows rows = rows_of(s, c);
        if ((code = wn_ranks_read(r, &rows, err)) != WN_OK) return code;
    }
    code = wn_selecting_vectors(s, c, err);
    return c->dedup != WN_DEDUP_NEAR ? wn_ranks_agree(r, code, err) : code;
}

wn_code wn_ranking_prepare(wn_ranks *r, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_code code = WN_OK;
    if (!wn_ranks_many(r)) return WN_OK;
    if (c->dedup == WN_DEDUP_NEAR) {
        const wn_ranks_rows rows = rows_of(s, c);
        if ((code = wn_ranks_read(r, &rows, err)) != WN_OK) return code;
        if ((code = wn_ranks_agree(r, WN_OK, err)) != WN_OK) return code;
    }
    if (s->vectors.space.cols) code = wn_ranks_space(r, &s->vectors, &s->copies, &s->opts.space, io, err);
    s->opts.ranks = r;
    return code;
}

/* "12.3 MB": by thousands, as networks are measured. */
static const char *exchanged(double bytes, char out[32]) {
    static const char *const unit[] = {"bytes", "kB", "MB", "GB", "TB"};
    size_t i = 0;
    for (; bytes >= 1000 && i < 4; i++) bytes /= 1000;
    (void)snprintf(out, 32, "%.*f %s", i > 0 && bytes < 100, bytes, unit[i]);
    return out;
}

void wn_ranking_say(const wn_ranks *r, wn_io *io) {
    char a[32], b[32];
    if (r->comm.size == 1) return;
    if (r->exact)
        wn_sayf(io,
                "ranks     %d, exact: sums %.2f s, %s to a rank; picks %.2f s, %.0f bytes a pick; assigned in %.2f s, "
                "%s",
                r->comm.size, r->cost.sums_seconds, exchanged((double)r->cost.sums_bytes, a), r->cost.picks_seconds,
                (double)r->cost.picks_bytes / (double)r->k, r->assign_seconds, exchanged((double)r->assign_bytes, b));
    else
        wn_sayf(io, "ranks     %d: %zu parts made in %.2f s; assigned in %.2f s, %s", r->comm.size, r->parts,
                r->parts_seconds, r->assign_seconds, exchanged((double)r->assign_bytes, b));
}
