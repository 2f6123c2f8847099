#include "bert_window.h"

#include <stdbool.h>
#include <string.h>
#include <winnow/threads.h>
#include <xxhash.h>

enum { BATCH = 4096, GRAIN = 64, PIECES = BATCH / GRAIN };

/* What one task makes: the ids of GRAIN texts behind one another. */
typedef struct {
    uint32_t *ids;
    size_t n, cap, length[GRAIN], truncated;
    wn_err err;
} window_piece;

struct wn_windows {
    const wn_tok *tok;
    const wn_texts *texts;
    size_t max_tokens, limit_rows, limit_tokens, next;
    wn_ids *scratch; /* one a worker */
    int workers;
    window_piece pieces[PIECES];
    uint32_t *ids;
    size_t nids, ids_cap;
    size_t *off, off_cap, *same, same_cap;
    /* first rows by the hash of their ids: open addressing, row + 1 in a slot */
    size_t *slots, nslots, distinct;
    uint64_t *hash; /* [texts->n] of first rows */
};

void wn_windows_close(wn_windows *w) {
    if (!w) return;
    for (int i = 0; w->scratch && i < w->workers; i++) wn_ids_free(&w->scratch[i]);
    for (size_t i = 0; i < PIECES; i++) wn_free(w->pieces[i].ids);
    wn_free(w->scratch);
    wn_free(w->ids);
    wn_free(w->off);
    wn_free(w->same);
    wn_free(w->slots);
    wn_free(w->hash);
    wn_free(w);
}

wn_code wn_windows_open(wn_windows **out, const wn_tok *tok, const wn_texts *texts, size_t max_tokens,
                        size_t limit_rows, size_t limit_tokens, wn_err *err) {
    *out = NULL;
    wn_windows *w = wn_alloc(1, sizeof *w, err);
    if (!w) return WN_EMEMORY;
    *w = (wn_windows){.tok = tok,
                      .texts = texts,
                      .max_tokens = max_tokens,
                      .limit_rows = limit_rows,
                      .limit_tokens = limit_tokens,
                      .workers = wn_threads_get()};
    w->scratch = wn_alloc((size_t)w->workers, sizeof *w->scratch, err);
    for (w->nslots = 1024; w->nslots < texts->n + texts->n / 2;) w->nslots *= 2;
    w->slots = wn_alloc(w->nslots, sizeof *w->slots, err);
    w->hash = wn_alloc(texts->n, sizeof *w->hash, err);
    if (w->scratch && w->slots && w->hash) {
        *out = w;
        return WN_OK;
    }
    wn_windows_close(w);
    return WN_EMEMORY;
}

static wn_code encode_row(const wn_windows *w, size_t row, wn_ids *ids, wn_err *err) {
    const wn_texts *t = w->texts;
    wn_code code = wn_tok_encode(w->tok, t->base + t->off[row], (size_t)(t->off[row + 1] - t->off[row]), NULL, 0,
                                 w->max_tokens, ids, err);
    return code == WN_OK ? code : wn_err_prefix(err, "text %zu: ", row + 1);
}

static void tokenize_piece(void *ctx, size_t begin, size_t end, int worker) {
    wn_windows *w = ctx;
    wn_ids *ids = &w->scratch[worker];
    window_piece *p = &w->pieces[begin / GRAIN];
    p->n = p->truncated = 0;
    p->err.code = WN_OK;
    for (size_t i = begin; i < end; i++) {
        if (encode_row(w, w->next + i, ids, &p->err) != WN_OK) return;
        void *v = p->ids;
        wn_code code = wn_reserve(&v, &p->cap, p->n + ids->n, sizeof *p->ids, &p->err);
        p->ids = v;
        if (code != WN_OK) return;
        memcpy(p->ids + p->n, ids->ids, ids->n * sizeof *p->ids);
        p->length[i - begin] = ids->n;
        p->n += ids->n;
        p->truncated += ids->truncated;
    }
}

static wn_code reserve_sizes(size_t **v, size_t *cap, size_t want, wn_err *err) {
    void *at = *v;
    wn_code code = wn_reserve(&at, cap, want, sizeof **v, err);
    *v = at;
    return code;
}

