/* The first stage: rows of records or of matrices, and where they stand. */
#include <winnow/rows.h>

#include "say.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/sha256.h>

const char *wn_view_id(const wn_view *v, size_t i, char number[24], size_t *len) {
    if (v->ids.n == 0) {
        *len = (size_t)snprintf(number, 24, "%zu", i);
        return number;
    }
    *len = (size_t)(v->ids.off[i + 1] - v->ids.off[i]);
    return v->ids.base + v->ids.off[i];
}

wn_view wn_view_of(const wn_corpus *corpus) {
    return (wn_view){.n = corpus->n,
                     .ids = corpus->ids,
                     .texts = corpus->texts,
                     .label = corpus->label,
                     .labels = (const char *const *)corpus->labels,
                     .nlabels = corpus->nlabels};
}

wn_input *wn_inputs_of(const wn_corpus *corpus, wn_err *err) {
    wn_input *inputs = wn_alloc(corpus->nsources, sizeof *inputs, err);
    for (size_t i = 0; inputs && i < corpus->nsources; i++) {
        const wn_source *s = &corpus->sources[i];
        inputs[i] = (wn_input){.path = s->path,
                               .sha256 = s->sha256,
                               .format = wn_format_name(s->format),
                               .bytes = s->bytes,
                               .rows = s->records};
    }
    return inputs;
}

wn_places wn_places_of(const wn_corpus *corpus, const char **names) {
    for (size_t i = 0; i < corpus->nsources; i++) names[i] = corpus->sources[i].path;
    return (wn_places){.file = corpus->file,
                       .files = names,
                       .nfiles = corpus->nsources,
                       .line = corpus->line,
                       .offset = corpus->offset,
                       .length = corpus->length};
}

/* ---- records ---- */

wn_code wn_rows_take(wn_rows *out, wn_corpus *corpus, wn_err *err) {
    wn_input *inputs = wn_inputs_of(corpus, err);
    const char **names = wn_alloc(corpus->nsources, sizeof *names, err);
    wn_code code = inputs && names ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    *out = (wn_rows){.corpus = *corpus, .inputs = inputs, .ninputs = corpus->nsources, .names = names};
    *corpus = (wn_corpus){0};
    out->view = wn_view_of(&out->corpus);
    out->places = wn_places_of(&out->corpus, names);
    inputs = NULL, names = NULL;
out:
    wn_free(inputs);
    wn_free(names);
    return code;
}

wn_code wn_rows_read(wn_rows *out, const wn_records_opts *o, wn_progress *p, wn_err *err) {
    wn_corpus corpus = {0};
    wn_code code = wn_corpus_read(&corpus, o, p, err);
    if (code != WN_OK) goto out;
    code = wn_rows_take(out, &corpus, err);
out:
    wn_corpus_free(&corpus);
    return code;
}

/* ---- matrices ---- */

static wn_code read_labels(wn_rows *out, const wn_matrices *m, wn_io *io, wn_err *err) {
    wn_strings labels = {0};
    wn_code code = wn_matrices_obs_strings(m, "label", &labels, err);
    if (code != WN_OK || labels.view.n == 0) goto out;
    if ((code = wn_label_codes_init(&out->labels, &labels.view, err)) != WN_OK) goto out;
    if (!out->labels.code) wn_sayf(io, "note: the labels take too many values to be classes; they are left out");
out:
    wn_strings_free(&labels);
    return code;
}

wn_code wn_rows_matrices(wn_rows *out, const wn_matrices *m, bool labels, wn_io *io, wn_err *err) {
    wn_code code = WN_OK;
    *out = (wn_rows){.ninputs = m->n, .inputs = wn_alloc(m->n, sizeof *out->inputs, err)};
    if (!out->inputs) return WN_EMEMORY;
    for (size_t i = 0; i < m->n; i++)
        out->inputs[i] = (wn_input){.path = m->paths[i], .rows = wn_matrix_rows(m->files[i])};
    bool have_ids = wn_matrices_have_obs(m, "_index", &code, err);
    bool have_labels = labels && wn_matrices_have_obs(m, "label", &code, err);
    if (code != WN_OK) return code;
    if (have_ids && (code = wn_matrices_obs_strings(m, "_index", &out->ids, err)) != WN_OK) return code;
    if (have_labels && (code = read_labels(out, m, io, err)) != WN_OK) return code;
    out->view = (wn_view){.n = m->rows,
                          .ids = out->ids.view,
                          .label = out->labels.code,
                          .labels = (const char *const *)out->labels.names,
                          .nlabels = out->labels.n};
    return WN_OK;
}

/* ---- both ---- */

static const char *records_name(const wn_rows *r) {
    if (r->ninputs == 0) return "the input";
    return strcmp(r->inputs[0].path, "-") == 0 ? "standard input" : r->inputs[0].path;
}

