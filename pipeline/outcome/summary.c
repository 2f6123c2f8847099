/* What a person reads when the work is done. */
#include "stages/common.h"
#include "stages/job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

static void say_rows(const wn_job *j) {
    const wn_corpus *c = &j->corpus;
    char more[160] = "";
    if (c->nsources == 0) {
        if (j->nmatrices > 1) wn_sayf(j->io, "read      %zu x %zu from %zu files", j->n, j->x.cols, j->nmatrices);
        else wn_sayf(j->io, "read      %zu x %zu from %s", j->n, j->x.cols, j->c->inputs[0]);
        return;
    }
    if (c->skipped)
        (void)snprintf(more, sizeof more, "; %zu bad record%s put aside in %.100s", c->skipped, plural(c->skipped),
                       j->c->skip_path);
    wn_sayf(j->io, "read      %zu record%s from %zu file%s%s", j->n, plural(j->n), c->nsources, plural(c->nsources), more);
    if (c->empty) wn_sayf(j->io, "          %zu of them %s empty", c->empty, c->empty == 1 ? "is" : "are");
}

static void say_size(const wn_job *j) {
    size_t zeros_left = 0;
    for (size_t i = 0; i < j->m; i++) zeros_left += j->zero[i];
    if (j->k < j->wanted)
        wn_sayf(j->io, "note: %zu were asked for, but only %zu are left after %s%s%s; all of them are kept", j->wanted, j->k,
                j->dropped ? "duplicates" : "", j->dropped && j->nexclude ? " and " : "", j->nexclude ? "--exclude" : "");
    else if (j->wanted == j->n && j->n > 0) wn_sayf(j->io, "note: -k asks for every row, so everything is kept");
    if (j->zero_rows)
        wn_sayf(j->io, "note: %zu row%s without a known word; %s nothing's neighbour%s", j->zero_rows,
                j->zero_rows == 1 ? " is" : "s are", j->zero_rows == 1 ? "it is" : "they are",
                zeros_left <= j->m - j->k ? " and chosen last" : "");
}

void wn_job_summary(wn_job *j) {
    wn_io *io = j->io;
    say_rows(j);
    if (j->copy_of && j->dropped)
        wn_sayf(io, "copies    %zu dropped in %zu group%s, %zu rows left", j->dropped, j->groups, plural(j->groups), j->m);
    if (j->encoder[0]) wn_sayf(io, "vectors   %s", j->encoder);
    if (j->k == 0) {
        wn_sayf(io, "chosen    nothing: there is nothing to choose from");
    } else {
        char how[160] = "";
        int at = 0;
        if (j->kernel.kind == WN_RBF && j->c->objective != WN_RANDOM)
            at += snprintf(how, sizeof how, ", rbf with gamma %.4g%s", j->kernel.gamma, isnan(j->c->gamma) ? " (auto)" : "");
        else if (j->c->objective != WN_RANDOM) at += snprintf(how, sizeof how, ", %s", wn_kernel_name(j->c->similarity));
        if (j->c->objective == WN_GRAPH_CUT)
            (void)snprintf(how + at, sizeof how - (size_t)at, ", lambda %.4g%s", j->selection.lambda,
                           isnan(j->c->lambda) ? " (auto)" : "");
        wn_sayf(io, "chosen    %zu of %zu (%.3g%%) by %s%s", j->k, j->n, 100.0 * (double)j->k / (double)j->n,
                wn_objective_name(j->c->objective), how);
        wn_sayf(io, "coverage  %.3f mean cosine to the nearest chosen row; at random %.3f", j->coverage[j->npoints - 1],
                j->coverage_random[j->npoints - 1]);
    }
    say_size(j);
    if (j->c->objective == WN_FACILITY_LOCATION && j->selection.cut_off > 0.005)
        wn_sayf(io, "note: the neighbour graph hides %.1f%% of the objective; a larger -K hides less",
                100 * j->selection.cut_off);
    size_t n = strlen(j->c->output);
    wn_sayf(io, "report    %s%sreport.html", j->c->output, n && j->c->output[n - 1] == '/' ? "" : "/");
}
