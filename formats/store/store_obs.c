/* Reading what stands beside the matrix: columns of /obs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/store.h>

#include "matrix.h"

enum { STRING_BATCH = 4096, LONG_BATCH = 256 }; /* strings read at once, long: of any length */

/* ---- strings ---- */

/* A wn_strings that grows. */
typedef struct {
    wn_strings s;
    size_t n, len, cap;
} string_list;

static bool list_init(wn_h5 *h, string_list *l, size_t n) {
    *l = (string_list){0};
    l->s.off = wn_alloc(n + 1, sizeof *l->s.off, h->err);
    if (!l->s.off || wn_reserve((void **)&l->s.base, &l->cap, 1, 1, h->err)) {
        wn_strings_free(&l->s);
        h->code = WN_EMEMORY;
    }
    return !h->code;
}

static bool list_add(wn_h5 *h, string_list *l, const char *text, size_t len) {
    if (wn_reserve((void **)&l->s.base, &l->cap, l->len + len, 1, h->err)) {
        h->code = WN_EMEMORY;
        return false;
    }
    if (len) memcpy(l->s.base + l->len, text, len);
    l->len += len;
    l->s.off[++l->n] = l->len;
    return true;
}

static void list_end(wn_h5 *h, string_list *l, wn_strings *out) {
    if (h->code) {
        wn_strings_free(&l->s);
        return;
    }
    l->s.view = (wn_texts){.base = l->s.base, .off = l->s.off, .n = l->n};
    *out = l->s;
}

size_t wn_h5_vector_length(wn_h5 *h, hid_t dataset, const char *name) {
    hsize_t dims[1] = {0};
    int rank = wn_h5_shape(h, dataset, 1, dims);
    if (rank != 1) (void)wn_h5_fail(h, WN_EINPUT, "%s has not one dimension", name);
    else if (dims[0] > SIZE_MAX / 64) (void)wn_h5_fail(h, WN_EINPUT, "%s has an impossible length", name);
    return h->code ? 0 : (size_t)dims[0];
}

/* Strings [begin, begin + m) of the dataset into l; fixed-length ones by way of `room` [m * size]. */
static void read_string_batch(wn_h5 *h, hid_t d, hid_t type, const char *name, size_t begin, size_t m, char *room,
                              string_list *l) {
    const hsize_t start[1] = {begin}, count[1] = {m};
    bool variable = H5Tis_variable_str(type) > 0, spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
    size_t size = H5Tget_size(type);
    hid_t file_space = wn_h5_id(h, H5Dget_space(d), "read the shape of", name);
    hid_t mem_space = wn_h5_id(h, H5Screate_simple(1, count, NULL), "shape", name);
    (void)wn_h5_ok(h, H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL), "select", name);
    memset(room, 0, m * size);
    wn_err full = {0};
    hid_t access = wn_h5_strings_access(h, &full);
    herr_t rc = h->code ? -1 : H5Dread(d, type, mem_space, file_space, access, room);
    if (full.code) *h->err = full, h->code = full.code;
    bool got = !h->code && wn_h5_ok(h, rc, "read", name);
    for (size_t i = 0; got && i < m && !h->code; i++) {
        char *t = room + i * size;
        if (variable) memcpy(&t, room + i * size, sizeof t);
        size_t len = !t ? 0 : variable ? strlen(t) : strnlen(t, size);
        while (spaces && !variable && len && t[len - 1] == ' ') len--;
        (void)list_add(h, l, t, len);
    }
    if (got && variable) (void)wn_h5_ok(h, H5Dvlen_reclaim(type, mem_space, access, room), "release", name);
    wn_h5_close(h, &access);
    wn_h5_close(h, &mem_space);
    wn_h5_close(h, &file_space);
}

void wn_h5_read_strings(wn_h5 *h, hid_t dataset, const char *name, wn_strings *out) {
    string_list l = {0};
    size_t n = wn_h5_vector_length(h, dataset, name);
    hid_t type = wn_h5_id(h, H5Dget_type(dataset), "read the type of", name);
    if (!h->code && H5Tget_class(type) != H5T_STRING) (void)wn_h5_fail(h, WN_EINPUT, "%s holds no strings", name);
    size_t size = h->code ? 1 : H5Tget_size(type),
           batch = size > 256 ? STRING_BATCH / (size / 256 + 1) + 1 : STRING_BATCH;
    if (!h->code && H5Tis_variable_str(type) > 0) batch = LONG_BATCH;
    char *room = h->code ? NULL : wn_alloc(batch, size, h->err);
    if (!room && !h->code) h->code = WN_EMEMORY;
    if (!h->code && list_init(h, &l, n))
        for (size_t at = 0; at < n && !h->code; at += batch)
            read_string_batch(h, dataset, type, name, at, n - at < batch ? n - at : batch, room, &l);
    wn_free(room);
    wn_h5_close(h, &type);
    list_end(h, &l, out);
}

