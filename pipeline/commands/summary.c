/* What a person reads when the work is done. */
#include "options.h"
#include "selecting.h"

#include "stages/say.h"
#include "stages/unknown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

static const char *plural(size_t n) {
    return n == 1 ? "" : "s";
}

static bool of_matrices(const wn_outcome *o) {
    return o->ninputs == 0 || !o->inputs[0].format;
}

/* Files of the input that hold records, which come first, or the others. */
static size_t count_files(const wn_outcome *o, bool records) {
    size_t n = 0;
    for (size_t i = 0; i < o->ninputs; i++) n += (o->inputs[i].format != NULL) == records;
    return n;
}

static void say_rows(const wn_config *c, const wn_outcome *o, wn_io *io) {
    char more[160] = "";
    /* records that were found, but do not fit, have been told of */
    if (c->records_note && !(c->nfound_records && of_matrices(o))) wn_sayf(io, "%s", c->records_note);
    if (of_matrices(o)) {
        if (o->ninputs > 1)
            wn_sayf(io, "read      %zu x %zu from %zu files", o->n, o->x->cols, o->ninputs);
        else
            wn_sayf(io, "read      %zu x %zu from %s", o->n, o->x->cols, c->inputs[0]);
        return;
    }
    if (o->skipped)
        (void)snprintf(more, sizeof more, "; %zu bad record%s put aside in %.100s", o->skipped, plural(o->skipped),
                       c->skip_path);
    size_t files = count_files(o, true);
    wn_sayf(io, "read      %zu record%s from %zu file%s%s", o->n, plural(o->n), files, plural(files), more);
    if (o->empty) wn_sayf(io, "          %zu of them %s empty", o->empty, o->empty == 1 ? "is" : "are");
}

/* Who made the vectors of records, or which files hold them. */
static void say_vectors(const wn_outcome *o, wn_io *io) {
    size_t files = count_files(o, false);
    if (o->encoder)
        wn_sayf(io, "vectors   %s", o->encoder);
    else if (!of_matrices(o) && files == 1)
        wn_sayf(io, "vectors   %zu x %zu from %s", o->n, o->x->cols, o->inputs[o->ninputs - 1].path);
    else if (!of_matrices(o) && files)
        wn_sayf(io, "vectors   %zu x %zu from %zu files", o->n, o->x->cols, files);
}

/* Classes of which nothing was chosen. */
static void say_classes(const wn_outcome *o, wn_io *io) {
    size_t without = o->rows.nlabels;
    bool *chosen = o->rows.label ? wn_alloc(o->rows.nlabels, sizeof *chosen, &(wn_err){0}) : NULL;
    for (size_t i = 0; chosen && i < o->k; i++) {
        const uint32_t label = o->rows.label[o->chosen[i]];
        if (label >= o->rows.nlabels || chosen[label]) continue;
        chosen[label] = true;
        without--;
    }
    if (chosen && without) wn_sayf(io, "note: of %zu of the %zu classes no row is chosen", without, o->rows.nlabels);
    wn_free(chosen);
}

/* "parts     16 by chance: 16000 candidates for 1000 rows, sums estimated from 16384 rows". */
static void say_parts(const wn_outcome *o, wn_io *io) {
    char more[120] = "";
    if (o->rounds.sampled)
        (void)snprintf(more, sizeof more, ", their sums from a sample of %zu rows", o->rounds.sampled);
    wn_sayf(io, "parts     %zu, by %s: %zu rows picked in the first round%s", o->parts,
            o->parts_by == WN_PART_RANDOM ? "chance" : wn_partitioning_name(o->parts_by), o->rounds.candidates, more);
    if (o->rounds.part)
        wn_sayf(io, "note: the rows picked of part %zu alone are better than those of the second round, and are chosen",
                o->rounds.part);
}

