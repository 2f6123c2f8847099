/* Numbers that rows bring: values and weights. */
#include "numbers.h"

#include <math.h>
#include <winnow/mem.h>

static wn_code column_numbers(double *out, const wn_matrices *in, const wn_number_field *f, wn_err *err) {
    wn_code code = WN_OK;
    const bool there = wn_matrices_have_obs(in, f->name, &code, err);
    if (code != WN_OK) return code;
    if (!there)
        return wn_err_set(err, WN_EINPUT, "%s %.60s: %s has no column of that name; name its records with --records",
                          f->option, f->name, in->paths[0]);
    size_t at = 0;
    for (size_t i = 0; i < in->n; at += wn_matrix_rows(in->files[i++]))
        if ((code = wn_matrix_obs_f64(in->files[i], f->name, out + at, err)) != WN_OK) return code;
    for (size_t i = 0; i < at; i++)
        if (!(out[i] >= f->low && out[i] <= f->high))
            return wn_err_set(err, WN_EINPUT, "%s %.60s: row %zu has %g; a number from %g to %g is wanted", f->option,
                              f->name, i, out[i], f->low, f->high);
    return WN_OK;
}

wn_code wn_numbers_read(double **out, const wn_rows *rows, const wn_matrices *in, const wn_number_field *f,
                        wn_progress *p, wn_err *err) {
    double *v = wn_alloc(rows->view.n, sizeof *v, err);
    if (!v) return WN_EMEMORY;
    const wn_code code =
        rows->corpus.nsources ? wn_corpus_numbers(&rows->corpus, f, v, p, err) : column_numbers(v, in, f, err);
    if (code == WN_OK)
        *out = v;
    else
        wn_free(v);
    return code;
}

wn_code wn_numbers_of_kept(double **out, const double *v, double times, const wn_copies *c, wn_err *err) {
    double *kept = wn_alloc(c->m, sizeof *kept, err);
    if (!kept) return WN_EMEMORY;
    for (size_t i = 0; i < c->m; i++) kept[i] = times * v[c->row_of[i]];
    wn_free(*out);
    *out = kept;
    return WN_OK;
}
