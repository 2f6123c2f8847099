#include "matrices.h"

#include <string.h>
#include <winnow/mem.h>

wn_code wn_matrices_open(wn_matrices *m, const char *const *paths, size_t n, const char *dataset, wn_err *err) {
    *m = (wn_matrices){.files = wn_alloc(n, sizeof *m->files, err), .paths = paths};
    wn_code code = m->files ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < n; i++) {
        if ((code = wn_matrix_open(&m->files[i], paths[i], dataset, err)) != WN_OK) break;
        size_t cols = wn_matrix_cols(m->files[i]);
        m->n++;
        m->rows += wn_matrix_rows(m->files[i]);
        if (i == 0) m->cols = cols;
        else if (cols != m->cols)
            code = wn_err_set(err, WN_EINPUT, "%s has rows of %zu numbers, but %s of %zu", paths[i], cols, paths[0], m->cols);
    }
    if (code != WN_OK) wn_matrices_close(m);
    return code;
}

void wn_matrices_close(wn_matrices *m) {
    for (size_t i = 0; i < m->n; i++) wn_matrix_close(m->files[i]);
    wn_free(m->files);
    *m = (wn_matrices){0};
}

size_t wn_matrices_rows(const wn_matrices *m, size_t file) { return wn_matrix_rows(m->files[file]); }

bool wn_matrices_have_obs(const wn_matrices *m, const char *name, wn_code *code, wn_err *err) {
    size_t with = 0, lacks = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (wn_matrix_has_obs(m->files[i], name)) with++;
        else lacks = i;
    }
    if (with && with < m->n)
        *code = wn_err_set(err, WN_EINPUT, "%s has no column \"%s\", which others of the files have", m->paths[lacks], name);
    return with > 0 && with == m->n;
}

wn_code wn_matrices_obs_strings(const wn_matrices *m, const char *name, wn_strings *out, wn_err *err) {
    *out = (wn_strings){0};
    if (m->n == 1) return wn_matrix_obs_strings(m->files[0], name, out, err);
    size_t rows = 0, bytes = 0, cap = 0;
    void *base = NULL;
    wn_code code = WN_OK;
    out->off = wn_alloc(m->rows + 1, sizeof *out->off, err);
    if (!out->off) code = WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < m->n; i++) {
        wn_strings one = {0};
        code = wn_matrix_obs_strings(m->files[i], name, &one, err);
        size_t n = one.view.n, more = code == WN_OK && n ? (size_t)(one.view.off[n] - one.view.off[0]) : 0;
        if (code == WN_OK) code = wn_reserve(&base, &cap, bytes + more + 1, 1, err);
        if (code == WN_OK && more) memcpy((char *)base + bytes, one.view.base + one.view.off[0], more);
        for (size_t r = 0; code == WN_OK && r < n; r++)
            out->off[rows + r + 1] = bytes + (one.view.off[r + 1] - one.view.off[0]);
        rows += n, bytes += more;
        wn_strings_free(&one);
    }
    out->base = base;
    out->view = (wn_texts){.base = base, .off = out->off, .n = rows};
    if (code != WN_OK) wn_strings_free(out);
    return code;
}

wn_code wn_matrices_read_all(const wn_matrices *m, wn_mat *out, wn_err *err) {
    if (m->n == 1) return wn_matrix_read_all(m->files[0], out, err);
    size_t at = 0;
    wn_code code = wn_mat_init(out, m->rows, m->cols, err);
    for (size_t i = 0; code == WN_OK && i < m->n; i++) {
        size_t rows = wn_matrix_rows(m->files[i]);
        if (rows) code = wn_matrix_read(m->files[i], 0, rows, wn_mat_row(out, at), out->stride, err);
        at += rows;
    }
    if (code != WN_OK) wn_mat_free(out);
    return code;
}