/* "limits    37 groups, 1 row each at most; 501 of 509.8 words spent". */
static void say_limits(const wn_config *c, const wn_outcome *o, wn_io *io) {
    const wn_outcome_limits *l = &o->limits;
    char text[300] = "";
    size_t at = 0;
    if (l->groups)
        at += (size_t)snprintf(text + at, sizeof text - at, "; %zu groups, %zu row%s each at most", l->groups,
                               l->per_group, plural(l->per_group));
    if (l->budget > 0)
        at += (size_t)snprintf(text + at, sizeof text - at, "; %.6g of %.6g%s%s spent", l->spent, l->budget,
                               c->cost_field ? "" : " ", c->cost_field ? "" : wn_cost_name(c->cost));
    if (l->max_similarity > 0)
        at += (size_t)snprintf(text + at, sizeof text - at, "; no two above a cosine of %.4g", l->max_similarity);
    if (l->had) at += (size_t)snprintf(text + at, sizeof text - at, "; %zu rows count as chosen already", l->had);
    if (c->quota && o->objective != WN_CLASS_HERDING)
        at += (size_t)snprintf(text + at, sizeof text - at, "; of each class its share, %.60s", c->quota);
    if (at) wn_sayf(io, "limits    %s", text + 2);
}

/* How the choice was made: ", rbf with gamma 7.9 (auto), lambda 8 (auto)". */
static void say_choice(const wn_config *c, const wn_outcome *o, wn_io *io) {
    char how[400] = "", aside[60] = "";
    int at = 0;
    if (o->objective != WN_RANDOM && o->similarity == WN_RBF)
        at = snprintf(how, sizeof how, ", rbf with gamma %.4g%s", o->gamma, isnan(c->gamma) ? " (auto)" : "");
    else if (o->objective != WN_RANDOM && o->similarity == WN_BALL)
        at = snprintf(how, sizeof how, ", balls of radius %.4g%s", o->radius, isnan(c->radius) ? " (auto)" : "");
    else if (o->objective != WN_RANDOM)
        at = snprintf(how, sizeof how, ", %s", wn_kernel_name(o->similarity));
    for (size_t i = 0; i < c->nmix && o->objective == WN_MIXTURE && at < 120; i++)
        at += snprintf(how + at, sizeof how - (size_t)at, "%s%g %s", i ? " + " : ", ", c->mix[i].weight,
                       wn_objective_name(c->mix[i].objective));
    if (isfinite(o->lambda))
        at += snprintf(how + at, sizeof how - (size_t)at, ", lambda %.4g%s", o->lambda,
                       isnan(c->lambda) ? " (auto)" : "");
    if (isfinite(o->saturation))
        at += snprintf(how + at, sizeof how - (size_t)at, ", saturation %.4g%s", o->saturation,
                       isnan(c->saturation) ? " (auto)" : "");
    if (o->components)
        at += snprintf(how + at, sizeof how - (size_t)at, ", %zu components (%.0f%% of the variance)", o->components,
                       100 * o->explained);
    if (o->objective == WN_CLASS_HERDING)
        at += snprintf(how + at, sizeof how - (size_t)at, ", quotas %.60s, push %.3g%s",
                       c->quota ? c->quota : "sqrt", o->push, isnan(c->push) ? "/sqrt(rows)" : "");
    if (o->objective == WN_CLASS_HERDING && isfinite(o->label_noise))
        at += snprintf(how + at, sizeof how - (size_t)at, " (%.*f%% of sure labels disputed)", o->label_noise < .1,
                       100 * o->label_noise);
    if (o->maximizer != WN_MAXIMIZER_AUTO)
        (void)snprintf(how + at, sizeof how - (size_t)at, ", maximizer %s%s", wn_maximizer_name(o->maximizer),
                       wn_config_maximizer(c) == WN_MAXIMIZER_AUTO ? " (auto)" : "");
    wn_sayf(io, "chosen    %zu of %zu (%.3g%%) by %s%s", o->k, o->n, 100.0 * (double)o->k / (double)o->n,
            wn_objective_name(o->objective), how);
    if (o->summed)
        wn_sayf(io, "sums      estimated from %zu of the rows; they are %.2g%% off the exact ones, root mean square",
                o->summed, 100 * o->sum_error);
    if (o->parts) say_parts(o, io);
    if (o->passes) wn_sayf(io, "passes    %zu over all rows for %zu picks", o->passes, o->k);
    say_limits(c, o, io);
    if (o->objective != WN_RANDOM && !wn_objective_seeks_coverage(o->objective))
        (void)snprintf(aside, sizeof aside, " (not what %s seeks)", wn_objective_name(o->objective));
    wn_sayf(io, "coverage  %.3f mean %s to the nearest chosen row; at random %.3f%s", o->coverage[o->npoints - 1],
            o->similarity == WN_PRECOMPUTED ? "similarity" : wn_kernel_name(WN_COSINE),
            o->coverage_random[o->npoints - 1], aside);
    if (o->objective == WN_CLASS_HERDING) say_classes(o, io);
}

