/* winnow run: records in, a chosen subset and its reasons out. */
#include "embedding/encode.h"
#include "embedding/options.h"
#include "stages/common.h"
#include "stages/job.h"

#include <stdio.h>
#include <string.h>

static wn_code read_rows(wn_job *j, wn_err *err) {
    wn_records_opts o = wn_input_options(j->c);
    o.uniform = true;
    wn_code code = wn_corpus_read(&j->corpus, &o, j->io->progress, err);
    if (code != WN_OK) return code;
    const wn_corpus *c = &j->corpus;
    j->n = c->n;
    j->view = (wn_view){.n = c->n, .ids = c->ids, .texts = c->texts, .label = c->label,
                        .labels = (const char *const *)c->labels, .nlabels = c->nlabels};
    if (j->c->annotate && c->nsources && c->sources[0].format == WN_TXT)
        code = wn_err_set(err, WN_EUSAGE, "--annotate: plain text has no place for it; use jsonl, csv or tsv");
    for (size_t i = 0; code == WN_OK && c->n == 0 && i < c->nsources; i++)
        if (strcmp(c->sources[i].path, "-") != 0)
            code = wn_err_set(err, WN_EINPUT, "%s holds no records", c->sources[i].path);
    return code;
}

/* The texts of the kept rows, close together; a view of the corpus where nothing was dropped. */
static wn_code kept_texts(const wn_job *j, wn_texts *out, char **base, unsigned long long **off, wn_err *err) {
    *out = j->view.texts;
    if (j->m == j->n) return WN_OK;
    const wn_texts *t = &j->view.texts;
    *off = wn_alloc(j->m + 1, sizeof **off, err);
    if (!*off) return WN_EMEMORY;
    for (size_t i = 0; i < j->m; i++)
        (*off)[i + 1] = (*off)[i] + (t->off[j->row_of[i] + 1] - t->off[j->row_of[i]]);
    *base = wn_alloc((size_t)(*off)[j->m], 1, err);
    if (!*base) return WN_EMEMORY;
    for (size_t i = 0; i < j->m; i++)
        memcpy(*base + (*off)[i], t->base + t->off[j->row_of[i]], (size_t)((*off)[i + 1] - (*off)[i]));
    *out = (wn_texts){*base, *off, j->m};
    return WN_OK;
}

wn_code wn_job_encode(wn_job *j, wn_err *err) {
    wn_texts texts;
    wn_encoder_watch watch = wn_encoder_watch_of(j->c, j->io);
    char *base = NULL;
    unsigned long long *off = NULL;
    wn_code code;
    if ((code = kept_texts(j, &texts, &base, &off, err)) != WN_OK) goto out;
    if (texts.n == 0) code = wn_mat_init(&j->x, 0, j->made_by->dims, err);
    else code = wn_encoder_prepare(j->made_by, &j->x, &texts, &watch, err);
    if (code != WN_OK) goto out;
    wn_encoder_release(j->made_by);
    (void)snprintf(j->encoder, sizeof j->encoder, "%s", j->made_by->title);
out:
    wn_free(base);
    wn_free(off);
    return code;
}

wn_code wn_run(const wn_config *c, wn_io *io, wn_err *err) {
    wn_job j;
    wn_job_init(&j, c, io);
    wn_code code = c->dry_run ? WN_OK : wn_outdir_check(c->output, c->overwrite, err);
    if (code == WN_OK && !c->dry_run) code = wn_output_check(c->output, c->overwrite, true, err);
    if (code == WN_OK) code = wn_encode_open(&j.made_by, c, err);
    if (code == WN_OK) code = read_rows(&j, err);
    if (code == WN_OK) wn_job_lap(&j, "read");
    if (code == WN_OK) code = wn_job_lists(&j, err);
    if (code == WN_OK) code = wn_job_exact(&j, err);
    if (code == WN_OK) wn_job_lap(&j, "exact_duplicates");
    if (code == WN_OK) code = wn_job_size(&j, err);
    if (code == WN_OK) code = wn_job_plan(&j, err);
    if (code != WN_OK || c->dry_run) goto out;
    if ((code = wn_job_encode(&j, err)) != WN_OK) goto out;
    wn_job_lap(&j, "encode");
    if ((code = wn_job_near(&j, err)) != WN_OK) goto out;
    if (c->dedup == WN_DEDUP_NEAR) wn_job_lap(&j, "near_duplicates");
    if ((code = wn_job_select(&j, err)) != WN_OK) goto out;
    if ((code = wn_outdir_create(&j.out, c->output, c->overwrite, err)) != WN_OK) goto out;
    if ((code = wn_job_records(&j, err)) != WN_OK) goto out;
    wn_job_lap(&j, "records");
    if ((code = wn_job_write(&j, err)) != WN_OK) goto out;
    if ((code = wn_job_manifest(&j, err)) != WN_OK) goto out;
    if ((code = wn_outdir_commit(&j.out, err)) != WN_OK) goto out;
    wn_encoder_commit(j.made_by);
    wn_job_summary(&j);
    wn_encode_recommend(c, io);
out:
    if (code == WN_EINTERRUPT && j.made_by && j.made_by->ready && j.made_by->vt->resumes)
        (void)wn_err_set(err, code, "interrupted; all vectors are kept: the same command with --resume goes on from there");
    wn_job_free(&j);
    return code;
}
