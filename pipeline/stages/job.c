#include "job.h"

#include "common.h"
#include <wn/sha256.h>
#include <wn/strmap.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void wn_job_init(wn_job *j, const wn_config *c, wn_io *io) {
    memset(j, 0, sizeof *j);
    j->c = c;
    j->io = io;
    j->gamma_median = NAN;
    j->started = j->lap = wn_now();
}

void wn_job_free(wn_job *j) {
    wn_outdir_abort(&j->out);
    wn_corpus_free(&j->corpus);
    wn_strings_free(&j->ids);
    wn_strings_free(&j->labels);
    wn_label_codes_free(&j->codes);
    wn_encoder_close(j->made_by);
    wn_free(j->matrices);
    wn_free(j->copy_of);
    wn_mat_free(&j->x);
    wn_free(j->x_row);
    wn_free(j->row_of);
    wn_free(j->zero);
    wn_free(j->keep);
    wn_free(j->exclude);
    wn_selection_free(&j->selection);
    wn_free(j->chosen);
    wn_free(j->rank);
    wn_free(j->by);
    wn_free(j->sim);
    wn_free(j->count);
    memset(j, 0, sizeof *j);
}

void wn_job_lap(wn_job *j, const char *name) {
    double now = wn_now();
    if (j->nstages < WN_JOB_STAGES) j->stages[j->nstages++] = (wn_stage){name, now - j->lap};
    j->lap = now;
}

wn_code wn_job_matrices(wn_job *j, const size_t *rows, size_t n, wn_err *err) {
    struct stat s;
    size_t begin = 0;
    wn_code code = WN_OK;
    j->matrices = wn_alloc(n, sizeof *j->matrices, err);
    if (!j->matrices) return WN_EMEMORY;
    j->nmatrices = n;
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        wn_matrix_input *m = &j->matrices[i];
        *m = (wn_matrix_input){.path = j->c->inputs[i], .begin = begin, .rows = rows[i]};
        code = wn_sha256_file(m->path, m->sha256, err);
        if (stat(m->path, &s) == 0) m->bytes = (uint64_t)s.st_size;
        begin += rows[i];
    }
    return code;
}

/* ---- id lists ---- */

/* The ids of a list file. */
typedef struct {
    wn_strset ids;
    size_t *line, *row; /* [ids.n] where it stands first, from 1; its row, SIZE_MAX: none */
} id_list;

static void id_list_free(id_list *l) {
    wn_strset_free(&l->ids);
    wn_free(l->line);
    wn_free(l->row);
    *l = (id_list){0};
}

static wn_code id_list_read(id_list *l, const char *path, wn_err *err) {
    char *text = NULL;
    size_t len = 0, lines = 1, line = 0;
    wn_code code = wn_read_whole(path, &text, &len, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < len; i++) lines += text[i] == '\n';
    code = WN_EMEMORY;
    if (!(l->line = wn_alloc(lines, sizeof *l->line, err))) goto out;
    if (!(l->row = wn_alloc(lines, sizeof *l->row, err))) goto out;
    for (size_t at = 0, next; at < len; at = next, line++) {
        const char *feed = memchr(text + at, '\n', len - at);
        size_t end = feed ? (size_t)(feed - text) : len, known = l->ids.n;
        uint32_t id = 0;
        next = feed ? end + 1 : len;
        if (end > at && text[end - 1] == '\r') end--;
        if (end == at) continue;
        code = wn_strset_add(&l->ids, text + at, end - at, wn_string_hash(text + at, end - at), &id, err);
        if (code != WN_OK) goto out;
        if (id == known) l->line[id] = line + 1, l->row[id] = SIZE_MAX; /* a repeated id is the same wish twice */
    }
    code = WN_OK;
out:
    wn_free(text);
    return code;
}

static const char *view_id(const wn_view *v, size_t i, char number[24], size_t *len) {
    if (v->ids.n == 0) {
        *len = (size_t)snprintf(number, 24, "%zu", i);
        return number;
    }
    *len = (size_t)(v->ids.off[i + 1] - v->ids.off[i]);
    return v->ids.base + v->ids.off[i];
}

/* Rows of the ids in `path`, in the order of the file. */
static wn_code resolve(const wn_view *v, const char *option, const char *path, size_t **rows, size_t *nrows,
                       wn_err *err) {
    id_list l = {0};
    char number[24];
    wn_code code = id_list_read(&l, path, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < v->n; i++) {
        size_t len;
        const char *id = view_id(v, i, number, &len);
        uint32_t e = wn_strset_find(&l.ids, id, len, wn_string_hash(id, len));
        if (e != WN_STRSET_NONE && l.row[e] == SIZE_MAX) l.row[e] = i;
    }
    for (size_t e = 0; e < l.ids.n; e++) {
        if (l.row[e] != SIZE_MAX) continue;
        size_t len = (size_t)(l.ids.off[e + 1] - l.ids.off[e]);
        code = wn_err_set(err, WN_EUSAGE, "%s:%zu: no row has the id \"%.*s\" (%s takes ids, one a line%s)", path,
                          l.line[e], (int)(len > 80 ? 80 : len), l.ids.bytes + l.ids.off[e], option,
                          v->ids.n ? "" : "; without an id field they are row numbers from 0");
        goto out;
    }
    *rows = l.row, *nrows = l.ids.n;
    l.row = NULL;
out:
    id_list_free(&l);
    return code;
}

wn_code wn_job_lists(wn_job *j, wn_err *err) {
    wn_code code = WN_OK;
    if (j->c->keep_path) code = resolve(&j->view, "--keep", j->c->keep_path, &j->keep, &j->nkeep, err);
    if (code == WN_OK && j->c->exclude_path)
        code = resolve(&j->view, "--exclude", j->c->exclude_path, &j->exclude, &j->nexclude, err);
    if (code != WN_OK || j->nkeep == 0 || j->nexclude == 0) return code;
    bool *kept = wn_alloc(j->n, sizeof *kept, err);
    if (!kept) return WN_EMEMORY;
    for (size_t i = 0; i < j->nkeep; i++) kept[j->keep[i]] = true;
    for (size_t i = 0; i < j->nexclude && code == WN_OK; i++) {
        char number[24];
        size_t len;
        const char *id = view_id(&j->view, j->exclude[i], number, &len);
        if (kept[j->exclude[i]])
            code = wn_err_set(err, WN_ECONSTRAINT, "\"%.*s\" is to be kept (%s) and to be excluded (%s)",
                              (int)(len > 80 ? 80 : len), id, j->c->keep_path, j->c->exclude_path);
    }
    wn_free(kept);
    return code;
}

wn_code wn_job_size(wn_job *j, wn_err *err) {
    double k = j->c->k_percent ? round(j->c->k / 100 * (double)j->n) : j->c->k;
    if (k < 1) k = 1;
    j->wanted = k >= (double)j->n ? j->n : (size_t)k;
    if (j->nkeep > j->wanted)
        return wn_err_set(err, WN_ECONSTRAINT, "--keep names %zu rows, but -k asks for %zu", j->nkeep, j->wanted);
    return WN_OK;
}
