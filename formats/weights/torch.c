/* PyTorch checkpoints: the zip container (torch >= 1.6) and the older plain stream. */
#include "weights_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <zip.h>

/* Where the bytes of storage i of the pickle are. */
typedef struct {
    int64_t zip_entry;
    uint64_t offset, bytes;
} place;

typedef struct {
    wn_weights *w;
    size_t file;
    const wn_pickle_storage *storages;
    const place *places;
} tensors;

/* Keys and names of any length are shown in part. */
static int shown(size_t n) { return n < 100 ? (int)n : 100; }

static wn_code add_tensor(void *ctx, const wn_pickle_tensor *t, wn_err *err) {
    tensors *c = ctx;
    const wn_pickle_storage *s = &c->storages[t->storage];
    const place *at = &c->places[t->storage];
    wn_weight_entry e = {.file = c->file,
                         .zip_entry = at->zip_entry,
                         .offset = at->offset,
                         .bytes = at->bytes,
                         .pub = {.dtype = s->dtype, .rank = t->rank}};
    if (__builtin_add_overflow(t->first, s->view, &e.first))
        return wn_err_set(err, WN_EINPUT, "%s: tensor \"%.*s\" starts beyond its data", c->w->files[c->file].path,
                          shown(t->name_len), t->name);
    for (size_t i = 0; i < t->rank; i++) {
        e.pub.shape[i] = (size_t)t->shape[i];
        e.stride[i] = t->stride[i];
    }
    return wn_weights_add(c->w, &e, t->name, t->name_len, at->bytes / s->element, err);
}

static wn_code add_all(wn_weights *w, size_t file, const wn_pickle *p, const place *places, wn_err *err) {
    size_t n;
    tensors c = {.w = w, .file = file, .storages = wn_pickle_storages(p, &n), .places = places};
    return wn_pickle_tensors(p, add_tensor, &c, err);
}

/* Puts the file's name before a message that does not begin with it. */
static void name_file(wn_code code, const wn_weight_file *f, wn_err *err) {
    if (code == WN_EINPUT && strncmp(err->msg, f->path, strlen(f->path)) != 0)
        (void)wn_err_prefix(err, "%s: ", f->path);
}

/* ---- zip ---- */

