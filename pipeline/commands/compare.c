/* winnow compare: is a chosen subset worth more than a random one of the same size? */
#include "compare/cells.h"
#include "compare/page.h"
#include "compare/results.h"
#include "compare/side.h"
#include "comparing.h"
#include "embedding/encode.h"
#include "embedding/part.h"
#include "encoding.h"
#include "options.h"
#include "stages/memory.h"
#include "stages/say.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/timings.h>

/* What the steps have made so far. Zero-initialise. */
typedef struct {
    wn_timings timings;
    wn_comparing_rows rows;
    wn_scenario scenarios[WN_SCENARIO_KINDS];
    wn_learner learner;
    wn_method *methods; /* of the configuration, their files of shares read */
    double *shares;     /* [methods, classes] what those say */
    wn_compare_plan plan;
    char *folder; /* of finished cells */
    size_t at_once, cell_memory;
    wn_cells cells;
    wn_verdicts verdicts;
    wn_outdir dir;
} comparison;

/* ---- begin ---- */

/* What an interrupted run has kept of the vectors is taken up, unless -f says to begin anew. */
static wn_code open_encoder(comparison *k, const wn_config *c, wn_err *err) {
    wn_config with = *c;
    if (c->nembeddings) return WN_OK;
    char *part = c->output ? wn_part_path(c->output, err) : NULL;
    if (c->output && !part) return WN_EMEMORY;
    with.resume = part && !c->overwrite && access(part, F_OK) == 0;
    wn_free(part);
    return wn_encode_open(&k->rows.encoder, &with, err);
}

static size_t list_scenarios(wn_scenario *out, const wn_config *c) {
    size_t n = 0;
    out[n++] = wn_scenario_plain();
    if (c->copies_times > 1) out[n++] = wn_scenario_copies(c->copies_percent, c->copies_times);
    if (c->long_tail > 1) out[n++] = wn_scenario_tail(c->long_tail);
    if (c->label_noise > 0) out[n++] = wn_scenario_noise(c->label_noise);
    return n;
}

static wn_code read_methods(comparison *k, const wn_config *c, wn_err *err) {
    const wn_compare_data *data = &k->rows.data;
    if (!(k->methods = wn_alloc(c->nmethods, sizeof *k->methods, err))) return WN_EMEMORY;
    if (!(k->shares = wn_alloc(c->nmethods, data->classes * sizeof *k->shares, err))) return WN_EMEMORY;
    for (size_t m = 0; m < c->nmethods; m++) {
        double *share = k->shares + m * data->classes;
        k->methods[m] = c->methods[m];
        const char *path = c->methods[m].classes.share_path;
        if (!path) continue;
        wn_code code = wn_class_shares_read(share, data->names, data->classes, path, err);
        if (code != WN_OK) return wn_err_prefix(err, "--methods %.60s: ", c->methods[m].name);
        k->methods[m].classes.share = share;
    }
    return WN_OK;
}

static wn_code make_plan(comparison *k, const wn_config *c, wn_io *io, wn_err *err) {
    const wn_learner_opts learner = {.kind = c->learner,
                                     .io = io,
                                     .finetune = {.model = c->train_model ? c->train_model : c->model,
                                                  .max_tokens = c->max_tokens,
                                                  .training = &c->finetune}};
    wn_code code = wn_learner_open(&k->learner, &learner, &k->rows.data, err);
    if (code != WN_OK || (code = read_methods(k, c, err)) != WN_OK) return code;
    k->plan = (wn_compare_plan){.data = &k->rows.data,
                                .learner = &k->learner,
                                .scenarios = k->scenarios,
                                .nscenarios = list_scenarios(k->scenarios, c),
                                .budgets = c->budgets,
                                .nbudgets = c->nbudgets,
                                .methods = k->methods,
                                .nmethods = c->nmethods,
                                .draws = c->seeds,
                                .trainings = c->repeat_training,
                                .pool_share = c->pool_share,
                                .seed = c->seed,
                                .same_steps = c->same_steps};
    return WN_OK;
}

