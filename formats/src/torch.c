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
                          (int)t->name_len, t->name);
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

static wn_code locate(zip_t *z, const char *path, const char *root, size_t root_len, const wn_pickle *p, place **out,
                      wn_err *err) {
    size_t n;
    const wn_pickle_storage *s = wn_pickle_storages(p, &n);
    place *places = wn_alloc(n, sizeof *places, err);
    if (!places) return WN_EMEMORY;
    *out = places;
    for (size_t i = 0; i < n; i++) {
        char name[512];
        int len = snprintf(name, sizeof name, "%.*s/data/%.*s", (int)root_len, root, (int)s[i].key_len, s[i].key);
        zip_stat_t stat;
        zip_int64_t at = len > 0 && (size_t)len < sizeof name ? zip_name_locate(z, name, 0) : -1;
        if (at < 0 || zip_stat_index(z, (zip_uint64_t)at, 0, &stat) != 0)
            return wn_err_set(err, WN_EINPUT, "%s: storage \"%.*s\" is missing", path, (int)(s[i].key_len > 100 ? 100 : s[i].key_len), s[i].key);
        if (stat.comp_method != ZIP_CM_STORE || stat.size != stat.comp_size)
            return wn_err_set(err, WN_EINPUT, "%s: storage \"%s\" is compressed; PyTorch writes them plain", path, name);
        places[i] = (place){.zip_entry = at, .bytes = stat.size};
    }
    return WN_OK;
}

wn_code wn_torch_zip_parse(wn_weights *w, size_t file, wn_err *err) {
    wn_weight_file *f = &w->files[file];
    w->container = "torch zip";
    int code = 0;
    wn_code rc = WN_OK;
    unsigned char *data = NULL;
    place *places = NULL;
    wn_pickle *p = NULL;
    const char *root = NULL;
    size_t root_len = 0, pos = 0;
    zip_stat_t stat;
    zip_t *z = zip_open(f->path, ZIP_RDONLY, &code);
    if (!z) {
        zip_error_t e;
        zip_error_init_with_code(&e, code);
        rc = wn_err_set(err, WN_EINPUT, "%s: truncated or not a whole zip container: %s", f->path, zip_error_strerror(&e));
        zip_error_fini(&e);
        return rc;
    }
    f->zip = z;
    int64_t at = find_pickle(z, &root, &root_len);
    if (at < 0) return wn_err_set(err, WN_EINPUT, "%s: a zip file without data.pkl is not a PyTorch checkpoint", f->path);
    if (zip_stat_index(z, (zip_uint64_t)at, 0, &stat) != 0 || stat.size > f->size)
        return wn_err_set(err, WN_EINPUT, "%s: data.pkl cannot be read", f->path);
    if (!(data = wn_alloc((size_t)stat.size, 1, err))) return WN_EMEMORY;
    zip_file_t *in = zip_fopen_index(z, (zip_uint64_t)at, 0);
    if (!in || zip_fread(in, data, stat.size) != (zip_int64_t)stat.size)
        rc = wn_err_set(err, WN_EINPUT, "%s: data.pkl cannot be read: %s", f->path, zip_strerror(z));
    if (in) (void)zip_fclose(in);
    if (!rc) {
        rc = wn_pickle_run(&p, data, (size_t)stat.size, &pos, err);
        if (!rc) rc = locate(z, f->path, root, root_len, p, &places, err);
        if (!rc) rc = add_all(w, file, p, places, err);
        if (rc == WN_EINPUT && err && strncmp(err->msg, f->path, strlen(f->path)) != 0) (void)wn_err_prefix(err, "%s: ", f->path);
    }
    wn_pickle_free(p);
    wn_free(places);
    wn_free(data);
    return rc;
}

/* ---- stream: magic, protocol and system information, the object, the storage keys, then each storage ---- */

typedef struct {
    const wn_weight_file *f;
    const wn_pickle *object;
    place *places;
    size_t pos;
} stream;

static wn_code next_storage(void *ctx, const char *key, size_t n, wn_err *err) {
    stream *c = ctx;
    size_t count;
    const wn_pickle_storage *s = wn_pickle_storages(c->object, &count);
    size_t first = count;
    for (size_t i = count; i-- > 0;)
        if (s[i].key_len == n && memcmp(s[i].key, key, n) == 0) first = i;
    if (first == count) return wn_err_set(err, WN_EINPUT, "a storage that no tensor uses");
    uint64_t elements = 0, bytes;
    if (c->f->size - c->pos < 8) return wn_err_set(err, WN_EINPUT, "truncated before storage \"%.*s\"", (int)(n > 100 ? 100 : n), key);
    for (size_t i = 8; i-- > 0;) elements = elements << 8 | c->f->data[c->pos + i];
    c->pos += 8;
    if (__builtin_mul_overflow(elements, (uint64_t)s[first].element, &bytes) || bytes > c->f->size - c->pos)
        return wn_err_set(err, WN_EINPUT, "truncated in storage \"%.*s\"", (int)(n > 100 ? 100 : n), key);
    for (size_t i = 0; i < count; i++)
        if (s[i].key_len == n && memcmp(s[i].key, key, n) == 0)
            c->places[i] = (place){.zip_entry = -1, .offset = c->pos, .bytes = bytes};
    c->pos += (size_t)bytes;
    return WN_OK;
}

wn_code wn_torch_stream_parse(wn_weights *w, size_t file, wn_err *err) {
    enum { MAGIC, PROTOCOL, SYSTEM, OBJECT, KEYS, PARTS };
    const wn_weight_file *f = &w->files[file];
    w->container = "torch stream";
    wn_pickle *parts[PARTS] = {0};
    place *places = NULL;
    size_t pos = 0, n = 0;
    wn_code rc = WN_OK;
    for (int i = 0; !rc && i < PARTS; i++) rc = wn_pickle_run(&parts[i], f->data, f->size, &pos, err);
    if (!rc) {
        (void)wn_pickle_storages(parts[OBJECT], &n);
        places = wn_alloc(n, sizeof *places, err);
        rc = places ? WN_OK : WN_EMEMORY;
    }
    stream c = {.f = f, .object = parts[OBJECT], .places = places, .pos = pos};
    if (!rc) rc = wn_pickle_strings(parts[KEYS], next_storage, &c, err);
    if (!rc) rc = add_all(w, file, parts[OBJECT], places, err);
    if (rc == WN_EINPUT && err && strncmp(err->msg, f->path, strlen(f->path)) != 0) (void)wn_err_prefix(err, "%s: ", f->path);
    for (int i = 0; i < PARTS; i++) wn_pickle_free(parts[i]);
    wn_free(places);
    return rc;
}
