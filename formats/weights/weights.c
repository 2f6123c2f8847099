/* Opening a checkpoint, whatever its container, and reading tensors as f32. */
#include "weights_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wn/jsonfile.h>
#include <winnow/mem.h>
#include <zip.h>

enum { INDEX_MAX = 64 << 20 };

/* O_NONBLOCK: opening a named pipe must not wait for somebody who writes into it. */
static wn_code open_file(wn_weights *w, const char *path, wn_err *err) {
    wn_code code = wn_reserve((void **)&w->files, &w->files_cap, w->nfiles + 1, sizeof *w->files, err);
    if (code != WN_OK) return code;
    wn_weight_file f = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (f.fd < 0) return wn_err_errno(err, "%s", path);
    struct stat s;
    if (fstat(f.fd, &s) != 0) code = wn_err_errno(err, "%s", path);
    else if (!S_ISREG(s.st_mode)) code = wn_err_set(err, WN_EINPUT, "%s: not a file", path);
    else if (s.st_size < 16)
        code = wn_err_set(err, WN_EINPUT, "%s: %lld bytes are too few for a checkpoint", path, (long long)s.st_size);
    else if (!(f.path = wn_strndup(path, strlen(path), err))) code = WN_EMEMORY;
    if (code != WN_OK) goto out;
    f.size = (size_t)s.st_size;
    code = wn_weight_file_load(&f, 16, err);
out:
    if (code == WN_OK) w->files[w->nfiles++] = f;
    else wn_weight_file_close(&f);
    return code;
}

/* Containers are told by their first bytes, never by the name. A safetensors file may begin with any byte (the length
 * of its header), but only there is a brace at byte 8 behind a length that fits. */
static wn_code parse_file(wn_weights *w, size_t file, wn_err *err) {
    const wn_weight_file *f = &w->files[file];
    if (f->data[8] == '{' && f->data[7] == 0 && f->data[6] == 0) return wn_safetensors_parse(w, file, err);
    if (memcmp(f->data, "PK\3\4", 4) == 0) return wn_torch_zip_parse(w, file, err);
    if (f->data[0] == 0x80 && f->data[1] <= 5) return wn_torch_stream_parse(w, file, err);
    return wn_safetensors_parse(w, file, err);
}

static wn_code open_one(wn_weights *w, const char *path, wn_err *err) {
    wn_code code = open_file(w, path, err);
    return code != WN_OK ? code : parse_file(w, w->nfiles - 1, err);
}

static wn_code join(char **out, const char *folder, const char *name, wn_err *err) {
    size_t n = strlen(folder) + strlen(name) + 2;
    if (!(*out = wn_alloc(n, 1, err))) return WN_EMEMORY;
    (void)snprintf(*out, n, "%s/%s", folder, name);
    return WN_OK;
}

static bool already_open(const wn_weights *w, const char *path) {
    for (size_t i = 0; i < w->nfiles; i++)
        if (strcmp(w->files[i].path, path) == 0) return true;
    return false;
}

static wn_code open_shards(wn_weights *w, const char *folder, const cJSON *map, const char *index, wn_err *err) {
    wn_code code = WN_OK;
    const cJSON *shard;
    if (!cJSON_IsObject(map) || !map->child)
        return wn_err_set(err, WN_EINPUT, "%s: weight_map is absent or empty", index);
    cJSON_ArrayForEach(shard, map) {
        const char *name = cJSON_GetStringValue(shard);
        if (!name || !*name || strchr(name, '/'))
            return wn_err_set(err, WN_EINPUT, "%s: the shard of \"%s\" is not a file name", index, shard->string);
        char *path = NULL;
        code = join(&path, folder, name, err);
        if (code == WN_OK && !already_open(w, path)) code = open_one(w, path, err);
        wn_free(path);
        if (code != WN_OK) return code;
    }
    wn_weights_sort(w);
    cJSON_ArrayForEach(shard, map) {
        if (!wn_weights_find(w, shard->string))
            return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" is in none of the shards", index, shard->string);
    }
    return WN_OK;
}