/* No pool may be smaller than a budget. */
static wn_code check_budgets(const wn_compare_plan *p, wn_err *err) {
    double most = 0;
    wn_code code = WN_OK;
    for (size_t b = 0; b < p->nbudgets; b++)
        if (!p->budgets[b].percent && p->budgets[b].k > most) most = p->budgets[b].k;
    for (size_t s = 0; s < p->nscenarios; s++)
        for (size_t d = 1; most > 0 && d <= p->draws; d++) {
            const wn_pool_opts o = {.share = p->pool_share, .seed = p->seed, .draw = d};
            wn_pool pool = {0};
            if ((code = wn_pool_draw(&pool, p->data, &p->scenarios[s], &o, err)) != WN_OK) return code;
            size_t n = pool.n;
            wn_pool_free(&pool);
            if (most > (double)n)
                return wn_err_set(
                    err, WN_ECONSTRAINT,
                    "--budgets asks for %.0f rows, but the pool of seed %zu has %zu of %zu (scenario: %s; "
                    "--pool-share %g%%)",
                    most, d, n, p->data->n, p->scenarios[s].name, p->pool_share);
        }
    return WN_OK;
}

/* A scenario of uneven classes is the plain one where they are that uneven already. */
static wn_code say_tail(const wn_compare_plan *p, wn_io *io, wn_err *err) {
    const wn_pool_opts o = {.share = p->pool_share, .seed = p->seed, .draw = 1};
    wn_pool plain = {0}, cut = {0};
    wn_code code = wn_pool_draw(&plain, p->data, &p->scenarios[0], &o, err);
    if (code != WN_OK) return code;
    for (size_t s = 1; s < p->nscenarios; s++) {
        if (p->scenarios[s].kind != WN_SCENARIO_TAIL) continue;
        if ((code = wn_pool_draw(&cut, p->data, &p->scenarios[s], &o, err)) != WN_OK) break;
        if (cut.n == plain.n)
            wn_sayf(io, "warning: --long-tail %g cuts no row: the classes are that uneven already. Try a larger one",
                    p->scenarios[s].ratio);
        wn_pool_free(&cut);
    }
    wn_pool_free(&plain);
    return code;
}

/* ---- plan ---- */

static void print_plan(const comparison *k, const wn_config *c, size_t dims, size_t need, wn_io *io) {
    const wn_compare_plan *p = &k->plan;
    char a[32], b[32];
    wn_printf(io, "pool      %zu records in %zu classes, %zu drawn by each of %zu seeds\n", p->data->n,
              p->data->classes, wn_pool_rows(&p->scenarios[0], p->data->n, p->pool_share), p->draws);
    wn_printf(io, "test      %zu records, %zu of them also in the pool\n", p->data->tests, k->rows.shared);
    wn_printf(io, "vectors   %zu x %zu\n", p->data->n + p->data->tests, dims);
    for (size_t s = 0; s < p->nscenarios; s++) wn_printf(io, "scenario  %s\n", p->scenarios[s].name);
    for (size_t m = 0; m < p->nmethods; m++)
        wn_printf(io, "method    %s%s\n", p->methods[m].name, p->methods[m].baseline ? ", always in" : "");
    size_t cells = 0;
    for (size_t m = 0; m < p->nmethods; m++) cells += p->methods[m].kind == WN_METHOD_FULL ? 1 : p->nbudgets;
    wn_printf(io, "cells     %zu, %zu at once\n", cells * p->nscenarios * p->draws * p->trainings, k->at_once);
    wn_printf(io, "memory    about %s of %s\n", wn_bytes_text(need, a), wn_bytes_text(wn_memory_budget(c->memory), b));
}

/* How many cells fit at once, and whether one does. */
static wn_code plan_memory(comparison *k, const wn_config *c, wn_io *io, wn_err *err) {
    static const size_t fixed_bytes = 40u << 20, table_bytes = 128; /* a row: where it was read, ids, labels, copies */
    size_t dims = 0, encode = 0, budget = wn_memory_budget(c->memory), all = k->rows.data.n + k->rows.data.tests;
    wn_code code = wn_comparing_plan(&k->rows, c, &dims, &encode, io, err);
    if (code != WN_OK) return code;
    k->rows.data.x.cols = dims; /* not made yet: what the plan goes by */
    size_t cells = k->plan.nscenarios * (k->plan.nbudgets + 1) * k->plan.nmethods * k->plan.draws * k->plan.trainings;
    size_t vectors = all * ((dims + 15) / 16 * 16) * sizeof(float);
    size_t results = cells * (sizeof(wn_cell) + k->rows.data.tests * sizeof(uint32_t));
    size_t tables = all * table_bytes + k->learner.held, held = fixed_bytes + vectors + results + tables;
    size_t one = wn_cells_memory(&k->plan), most = k->learner.vt->wide ? 1 : (size_t)wn_threads_get();
    k->at_once = budget > held + one ? (budget - held) / one : 1;
    if (k->at_once > most) k->at_once = most;
    k->cell_memory = budget > held ? (budget - held) / k->at_once : 1;
    size_t work = held + one * k->at_once, make = fixed_bytes + tables + encode + vectors;
    size_t need = work > make ? work : make, least = held + one > make ? held + one : make;
    if (c->dry_run) print_plan(k, c, dims, need, io);
    return wn_memory_require(c->memory, least, "this comparison", WN_OF_RECORDS, err);
}

