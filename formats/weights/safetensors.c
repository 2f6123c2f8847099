/* The safetensors container: u64 header length, a JSON header, one buffer. */
#include "weights_private.h"

#include <stdlib.h>
#include <string.h>
#include <wn/jsonfile.h>
#include <winnow/mem.h>

enum { HEADER_MAX = 100 * 1000 * 1000 };

static const struct {
    const char *name;
    wn_dtype dtype;
    size_t size;
} dtypes[] = {{"F32", WN_F32, 4},    {"F16", WN_F16, 2},       {"BF16", WN_BF16, 2},    {"F64", WN_F64, 8},
              {"I64", WN_I64, 8},    {"I32", WN_I32, 4},     {"I16", WN_OTHER, 2},    {"I8", WN_I8, 1},
              {"U8", WN_OTHER, 1},   {"U16", WN_OTHER, 2},     {"U32", WN_OTHER, 4},    {"U64", WN_OTHER, 8},
              {"BOOL", WN_OTHER, 1}, {"F8_E4M3", WN_OTHER, 1}, {"F8_E5M2", WN_OTHER, 1}};

static const unsigned long long WHOLE_MAX = 1ull << 53;

typedef struct {
    uint64_t begin, end;
} span;

static int by_begin(const void *a, const void *b) {
    const span *x = a, *y = b;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1) : (x->end > y->end) - (x->end < y->end);
}

static wn_code read_shape(wn_weight_entry *e, const cJSON *shape, const char *path, const char *name, wn_err *err) {
    if (!cJSON_IsArray(shape)) return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" has no shape", path, name);
    const cJSON *side;
    cJSON_ArrayForEach(side, shape) {
        unsigned long long v;
        if (e->pub.rank == WN_RANK_MAX || !wn_jsonfile_whole(side, WHOLE_MAX, &v))
            return wn_err_set(err, WN_EINPUT, "%s: the shape of tensor \"%s\" is not a list of at most %d sizes", path,
                              name, WN_RANK_MAX);
        e->pub.shape[e->pub.rank++] = (size_t)v;
    }
    uint64_t stride = 1;
    for (size_t i = e->pub.rank; i-- > 0;) {
        e->stride[i] = stride;
        if (__builtin_mul_overflow(stride, (uint64_t)e->pub.shape[i], &stride))
            return wn_err_set(err, WN_EINPUT, "%s: the shape of tensor \"%s\" overflows", path, name);
    }
    e->pub.count = (size_t)stride;
    return WN_OK;
}

static wn_code add_item(wn_weights *w, size_t file, const cJSON *item, uint64_t buffer, uint64_t buffer_size, span *at,
                   wn_err *err) {
    const char *path = w->files[file].path, *name = item->string;
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "dtype"));
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    wn_weight_entry e = {.file = file, .zip_entry = -1, .pub = {.dtype = WN_OTHER}};
    size_t size = 0;
    for (size_t i = 0; dtype && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtype, dtypes[i].name) == 0) e.pub.dtype = dtypes[i].dtype, size = dtypes[i].size;
    if (!size)
        return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" has the unknown dtype \"%s\"", path, name,
                          dtype ? dtype : "");
    wn_code code = read_shape(&e, cJSON_GetObjectItemCaseSensitive(item, "shape"), path, name, err);
    if (code != WN_OK) return code;
    unsigned long long begin, end;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !wn_jsonfile_whole(cJSON_GetArrayItem(offsets, 0), WHOLE_MAX, &begin) ||
        !wn_jsonfile_whole(cJSON_GetArrayItem(offsets, 1), WHOLE_MAX, &end) || begin > end)
        return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" has no data_offsets of a beginning and an end", path,
                          name);
    if (end > buffer_size)
        return wn_err_set(err, WN_EINPUT, "%s: truncated: tensor \"%s\" ends at data byte %llu, and %llu are there",
                          path, name, end, (unsigned long long)buffer_size);
    *at = (span){begin, end};
    uint64_t bytes;
    if (__builtin_mul_overflow((uint64_t)e.pub.count, (uint64_t)size, &bytes) || bytes != at->end - at->begin)
        return wn_err_set(err, WN_EINPUT,
                          "%s: tensor \"%s\" has %llu bytes of data, and its shape and dtype want another number", path,
                          name, (unsigned long long)(at->end - at->begin));
    e.offset = buffer + at->begin;
    e.bytes = bytes;
    return wn_weights_add(w, &e, name, strlen(name), e.pub.count, err);
}