static wn_code open_index(wn_weights *w, const char *folder, const char *name, const char *path, wn_err *err) {
    cJSON *json;
    wn_code code = wn_jsonfile_read(&json, folder, name, INDEX_MAX, true, err);
    if (code == WN_OK) code = open_shards(w, folder, cJSON_GetObjectItemCaseSensitive(json, "weight_map"), path, err);
    cJSON_Delete(json);
    return code;
}

static wn_code open_folder(wn_weights *w, const char *folder, wn_err *err) {
    static const struct {
        const char *name;
        bool index;
    } choices[] = {{"model.safetensors", false},
                   {"model.safetensors.index.json", true},
                   {"pytorch_model.bin", false},
                   {"pytorch_model.bin.index.json", true}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        char *path = NULL;
        wn_code code = join(&path, folder, choices[i].name, err);
        if (code != WN_OK) return code;
        bool there = access(path, F_OK) == 0;
        if (there)
            code = choices[i].index ? open_index(w, folder, choices[i].name, path, err) : open_one(w, path, err);
        wn_free(path);
        if (there) return code;
    }
    return wn_err_set(err, WN_EINPUT,
                      "%s: no model.safetensors or pytorch_model.bin (nor an index of shards) in this folder", folder);
}

wn_code wn_weights_open(wn_weights **out, const char *path, wn_err *err) {
    *out = NULL;
    struct stat s;
    if (stat(path, &s) != 0) return wn_err_errno(err, "%s", path);
    wn_weights *w = wn_alloc(1, sizeof *w, err);
    if (!w) return WN_EMEMORY;
    w->container = "safetensors";
    wn_code code = S_ISDIR(s.st_mode) ? open_folder(w, path, err) : open_one(w, path, err);
    if (code != WN_OK) goto out;
    if (w->n == 0) {
        code = wn_err_set(err, WN_EINPUT, "%s: holds no tensors", path);
        goto out;
    }
    wn_weights_sort(w);
    for (size_t i = 1; i < w->n; i++)
        if (strcmp(w->items[i - 1].pub.name, w->items[i].pub.name) == 0) {
            code = wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" is there twice", path, w->items[i].pub.name);
            goto out;
        }
out:
    if (code != WN_OK) wn_weights_close(w);
    else *out = w;
    return code;
}

void wn_weights_close(wn_weights *w) {
    if (!w) return;
    for (size_t i = 0; i < w->n; i++) wn_free((void *)w->items[i].pub.name);
    for (size_t i = 0; i < w->nfiles; i++) wn_weight_file_close(&w->files[i]);
    wn_free(w->items);
    wn_free(w->files);
    wn_free(w);
}

size_t wn_weights_count(const wn_weights *w) { return w->n; }
const wn_tensor *wn_weights_at(const wn_weights *w, size_t i) { return &w->items[i].pub; }
const char *wn_weights_path(const wn_weights *w) { return w->files[0].path; }
const char *wn_weights_container(const wn_weights *w) { return w->container; }

const wn_tensor *wn_weights_find(const wn_weights *w, const char *name) {
    const wn_weight_entry *e = wn_weights_among(w, w->n, name);
    return e ? &e->pub : NULL;
}

static float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 1023, bits;
    if (exponent == 31) bits = sign | 0x7f800000 | mantissa << 13;
    else if (exponent) bits = sign | (exponent + 112) << 23 | mantissa << 13;
    else { /* zero or subnormal: mantissa * 2^-24 is exact */
        float v = (float)mantissa * 0x1p-24f;
        memcpy(&bits, &v, 4);
        bits |= sign;
    }
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static float element(const unsigned char *p, wn_dtype d) {
    uint16_t h;
    uint32_t u;
    int32_t i;
    int64_t l;
    float f;
    double g;
    switch (d) {
    case WN_F32: memcpy(&f, p, 4); return f;
    case WN_F16: memcpy(&h, p, 2); return half_to_float(h);
    case WN_BF16:
        memcpy(&h, p, 2);
        u = (uint32_t)h << 16;
        memcpy(&f, &u, 4);
        return f;
    case WN_F64: memcpy(&g, p, 8); return (float)g;
    case WN_I8: return (float)(signed char)*p;
    case WN_I32: memcpy(&i, p, 4); return (float)i;
    case WN_I64: memcpy(&l, p, 8); return (float)l;
    case WN_OTHER: break;
    }
    return 0;
}