/* ---- outcome ---- */

static wn_code list_inputs(wn_input **out, size_t *n, const wn_comparing_rows *r, wn_err *err) {
    size_t a = r->pool.ninputs, b = r->test.ninputs;
    wn_input *inputs = wn_alloc(a + b, sizeof *inputs, err);
    if (!inputs) return WN_EMEMORY;
    memcpy(inputs, r->pool.inputs, a * sizeof *inputs);
    if (b) memcpy(inputs + a, r->test.inputs, b * sizeof *inputs);
    *out = inputs, *n = a + b;
    return WN_OK;
}

static wn_code write_manifest(comparison *k, const wn_config *c, wn_err *err) {
    const wn_compare_plan *p = &k->plan;
    wn_outcome o = {
        .version = WINNOW_VERSION, .command = wn_config_command(c), .config = wn_config_json(c), .seed = c->seed};
    wn_outcome_model model;
    wn_input *inputs = NULL;
    char counts[480];
    const char *from = k->learner.sha256;
    wn_code code = list_inputs(&inputs, &o.ninputs, &k->rows, err);
    if (code != WN_OK) goto out;
    o.inputs = inputs;
    if ((code = wn_encoding_model(&o.model, &model, k->rows.encoder, err)) != WN_OK) goto out;
    (void)snprintf(counts, sizeof counts,
                   "{\"pool\":%zu,\"tests\":%zu,\"tests_also_in_pool\":%zu,\"classes\":%zu,\"dimensions\":%zu,"
                   "\"scenarios\":%zu,\"methods\":%zu,\"budgets\":%zu,\"selection_seeds\":%zu,\"training_seeds\":%zu,"
                   "\"cells\":%zu%s%s%s}",
                   p->data->n, p->data->tests, k->rows.shared, p->data->classes, p->data->x.cols, p->nscenarios,
                   p->nmethods, p->nbudgets, p->draws, p->trainings, k->cells.used,
                   *from ? ",\"trained_from\":\"" : "", from, *from ? "\"" : "");
    const wn_manifest_part part = {.name = "comparison", .json = counts};
    code = wn_manifest_write(&o, &part, &k->dir, &k->timings, err);
out:
    wn_free(inputs);
    return code;
}

static wn_code write_folder(comparison *k, const wn_config *c, wn_io *io, wn_err *err) {
    const wn_compare_results r = {.verdicts = &k->verdicts,
                                  .folder = k->folder,
                                  .at = k->rows.at,
                                  .tests_apart = c->test_path != NULL,
                                  .shared = k->rows.shared};
    wn_code code = wn_outdir_create(&k->dir, c->output, c->overwrite, err);
    if (code != WN_OK) return code;
    if ((code = wn_compare_results_write(&r, &k->dir, io->progress, err)) != WN_OK) return code;
    if ((code = wn_compare_page_write(&r, wn_config_command(c), &k->dir, err)) != WN_OK) return code;
    wn_timings_lap(&k->timings, "write");
    if ((code = wn_outdir_sums(&k->dir, err)) != WN_OK) return code;
    if ((code = write_manifest(k, c, err)) != WN_OK) return code;
    if ((code = wn_outdir_commit(&k->dir, err)) != WN_OK) return code;
    wn_side_remove(k->folder);
    wn_encoder_commit(k->rows.encoder);
    return WN_OK;
}

/* ---- summary ---- */

