/* The list of tensors that every container fills. */
#include "weights_private.h"

#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { NAME_SHOWN = 100 };

size_t wn_dtype_size(wn_dtype d) {
    static const size_t sizes[] = {
        [WN_F32] = 4, [WN_F16] = 2, [WN_BF16] = 2, [WN_F64] = 8,
        [WN_I8] = 1,  [WN_I32] = 4, [WN_I64] = 8,  [WN_OTHER] = 0};
    return sizes[d];
}

wn_code wn_weights_add(wn_weights *w, const wn_weight_entry *e, const char *name, size_t name_len,
                       uint64_t storage_elements, wn_err *err) {
    wn_code code = wn_reserve((void **)&w->items, &w->cap, w->n + 1, sizeof *w->items, err);
    if (code != WN_OK) return code;
    const char *path = w->files[e->file].path;
    int shown = (int)(name_len < NAME_SHOWN ? name_len : NAME_SHOWN);
    if (memchr(name, 0, name_len)) return wn_err_set(err, WN_EINPUT, "%s: a tensor name holds a zero byte", path);
    uint64_t count = 1, last = e->first;
    bool empty = false;
    for (size_t i = 0; i < e->pub.rank; i++) {
        uint64_t reach = 0;
        bool over = __builtin_mul_overflow(count, (uint64_t)e->pub.shape[i], &count);
        if (e->pub.shape[i] == 0) empty = true;
        else
            over |= __builtin_mul_overflow((uint64_t)e->pub.shape[i] - 1, e->stride[i], &reach) ||
                    __builtin_add_overflow(last, reach, &last);
        if (over) return wn_err_set(err, WN_EINPUT, "%s: the shape of tensor \"%.*s\" overflows", path, shown, name);
    }
    if (empty) count = 0;
    /* a shape may repeat elements (stride 0), but not so often that reading it would exhaust the memory */
    if (!empty && (last >= storage_elements || count > storage_elements))
        return wn_err_set(err, WN_EINPUT, "%s: tensor \"%.*s\" reaches beyond its data (%llu elements; there are %llu)",
                          path, shown, name, (unsigned long long)(last >= count ? last + 1 : count),
                          (unsigned long long)storage_elements);
    wn_weight_entry *slot = &w->items[w->n];
    *slot = *e;
    slot->pub.count = (size_t)count;
    if (!(slot->pub.name = wn_strndup(name, name_len, err))) return WN_EMEMORY;
    w->n++;
    return WN_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const wn_weight_entry *)a)->pub.name, ((const wn_weight_entry *)b)->pub.name);
}

void wn_weights_sort(wn_weights *w) {
    if (w->n) qsort(w->items, w->n, sizeof *w->items, by_name);
}

const wn_weight_entry *wn_weights_among(const wn_weights *w, size_t n, const char *name) {
    wn_weight_entry key = {.pub = {.name = name}};
    return n == 0 ? NULL : bsearch(&key, w->items, n, sizeof *w->items, by_name);
}
