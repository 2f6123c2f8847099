/* winnow select: a matrix in, chosen rows and their reasons out. */
#include "stages/common.h"
#include "stages/job.h"
#include "stages/matrices.h"

#include <string.h>

static wn_code read_matrix(wn_job *j, const wn_matrices *f, wn_err *err) {
    wn_code code = WN_OK;
    j->n = f->rows;
    j->x.cols = f->cols; /* for the plan; overwritten by the reading */
    j->view.n = j->n;
    if (j->n == 0) return wn_err_set(err, WN_EINPUT, "%s holds no rows", j->c->inputs[0]);
    bool ids = wn_matrices_have_obs(f, "_index", &code, err), labels = wn_matrices_have_obs(f, "label", &code, err);
    if (code == WN_OK && ids) code = wn_matrices_obs_strings(f, "_index", &j->ids, err);
    if (code == WN_OK && labels) code = wn_matrices_obs_strings(f, "label", &j->labels, err);
    if (code == WN_OK && j->labels.view.n) code = wn_label_codes_init(&j->codes, &j->labels.view, err);
    if (code == WN_OK && j->labels.view.n && !j->codes.code)
        wn_sayf(j->io, "note: the labels take too many values to be classes; they are left out");
    j->view.ids = j->ids.view;
    j->view.label = j->codes.code;
    j->view.labels = (const char *const *)j->codes.names;
    j->view.nlabels = j->codes.n;
    return code;
}

static wn_code sums(wn_job *j, const wn_matrices *f, wn_err *err) {
    size_t *rows = wn_alloc(f->n, sizeof *rows, err);
    if (!rows) return WN_EMEMORY;
    for (size_t i = 0; i < f->n; i++) rows[i] = wn_matrices_rows(f, i);
    wn_code code = wn_job_matrices(j, rows, f->n, err);
    wn_free(rows);
    return code;
}

static wn_code vectors(wn_job *j, const wn_matrices *f, wn_err *err) {
    j->x = (wn_mat){0};
    wn_code code = wn_matrices_read_all(f, &j->x, err);
    bool dot = j->c->similarity == WN_DOT;
    if (code == WN_OK && !dot) (void)wn_mat_normalize(&j->x);
    if (code == WN_OK && dot && j->c->dedup == WN_DEDUP_NEAR)
        code = wn_err_set(err, WN_EUSAGE, "--dedup %g compares by cosine and --similarity dot does not; use --dedup off, or "
                                          "cosine", j->c->dedup_threshold);
    return code;
}

wn_code wn_select_command(const wn_config *c, wn_io *io, wn_err *err) {
    wn_job j;
    wn_matrices f = {0};
    wn_job_init(&j, c, io);
    wn_code code = c->dry_run ? WN_OK : wn_outdir_check(c->output, c->overwrite, err);
    if (code == WN_OK && !c->dry_run) code = wn_output_check(c->output, c->overwrite, true, err);
    if (code == WN_OK) code = wn_matrices_open(&f, c->inputs, c->ninputs, c->dataset, err);
    if (code == WN_OK) code = read_matrix(&j, &f, err);
    if (code == WN_OK) code = wn_job_lists(&j, err);
    if (code == WN_OK) code = wn_job_exact(&j, err);
    if (code == WN_OK) code = wn_job_size(&j, err);
    if (code == WN_OK) code = wn_job_plan(&j, err);
    if (code != WN_OK || c->dry_run) goto out;
    if ((code = sums(&j, &f, err)) != WN_OK) goto out;
    if ((code = vectors(&j, &f, err)) != WN_OK) goto out;
    wn_job_lap(&j, "read");
    if ((code = wn_job_near(&j, err)) != WN_OK) goto out;
    if (c->dedup == WN_DEDUP_NEAR) wn_job_lap(&j, "near_duplicates");
    if ((code = wn_job_select(&j, err)) != WN_OK) goto out;
    if ((code = wn_outdir_create(&j.out, c->output, c->overwrite, err)) != WN_OK) goto out;
    if ((code = wn_job_write(&j, err)) != WN_OK || (code = wn_job_manifest(&j, err)) != WN_OK) goto out;
    if ((code = wn_outdir_commit(&j.out, err)) == WN_OK) wn_job_summary(&j);
out:
    wn_matrices_close(&f);
    wn_job_free(&j);
    return code;
}
