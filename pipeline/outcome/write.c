/* selection.tsv, assignment.tsv, selection.h5ad, report.html. */
#include "stages/common.h"
#include "stages/job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wn/report.h>

/* One tsv field: tab, line feed, carriage return and backslash become \t \n \r \\. */
static void put_field(wn_outfile *f, const char *s, size_t n) {
    size_t begin = 0;
    for (size_t i = 0; i < n; i++) {
        const char *as = s[i] == '\t' ? "\\t" : s[i] == '\n' ? "\\n" : s[i] == '\r' ? "\\r" : s[i] == '\\' ? "\\\\" : NULL;
        if (!as) continue;
        (void)wn_outfile_write(f, s + begin, i - begin);
        (void)wn_outfile_write(f, as, 2);
        begin = i + 1;
    }
    (void)wn_outfile_write(f, s + begin, n - begin);
}

static void put_id(wn_outfile *f, const wn_view *v, size_t row) {
    char number[24];
    if (v->ids.n) put_field(f, v->ids.base + v->ids.off[row], (size_t)(v->ids.off[row + 1] - v->ids.off[row]));
    else (void)wn_outfile_write(f, number, (size_t)snprintf(number, sizeof number, "%zu", row));
}

/* The file that holds a row. */
static const char *path_of(const wn_job *j, size_t row) {
    if (j->corpus.n) return j->corpus.sources[j->corpus.file[row]].path;
    size_t i = 0;
    while (i + 1 < j->nmatrices && row >= j->matrices[i + 1].begin) i++;
    return j->matrices[i].path;
}

static wn_code selection_tsv(wn_job *j, wn_err *err) {
    wn_outfile *f = NULL;
    wn_code code = wn_outfile_open(&f, &j->out, "selection.tsv", err);
    if (code != WN_OK) return code;
    (void)wn_outfile_printf(f, "rank\tid\trow\tfile\tline\tgain\tobjective\tcost\tn_represented\n");
    for (size_t i = 0; i < j->k; i++) {
        size_t row = j->chosen[i];
        (void)wn_outfile_printf(f, "%zu\t", i + 1);
        put_id(f, &j->view, row);
        const char *path = path_of(j, row);
        (void)wn_outfile_printf(f, "\t%zu\t", row);
        put_field(f, path, strlen(path));
        if (j->corpus.n) (void)wn_outfile_printf(f, "\t%llu\t", (unsigned long long)j->corpus.line[row]);
        else (void)wn_outfile_printf(f, "\t\t");
        (void)wn_outfile_printf(f, "%.9g\t%.12g\t", j->selection.gain[i], j->selection.objective[i]);
        if (j->corpus.cost) (void)wn_outfile_printf(f, "%.9g", j->corpus.cost[row]);
        (void)wn_outfile_printf(f, "\t%zu\n", j->count[i]);
    }
    return wn_outfile_close(f, err);
}

wn_code wn_job_assignment(wn_job *j, wn_err *err) {
    wn_outfile *f = NULL;
    wn_code code = wn_outfile_open(&f, &j->out, "assignment.tsv", err);
    if (code != WN_OK) return code;
    (void)wn_outfile_printf(f, "id\trepresented_by\tsimilarity\n");
    for (size_t i = 0; i < j->n; i++) {
        put_id(f, &j->view, i);
        (void)wn_outfile_write(f, "\t", 1);
        if (j->by[i] != SIZE_MAX) put_id(f, &j->view, j->by[i]);
        char sim[32];
        (void)wn_outfile_write(f, sim, (size_t)snprintf(sim, sizeof sim, "\t%.6f\n", (double)j->sim[i]));
    }
    return wn_outfile_close(f, err);
}

/* ---- selection.h5ad ---- */

