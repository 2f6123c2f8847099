/* NumPy's .npy files, versions 1 to 3: a header that is a Python literal, then the elements.
 * Source: numpy.lib.format, "Format Version 1.0" to "3.0". */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

#include "store.h"

enum { HEADER_MAX = 1 << 20, READ_BYTES = 1 << 20 };

static const unsigned char MAGIC[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* Reads exactly n bytes; 0 if the file ends before, -1 with errno on failure. */
static int read_at(int fd, void *out, size_t n, unsigned long long at) {
    char *p = out;
    while (n) {
        ssize_t got = pread(fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 ? -1 : 0;
        p += got;
        at += (unsigned long long)got;
        n -= (size_t)got;
    }
    return 1;
}

bool wn_npy_probe(const char *path) {
    unsigned char head[sizeof MAGIC];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool is = read_at(fd, head, sizeof head, 0) == 1 && memcmp(head, MAGIC, sizeof head) == 0;
    (void)close(fd);
    return is;
}

/* ---- the header: {'descr': '<f4', 'fortran_order': False, 'shape': (10, 3), } ---- */

static const char *skip_space(const char *p) {
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') p++;
    return p;
}

/* A quoted string without escapes into out; NULL if there is none. */
static const char *parse_string(const char *p, char *out, size_t size) {
    char quote = *p;
    if (quote != '\'' && quote != '"') return NULL;
    const char *end = strchr(++p, quote);
    if (!end || (size_t)(end - p) >= size) return NULL;
    memcpy(out, p, (size_t)(end - p));
    out[end - p] = 0;
    return end + 1;
}

/* "(10, 3)" with at most 8 numbers; *rank counts them. */
static const char *parse_shape(const char *p, unsigned long long *dims, int *rank) {
    if (*p++ != '(') return NULL;
    for (*rank = 0;;) {
        p = skip_space(p);
        if (*p == ')') return p + 1;
        if (*rank == 8 || *p < '0' || *p > '9') return NULL;
        char *end = NULL;
        errno = 0;
        dims[(*rank)++] = strtoull(p, &end, 10);
        if (errno) return NULL;
        p = skip_space(*end == 'L' ? end + 1 : end); /* Python 2 wrote 10L */
        if (*p == ',') p++;
        else if (*p != ')') return NULL;
    }
}

typedef struct {
    char descr[32], odd[32]; /* odd: a descr that is no string, its beginning */
    bool fortran, has_descr, has_order, has_shape;
    unsigned long long dims[8];
    int rank;
} header;

static bool parse_header(const char *text, header *out) {
    char key[32];
    const char *p = skip_space(text);
    if (*p++ != '{') return false;
    for (;;) {
        p = skip_space(p);
        if (*p == '}') return out->has_order && out->has_shape && out->has_descr;
        p = parse_string(p, key, sizeof key);
        if (!p) return false;
        p = skip_space(p);
        if (*p++ != ':') return false;
        p = skip_space(p);
        if (strcmp(key, "descr") == 0) {
            if (*p == '[') { /* a structured type: nothing that follows matters */
                (void)snprintf(out->odd, sizeof out->odd, "%s", p);
                return true;
            }
            p = parse_string(p, out->descr, sizeof out->descr);
            out->has_descr = p != NULL;
        } else if (strcmp(key, "fortran_order") == 0) {
            out->fortran = strncmp(p, "True", 4) == 0;
            if (!out->fortran && strncmp(p, "False", 5) != 0) return false;
            p += out->fortran ? 4 : 5;
            out->has_order = true;
        } else if (strcmp(key, "shape") == 0) {
            p = parse_shape(p, out->dims, &out->rank);
            out->has_shape = p != NULL;
        } else {
            return false;
        }
        if (!p) return false;
        p = skip_space(p);
        if (*p == ',') p++;
    }
}

/* "64-bit integers" of "<i8"; what numpy calls its types. */
static const char *type_words(const char *d, char room[48]) {
    static const struct {
        char kind;
        const char *words;
    } known[] = {{'f', "floats"},           {'i', "integers"}, {'u', "unsigned integers"}, {'c', "complex numbers"},
                 {'b', "booleans"},         {'S', "strings"},  {'U', "strings"},           {'M', "dates"},
                 {'m', "lengths of time"},  {'V', "raw bytes"}};
    const char *words = "an unknown type";
    for (size_t i = 0; d[0] && i < sizeof known / sizeof known[0]; i++)
        if (d[1] == known[i].kind) words = known[i].words;
    bool number = d[0] && d[1] && strchr("fiuc", d[1]);
    long size = number ? strtol(d + 2, NULL, 10) : 0;
    if (size > 0 && size <= 64) (void)snprintf(room, 48, "%ld-bit %s", 8 * size, words);
    else (void)snprintf(room, 48, "%s", words);
    return room;
}

static bool cell_of(const char *d, wn_cell *cell) {
    if (!d[0] || !strchr("<>=|", d[0]) || !d[1] || !d[2] || d[3]) return false;
    bool real = d[1] == 'f' && strchr("248", d[2]), small = strchr("iu", d[1]) && d[2] == '1';
    *cell = (wn_cell){.size = (size_t)(d[2] - '0'), .big_endian = d[0] == '>', .is_signed = d[1] == 'i'};
    return real || small;
}

/* The matrix must be all there is behind the header: np.save to one open file twice leaves two arrays in it. */
static wn_code accept_length(const wn_npy *f, const char *path, unsigned long long bytes, wn_err *err) {
    unsigned char head[sizeof MAGIC];
    unsigned long long there = f->file_size < f->data ? 0 : f->file_size - f->data;
    if (bytes > there)
        return wn_err_set(err, WN_EINPUT, "%s: truncated: %llu bytes of data where (%zu, %zu) needs %llu", path, there,
                          f->rows, f->cols, bytes);
    if (bytes == there) return WN_OK;
    if (read_at(f->fd, head, sizeof head, f->data + bytes) == 1 && memcmp(head, MAGIC, sizeof head) == 0)
        return wn_err_set(err, WN_EINPUT,
                          "%s: another array follows the first, (%zu, %zu): save them as one, with np.concatenate, or "
                          "in files of their own",
                          path, f->rows, f->cols);
    return wn_err_set(err, WN_EINPUT, "%s: %llu bytes follow the matrix, (%zu, %zu); save the array again, alone", path,
                      there - bytes, f->rows, f->cols);
}

/* What the header says into f, or what winnow cannot read of it. */
static wn_code accept_header(wn_npy *f, const char *path, const header *hd, wn_err *err) {
    const char *d = hd->descr;
    unsigned long long cells = 0, bytes = 0;
    char words[48];
    if (hd->odd[0])
        return wn_err_set(err, WN_EINPUT, "%s: holds records (%s...); " WN_FLOATS_REMEDY, path, hd->odd);
    if (strchr(d, 'O'))
        return wn_err_set(err, WN_EINPUT, "%s: holds Python objects; save it with a.astype(\"float32\")", path);
    if (!cell_of(d, &f->cell))
        return wn_err_set(err, WN_EINPUT, "%s: holds %s ('%s'); " WN_FLOATS_REMEDY, path, type_words(d, words), d);
    if (hd->rank != 2)
        return wn_err_set(err, WN_EINPUT, "%s: has %d dimension%s; 2 are wanted, [rows, columns]", path, hd->rank,
                          hd->rank == 1 ? "" : "s");
    f->fortran = hd->fortran;
    if (hd->dims[1] == 0) return wn_err_set(err, WN_EINPUT, "%s: has no columns", path);
    if (__builtin_mul_overflow(hd->dims[0], hd->dims[1], &cells) ||
        __builtin_mul_overflow(cells, f->cell.size, &bytes) || bytes > SIZE_MAX / 64)
        return wn_err_set(err, WN_EINPUT, "%s: the header claims an impossible shape (%llu, %llu)", path, hd->dims[0],
                          hd->dims[1]);
    f->rows = (size_t)hd->dims[0];
    f->cols = (size_t)hd->dims[1];
    return WN_OK;
}

wn_code wn_npy_prefix(wn_npy *f, const unsigned char head[12], size_t *length, const char *path, wn_err *err) {
    f->version = head[6];
    if (f->version < 1 || f->version > 3)
        return wn_err_set(err, WN_EINPUT, "%s: .npy version %u.%u is not known (1 to 3 are)", path, head[6], head[7]);
    *length = (size_t)head[8] | (size_t)head[9] << 8;
    if (f->version > 1) *length |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
    if (*length <= HEADER_MAX) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: a .npy header of %zu bytes is not credible", path, *length);
}

wn_code wn_npy_header(wn_npy *f, const char *text, const char *path, wn_err *err) {
    header hd = {.rank = 0};
    if (!parse_header(text, &hd)) return wn_err_set(err, WN_EINPUT, "%s: broken .npy header: %.60s", path, text);
    return accept_header(f, path, &hd, err);
}

static wn_code read_header(wn_npy *f, const char *path, wn_err *err) {
    unsigned char head[12] = {0};
    struct stat st;
    size_t n = 0;
    if (fstat(f->fd, &st) != 0) return wn_err_errno(err, "%s: cannot stat", path);
    f->file_size = (unsigned long long)st.st_size;
    int got = read_at(f->fd, head, 10, 0);
    size_t prefix = head[6] == 1 ? 10 : 12;
    if (got == 1 && prefix == 12) got = read_at(f->fd, head, 12, 0);
    if (got < 0) return wn_err_errno(err, "%s: cannot read", path);
    if (got == 0) return wn_err_set(err, WN_EINPUT, "%s: truncated within the .npy header", path);
    wn_code code = wn_npy_prefix(f, head, &n, path, err);
    if (code != WN_OK) return code;
    f->data = prefix + n;
    char *text = wn_alloc(n + 1, 1, err);
    if (!text) return WN_EMEMORY;
    got = read_at(f->fd, text, n, prefix);
    if (got < 0) code = wn_err_errno(err, "%s: cannot read", path);
    else if (got == 0) code = wn_err_set(err, WN_EINPUT, "%s: truncated within the .npy header", path);
    else code = wn_npy_header(f, text, path, err);
    if (code == WN_OK) code = accept_length(f, path, (unsigned long long)f->rows * f->cols * f->cell.size, err);
    wn_free(text);
    return code;
}

wn_code wn_npy_open_fd(wn_npy *f, int fd, const char *name, wn_err *err) {
    *f = (wn_npy){.fd = fd};
    wn_code code = read_header(f, name, err);
    if (code != WN_OK) wn_npy_close(f);
    return code;
}

wn_code wn_npy_open(wn_npy *f, const char *path, wn_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *f = (wn_npy){.fd = -1};
    return fd < 0 ? wn_err_errno(err, "%s: cannot open", path) : wn_npy_open_fd(f, fd, path, err);
}

void wn_npy_close(wn_npy *f) {
    if (f->fd >= 0) (void)close(f->fd);
    f->fd = -1;
}

static wn_code read_piece(const wn_npy *f, const char *path, void *raw, size_t n, unsigned long long at, wn_err *err) {
    int got = read_at(f->fd, raw, n, at);
    if (got < 0) return wn_err_errno(err, "%s: cannot read", path);
    if (got == 0) return wn_err_set(err, WN_EIO, "%s: became shorter while it was read", path);
    return WN_OK;
}

/* What a reading works with: bytes of the file, and a column of them decoded (fortran order only). */
typedef struct {
    const wn_npy *f;
    const char *path;
    unsigned char *raw; /* [block] rows, or elements of a column */
    float *column;      /* [block] */
} npy_reading;

/* Columns follow one another: each gives a run of `n` elements, which go `stride` floats apart. */
static wn_code read_fortran(const npy_reading *r, size_t begin, size_t n, float *out, size_t stride, wn_err *err) {
    const wn_npy *f = r->f;
    for (size_t j = 0; j < f->cols; j++) {
        unsigned long long at = f->data + ((unsigned long long)j * f->rows + begin) * f->cell.size;
        wn_code code = read_piece(f, r->path, r->raw, n * f->cell.size, at, err);
        if (code != WN_OK) return code;
        wn_floats_decode(r->raw, f->cell, f->cell.size, n, r->column);
        for (size_t i = 0; i < n; i++) out[i * stride + j] = r->column[i];
    }
    return WN_OK;
}

static wn_code read_c_order(const npy_reading *r, size_t begin, size_t n, float *out, size_t stride, wn_err *err) {
    const wn_npy *f = r->f;
    size_t row = f->cols * f->cell.size;
    wn_code code = read_piece(f, r->path, r->raw, n * row, f->data + (unsigned long long)begin * row, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < n; i++)
        wn_floats_decode(r->raw + i * row, f->cell, f->cell.size, f->cols, out + i * stride);
    return WN_OK;
}

wn_code wn_npy_read(const wn_npy *f, const char *path, size_t begin, size_t n, float *out, size_t stride, wn_err *err) {
    size_t unit = f->fortran ? f->cell.size : f->cols * f->cell.size;
    size_t block = unit < READ_BYTES ? READ_BYTES / unit : 1;
    if (block > n) block = n;
    npy_reading r = {.f = f, .path = path};
    wn_code code = WN_EMEMORY;
    if (!(r.raw = wn_alloc(block, unit, err))) goto out;
    if (f->fortran && !(r.column = wn_alloc(block, sizeof *r.column, err))) goto out;
    code = WN_OK;
    for (size_t at = 0; at < n; at += block) {
        size_t m = n - at < block ? n - at : block;
        if ((code = wn_tick(NULL, "read", "rows", begin + at, f->rows, err)) != WN_OK) goto out;
        code = f->fortran ? read_fortran(&r, begin + at, m, out + at * stride, stride, err)
                          : read_c_order(&r, begin + at, m, out + at * stride, stride, err);
        if (code != WN_OK) goto out;
    }
out:
    wn_free(r.column);
    wn_free(r.raw);
    return code;
}