void wn_h5_read_vector(wn_h5 *h, hid_t dataset, const char *name, hid_t mem_type, size_t n, void *out) {
    size_t length = wn_h5_vector_length(h, dataset, name);
    if (!h->code && length != n)
        (void)wn_h5_fail(h, WN_EINPUT, "%s has %zu values where %zu are wanted", name, length, n);
    if (!h->code && n) (void)wn_h5_ok(h, H5Dread(dataset, mem_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out), "read", name);
}

/* ---- columns ---- */

static H5T_class_t class_of(wn_h5 *h, hid_t dataset, bool *unsigned64) {
    hid_t t = wn_h5_id(h, H5Dget_type(dataset), "read the type of", "a column");
    H5T_class_t k = h->code ? H5T_NO_CLASS : H5Tget_class(t);
    if (unsigned64) *unsigned64 = k == H5T_INTEGER && H5Tget_size(t) == 8 && H5Tget_sign(t) == H5T_SGN_NONE;
    wn_h5_close(h, &t);
    return k;
}

/* AnnData before 0.7 wrote /obs as one table, whose index is the member "index". */
static bool is_table(const wn_matrix_file *m) { return m->obs > 0 && H5Iget_type(m->obs) == H5I_DATASET; }

static const char *member_name(const char *name) { return strcmp(name, "_index") == 0 ? "index" : name; }

/* The number of the column in the table's records; -1: there is none. */
static int member_of(hid_t table, const char *name) {
    hid_t type = H5Dget_type(table);
    int at = type >= 0 && H5Tget_class(type) == H5T_COMPOUND ? H5Tget_member_index(type, member_name(name)) : -1;
    if (type >= 0) (void)H5Tclose(type);
    return at;
}

bool wn_matrix_has_obs(const wn_matrix_file *m, const char *name) {
    if (m->apart) return wn_guard_has_obs(&m->guard, name);
    if (m->obs <= 0) return false;
    if (is_table(m)) return member_of(m->obs, name) >= 0;
    if (strcmp(name, "_index") == 0) return H5Aexists(m->obs, "_index") > 0 || wn_h5_exists(m->obs, name);
    return !strchr(name, '/') && wn_h5_exists(m->obs, name);
}

static void append_text(char *list, const char *name) {
    size_t used = strlen(list);
    if (strcmp(name, "__categories") != 0 && strcmp(name, "_index") != 0)
        (void)snprintf(list + used, 240 - used, "%s%s", used ? ", " : "", name);
}

static herr_t append_name(hid_t group, const char *name, const H5L_info_t *info, void *ctx) {
    (void)group;
    (void)info;
    append_text(ctx, name);
    return 0;
}

static void list_columns(const wn_matrix_file *m, char list[240]) {
    if (!is_table(m)) {
        (void)H5Literate(m->obs, H5_INDEX_NAME, H5_ITER_INC, NULL, append_name, list);
        return;
    }
    hid_t type = H5Dget_type(m->obs);
    int n = type >= 0 && H5Tget_class(type) == H5T_COMPOUND ? H5Tget_nmembers(type) : 0;
    for (int i = 0; i < n; i++) {
        char *name = H5Tget_member_name(type, (unsigned)i);
        if (name && strcmp(name, "index") != 0) append_text(list, name);
        (void)H5free_memory(name);
    }
    if (type >= 0) (void)H5Tclose(type);
}

/* The parts of a column: one dataset, or a group of values and mask (nullable) or codes and categories. */
typedef struct {
    hid_t values, categories, mask;
    hid_t apart; /* a file in memory that holds the values, where they are a member of a table */
    size_t held; /* bytes of that file */
} column;

/* The values of one member of the table's records, written as a dataset of their own into a file in memory: what
 * reads columns need not know of tables. */
