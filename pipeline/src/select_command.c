/* winnow select: a matrix in, chosen rows and their reasons out. */
#include "common.h"
#include "job.h"
#include "kind.h"

#include <string.h>
#include <sys/stat.h>

/* Codes of the labels in order of first appearance; an empty one is none. Few distinct ones: a hash table of slots. */
static wn_code code_labels(wn_job *j, wn_err *err) {
    const wn_texts *t = &j->labels.view;
    size_t slots = 1024, cap = 0, *table = wn_alloc(slots, sizeof *table, err);
    j->label = wn_alloc(j->n, sizeof *j->label, err);
    wn_code code = table && j->label ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < j->n; i++) {
        const char *s = t->base + t->off[i];
        size_t n = (size_t)(t->off[i + 1] - t->off[i]), h = 14695981039346656037u;
        j->label[i] = UINT32_MAX;
        if (n == 0) continue;
        for (size_t b = 0; b < n; b++) h = (h ^ (unsigned char)s[b]) * 1099511628211u;
        size_t at = h & (slots - 1);
        for (; table[at]; at = (at + 1) & (slots - 1))
            if (strlen(j->label_names[table[at] - 1]) == n && memcmp(j->label_names[table[at] - 1], s, n) == 0) break;
        if (!table[at]) {
            if (j->nlabel_names + 1 > slots / 2) { /* as many labels as this are no classes: do without */
                wn_free(j->label);
                j->label = NULL;
                wn_sayf(j->io, "note: the labels take more than %zu values, so they are left out", slots / 2);
                break;
            }
            void *names = j->label_names;
            code = wn_reserve(&names, &cap, j->nlabel_names + 1, sizeof *j->label_names, err);
            j->label_names = names;
            if (code != WN_OK) break;
            if (!(j->label_names[j->nlabel_names] = wn_strndup(s, n, err))) code = WN_EMEMORY;
            else table[at] = ++j->nlabel_names;
        }
        if (code == WN_OK) j->label[i] = (uint32_t)(table[at] - 1);
    }
    wn_free(table);
    return code;
}

static wn_code read_matrix(wn_job *j, wn_matrix_file *f, wn_err *err) {
    wn_code code = WN_OK;
    j->n = wn_matrix_rows(f);
    j->x.cols = wn_matrix_cols(f); /* for the plan; overwritten by the reading */
    j->view.n = j->n;
    if (j->n == 0) return wn_err_set(err, WN_EINPUT, "%s holds no rows", j->c->inputs[0]);
    if (wn_matrix_has_obs(f, "_index") && (code = wn_matrix_obs_strings(f, "_index", &j->ids, err)) != WN_OK) return code;
    if (wn_matrix_has_obs(f, "label")) code = wn_matrix_obs_strings(f, "label", &j->labels, err);
    if (code == WN_OK && j->labels.view.n) code = code_labels(j, err);
    j->view.ids = j->ids.view;
    j->view.label = j->label;
    j->view.labels = (const char *const *)j->label_names;
    j->view.nlabels = j->label ? j->nlabel_names : 0;
    return code;
}

static wn_code vectors(wn_job *j, wn_matrix_file *f, wn_err *err) {
    j->x = (wn_mat){0};
    wn_code code = wn_matrix_read_all(f, &j->x, err);
    bool dot = j->c->similarity && strcmp(j->c->similarity, "dot") == 0;
    if (code == WN_OK && !dot) (void)wn_sim_normalize(&j->x);
    if (code == WN_OK && dot && j->c->dedup == WN_DEDUP_NEAR)
        code = wn_err_set(err, WN_EUSAGE, "--dedup %g compares by cosine and --similarity dot does not; use --dedup off, or "
                                          "cosine", j->c->dedup_threshold);
    return code;
}

wn_code wn_select_command(const wn_config *c, wn_io *io, wn_err *err) {
    wn_job j;
    struct stat s;
    wn_matrix_file *f = NULL;
    wn_job_init(&j, c, io);
    wn_code code = c->dry_run ? WN_OK : wn_outdir_check(c->output, c->overwrite, err);
    if (code == WN_OK && !c->dry_run) code = wn_output_check(c->output, c->overwrite, true, err);
    if (code == WN_OK) code = wn_matrix_open(&f, c->inputs[0], c->dataset, err);
    if (code == WN_OK) code = read_matrix(&j, f, err);
    if (code == WN_OK) code = wn_job_lists(&j, err);
    if (code == WN_OK) code = wn_job_exact(&j, err);
    if (code == WN_OK) code = wn_job_size(&j, err);
    if (code == WN_OK) code = wn_job_plan(&j, false, err);
    if (code != WN_OK || c->dry_run) goto out;
    if ((code = wn_file_sha256(c->inputs[0], j.input_sha256, err)) != WN_OK) goto out;
    if (stat(c->inputs[0], &s) == 0) j.input_bytes = (uint64_t)s.st_size;
    if ((code = vectors(&j, f, err)) != WN_OK) goto out;
    wn_job_lap(&j, "read");
    if ((code = wn_job_near(&j, err)) != WN_OK) goto out;
    if (c->dedup == WN_DEDUP_NEAR) wn_job_lap(&j, "near_duplicates");
    if ((code = wn_job_select(&j, err)) != WN_OK) goto out;
    if ((code = wn_outdir_create(&j.out, c->output, c->overwrite, err)) != WN_OK) goto out;
    if ((code = wn_job_write(&j, err)) != WN_OK || (code = wn_job_manifest(&j, err)) != WN_OK) goto out;
    if ((code = wn_outdir_commit(&j.out, err)) == WN_OK) wn_job_summary(&j);
out:
    wn_matrix_close(f);
    wn_job_free(&j);
    return code;
}