/* The entry "<root>/data.pkl"; root_len excludes the slash. */
static int64_t find_pickle(zip_t *z, const char **root, size_t *root_len) {
    zip_int64_t n = zip_get_num_entries(z, 0);
    for (zip_int64_t i = 0; i < n; i++) {
        const char *name = zip_get_name(z, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const char *slash = name ? strchr(name, '/') : NULL;
        if (!slash || strcmp(slash, "/data.pkl") != 0) continue;
        *root = name;
        *root_len = (size_t)(slash - name);
        return i;
    }
    return -1;
}

/* The entry of one storage, which must be there, stored plain, and as long as the pickle says. */
static wn_code find_storage(zip_t *z, const wn_weight_file *f, const char *root, size_t root_len,
                            const wn_pickle_storage *s, place *out, wn_err *err) {
    char name[512];
    int len = root_len < 200 && s->key_len < 200
                  ? snprintf(name, sizeof name, "%.*s/data/%.*s", (int)root_len, root, (int)s->key_len, s->key)
                  : -1;
    zip_stat_t stat;
    zip_int64_t at = len > 0 ? zip_name_locate(z, name, 0) : -1;
    if (at < 0 || zip_stat_index(z, (zip_uint64_t)at, 0, &stat) != 0)
        return wn_err_set(err, WN_EINPUT, "%s: storage \"%.*s\" is missing", f->path, shown(s->key_len), s->key);
    if (stat.comp_method != ZIP_CM_STORE || stat.size != stat.comp_size)
        return wn_err_set(err, WN_EINPUT, "%s: storage \"%s\" is compressed; PyTorch writes them plain", f->path, name);
    if (stat.size > f->size || stat.size / s->element < s->elements)
        return wn_err_set(err, WN_EINPUT, "%s: storage \"%s\" has %llu bytes, too few for %llu elements of %zu",
                          f->path, name, (unsigned long long)stat.size, (unsigned long long)s->elements, s->element);
    *out = (place){.zip_entry = at, .bytes = stat.size};
    return WN_OK;
}

static wn_code locate_storages(zip_t *z, const wn_weight_file *f, const char *root, size_t root_len, const wn_pickle *p,
                               place **out, wn_err *err) {
    size_t n;
    const wn_pickle_storage *s = wn_pickle_storages(p, &n);
    *out = wn_alloc(n, sizeof **out, err);
    if (!*out) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        wn_code code = find_storage(z, f, root, root_len, &s[i], &(*out)[i], err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* The entry `byteorder`, which newer files have, says "little". */
static wn_code check_byteorder(zip_t *z, const wn_weight_file *f, const char *root, size_t root_len, wn_err *err) {
    char name[256], order[8] = "";
    if (root_len >= 200 || snprintf(name, sizeof name, "%.*s/byteorder", (int)root_len, root) < 0) return WN_OK;
    zip_file_t *in = zip_fopen(z, name, 0);
    if (!in) return WN_OK;
    (void)zip_fread(in, order, sizeof order - 1);
    (void)zip_fclose(in);
    return strncmp(order, "big", 3) == 0
               ? wn_err_set(err, WN_EINPUT, "%s: its numbers are big-endian; only little-endian ones are read", f->path)
               : WN_OK;
}

wn_code wn_torch_zip_parse(wn_weights *w, size_t file, wn_err *err) {
    wn_weight_file *f = &w->files[file];
    w->container = "torch zip";
    int failure = 0;
    wn_code code = WN_OK;
    unsigned char *data = NULL;
    place *places = NULL;
    wn_pickle *p = NULL;
    const char *root = NULL;
    size_t root_len = 0, pos = 0;
    zip_stat_t stat;
    zip_t *z = zip_open(f->path, ZIP_RDONLY, &failure);
    if (!z) {
        zip_error_t e;
        zip_error_init_with_code(&e, failure);
        code = wn_err_set(err, WN_EINPUT, "%s: truncated or not a whole zip container: %s", f->path,
                          zip_error_strerror(&e));
        zip_error_fini(&e);
        return code;
    }
    f->zip = z;
    int64_t at = find_pickle(z, &root, &root_len);
    if (at < 0)
        return wn_err_set(err, WN_EINPUT, "%s: a zip file without data.pkl is not a PyTorch checkpoint", f->path);
    if (zip_stat_index(z, (zip_uint64_t)at, 0, &stat) != 0 || stat.size > f->size)
        return wn_err_set(err, WN_EINPUT, "%s: data.pkl cannot be read", f->path);
    if (!(data = wn_alloc((size_t)stat.size, 1, err))) return WN_EMEMORY;
    zip_file_t *in = zip_fopen_index(z, (zip_uint64_t)at, 0);
    if (!in || zip_fread(in, data, stat.size) != (zip_int64_t)stat.size)
        code = wn_err_set(err, WN_EINPUT, "%s: data.pkl cannot be read: %s", f->path, zip_strerror(z));
    if (in) (void)zip_fclose(in);
    if (code != WN_OK) goto out;
    if ((code = wn_pickle_run(&p, data, (size_t)stat.size, &pos, err)) != WN_OK) goto out;
    if ((code = check_byteorder(z, f, root, root_len, err)) != WN_OK) goto out;
    if ((code = locate_storages(z, f, root, root_len, p, &places, err)) != WN_OK) goto out;
    code = add_all(w, file, p, places, err);
out:
    name_file(code, f, err);
    wn_pickle_free(p);
    wn_free(places);
    wn_free(data);
    return code;
}

/* ---- stream: magic, protocol and system information, the object, the storage keys, then each storage ---- */

/* A storage of the pickle by its key; several tensors may name the same one. */
typedef struct {
    const char *key;
    size_t len, storage;
} keyed;

typedef struct {
    const wn_weight_file *f;
    const wn_pickle_storage *storages;
    keyed *order; /* [n] by key */
    size_t n, pos;
    place *places;
} stream;

static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->len != y->len) return x->len < y->len ? -1 : 1;
    return x->len ? memcmp(x->key, y->key, x->len) : 0;
}

static wn_code next_storage(void *ctx, const char *key, size_t n, wn_err *err) {
    stream *c = ctx;
    keyed wanted = {.key = key, .len = n};
    const keyed *any = c->n ? bsearch(&wanted, c->order, c->n, sizeof wanted, by_key) : NULL;
    if (!any) return wn_err_set(err, WN_EINPUT, "storage \"%.*s\" belongs to no tensor", shown(n), key);
    const keyed *last = c->order + c->n;
    while (any > c->order && by_key(any - 1, &wanted) == 0) any--;
    uint64_t elements = 0, bytes;
    if (c->places[any->storage].bytes || c->places[any->storage].offset)
        return wn_err_set(err, WN_EINPUT, "storage \"%.*s\" is listed twice", shown(n), key);
    if (c->f->size - c->pos < 8) return wn_err_set(err, WN_EINPUT, "truncated before storage \"%.*s\"", shown(n), key);
    for (size_t i = 8; i-- > 0;) elements = elements << 8 | c->f->data[c->pos + i];
    c->pos += 8;
    if (__builtin_mul_overflow(elements, (uint64_t)c->storages[any->storage].element, &bytes) ||
        bytes > c->f->size - c->pos)
        return wn_err_set(err, WN_EINPUT, "truncated in storage \"%.*s\"", shown(n), key);
    for (; any < last && by_key(any, &wanted) == 0; any++)
        c->places[any->storage] = (place){.zip_entry = -1, .offset = c->pos, .bytes = bytes};
    c->pos += (size_t)bytes;
    return WN_OK;
}

/* Where each storage of the object is: they stand behind the list of their keys, in its order. */
static wn_code place_storages(stream *c, const wn_pickle *object, const wn_pickle *keys, wn_err *err) {
    c->storages = wn_pickle_storages(object, &c->n);
    c->places = wn_alloc(c->n, sizeof *c->places, err);
    c->order = wn_alloc(c->n, sizeof *c->order, err);
    if (!c->places || !c->order) return WN_EMEMORY;
    for (size_t i = 0; i < c->n; i++) {
        c->order[i] = (keyed){c->storages[i].key, c->storages[i].key_len, i};
        c->places[i].zip_entry = -1;
    }
    if (c->n) qsort(c->order, c->n, sizeof *c->order, by_key);
    return wn_pickle_strings(keys, next_storage, c, err);
}

wn_code wn_torch_stream_parse(wn_weights *w, size_t file, wn_err *err) {
    enum { MAGIC, PROTOCOL, SYSTEM, OBJECT, KEYS, PARTS };
    static const unsigned char magic[] = {0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    wn_weight_file *f = &w->files[file];
    w->container = "torch stream";
    if (memcmp(f->data + 2, magic, sizeof magic) != 0)
        return wn_err_set(err, WN_EINPUT, "%s: a pickle, but not a PyTorch checkpoint", f->path);
    wn_pickle *parts[PARTS] = {0};
    stream c = {.f = f};
    wn_code code = wn_weight_file_load(f, f->size, err); /* pickles stand before, between and behind the keys */
    if (code != WN_OK) return code;
    for (int i = 0; i < PARTS; i++)
        if ((code = wn_pickle_run(&parts[i], f->data, f->size, &c.pos, err)) != WN_OK) goto out;
    if (!wn_pickle_flag(parts[SYSTEM], "little_endian", true)) {
        code = wn_err_set(err, WN_EINPUT, "its numbers are big-endian; only little-endian ones are read");
        goto out;
    }
    if ((code = place_storages(&c, parts[OBJECT], parts[KEYS], err)) != WN_OK) goto out;
    code = add_all(w, file, parts[OBJECT], c.places, err);
out:
    name_file(code, f, err);
    for (int i = 0; i < PARTS; i++) wn_pickle_free(parts[i]);
    wn_free(c.places);
    wn_free(c.order);
    return code;
}