/* Rows of every input row, in batches; a dropped exact copy repeats the vector of the kept one. */
static wn_code append_rows(wn_job *j, wn_store *s, wn_err *err) {
    enum { BATCH = 2048 };
    wn_mat batch = {0};
    if (!j->copy_of || j->dropped == 0) return wn_store_append(s, j->x.data, j->x.stride, j->n, err);
    wn_code code = wn_mat_init(&batch, j->n < BATCH ? j->n : BATCH, j->x.cols, err);
    for (size_t begin = 0; code == WN_OK && begin < j->n; begin += BATCH) {
        size_t n = j->n - begin < BATCH ? j->n - begin : BATCH;
        for (size_t i = 0; i < n; i++)
            memcpy(wn_mat_row(&batch, i), wn_mat_row(&j->x, j->x_row[begin + i]), j->x.cols * sizeof *batch.data);
        code = wn_store_append(s, batch.data, batch.stride, n, err);
        if (code == WN_OK) code = wn_tick(j->io->progress, "store", "rows", begin + n, j->n, err);
    }
    wn_mat_free(&batch);
    return code;
}

/* Ids, labels and places of the rows. */
static wn_code put_rows(const wn_job *j, wn_store *s, wn_err *err) {
    if (j->corpus.n) return wn_store_put_rows(s, &j->corpus, err);
    wn_code code = wn_store_obs_ids(s, j->view.ids.n ? &j->view.ids : NULL, err);
    if (code != WN_OK || !j->view.label) return code;
    return wn_store_obs_categorical(s, "label", j->view.label, j->view.labels, j->view.nlabels, err);
}

static wn_code outcome(wn_job *j, wn_store *s, int64_t *v, wn_err *err) {
    double *gain = wn_alloc(j->n, sizeof *gain, err);
    bool *selected = wn_alloc(j->n, sizeof *selected, err);
    wn_code code = gain && selected ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < j->n; i++) {
        selected[i] = j->rank[i] > 0;
        gain[i] = j->rank[i] ? j->selection.gain[j->rank[i] - 1] : NAN;
        v[i] = j->rank[i] ? (int64_t)j->rank[i] : -1;
    }
    if (code == WN_OK) code = wn_store_obs_bool(s, "selected", selected, err);
    if (code == WN_OK) code = wn_store_obs_i64(s, "rank", v, err);
    if (code == WN_OK) code = wn_store_obs_f64(s, "gain", gain, err);
    for (size_t i = 0; i < j->n; i++) v[i] = j->by[i] == SIZE_MAX ? -1 : (int64_t)j->by[i];
    if (code == WN_OK) code = wn_store_obs_i64(s, "represented_by", v, err);
    if (code == WN_OK) code = wn_store_obs_f32(s, "represented_sim", j->sim, err);
    for (size_t i = 0; i < j->n; i++) v[i] = j->copy_of ? (int64_t)j->copy_of[i] : (int64_t)i;
    if (code == WN_OK && j->copy_of) code = wn_store_obs_i64(s, "copy_of", v, err);
    wn_free(gain);
    wn_free(selected);
    return code;
}

static wn_code about(wn_job *j, wn_store *s, int64_t *v, wn_err *err) {
    bool records = j->corpus.nsources > 0;
    wn_code code = wn_store_put_origin(s, j->c, records ? &j->corpus : NULL, err);
    char *sums = records ? NULL : wn_alloc(j->nmatrices, 65, err); /* a space between */
    if (code == WN_OK && !records && !sums) code = WN_EMEMORY;
    for (size_t i = 0; sums && i < j->nmatrices; i++)
        (void)snprintf(sums + i * 65, 65, "%s", j->matrices[i].sha256), sums[i * 65 + 64] = i + 1 < j->nmatrices ? ' ' : 0;
    if (code == WN_OK && !records) code = wn_store_uns_string(s, "input_sha256", sums, err);
    wn_free(sums);
    if (code == WN_OK && j->made_by) code = wn_store_put_model(s, j->made_by, err);
    for (size_t i = 0; i < j->k; i++) v[i] = (int64_t)j->chosen[i];
    if (code == WN_OK) code = wn_store_uns_i64(s, "selection", v, j->k, err);
    if (code == WN_OK) code = wn_store_uns_f64(s, "objective", j->selection.objective, j->k, err);
    return code;
}

