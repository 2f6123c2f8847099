#include "cell_file.h"

#include "stages/whole_file.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/fd.h>
#include <wn/path.h>

void wn_subset_free(wn_subset *s) {
    wn_free(s->row);
    wn_free(s->label);
    *s = (wn_subset){0};
}

char *wn_cell_path(const wn_cell *c, const char *folder, wn_err *err) {
    char name[80];
    (void)snprintf(name, sizeof name, "%s.json", c->key);
    return wn_path_join(folder, name, err);
}

/* ---- writing ---- */

static void put_real(wn_writer *w, const char *name, double v) {
    if (isfinite(v))
        wn_writer_printf(w, ",\"%s\":%.17g", name, v);
    else
        wn_writer_printf(w, ",\"%s\":null", name);
}

static void put_codes(wn_writer *w, const char *name, const uint32_t *v, size_t n) {
    wn_writer_printf(w, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++) wn_writer_printf(w, i ? ",%u" : "%u", v[i]);
    wn_writer_put(w, "]");
}

static void put_results(wn_writer *w, const wn_cell *c, const wn_subset *subset, size_t tests) {
    wn_writer_printf(w, "{\"key\":\"%s\",\"k\":%zu", c->key, subset->n);
    put_real(w, "select_s", c->select_s);
    put_real(w, "train_s", c->train_s);
#define PUT_SCORE(name) put_real(w, #name, c->name);
    WN_CELL_SCORES(PUT_SCORE)
#undef PUT_SCORE
    wn_writer_put(w, ",\"rows\":[");
    for (size_t i = 0; i < subset->n; i++) wn_writer_printf(w, i ? ",%zu" : "%zu", subset->row[i]);
    wn_writer_put(w, "]");
    put_codes(w, "labels", subset->label, subset->n);
    put_codes(w, "predicted", c->predicted, tests);
    wn_writer_put(w, "}\n");
}

/* Beside the name, then renamed to it. Not synced: what a power cut leaves is no JSON, and is worked out again. */
static wn_code write_text(const char *path, const wn_writer *text, wn_err *err) {
    wn_writer aside = {.err = err};
    int fd = -1, closed;
    wn_code code;
    wn_writer_printf(&aside, "%s.%ld", path, (long)getpid());
    if ((code = aside.code) != WN_OK) goto out;
    if ((fd = wn_fd_open(aside.data, O_WRONLY | O_CREAT | O_TRUNC)) < 0) goto failed;
    if (wn_fd_write(fd, text->data, text->len) != 0) goto failed;
    closed = wn_fd_close(fd), fd = -1;
    if (closed != 0 || rename(aside.data, path) != 0) goto failed;
    code = WN_OK;
    goto out;
failed:
    code = wn_err_errno(err, "writing %s, which keeps what is finished", path);
    if (fd >= 0) (void)wn_fd_close(fd);
    (void)unlink(aside.data);
out:
    wn_free(aside.data);
    return code;
}

wn_code wn_cell_write(const wn_cell *c, const wn_subset *subset, size_t tests, const char *folder, wn_err *err) {
    wn_writer w = {.err = err};
    char *path = wn_cell_path(c, folder, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    put_results(&w, c, subset, tests);
    if ((code = w.code) != WN_OK) goto out;
    code = write_text(path, &w, err);
out:
    wn_free(w.data);
    wn_free(path);
    return code;
}

/* ---- reading ---- */

static bool get_real(const cJSON *in, const char *name, double *v) {
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(in, name);
    *v = cJSON_IsNumber(found) ? found->valuedouble : NAN;
    return cJSON_IsNumber(found) || cJSON_IsNull(found);
}

/* n whole numbers below `bound`, each through `put`. */
typedef void (*number_sink)(void *to, size_t i, size_t v);
static void number_to_size(void *to, size_t i, size_t v) {
    ((size_t *)to)[i] = v;
}
static void number_to_code(void *to, size_t i, size_t v) {
    ((uint32_t *)to)[i] = (uint32_t)v;
}

static bool get_numbers(const cJSON *in, const char *name, size_t n, size_t bound, number_sink put, void *to) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(in, name), *v;
    size_t i = 0;
    if (!cJSON_IsArray(list)) return false;
    cJSON_ArrayForEach(v, list) {
        if (i == n || !cJSON_IsNumber(v) || v->valuedouble < 0 || v->valuedouble >= (double)bound) return false;
        put(to, i++, (size_t)v->valuedouble);
    }
    return i == n;
}

static bool take_results(wn_cell *c, const cJSON *in) {
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(in, "key");
    double k = 0;
    if (!cJSON_IsString(key) || strcmp(key->valuestring, c->key) != 0) return false;
    if (!get_real(in, "k", &k) || !(k >= 1 && k < 1e15)) return false;
    c->k = (size_t)k;
    if (!get_real(in, "select_s", &c->select_s) || !get_real(in, "train_s", &c->train_s)) return false;
#define GET_SCORE(name)                                                                                                \
    if (!get_real(in, #name, &c->name)) return false;
    WN_CELL_SCORES(GET_SCORE)
#undef GET_SCORE
    return true;
}

static wn_code take_subset(wn_subset *s, size_t k, const cJSON *in, const wn_compare_data *data, bool *whole,
                           wn_err *err) {
    *s = (wn_subset){.n = k, .row = wn_alloc(k, sizeof *s->row, err), .label = wn_alloc(k, sizeof *s->label, err)};
    if (!s->row || !s->label) return WN_EMEMORY;
    *whole = get_numbers(in, "rows", k, data->n, number_to_size, s->row) &&
             get_numbers(in, "labels", k, data->classes, number_to_code, s->label);
    return WN_OK;
}

wn_code wn_cell_read(wn_cell *c, wn_subset *subset, const wn_compare_data *data, const char *folder, bool *there,
                     wn_err *err) {
    cJSON *in = NULL;
    wn_cell found = *c;
    wn_subset s = {0};
    bool whole = false;
    char *path = wn_cell_path(c, folder, err);
    wn_code code = WN_EMEMORY;
    *there = false;
    found.predicted = NULL;
    if (!path) goto out;
    code = WN_OK;
    if (access(path, F_OK) != 0) goto out;
    if ((code = wn_json_read(path, &in, err)) == WN_EINPUT) *err = (wn_err){0}, code = WN_OK;
    if (code != WN_OK || !in || !take_results(&found, in)) goto out;
    if (subset && (code = take_subset(&s, found.k, in, data, &whole, err)) != WN_OK) goto out;
    if (subset && !whole) goto out;
    code = WN_EMEMORY;
    if (!(found.predicted = wn_alloc(data->tests, sizeof *found.predicted, err))) goto out;
    code = WN_OK;
    if (!get_numbers(in, "predicted", data->tests, data->classes, number_to_code, found.predicted)) goto out;
    wn_free(c->predicted);
    *c = found;
    found.predicted = NULL;
    if (subset) *subset = s;
    s = (wn_subset){0};
    *there = true;
out:
    wn_free(found.predicted);
    wn_subset_free(&s);
    cJSON_Delete(in);
    wn_free(path);
    return code;
}