static void open_member(wn_matrix_file *m, wn_h5 *h, const char *name, column *c) {
    int at = member_of(m->obs, name);
    hid_t table = wn_h5_id(h, H5Dget_type(m->obs), "read the type of", "/obs");
    hid_t type = wn_h5_id(h, H5Tget_member_type(table, (unsigned)at), "read the type of", name);
    size_t n = wn_h5_vector_length(h, m->obs, "/obs"), size = h->code ? 1 : H5Tget_size(type);
    hid_t packed = wn_h5_id(h, H5Tcreate(H5T_COMPOUND, size), "make", "a type");
    (void)wn_h5_ok(h, H5Tinsert(packed, member_name(name), 0, type), "make", "a type");
    hid_t space = wn_h5_id(h, H5Dget_space(m->obs), "read the shape of", "/obs");
    hid_t memory = wn_h5_id(h, H5Pcreate(H5P_FILE_ACCESS), "set up", "memory");
    (void)wn_h5_ok(h, H5Pset_fapl_core(memory, 1 << 20, false), "set up", "memory");
    void *room = h->code ? NULL : wn_alloc(n, size, h->err); /* [n] values of `type` */
    if (!room && !h->code) h->code = WN_EMEMORY;
    if (!h->code && (h->code = wn_mem_hold(n * size, h->err)) == WN_OK) c->held = n * size;
    if (!h->code && n) (void)wn_h5_ok(h, H5Dread(m->obs, packed, H5S_ALL, H5S_ALL, H5P_DEFAULT, room), "read", name);
    if (!h->code) c->apart = wn_h5_id(h, H5Fcreate("column", H5F_ACC_TRUNC, H5P_DEFAULT, memory), "set up", "memory");
    if (!h->code)
        c->values = wn_h5_id(h, H5Dcreate2(c->apart, "v", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                             "set up", "memory");
    if (!h->code && n) (void)wn_h5_ok(h, H5Dwrite(c->values, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, room), "keep", name);
    if (room && H5Tis_variable_str(type) > 0) (void)H5Dvlen_reclaim(type, space, H5P_DEFAULT, room);
    wn_free(room);
    wn_h5_close(h, &memory);
    wn_h5_close(h, &space);
    wn_h5_close(h, &packed);
    wn_h5_close(h, &type);
    wn_h5_close(h, &table);
    char categories[256];
    (void)snprintf(categories, sizeof categories, "uns/%s_categories", name);
    if (!h->code && class_of(h, c->values, NULL) == H5T_INTEGER && wn_h5_exists(m->file, categories))
        c->categories = wn_h5_id(h, H5Dopen2(m->file, categories, H5P_DEFAULT), "open", categories);
}

static bool want_column(wn_matrix_file *m, wn_h5 *h, const char *name) {
    char list[240] = "";
    if (m->obs <= 0) {
        (void)wn_h5_fail(h, WN_EUSAGE, "no column \"%s\": the file holds no /obs", name);
    } else if (!wn_matrix_has_obs(m, name)) {
        list_columns(m, list);
        (void)wn_h5_fail(h, WN_EUSAGE, "no column \"%s\" in /obs (columns: %s)", name, list);
    }
    return !h->code;
}

static void column_open(wn_matrix_file *m, wn_h5 *h, const char *name, column *c) {
    *c = (column){0};
    if (!want_column(m, h, name)) return;
    if (is_table(m)) {
        open_member(m, h, name, c);
        return;
    }
    char *index = strcmp(name, "_index") == 0 ? wn_h5_get_attr(h, m->obs, "_index") : NULL;
    hid_t id = wn_h5_id(h, H5Oopen(m->obs, index ? index : name, H5P_DEFAULT), "open column", name);
    wn_free(index);
    if (h->code) return;
    char legacy[256];
    (void)snprintf(legacy, sizeof legacy, "__categories/%s", name);
    if (H5Iget_type(id) == H5I_DATASET) {
        c->values = id;
        (void)wn_h5_readable(h, id, name);
        /* AnnData 0.7 kept the categories in a folder beside the columns. */
        if (wn_h5_exists(m->obs, legacy))
            c->categories = wn_h5_id(h, H5Dopen2(m->obs, legacy, H5P_DEFAULT), "open", legacy);
        return;
    }
    if (wn_h5_exists(id, "codes") && wn_h5_exists(id, "categories")) {
        c->values = wn_h5_id(h, H5Dopen2(id, "codes", H5P_DEFAULT), "open the codes of", name);
        if (wn_h5_is_group(id, "categories")) /* nullable strings as categories */
            c->categories = wn_h5_id(h, H5Dopen2(id, "categories/values", H5P_DEFAULT), "open the categories of", name);
        else c->categories = wn_h5_id(h, H5Dopen2(id, "categories", H5P_DEFAULT), "open the categories of", name);
    } else if (wn_h5_exists(id, "values") && wn_h5_exists(id, "mask")) {
        c->values = wn_h5_id(h, H5Dopen2(id, "values", H5P_DEFAULT), "open the values of", name);
        c->mask = wn_h5_id(h, H5Dopen2(id, "mask", H5P_DEFAULT), "open the mask of", name);
    } else {
        (void)wn_h5_fail(h, WN_EINPUT, "column \"%s\" is neither an array, nor categorical, nor nullable", name);
    }
    const hid_t parts[] = {c->values, c->categories, c->mask};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!h->code && parts[i] > 0) (void)wn_h5_readable(h, parts[i], name);
    wn_h5_close(h, &id);
}