static wn_code count_differs(const wn_rows *r, const wn_matrices *m, wn_err *err) {
    return wn_err_set(err, WN_EINPUT,
                      "%s%s %zu rows, and %s%s %zu records: every record needs a row, in the same order", m->paths[0],
                      m->n > 1 ? " and others hold" : " holds", m->rows, records_name(r),
                      r->ninputs > 1 ? " and others hold" : " holds", r->view.n);
}

/* Of row i, where the ids differ. */
static wn_code id_differs(const wn_rows *r, const wn_matrices *m, const wn_texts *ids, size_t i, wn_err *err) {
    char number[24];
    size_t len, other = (size_t)(ids->off[i + 1] - ids->off[i]);
    const char *id = wn_view_id(&r->view, i, number, &len), *there = ids->base + ids->off[i];
    return wn_err_set(err, WN_EINPUT, "row %zu (from 0) of %s has the id \"%.*s\", and record %zu of %s %s\"%.*s\"%s",
                      i, m->paths[0], (int)wn_cut_text(there, other, 80), there, i, records_name(r),
                      r->view.ids.n ? "" : "is ", (int)wn_cut_text(id, len, 80), id,
                      r->view.ids.n ? "" : ": --id-field names the field that holds the ids");
}

static wn_code check_ids(const wn_rows *r, const wn_matrices *m, wn_err *err) {
    wn_strings ids = {0};
    wn_code code = WN_OK;
    bool have = wn_matrices_have_obs(m, "_index", &code, err);
    if (code != WN_OK || !have) return code;
    if ((code = wn_matrices_obs_strings(m, "_index", &ids, err)) != WN_OK) goto out;
    for (size_t i = 0; i < r->view.n; i++) {
        char number[24];
        size_t len;
        const char *id = wn_view_id(&r->view, i, number, &len);
        if (ids.view.off[i + 1] - ids.view.off[i] == len && memcmp(ids.view.base + ids.view.off[i], id, len) == 0)
            continue;
        code = id_differs(r, m, &ids.view, i, err);
        goto out;
    }
out:
    wn_strings_free(&ids);
    return code;
}

static wn_code add_inputs(wn_rows *r, const wn_matrices *m, wn_err *err) {
    wn_input *inputs = wn_alloc(r->ninputs + m->n, sizeof *inputs, err);
    if (!inputs) return WN_EMEMORY;
    if (r->ninputs) memcpy(inputs, r->inputs, r->ninputs * sizeof *inputs);
    for (size_t i = 0; i < m->n; i++)
        inputs[r->ninputs + i] = (wn_input){.path = m->paths[i], .rows = wn_matrix_rows(m->files[i])};
    wn_free(r->inputs);
    r->inputs = inputs;
    r->ninputs += m->n;
    return WN_OK;
}

wn_code wn_rows_beside(wn_rows *r, const wn_matrices *m, wn_io *io, wn_err *err) {
    wn_code code = WN_OK;
    if (m->rows != r->view.n) return count_differs(r, m, err);
    if ((code = check_ids(r, m, err)) != WN_OK) return code;
    if ((code = add_inputs(r, m, err)) != WN_OK) return code;
    bool have_labels = !r->view.label && wn_matrices_have_obs(m, "label", &code, err);
    if (code != WN_OK || !have_labels) return code;
    if ((code = read_labels(r, m, io, err)) != WN_OK) return code;
    r->view.label = r->labels.code;
    r->view.labels = (const char *const *)r->labels.names;
    r->view.nlabels = r->labels.n;
    return WN_OK;
}

wn_code wn_rows_hash(wn_rows *r, wn_err *err) {
    struct stat s;
    if (r->sha256) return WN_OK;
    r->sha256 = wn_alloc(r->ninputs, sizeof *r->sha256, err);
    if (!r->sha256) return WN_EMEMORY;
    for (size_t i = 0; i < r->ninputs; i++) {
        if (r->inputs[i].sha256) continue; /* of records, which were hashed as they were read */
        wn_code code = wn_sha256_file(r->inputs[i].path, r->sha256[i], err);
        if (code != WN_OK) return code;
        r->inputs[i].sha256 = r->sha256[i];
        if (stat(r->inputs[i].path, &s) == 0) r->inputs[i].bytes = (uint64_t)s.st_size;
    }
    return WN_OK;
}

void wn_rows_free(wn_rows *r) {
    wn_free(r->inputs);
    wn_free(r->names);
    wn_corpus_free(&r->corpus);
    wn_strings_free(&r->ids);
    wn_label_codes_free(&r->labels);
    wn_free(r->sha256);
    *r = (wn_rows){0};
}