static wn_code selection_h5ad(wn_job *j, wn_err *err) {
    wn_store *s = NULL;
    char *path = wn_outdir_path(&j->out, "selection.h5ad", err);
    int64_t *v = wn_alloc(j->n, sizeof *v, err);
    wn_code code = path && v ? wn_store_create(&s, path, j->x.cols, false, err) : WN_EMEMORY;
    if (code == WN_OK) code = append_rows(j, s, err);
    if (code == WN_OK) code = put_rows(j, s, err);
    if (code == WN_OK) code = outcome(j, s, v, err);
    if (code == WN_OK) code = about(j, s, v, err);
    if (code == WN_OK) code = wn_store_commit(s, err);
    else wn_store_abort(s);
    if (code == WN_OK) code = wn_outdir_adopt(&j->out, "selection.h5ad", err);
    wn_free(path);
    wn_free(v);
    return code;
}

/* ---- report.html ---- */

char *wn_repeat_command(const char *command_line, wn_err *err) {
    const char *line = command_line ? command_line : "winnow";
    size_t size = strlen(line) + 16;
    char *command = wn_alloc(size, 1, err);
    if (command) (void)snprintf(command, size, "%s -o out", line);
    return command;
}

static wn_code report_html(wn_job *j, wn_err *err) {
    const wn_config *c = j->c;
    size_t ninputs = j->corpus.nsources ? j->corpus.nsources : j->nmatrices, len = 0;
    const char **names = wn_alloc(2 * ninputs, sizeof *names, err), **sums = names ? names + ninputs : NULL;
    char *command = wn_repeat_command(c->command_line, err), *html = NULL;
    wn_outfile *f = NULL;
    wn_code code = names && command ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < ninputs; i++) {
        names[i] = j->corpus.nsources ? j->corpus.sources[i].path : j->matrices[i].path;
        sums[i] = j->corpus.nsources ? j->corpus.sources[i].sha256 : j->matrices[i].sha256;
    }
    bool random = c->objective == WN_RANDOM;
    wn_report r = {.title = WN_REPORT_TITLE, .command = command, .version = WINNOW_VERSION,
                   .encoder = j->encoder[0] ? j->encoder : NULL, .objective = wn_objective_name(c->objective),
                   .similarity = random ? NULL : wn_kernel_name(c->similarity), .inputs = names, .input_sha256 = sums,
                   .ninputs = ninputs, .lambda = c->objective == WN_GRAPH_CUT ? j->selection.lambda : NAN,
                   .gamma = j->kernel.kind == WN_RBF && !random ? j->kernel.gamma : NAN, .n = j->n, .k = j->k,
                   .dropped = j->dropped, .skipped = j->corpus.skipped, .empty = j->corpus.empty,
                   .zero_rows = j->zero_rows, .rows = &j->view, .x = &j->x, .x_row = j->x_row, .ids = j->chosen,
                   .gain = random ? NULL : j->selection.gain, .value = random ? NULL : j->selection.objective,
                   .negative_from = j->selection.negative_from, .represented_by = j->by, .represented_sim = j->sim,
                   .duplicate_of = j->copy_of, .coverage = j->coverage, .coverage_random = j->coverage_random,
                   .value_random = j->has_value_random ? j->value_random : NULL, .coverage_k = j->points,
                   .npoints = j->npoints, .seed = c->seed};
    code = wn_report_render(&r, &html, &len, err);
    if (code == WN_OK) code = wn_outfile_open(&f, &j->out, "report.html", err);
    if (code == WN_OK) {
        (void)wn_outfile_write(f, html, len);
        code = wn_outfile_close(f, err);
    }
out:
    wn_free(html);
    wn_free(names);
    wn_free(command);
    return code;
}

wn_code wn_job_write(wn_job *j, wn_err *err) {
    wn_code code = selection_tsv(j, err);
    if (code == WN_OK) code = wn_job_assignment(j, err);
    if (code == WN_OK) code = wn_tick(j->io->progress, "write", "files", 2, 5, err);
    if (code == WN_OK) wn_job_lap(j, "tables");
    if (code == WN_OK && j->n > 0) code = selection_h5ad(j, err);
    if (code == WN_OK) code = wn_tick(j->io->progress, "write", "files", 3, 5, err);
    if (code == WN_OK) wn_job_lap(j, "h5ad");
    if (code == WN_OK) code = report_html(j, err);
    if (code == WN_OK) code = wn_tick(j->io->progress, "write", "files", 4, 5, err);
    if (code == WN_OK) wn_job_lap(j, "report");
    if (code == WN_OK) code = wn_outdir_sums(&j->out, err);
    return code;
}
