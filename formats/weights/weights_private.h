#ifndef WEIGHTS_PRIVATE_H
#define WEIGHTS_PRIVATE_H
/* What the readers of the single containers share. */
#include <stdint.h>
#include <winnow/err.h>
#include <wn/weights.h>

/* Where a tensor's elements are: in a file, or in an entry of a zip container. */
typedef struct {
    wn_tensor pub;
    size_t file;                  /* index into wn_weights.files */
    int64_t zip_entry;            /* -1: none, the file itself */
    uint64_t offset, bytes;       /* of the storage: where in the file (0 for zip), its size */
    uint64_t first;               /* element of the storage where the tensor starts */
    uint64_t stride[WN_RANK_MAX]; /* elements */
} wn_weight_entry;

typedef struct {
    char *path;
    int fd;
    unsigned char *data; /* [loaded] its first bytes: 16, or as many as wn_weight_file_load was asked for */
    size_t loaded, size;
    void *zip; /* zip_t *, torch zip containers only */
} wn_weight_file;
/* n bytes from byte `from` on. WN_EINPUT where another program has shortened the file since it was opened. */
wn_code wn_weight_file_read(const wn_weight_file *f, void *out, size_t n, uint64_t from, wn_err *err);
void wn_weight_file_close(wn_weight_file *f);
/* Makes the first n bytes (at most f->size) what f->data holds. */
wn_code wn_weight_file_load(wn_weight_file *f, size_t n, wn_err *err);

struct wn_weights {
    wn_weight_entry *items; /* sorted by name once open */
    size_t n, cap;
    wn_weight_file *files;
    size_t nfiles, files_cap;
    const char *container;
};

size_t wn_dtype_size(wn_dtype d); /* 0 for WN_OTHER */

/* Adds an entry: copies the name, checks that every element lies inside the storage. `storage_elements` bounds it. */
wn_code wn_weights_add(wn_weights *w, const wn_weight_entry *e, const char *name, size_t name_len,
                       uint64_t storage_elements, wn_err *err);

void wn_weights_sort(wn_weights *w); /* by name */
/* The one called `name` of the first n, which are sorted, or NULL. */
const wn_weight_entry *wn_weights_among(const wn_weights *w, size_t n, const char *name);

/* Each adds the tensors of w->files[file] (already open). */
wn_code wn_safetensors_parse(wn_weights *w, size_t file, wn_err *err);
wn_code wn_torch_zip_parse(wn_weights *w, size_t file, wn_err *err);
wn_code wn_torch_stream_parse(wn_weights *w, size_t file, wn_err *err);

/* ---- the pickle subset ---- */
typedef struct {
    wn_dtype dtype;
    size_t element; /* bytes an element */
    const char *key;
    size_t key_len;
    uint64_t elements;
    uint64_t view; /* first element of a view into the root storage (old streams) */
} wn_pickle_storage;

typedef struct {
    const char *name;
    size_t name_len;
    size_t storage; /* index into storages */
    uint64_t first;
    size_t rank;
    uint64_t shape[WN_RANK_MAX], stride[WN_RANK_MAX];
} wn_pickle_tensor;

typedef struct wn_pickle wn_pickle;
/* Runs one pickle at data[*pos], moves *pos behind its STOP. The object stays inside `p`; strings point into `data`. */
wn_code wn_pickle_run(wn_pickle **p, const unsigned char *data, size_t size, size_t *pos, wn_err *err);
void wn_pickle_free(wn_pickle *p);
const wn_pickle_storage *wn_pickle_storages(const wn_pickle *p, size_t *n);
/* Calls `visit` for every tensor of the top-level dictionary (one level of nesting under "state_dict" or "model" is
 * looked into; other values are passed over). */
typedef wn_code (*wn_pickle_visit)(void *ctx, const wn_pickle_tensor *t, wn_err *err);
wn_code wn_pickle_tensors(const wn_pickle *p, wn_pickle_visit visit, void *ctx, wn_err *err);
/* The boolean under `name` of the top dictionary, or `absent`. */
bool wn_pickle_flag(const wn_pickle *p, const char *name, bool absent);
/* The top object as a list of strings (the storage keys of an old stream); WN_EINPUT if it is not one. */
wn_code wn_pickle_strings(const wn_pickle *p, wn_code (*visit)(void *ctx, const char *s, size_t n, wn_err *err),
                          void *ctx, wn_err *err);

#endif