/* "queries   500 of target.jsonl: rows chosen for them by rds have a mean cosine of .61 to theirs ..." */
static void say_queries(const wn_outcome_query *q, size_t k, wn_io *io) {
    char part[80] = "";
    if (q->chosen < k) (void)snprintf(part, sizeof part, ", %zu rows", q->chosen);
    if (q->chosen)
        wn_sayf(io,
                "queries   %zu by %s%s: mean cosine of a chosen row to its query %.3f; of any row to its nearest "
                "%.3f",
                q->n - q->zero, wn_objective_name(q->method), part, q->cosine, q->cosine_random);
    else
        wn_sayf(io, "queries   %zu, toward which no row is chosen: mean cosine of a row to its nearest %.3f",
                q->n - q->zero, q->cosine_random);
}

static void say_size(const wn_outcome *o, bool zeros_last, wn_io *io) {
    if (o->k < o->wanted)
        wn_sayf(io, "note: %zu were asked for, but only %zu are left after %s%s%s; all of them are kept", o->wanted,
                o->k, o->dropped ? "duplicates" : "", o->dropped && o->nexclude ? " and " : "",
                o->nexclude ? "--exclude" : "");
    else if (o->wanted == o->n && o->n > 0)
        wn_sayf(io, "note: -k asks for every row, so everything is kept");
    char warning[WN_UNKNOWN_SIZE];
    if (wn_unknown_warning(warning, o->zero_rows, o->n, o->encoder != NULL, true))
        wn_sayf(io, "warning: %s", warning);
    else if (o->zero_rows)
        wn_sayf(io, "note: %zu row%s %s; %s nothing's neighbour%s", o->zero_rows, o->zero_rows == 1 ? " is" : "s are",
                !o->encoder ? o->zero_rows == 1 ? "a zero vector" : "zero vectors" : "without a known word",
                o->zero_rows == 1 ? "it is" : "they are", zeros_last ? " and chosen last" : "");
}

void wn_summary_say(const wn_config *c, const wn_outcome *o, bool zeros_last, wn_io *io) {
    say_rows(c, o, io);
    if (c->labels_note) wn_sayf(io, "%s", c->labels_note);
    if (o->dropped)
        wn_sayf(io, "copies    %zu dropped in %zu group%s, %zu rows left", o->dropped, o->groups, plural(o->groups),
                o->n - o->dropped);
    if (o->mixed)
        wn_sayf(io,
                "note: %zu group%s of copies %s different labels (conflicts.tsv lists them); the label of the one "
                "that is left counts",
                o->mixed, plural(o->mixed), o->mixed == 1 ? "has" : "have");
    say_vectors(o, io);
    if (o->k == 0)
        wn_sayf(io, "chosen    nothing: there is nothing to choose from");
    else
        say_choice(c, o, io);
    char certified[WN_CERTIFIED_TEXT];
    if (wn_outcome_certified_text(certified, o)) wn_sayf(io, "certified %s", certified);
    if (o->query && o->k) say_queries(o->query, o->k, io);
    if (o->worth) {
        char verdict[WN_WORTH_TEXT];
        wn_worth_text(verdict, o->worth);
        wn_sayf(io, "verdict   %s", verdict);
    }
    say_size(o, zeros_last, io);
    if (o->cut_off > 0.005)
        wn_sayf(io, "note: the neighbour graph hides %.1f%% of the objective; a larger -K hides less",
                100 * o->cut_off);
    size_t n = strlen(c->output);
    wn_sayf(io, "report    %s%sreport.html", c->output, n && c->output[n - 1] == '/' ? "" : "/");
}