/* Weights that are tied are stored once; the metadata says under which name the others are found: "other": "stored".
 * Values that name no tensor ("format": "pt") say something else. */
static wn_code add_aliases(wn_weights *w, size_t file, const cJSON *metadata, wn_err *err) {
    wn_weights_sort(w);
    const size_t n = w->n;
    const cJSON *v;
    cJSON_ArrayForEach(v, metadata) {
        const char *stored = cJSON_GetStringValue(v);
        const wn_weight_entry *e = stored && v->string ? wn_weights_among(w, n, stored) : NULL;
        if (!e || e->file != file || wn_weights_among(w, n, v->string)) continue;
        const wn_weight_entry other = *e;
        const wn_code code = wn_weights_add(w, &other, v->string, strlen(v->string), other.pub.count, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code parse_header(wn_weights *w, size_t file, const cJSON *json, uint64_t header, wn_err *err) {
    const wn_weight_file *f = &w->files[file];
    uint64_t buffer = 8 + header, buffer_size = f->size - buffer, reached = 0;
    size_t n = 0, cap = (size_t)cJSON_GetArraySize(json);
    span *spans = wn_alloc(cap, sizeof *spans, err);
    if (!spans) return WN_EMEMORY;
    wn_code code = WN_OK;
    const cJSON *item;
    cJSON_ArrayForEach(item, json) {
        if (strcmp(item->string, "__metadata__") == 0) continue;
        if ((code = add_item(w, file, item, buffer, buffer_size, &spans[n++], err)) != WN_OK) goto out;
    }
    qsort(spans, n, sizeof *spans, by_begin);
    for (size_t i = 0; i < n; i++) {
        if (spans[i].begin != reached) {
            code = wn_err_set(err, WN_EINPUT, "%s: tensors %s at data byte %llu", f->path,
                            spans[i].begin < reached ? "overlap" : "leave a hole", (unsigned long long)spans[i].begin);
            goto out;
        }
        reached = spans[i].end;
    }
    if (reached != buffer_size)
        code = wn_err_set(err, WN_EINPUT, "%s: has %llu data bytes, and its tensors fill %llu", f->path,
                        (unsigned long long)buffer_size, (unsigned long long)reached);
    else code = add_aliases(w, file, cJSON_GetObjectItemCaseSensitive(json, "__metadata__"), err);
out:
    wn_free(spans);
    return code;
}

wn_code wn_safetensors_parse(wn_weights *w, size_t file, wn_err *err) {
    wn_weight_file *f = &w->files[file];
    uint64_t header = 0;
    for (int i = 7; i >= 0; i--) header = header << 8 | f->data[i];
    if (f->size >= 12 && memcmp(f->data, "version http", 12) == 0)
        return wn_err_set(err, WN_EINPUT, "%s: a Git LFS pointer, not the weights: fetch them with \"git lfs pull\"",
                          f->path);
    if (header < 2 || f->data[8] != '{')
        return wn_err_set(err, WN_EINPUT, "%s: neither safetensors nor a PyTorch checkpoint", f->path);
    if (header > HEADER_MAX)
        return wn_err_set(err, WN_EINPUT, "%s: a header of %llu bytes is beyond the format's bound of 100 MB", f->path,
                          (unsigned long long)header);
    if (header > f->size - 8)
        return wn_err_set(err, WN_EINPUT, "%s: truncated: the header needs %llu bytes, and %zu are there", f->path,
                          (unsigned long long)header, f->size - 8);
    cJSON *json;
    wn_code code = wn_weight_file_load(f, 8 + (size_t)header, err);
    if (code != WN_OK) return code;
    code = wn_jsonfile_parse(&json, (const char *)f->data + 8, (size_t)header, f->path, err);
    if (code == WN_OK) code = parse_header(w, file, json, header, err);
    cJSON_Delete(json);
    return code;
}