static void say_method(const comparison *k, size_t scenario, size_t method, wn_io *io) {
    const wn_compare_plan *p = &k->plan;
    size_t base = wn_verdicts_yardstick(p);
    wn_err ignored = {0};
    wn_writer w = {.err = &ignored};
    wn_verdicts_sentence(&w, &k->verdicts, scenario, method, base);
    if (w.code == WN_OK) wn_sayf(io, "          %s", w.data);
    wn_free(w.data);
}

static void say_summary(const comparison *k, const wn_config *c, wn_io *io) {
    const wn_compare_plan *p = &k->plan;
    size_t base = wn_verdicts_yardstick(p), n = strlen(c->output);
    for (size_t s = 0; s < p->nscenarios; s++) {
        wn_sayf(io, "scenario  %s", p->scenarios[s].name);
        for (size_t m = 0; m < p->nmethods; m++)
            if (!p->methods[m].baseline && wn_verdicts_compared(p, m, base)) say_method(k, s, m, io);
    }
    wn_sayf(io, "report    %s%sreport.html", c->output, n && c->output[n - 1] == '/' ? "" : "/");
}

static void say_rows(const comparison *k, wn_io *io) {
    const wn_compare_data *d = &k->rows.data;
    wn_sayf(io, "read      %zu records to choose from, %zu to test on, %zu classes", d->n, d->tests, d->classes);
    if (k->rows.shared)
        wn_sayf(io,
                "warning: %zu of the %zu test records have the text of a record of the pool: a subset that holds "
                "it knows the answer",
                k->rows.shared, d->tests);
}

/* ---- the command ---- */

static wn_code run_cells(comparison *k, wn_io *io, wn_err *err) {
    wn_code code = wn_cells_init(&k->cells, &k->plan, err);
    if (code != WN_OK) return code;
    if ((code = wn_side_create(k->folder, err)) != WN_OK) return code;
    if ((code = wn_cells_find(&k->cells, k->folder, err)) != WN_OK) return code;
    if (k->cells.found)
        wn_sayf(io, "resumed   %zu of %zu cells were finished before (%s)", k->cells.found, k->cells.used, k->folder);
    const wn_cells_opts o = {
        .folder = k->folder, .at_once = k->at_once, .memory = k->cell_memory, .progress = io->progress};
    if ((code = wn_cells_run(&k->cells, &o, err)) != WN_OK) return code;
    wn_timings_lap(&k->timings, "cells");
    if ((code = wn_verdicts_make(&k->verdicts, &k->cells, err)) != WN_OK) return code;
    wn_timings_lap(&k->timings, "verdicts");
    return WN_OK;
}

static void comparison_free(comparison *k) {
    wn_outdir_abort(&k->dir);
    wn_verdicts_free(&k->verdicts);
    wn_cells_free(&k->cells);
    wn_learner_close(&k->learner);
    wn_comparing_free(&k->rows);
    wn_free(k->folder);
    wn_free(k->methods);
    wn_free(k->shares);
}

wn_code wn_compare(const wn_config *c, wn_io *io, wn_err *err) {
    comparison k = {.timings = wn_timings_start()};
    wn_code code = wn_config_check_output(c, err);
    if (code != WN_OK) goto out;
    if ((code = open_encoder(&k, c, err)) != WN_OK) goto out;
    if ((code = wn_comparing_read(&k.rows, c, io, err)) != WN_OK) goto out;
    if ((code = make_plan(&k, c, io, err)) != WN_OK) goto out;
    if ((code = check_budgets(&k.plan, err)) != WN_OK) goto out;
    if ((code = say_tail(&k.plan, io, err)) != WN_OK) goto out;
    wn_timings_lap(&k.timings, "read");
    if ((code = plan_memory(&k, c, io, err)) != WN_OK || c->dry_run) goto out;
    say_rows(&k, io);
    if ((code = wn_comparing_vectors(&k.rows, c, io, err)) != WN_OK) goto out;
    wn_timings_lap(&k.timings, "encode");
    code = WN_EMEMORY;
    if (!(k.folder = wn_side_path(c->output, err))) goto out;
    if ((code = run_cells(&k, io, err)) != WN_OK) goto out;
    if ((code = write_folder(&k, c, io, err)) != WN_OK) goto out;
    say_summary(&k, c, io);
out:
    if (k.folder) wn_side_remove_empty(k.folder);
    if (code == WN_EINTERRUPT)
        (void)wn_err_set(err, code, "interrupted; what is finished is kept: the same command goes on from there");
    comparison_free(&k);
    return code;
}
