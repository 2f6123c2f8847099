/* Numbers that rows bring: values, weights and costs. */
#include "numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>

static bool within(const wn_number_field *f, double v) {
    return isfinite(v) && (isfinite(f->high) ? v >= f->low && v <= f->high : v > f->low);
}

static bool parse_number(const wn_number_field *f, const char *s, size_t n, double *out) {
    char text[64], *end = NULL;
    if (n == 0 || n >= sizeof text) return false;
    memcpy(text, s, n);
    text[n] = 0;
    if (strspn(text, "0123456789+-.eE") != n) return false; /* no hexadecimal, no infinity */
    *out = strtod(text, &end);
    return *end == 0 && within(f, *out);
}

/* where: file and line or row. s[0, n): what was found; nothing: no value. */
static wn_code bad_number(const wn_number_field *f, const char *where, const char *s, size_t n, wn_err *err) {
    char wanted[80];
    const char *field = f->texts ? "field" : "column";
    if (isfinite(f->high))
        (void)snprintf(wanted, sizeof wanted, "a number from %g to %g is wanted", f->low, f->high);
    else
        (void)snprintf(wanted, sizeof wanted, "a number above %g is wanted", f->low);
    if (n == 0)
        return wn_err_set(err, WN_EINPUT, "%s: no %s \"%.60s\" (%s), but %s in every %s: give it one, or leave it out",
                          where, field, f->name, f->option, wanted, f->texts ? "record" : "row");
    return wn_err_set(err, WN_EINPUT, "%s: %s \"%.60s\" (%s) is %.*s; %s", where, field, f->name, f->option,
                      (int)(n < 40 ? n : 40), s, wanted);
}

static wn_code record_numbers(double *out, const wn_corpus *c, const wn_number_field *f, wn_err *err) {
    char where[400];
    for (size_t i = 0; i < f->texts->n; i++) {
        const char *s = f->texts->base + f->texts->off[i];
        const size_t n = (size_t)(f->texts->off[i + 1] - f->texts->off[i]);
        if (parse_number(f, s, n, &out[i])) continue;
        (void)snprintf(where, sizeof where, "%s:%llu", wn_path_label(c->sources[c->file[i]].path),
                       (unsigned long long)c->line[i]);
        return bad_number(f, where, s, n, err);
    }
    return WN_OK;
}

wn_code wn_column_want(const wn_matrices *in, const char *name, const char *option, wn_err *err) {
    wn_code code = WN_OK;
    if (!wn_matrices_have_obs(in, name, &code, err) && code == WN_OK)
        code = wn_err_set(err, WN_EINPUT, "%s has no column \"%.60s\" (%s); name its records with --records",
                          in->paths[0], name, option);
    return code;
}

static wn_code column_numbers(double *out, const wn_matrices *in, const wn_number_field *f, wn_err *err) {
    char where[400], found[32];
    wn_code code = wn_column_want(in, f->name, f->option, err);
    for (size_t i = 0; i < in->n && code == WN_OK; out += wn_matrix_rows(in->files[i++])) {
        code = wn_matrix_obs_f64(in->files[i], f->name, out, err);
        for (size_t r = 0; code == WN_OK && r < wn_matrix_rows(in->files[i]); r++) {
            if (within(f, out[r])) continue;
            (void)snprintf(where, sizeof where, "%s: row %zu", in->paths[i], r);
            const int n = snprintf(found, sizeof found, "%g", out[r]);
            code = bad_number(f, where, found, (size_t)n, err);
        }
    }
    return code;
}

wn_code wn_numbers_read(double **out, const wn_rows *rows, const wn_matrices *in, const wn_number_field *f,
                        wn_err *err) {
    double *v = wn_alloc(rows->view.n, sizeof *v, err);
    if (!v) return WN_EMEMORY;
    const wn_code code = f->texts ? record_numbers(v, &rows->corpus, f, err) : column_numbers(v, in, f, err);
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
