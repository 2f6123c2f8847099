#ifndef WINNOW_WEIGHTS_H
#define WINNOW_WEIGHTS_H
/* Named tensors of a model: safetensors (one file or sharded by an index), pytorch_model.bin (zip container or the
 * stream of torch < 1.6; a subset of pickle only). Files are kept open and read, not mapped: one that another program
 * shortens is an error, not the end of the process. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

typedef enum { WN_F32, WN_F16, WN_BF16, WN_F64, WN_I8, WN_I32, WN_I64, WN_OTHER } wn_dtype;
enum { WN_RANK_MAX = 8 };

typedef struct {
    const char *name; /* owned by the wn_weights */
    wn_dtype dtype;
    size_t rank, shape[WN_RANK_MAX];
    size_t count; /* product of shape */
} wn_tensor;

typedef struct wn_weights wn_weights;
/* `path`: a file, or a folder holding model.safetensors, model.safetensors.index.json, pytorch_model.bin or
 * pytorch_model.bin.index.json (in this order). Every offset, shape and stride is checked against the file here.
 * WN_EINPUT says what is wrong: truncated, overlapping or out-of-range data, an unsupported pickle opcode or class. */
wn_code wn_weights_open(wn_weights **out, const char *path, wn_err *err);
size_t wn_weights_count(const wn_weights *w);
const wn_tensor *wn_weights_at(const wn_weights *w, size_t i);
const wn_tensor *wn_weights_find(const wn_weights *w, const char *name); /* NULL if absent */
/* The values as f32 in row-major order, out[t->count]. Floating dtypes only. */
wn_code wn_weights_read(const wn_weights *w, const wn_tensor *t, float *out, wn_err *err);
/* The same for whole numbers: I8, I32 and I64 only, exact up to 2^24. */
wn_code wn_weights_read_whole(const wn_weights *w, const wn_tensor *t, float *out, wn_err *err);
const char *wn_weights_path(const wn_weights *w); /* of the first file */
const char *wn_weights_container(const wn_weights *w); /* "safetensors", "torch zip", "torch stream" */
void wn_weights_close(wn_weights *w);

/* One tensor to be written, as f32. */
typedef struct {
    const char *name;
    size_t rank, shape[WN_RANK_MAX];
    const float *data; /* [product of shape] row-major */
} wn_weights_item;
/* n tensors, in this order, as a safetensors file: whole or not at all; replaces a file that is there. Little-endian
 * machines only, as all of winnow. */
wn_code wn_weights_write(const char *path, const wn_weights_item *items, size_t n, wn_err *err);

#endif