static wn_code reserve_batch(wn_windows *w, size_t rows, size_t tokens, wn_err *err) {
    void *v = w->ids;
    wn_code code = wn_reserve(&v, &w->ids_cap, w->nids + tokens, sizeof *w->ids, err);
    w->ids = v;
    if (code != WN_OK) return code;
    if ((code = reserve_sizes(&w->off, &w->off_cap, rows + 1, err)) != WN_OK) return code;
    return reserve_sizes(&w->same, &w->same_cap, rows, err);
}

/* Tokenizes the next m rows behind the `have` ones of this window. */
static wn_code take_batch(wn_windows *w, size_t have, size_t m, size_t *truncated, wn_err *err) {
    wn_parallel_for(m, GRAIN, tokenize_piece, w);
    size_t pieces = (m + GRAIN - 1) / GRAIN, total = 0;
    for (size_t i = 0; i < pieces; i++) {
        if (w->pieces[i].err.code != WN_OK) {
            *err = w->pieces[i].err;
            return err->code;
        }
        total += w->pieces[i].n;
    }
    wn_code code = reserve_batch(w, have + m, total, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < pieces; i++) {
        const window_piece *p = &w->pieces[i];
        memcpy(w->ids + w->nids, p->ids, p->n * sizeof *p->ids);
        w->nids += p->n;
        *truncated += p->truncated;
    }
    for (size_t i = 0; i < m; i++) w->off[have + i + 1] = w->off[have + i] + w->pieces[i / GRAIN].length[i % GRAIN];
    return WN_OK;
}

/* Do the tokens of `row`, an earlier one, equal ids[n]? Those of earlier windows are made again. */
static wn_code equal_row(wn_windows *w, size_t begin, size_t row, const uint32_t *ids, size_t n, bool *equal,
                         wn_err *err) {
    const uint32_t *other = w->ids;
    size_t m;
    if (row >= begin) {
        other += w->off[row - begin];
        m = w->off[row - begin + 1] - w->off[row - begin];
    } else {
        wn_code code = encode_row(w, row, &w->scratch[0], err);
        if (code != WN_OK) return code;
        other = w->scratch[0].ids, m = w->scratch[0].n;
    }
    *equal = m == n && memcmp(other, ids, n * sizeof *ids) == 0;
    return WN_OK;
}

static wn_code find_twin(wn_windows *w, size_t begin, size_t i, wn_err *err) {
    const uint32_t *ids = w->ids + w->off[i];
    size_t n = w->off[i + 1] - w->off[i];
    uint64_t h = XXH3_64bits(ids, n * sizeof *ids);
    for (size_t at = h & (w->nslots - 1);; at = (at + 1) & (w->nslots - 1)) {
        bool equal = false;
        if (w->slots[at] == 0) {
            w->slots[at] = begin + i + 1;
            w->hash[begin + i] = h;
            w->same[i] = begin + i;
            return WN_OK;
        }
        size_t row = w->slots[at] - 1;
        if (w->hash[row] != h) continue;
        wn_code code = equal_row(w, begin, row, ids, n, &equal, err);
        if (code != WN_OK) return code;
        if (equal) {
            w->same[i] = row;
            return WN_OK;
        }
    }
}

wn_code wn_windows_next(wn_windows *w, wn_window *out, wn_window_tick tick, void *ctx, wn_err *err) {
    size_t begin = w->next, n = 0;
    *out = (wn_window){.begin = begin};
    wn_code code = reserve_sizes(&w->off, &w->off_cap, 1, err);
    if (code != WN_OK) return code;
    w->off[0] = w->nids = 0;
    while (w->next < w->texts->n && n < w->limit_rows && w->nids < w->limit_tokens) {
        size_t m = w->texts->n - w->next;
        if (m > BATCH) m = BATCH;
        if (m > w->limit_rows - n) m = w->limit_rows - n;
        if ((code = take_batch(w, n, m, &out->truncated, err)) != WN_OK) return code;
        for (size_t i = 0; i < m; i++)
            if ((code = find_twin(w, begin, n + i, err)) != WN_OK) return code;
        n += m;
        w->next += m;
        if (tick && (code = tick(ctx, w->next, err)) != WN_OK) return code;
    }
    out->n = n;
    out->ids = w->ids, out->off = w->off, out->same_as = w->same;
    return WN_OK;
}
