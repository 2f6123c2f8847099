/* A .npy matrix from a pipe: no seeking, no length. */
#include <winnow/store.h>

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>

#include "store.h"

struct wn_npy_pipe {
    const char *label;
    const char *path;
    int fd;
    bool regular;
    wn_npy npy;
    size_t done;        /* rows that were read */
    unsigned char *raw; /* one row */
};

/* *got < n only at the end. */
static wn_code read_bytes(wn_npy_pipe *p, void *out, size_t n, size_t *got, wn_err *err) {
    for (*got = 0; *got < n;) {
        size_t more = 0;
        wn_code code = wn_input_fd_read(p->fd, p->regular, (char *)out + *got, n - *got, &more, p->path, err);
        if (code != WN_OK || more == 0) return code;
        *got += more;
    }
    return WN_OK;
}

static wn_code cut(const wn_npy_pipe *p, const char *where, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s: truncated %s", p->label, where);
}

static wn_code read_head(wn_npy_pipe *p, wn_err *err) {
    static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    unsigned char head[12] = {0};
    size_t got = 0, more = 0, n = 0;
    wn_code code = read_bytes(p, head, 10, &got, err);
    if (code != WN_OK) return code;
    if (got == 0)
        return wn_err_set(err, WN_EINPUT, "%s holds no rows, nor the header of a .npy matrix: what writes it failed",
                          p->label);
    if (got < sizeof magic || memcmp(head, magic, sizeof magic) != 0)
        return wn_err_set(err, WN_EINPUT, "%s is no .npy matrix: np.save(file, a.astype(\"float32\")) writes one",
                          p->label);
    if (got == 10 && head[6] != 1) code = read_bytes(p, head + 10, 2, &more, err);
    if (code != WN_OK) return code;
    if (got < 10 || (head[6] != 1 && more < 2)) return cut(p, "within the .npy header", err);
    if ((code = wn_npy_prefix(&p->npy, head, &n, p->label, err)) != WN_OK) return code;
    char *text = wn_alloc(n + 1, 1, err);
    if (!text) return WN_EMEMORY;
    if ((code = read_bytes(p, text, n, &got, err)) == WN_OK)
        code = got < n ? cut(p, "within the .npy header", err) : wn_npy_header(&p->npy, text, p->label, err);
    wn_free(text);
    if (code == WN_OK && p->npy.fortran)
        code = wn_err_set(err, WN_EINPUT,
                          "%s: column after column (fortran_order), so no row is there before the end; save "
                          "np.ascontiguousarray(a)",
                          p->label);
    return code;
}

wn_code wn_npy_pipe_open(wn_npy_pipe **out, const char *path, wn_err *err) {
    wn_npy_pipe *p = wn_alloc(1, sizeof *p, err);
    if (!p) return WN_EMEMORY;
    *p = (wn_npy_pipe){.path = path, .label = wn_path_label(path), .fd = -1};
    wn_code code = wn_input_fd_open(&p->fd, &p->regular, path, err);
    if (code == WN_OK) code = read_head(p, err);
    if (code == WN_OK && !(p->raw = wn_alloc(p->npy.cols, p->npy.cell.size, err))) code = WN_EMEMORY;
    if (code != WN_OK)
        wn_npy_pipe_close(p);
    else
        *out = p;
    return code;
}

size_t wn_npy_pipe_rows(const wn_npy_pipe *p) {
    return p->npy.rows;
}

size_t wn_npy_pipe_cols(const wn_npy_pipe *p) {
    return p->npy.cols;
}

wn_code wn_npy_pipe_read(wn_npy_pipe *p, size_t n, float *out, size_t stride, wn_err *err) {
    const size_t row = p->npy.cols * p->npy.cell.size;
    for (size_t i = 0; i < n; i++) {
        size_t got = 0;
        wn_code code = read_bytes(p, p->raw, row, &got, err);
        if (code != WN_OK) return code;
        if (got < row)
            return wn_err_set(err, WN_EINPUT, "%s: truncated: %zu rows of data where the header says %zu", p->label,
                              p->done, p->npy.rows);
        wn_floats_decode(p->raw, p->npy.cell, p->npy.cell.size, p->npy.cols, out + i * stride);
        const size_t bad = wn_floats_nonfinite(out + i * stride, p->npy.cols);
        if (bad < p->npy.cols)
            return wn_err_set(err, WN_EINPUT, "%s: row %zu, column %zu is %s; remove such rows or replace the values",
                              p->label, p->done, bad,
                              isnan(out[i * stride + bad]) ? "NaN" : "infinite or beyond 32-bit floats");
        p->done++;
    }
    if (p->done < p->npy.rows) return WN_OK;
    unsigned char more;
    size_t got = 0;
    wn_code code = read_bytes(p, &more, 1, &got, err);
    if (code != WN_OK || got == 0) return code;
    return wn_err_set(err, WN_EINPUT, "%s: more follows the matrix, (%zu, %zu); save the array alone", p->label,
                      p->npy.rows, p->npy.cols);
}

void wn_npy_pipe_close(wn_npy_pipe *p) {
    if (!p) return;
    if (p->fd >= 0) wn_input_fd_close(p->fd);
    wn_free(p->raw);
    wn_free(p);
}