static void column_close(wn_h5 *h, column *c) {
    wn_h5_close(h, &c->values);
    wn_h5_close(h, &c->categories);
    wn_h5_close(h, &c->mask);
    wn_h5_close(h, &c->apart);
    wn_mem_unhold(c->held);
}

/* mask[i] != 0: the value is missing. NULL without a mask. */
static int8_t *read_mask(wn_h5 *h, const column *c, size_t n) {
    if (c->mask <= 0 || h->code) return NULL;
    int8_t *mask = wn_alloc(n, 1, h->err);
    if (!mask) h->code = WN_EMEMORY;
    else wn_h5_read_vector(h, c->mask, "the mask", H5T_NATIVE_INT8, n, mask);
    return mask;
}

/* Whole numbers of a dataset of integers or booleans. */
static void read_integers(wn_h5 *h, hid_t d, const char *name, size_t n, int64_t *out) {
    bool unsigned64 = false;
    H5T_class_t k = class_of(h, d, &unsigned64);
    if (!h->code && k != H5T_INTEGER && k != H5T_ENUM)
        (void)wn_h5_fail(h, WN_EINPUT, "column \"%s\" holds no integers", name);
    wn_h5_read_vector(h, d, name, unsigned64 ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64, n, out);
    for (size_t i = 0; unsigned64 && i < n && !h->code; i++)
        if (out[i] < 0) (void)wn_h5_fail(h, WN_EINPUT, "row %zu of column \"%s\" exceeds 2^63 - 1", i, name);
}

wn_code wn_matrix_obs_i64(wn_matrix_file *m, const char *name, int64_t *out, wn_err *err) {
    if (m->apart) {
        const wn_guard_about about = {.path = m->path, .name = name, .rows = m->rows, .cols = m->cols};
        return wn_guard_i64(&m->guard, &about, out, err);
    }
    wn_h5 h = {.path = m->path, .err = err};
    column c;
    column_open(m, &h, name, &c);
    if (c.categories > 0) (void)wn_h5_fail(&h, WN_EINPUT, "column \"%s\" is categorical; integers are wanted", name);
    int64_t *v = h.code ? NULL : wn_alloc(m->rows, sizeof *v, err);
    if (!v && !h.code) h.code = WN_EMEMORY;
    if (v) read_integers(&h, c.values, name, m->rows, v);
    int8_t *mask = read_mask(&h, &c, m->rows);
    for (size_t i = 0; mask && i < m->rows && !h.code; i++)
        if (mask[i])
            (void)wn_h5_fail(&h, WN_EINPUT, "row %zu of column \"%s\" is missing; an integer is wanted", i, name);
    if (!h.code) memcpy(out, v, m->rows * sizeof *v);
    wn_free(mask);
    wn_free(v);
    column_close(&h, &c);
    return h.code;
}

wn_code wn_matrix_obs_f64(wn_matrix_file *m, const char *name, double *out, wn_err *err) {
    if (m->apart) {
        const wn_guard_about about = {.path = m->path, .name = name, .rows = m->rows, .cols = m->cols};
        return wn_guard_f64(&m->guard, &about, out, err);
    }
    wn_h5 h = {.path = m->path, .err = err};
    column c;
    column_open(m, &h, name, &c);
    if (c.categories > 0) (void)wn_h5_fail(&h, WN_EINPUT, "column \"%s\" is categorical; numbers are wanted", name);
    double *v = h.code ? NULL : wn_alloc(m->rows, sizeof *v, err);
    if (!v && !h.code) h.code = WN_EMEMORY;
    H5T_class_t k = h.code ? H5T_NO_CLASS : class_of(&h, c.values, NULL);
    if (!h.code && k != H5T_FLOAT && k != H5T_INTEGER && k != H5T_ENUM)
        (void)wn_h5_fail(&h, WN_EINPUT, "column \"%s\" holds no numbers", name);
    if (!h.code) wn_h5_read_vector(&h, c.values, name, H5T_NATIVE_DOUBLE, m->rows, v);
    int8_t *mask = read_mask(&h, &c, m->rows);
    for (size_t i = 0; mask && i < m->rows && !h.code; i++)
        if (mask[i]) v[i] = NAN;
    if (!h.code) memcpy(out, v, m->rows * sizeof *v);
    wn_free(mask);
    wn_free(v);
    column_close(&h, &c);
    return h.code;
}

