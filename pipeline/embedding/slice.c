#include "slice.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

static wn_code number_rows(wn_slice *s, size_t begin, size_t n, wn_err *err) {
    s->text = wn_alloc(n, 24, err);
    s->off = s->text ? wn_alloc(n + 1, sizeof *s->off, err) : NULL;
    if (!s->off) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++)
        s->off[i + 1] = s->off[i] + (unsigned long long)snprintf(s->text + s->off[i], 24, "%zu", begin + i);
    s->corpus.ids = (wn_texts){.base = s->text, .off = s->off, .n = n};
    return WN_OK;
}

wn_code wn_slice_init(wn_slice *s, const wn_corpus *corpus, size_t begin, size_t n, wn_err *err) {
    *s = (wn_slice){.corpus = *corpus};
    wn_corpus *c = &s->corpus;
    c->n = n;
    if (corpus->n) c->texts = (wn_texts){.base = corpus->texts.base, .off = corpus->texts.off + begin, .n = n};
    if (c->label) c->label += begin;
    if (c->file) c->file += begin;
    if (c->line) c->line += begin;
    if (c->offset) c->offset += begin;
    if (c->length) c->length += begin;
    s->row = wn_alloc(n, sizeof *s->row, err);
    if (!s->row) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) s->row[i] = (int64_t)(begin + i);
    if (corpus->ids.n == 0) return number_rows(s, begin, n, err);
    c->ids = (wn_texts){.base = corpus->ids.base, .off = corpus->ids.off + begin, .n = n};
    return WN_OK;
}

void wn_slice_free(wn_slice *s) {
    wn_free(s->row);
    wn_free(s->text);
    wn_free(s->off);
    *s = (wn_slice){0};
}
