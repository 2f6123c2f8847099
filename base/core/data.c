#include <winnow/data.h>

#include <stdint.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/paged.h>

wn_code wn_mat_init_in(wn_mat *m, size_t rows, size_t cols, const char *folder, wn_err *err) {
    *m = (wn_mat){0};
    if (cols > SIZE_MAX - 15)
        return wn_err_set(err, WN_EMEMORY, "a row of %zu columns exceeds the address space", cols);
    size_t stride = (cols + 15) / 16 * 16, cells = 0;
    if (__builtin_mul_overflow(rows, stride, &cells))
        return wn_err_set(err, WN_EMEMORY, "a %zu x %zu matrix exceeds the address space", rows, cols);
    float *data = folder ? wn_paged_alloc(cells, sizeof *data, folder, err) : wn_alloc(cells, sizeof *data, err);
    if (!data) return err->code;
    *m = (wn_mat){.data = data, .rows = rows, .cols = cols, .stride = stride};
    return WN_OK;
}

wn_code wn_mat_init(wn_mat *m, size_t rows, size_t cols, wn_err *err) {
    return wn_mat_init_in(m, rows, cols, NULL, err);
}

wn_code wn_mat_init_like(wn_mat *m, size_t rows, size_t cols, const wn_mat *like, wn_err *err) {
    return wn_mat_init_in(m, rows, cols, wn_paged_folder(like->data), err);
}

void wn_mat_free(wn_mat *m) {
    if (!m) return;
    if (!wn_paged_free(m->data)) wn_free(m->data);
    *m = (wn_mat){0};
}

void wn_strings_free(wn_strings *s) {
    if (!s) return;
    wn_free(s->base);
    wn_free(s->off);
    *s = (wn_strings){0};
}

wn_code wn_strings_join(wn_strings *out, const wn_texts *a, const wn_texts *b, wn_err *err) {
    const size_t first = a->n ? (size_t)(a->off[a->n] - a->off[0]) : 0;
    const size_t second = b->n ? (size_t)(b->off[b->n] - b->off[0]) : 0;
    wn_strings s = {.base = wn_alloc(first + second, 1, err), .off = wn_alloc(a->n + b->n + 1, sizeof *s.off, err)};
    if (!s.base || !s.off) {
        wn_strings_free(&s);
        return WN_EMEMORY;
    }
    if (first) memcpy(s.base, a->base + a->off[0], first);
    if (second) memcpy(s.base + first, b->base + b->off[0], second);
    for (size_t i = 1; i <= a->n; i++) s.off[i] = a->off[i] - a->off[0];
    for (size_t i = 1; i <= b->n; i++) s.off[a->n + i] = first + (b->off[i] - b->off[0]);
    s.view = (wn_texts){s.base, s.off, a->n + b->n};
    *out = s;
    return WN_OK;
}

void wn_csr_free(wn_csr *g) {
    if (!g) return;
    wn_free(g->indptr);
    wn_free(g->indices);
    wn_free(g->data);
    *g = (wn_csr){0};
}
