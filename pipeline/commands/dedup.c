/* winnow dedup: the first of each group of copies, and which one stands for the others. */
#include "embedding/encode.h"
#include "stages/common.h"
#include "stages/job.h"
#include "kind.h"

#include <stdio.h>
#include <string.h>
#include <wn/text.h>

/* rank marks what subset.* holds; by and sim say who stands for whom. */
static wn_code assign(wn_job *j, wn_err *err) {
    j->rank = wn_alloc(j->n, sizeof *j->rank, err);
    j->by = wn_alloc(j->n, sizeof *j->by, err);
    j->sim = wn_alloc(j->n, sizeof *j->sim, err);
    if (!j->rank || !j->by || !j->sim) return WN_EMEMORY;
    size_t kept = 0;
    for (size_t i = 0; i < j->n; i++) {
        size_t to = j->by[i] = j->copy_of[i];
        double dot = 1;
        if (to == i) j->rank[i] = ++kept;
        else if (j->x.rows && j->x_row[i] != j->x_row[to]) {
            const float *a = wn_mat_row(&j->x, j->x_row[i]), *b = wn_mat_row(&j->x, j->x_row[to]);
            dot = 0;
            for (size_t c = 0; c < j->x.cols; c++) dot += (double)a[c] * (double)b[c];
        }
        j->sim[i] = (float)dot;
    }
    return WN_OK;
}

static wn_code finish(wn_job *j, wn_err *err) {
    wn_code code = wn_job_assignment(j, err);
    if (code == WN_OK) code = wn_outdir_sums(&j->out, err);
    if (code == WN_OK) code = wn_job_manifest(j, err);
    if (code == WN_OK) code = wn_outdir_commit(&j->out, err);
    if (code == WN_OK) wn_encoder_commit(j->made_by);
    if (code == WN_OK)
        wn_sayf(j->io, "%s: %zu of %zu kept; %zu copies dropped, in %zu groups", j->c->output, j->n - j->dropped, j->n,
                j->dropped, j->groups);
    return code;
}

static void plan_head(const wn_job *j, size_t need) {
    char a[32];
    wn_printf(j->io, "would look for %s copies among %zu rows and write %s\nmemory: about %s\n",
              j->c->dedup == WN_DEDUP_NEAR ? "near" : "exact", j->n, j->c->output, wn_bytes_text(need, a));
}

/* ---- records ---- */

static wn_code records(wn_job *j, wn_err *err) {
    const wn_config *c = j->c;
    wn_code code = wn_corpus_take(&j->corpus, c, true, j->io, err);
    if (code != WN_OK) return code;
    const wn_corpus *in = &j->corpus;
    j->n = in->n;
    j->view = (wn_view){.n = in->n, .ids = in->ids, .texts = in->texts, .label = in->label,
                        .labels = (const char *const *)in->labels, .nlabels = in->nlabels};
    wn_job_lap(j, "read");
    size_t need = j->n * 96 + (16u << 20);
    if (c->dedup == WN_DEDUP_NEAR && j->n)
        need += wn_encoder_memory(j->made_by, j->n, (size_t)(in->texts.off[j->n] - in->texts.off[0]), true);
    if (c->dry_run) plan_head(j, need);
    code = wn_memory_require(c, need, "looking for copies", err);
    if (code != WN_OK || c->dry_run) return code;
    if ((code = wn_job_exact(j, err)) != WN_OK) return code;
    wn_job_lap(j, "exact_duplicates");
    if (c->dedup == WN_DEDUP_NEAR && j->n) {
        if ((code = wn_job_encode(j, err)) != WN_OK) return code;
        wn_job_lap(j, "encode");
        if ((code = wn_job_near(j, err)) != WN_OK) return code;
        wn_job_lap(j, "near_duplicates");
    }
    if ((code = assign(j, err)) != WN_OK) return code;
    if ((code = wn_outdir_create(&j->out, c->output, c->overwrite, err)) != WN_OK) return code;
    code = wn_job_records(j, err);
    wn_job_lap(j, "records");
    return code == WN_OK ? finish(j, err) : code;
}

/* ---- matrices ---- */