/* ---- any column as strings ---- */

/* The shortest of 15 to 17 digits that gives the same number again. */
static void number_text(double v, char out[32]) {
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) == v) return;
    }
}

/* A dataset of any simple type as strings: labels are often numbers. */
static void read_as_strings(wn_h5 *h, hid_t d, const char *name, wn_strings *out) {
    H5T_class_t k = class_of(h, d, NULL);
    if (h->code || k == H5T_STRING) {
        if (!h->code) wn_h5_read_strings(h, d, name, out);
        return;
    }
    string_list l = {0};
    size_t n = wn_h5_vector_length(h, d, name);
    int64_t *whole = NULL;
    double *real = NULL;
    if (!h->code && k == H5T_FLOAT) {
        if (!(real = wn_alloc(n, sizeof *real, h->err))) h->code = WN_EMEMORY;
        else wn_h5_read_vector(h, d, name, H5T_NATIVE_DOUBLE, n, real);
    } else if (!h->code) {
        if (!(whole = wn_alloc(n, sizeof *whole, h->err))) h->code = WN_EMEMORY;
        else read_integers(h, d, name, n, whole);
    }
    if (!h->code && list_init(h, &l, n))
        for (size_t i = 0; i < n && !h->code; i++) {
            char text[32] = "";
            if (real) number_text(real[i], text);
            else if (k == H5T_ENUM) (void)snprintf(text, sizeof text, "%s", whole[i] ? "True" : "False");
            else (void)snprintf(text, sizeof text, "%lld", (long long)whole[i]);
            (void)list_add(h, &l, text, strlen(text));
        }
    wn_free(real);
    wn_free(whole);
    list_end(h, &l, out);
}

/* out[i] = cats[code[i]], or "" where the code is -1. */
static void join_categories(wn_h5 *h, const int64_t *code, size_t n, const char *name, const wn_texts *cats,
                            wn_strings *out) {
    string_list l = {0};
    if (!list_init(h, &l, n)) return;
    for (size_t i = 0; i < n && !h->code; i++) {
        if (code[i] < -1 || code[i] >= (int64_t)cats->n) {
            (void)wn_h5_fail(h, WN_EINPUT, "row %zu of column \"%s\" has category %lld of %zu", i, name,
                             (long long)code[i], cats->n);
            break;
        }
        size_t c = (size_t)code[i];
        if (code[i] < 0) (void)list_add(h, &l, "", 0);
        else (void)list_add(h, &l, cats->base + cats->off[c], (size_t)(cats->off[c + 1] - cats->off[c]));
    }
    list_end(h, &l, out);
}

static void blank_missing(wn_h5 *h, const int8_t *mask, wn_strings *s) {
    string_list l = {0};
    size_t n = s->view.n;
    if (!list_init(h, &l, n)) return;
    for (size_t i = 0; i < n && !h->code; i++)
        (void)list_add(h, &l, s->base + s->off[i], mask[i] ? 0 : (size_t)(s->off[i + 1] - s->off[i]));
    wn_strings_free(s);
    list_end(h, &l, s);
}

wn_code wn_matrix_obs_strings(wn_matrix_file *m, const char *name, wn_strings *out, wn_err *err) {
    if (m->apart) {
        const wn_guard_about about = {.path = m->path, .name = name, .rows = m->rows, .cols = m->cols};
        return wn_guard_strings(&m->guard, &about, out, err);
    }
    wn_h5 h = {.path = m->path, .err = err};
    wn_strings s = {0}, joined = {0};
    column c;
    column_open(m, &h, name, &c);
    if (!h.code) read_as_strings(&h, c.categories > 0 ? c.categories : c.values, name, &s);
    if (!h.code && c.categories > 0) {
        int64_t *code = wn_alloc(m->rows, sizeof *code, err);
        if (!code) h.code = WN_EMEMORY;
        else read_integers(&h, c.values, name, m->rows, code);
        if (!h.code) join_categories(&h, code, m->rows, name, &s.view, &joined);
        wn_free(code);
        wn_strings_free(&s);
        s = joined;
    }
    if (!h.code && s.view.n != m->rows)
        (void)wn_h5_fail(&h, WN_EINPUT, "column \"%s\" has %zu values for %zu rows", name, s.view.n, m->rows);
    int8_t *mask = read_mask(&h, &c, m->rows);
    if (mask && !h.code) blank_missing(&h, mask, &s);
    wn_free(mask);
    column_close(&h, &c);
    if (h.code) wn_strings_free(&s);
    else *out = s;
    return h.code;
}