static bool contiguous(const wn_weight_entry *e) {
    uint64_t expect = 1;
    for (size_t i = e->pub.rank; i-- > 0; expect *= e->pub.shape[i])
        if (e->pub.shape[i] != 1 && e->stride[i] != expect) return false;
    return true;
}

static void gather(const wn_weight_entry *e, const unsigned char *storage, float *out) {
    size_t size = wn_dtype_size(e->pub.dtype);
    if (contiguous(e)) {
        const unsigned char *p = storage + e->first * size;
        if (e->pub.dtype == WN_F32) memcpy(out, p, e->pub.count * 4);
        else
            for (size_t i = 0; i < e->pub.count; i++) out[i] = element(p + i * size, e->pub.dtype);
        return;
    }
    size_t at[WN_RANK_MAX] = {0};
    uint64_t where = e->first;
    for (size_t i = 0; i < e->pub.count; i++) {
        out[i] = element(storage + where * size, e->pub.dtype);
        for (size_t a = e->pub.rank; a-- > 0;) {
            where += e->stride[a];
            if (++at[a] < e->pub.shape[a]) break;
            where -= e->stride[a] * e->pub.shape[a];
            at[a] = 0;
        }
    }
}

static wn_code read_zip(const wn_weight_file *f, const wn_weight_entry *e, void *storage, wn_err *err) {
    zip_file_t *z = zip_fopen_index(f->zip, (zip_uint64_t)e->zip_entry, 0);
    zip_int64_t got = z ? zip_fread(z, storage, e->bytes) : -1;
    if (z) (void)zip_fclose(z);
    if (got >= 0 && (uint64_t)got == e->bytes) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: the data of tensor \"%s\" cannot be read: %s", f->path, e->pub.name,
                      zip_strerror(f->zip));
}

/* Straight into the caller's numbers where the file holds them as they are wanted. */
static wn_code read_values(const wn_weights *w, const wn_tensor *t, float *out, wn_err *err) {
    const wn_weight_entry *e = (const wn_weight_entry *)t; /* pub is its first member */
    const wn_weight_file *f = &w->files[e->file];
    const size_t size = wn_dtype_size(t->dtype);
    if (t->count == 0) return WN_OK;
    if (e->zip_entry < 0 && t->dtype == WN_F32 && contiguous(e))
        return wn_weight_file_read(f, out, t->count * size, e->offset + e->first * size, err);
    if (e->zip_entry < 0 && f->loaded == f->size) {
        gather(e, f->data + e->offset, out);
        return WN_OK;
    }
    unsigned char *storage = wn_alloc((size_t)e->bytes, 1, err);
    if (!storage) return WN_EMEMORY;
    const wn_code code = e->zip_entry < 0 ? wn_weight_file_read(f, storage, (size_t)e->bytes, e->offset, err)
                                          : read_zip(f, e, storage, err);
    if (code == WN_OK) gather(e, storage, out);
    wn_free(storage);
    return code;
}

static wn_code refuse_dtype(const wn_weights *w, const wn_tensor *t, const char *wanted, wn_err *err) {
    const wn_weight_entry *e = (const wn_weight_entry *)t;
    return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" does not hold %s", w->files[e->file].path, t->name, wanted);
}

wn_code wn_weights_read(const wn_weights *w, const wn_tensor *t, float *out, wn_err *err) {
    const bool whole = t->dtype == WN_I8 || t->dtype == WN_I32 || t->dtype == WN_I64;
    if (whole || t->dtype == WN_OTHER) return refuse_dtype(w, t, "floating point numbers", err);
    return read_values(w, t, out, err);
}

wn_code wn_weights_read_whole(const wn_weights *w, const wn_tensor *t, float *out, wn_err *err) {
    const bool whole = t->dtype == WN_I8 || t->dtype == WN_I32 || t->dtype == WN_I64;
    return whole ? read_values(w, t, out, err) : refuse_dtype(w, t, "whole numbers", err);
}