/* The rows that are kept, or those that are not, with their ids: subset.h5ad, rest.h5ad. */
static wn_code write_rows(wn_job *j, const char *name, bool kept, wn_err *err) {
    size_t n = kept ? j->n - j->dropped : j->dropped, at = 0;
    wn_store *s = NULL;
    char *path = wn_outdir_path(&j->out, name, err);
    int64_t *row = wn_alloc(n, sizeof *row, err);
    wn_code code = path && row ? wn_store_create(&s, path, j->x.cols, false, err) : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < j->n; i++) {
        if ((j->copy_of[i] == i) != kept) continue;
        row[at++] = (int64_t)i;
        code = wn_store_append(s, wn_mat_row(&j->x, j->x_row[i]), j->x.stride, 1, err);
        if (code == WN_OK && at % 1024 == 0) code = wn_tick(j->io->progress, "write", "rows", at, n, err);
    }
    wn_buf text = {0};
    unsigned long long *off = code == WN_OK ? wn_alloc(n + 1, sizeof *off, err) : NULL;
    if (code == WN_OK && !off) code = WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        char number[24];
        const wn_texts *ids = &j->view.ids;
        size_t r = (size_t)row[i];
        if (ids->n) code = wn_buf_append(&text, ids->base + ids->off[r], (size_t)(ids->off[r + 1] - ids->off[r]), err);
        else code = wn_buf_append(&text, number, (size_t)snprintf(number, sizeof number, "%zu", r), err);
        off[i + 1] = text.len;
    }
    const wn_texts ids = {.base = text.data ? text.data : "", .off = off, .n = n};
    if (code == WN_OK) code = wn_store_obs_ids(s, &ids, err);
    if (code == WN_OK) code = wn_store_obs_i64(s, "row", row, err);
    if (code == WN_OK) code = wn_store_put_origin(s, j->c, NULL, err);
    if (code == WN_OK) code = wn_store_commit(s, err);
    else wn_store_abort(s);
    if (code == WN_OK) code = wn_outdir_adopt(&j->out, name, err);
    wn_free(path);
    wn_free(row);
    wn_free(off);
    wn_free(text.data);
    return code;
}

static wn_code matrix(wn_job *j, wn_err *err) {
    const wn_config *c = j->c;
    wn_matrix_file *f = NULL;
    if (c->dedup != WN_DEDUP_NEAR)
        return wn_err_set(err, WN_EUSAGE, "%s is a matrix, which holds no texts to compare: give a cosine, --dedup 0.95",
                          c->inputs[0]);
    wn_code code = wn_matrix_open(&f, c->inputs[0], c->dataset, err);
    if (code != WN_OK) return code;
    j->n = wn_matrix_rows(f);
    size_t d = wn_matrix_cols(f), need = (32u << 20) + j->n * (d + 15) * 4 + j->n * 96;
    if (c->dry_run) plan_head(j, need);
    code = wn_memory_require(c, need, "looking for copies", err);
    if (code != WN_OK || c->dry_run) goto out;
    if ((code = wn_job_matrices(j, &j->n, 1, err)) != WN_OK) goto out;
    if (wn_matrix_has_obs(f, "_index") && (code = wn_matrix_obs_strings(f, "_index", &j->ids, err)) != WN_OK) goto out;
    j->view = (wn_view){.n = j->n, .ids = j->ids.view};
    if ((code = wn_matrix_read_all(f, &j->x, err)) != WN_OK) goto out;
    j->zero_rows = wn_mat_normalize(&j->x);
    wn_job_lap(j, "read");
    if ((code = wn_job_exact(j, err)) != WN_OK || (code = wn_job_near(j, err)) != WN_OK) goto out;
    wn_job_lap(j, "near_duplicates");
    if ((code = assign(j, err)) != WN_OK) goto out;
    if ((code = wn_outdir_create(&j->out, c->output, c->overwrite, err)) != WN_OK) goto out;
    if ((code = write_rows(j, "subset.h5ad", true, err)) != WN_OK) goto out;
    if ((code = write_rows(j, "rest.h5ad", false, err)) != WN_OK) goto out;
    wn_job_lap(j, "h5ad");
    code = finish(j, err);
out:
    wn_matrix_close(f);
    return code;
}

wn_code wn_dedup(const wn_config *c, wn_io *io, wn_err *err) {
    wn_job j;
    bool is_matrix = false;
    wn_job_init(&j, c, io);
    wn_code code = WN_OK;
    if (c->dedup == WN_DEDUP_OFF) code = wn_err_set(err, WN_EUSAGE, "--dedup off leaves nothing to do");
    for (size_t i = 0; i < c->ninputs; i++) is_matrix = is_matrix || wn_input_is_matrix(c->inputs[i]);
    if (code == WN_OK && is_matrix && c->ninputs > 1)
        code = wn_err_set(err, WN_EUSAGE, "one matrix at a time, and no records beside it");
    if (code == WN_OK && !c->dry_run) code = wn_outdir_check(c->output, c->overwrite, err);
    if (code == WN_OK && !c->dry_run) code = wn_output_check(c->output, c->overwrite, true, err);
    if (code == WN_OK && !is_matrix) code = wn_encode_open(&j.made_by, c, err);
    if (code == WN_OK) code = is_matrix ? matrix(&j, err) : records(&j, err);
    wn_job_free(&j);
    return code;
}
