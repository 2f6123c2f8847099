/* Files that embed --shard wrote, as parts of one matrix. */
#include "shards.h"

#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

/* Where shards that embed --shard wrote stand in the whole: file i holds [first[i], first[i] + count]. */
typedef struct {
    int64_t first;
    size_t rows, file;
} shard_span;

void wn_shard_print(char out[WN_SHARD_SIZE], const wn_shard *s) {
    (void)snprintf(out, WN_SHARD_SIZE, "%zu/%zu of %zu rows", s->index, s->count, s->rows);
}

bool wn_shard_parse(wn_shard *s, const char *text) {
    static const char *const after[] = {"/", " of ", " rows"};
    size_t *to[] = {&s->index, &s->count, &s->rows};
    for (size_t i = 0; i < 3; i++) {
        size_t digits = strspn(text, "0123456789"), n = strlen(after[i]);
        if (digits == 0 || digits > 15 || strncmp(text + digits, after[i], n) != 0) return false;
        *to[i] = strtoull(text, NULL, 10);
        text += digits + n;
    }
    return *text == 0 && s->index >= 1 && s->index <= s->count;
}

static int by_first(const void *a, const void *b) {
    const shard_span *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

wn_code wn_shards_read(wn_matrices *m, wn_err *err) {
    char *text = NULL;
    wn_err absent;
    wn_shard s = {0};
    if (m->n == 0 || !wn_matrix_has_obs(m->files[0], "row")) return WN_OK;
    wn_code code = wn_matrix_uns_string(m->files[0], "shard", &text, &absent);
    if (code == WN_EUSAGE) return WN_OK;
    if (code != WN_OK)
        *err = absent;
    else if (wn_shard_parse(&s, text))
        m->shard = s;
    wn_free(text);
    return code;
}

/* The rows of one shard, which must follow each other. */
static wn_code span_read(shard_span *s, const wn_matrices *m, size_t file, wn_err *err) {
    size_t n = wn_matrix_rows(m->files[file]);
    int64_t *row = wn_alloc(n, sizeof *row, err);
    wn_code code = row ? wn_matrix_obs_i64(m->files[file], "row", row, err) : WN_EMEMORY;
    *s = (shard_span){.first = code == WN_OK && n ? row[0] : 0, .rows = n, .file = file};
    for (size_t i = 1; i < n && code == WN_OK; i++)
        if ((uint64_t)row[i] - (uint64_t)row[i - 1] != 1) s->first = -1; /* not a shard, but rows that were chosen */
    wn_free(row);
    return code;
}

/* Whether n spans, sorted, are all rows. order [size] gets the names in order. */
static wn_code check_spans(const wn_matrices *m, const shard_span *s, size_t n, char *order, size_t size, wn_err *err) {
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(order), first = (size_t)s[i].first;
        const char *path = m->paths[s[i].file];
        if (first > next)
            return wn_err_set(err, WN_EINPUT, "rows %zu to %zu are missing before those of %s: a shard was left out",
                              next, first - 1, path);
        if (first < next)
            return wn_err_set(err, WN_EINPUT, "%s begins with row %zu, which is in %s too: a shard is there twice",
                              path, first, m->paths[s[i - 1].file]);
        (void)snprintf(order + used, size - used, " %s", path);
        next = first + s[i].rows;
    }
    if (m->shard.count == 0 || next >= m->shard.rows) return WN_OK;
    return wn_err_set(err, WN_EINPUT,
                      "rows %zu to %zu are missing after those of %s: the last of %zu shards was left out", next,
                      m->shard.rows - 1, m->paths[s[n - 1].file], m->shard.count);
}

wn_code wn_shards_check(const wn_matrices *m, wn_err *err) {
    if (m->n < 2) return WN_OK;
    char order[300] = "";
    shard_span *s = wn_alloc(m->n, sizeof *s, err);
    wn_code code = s ? WN_OK : WN_EMEMORY;
    bool spans = true, sorted = true;
    size_t n = 0;
    for (size_t i = 0; i < m->n && code == WN_OK && spans; i++) {
        if (wn_matrix_rows(m->files[i]) == 0) continue; /* of fewer rows than shards */
        spans = wn_matrix_has_obs(m->files[i], "row");
        if (!spans || (code = span_read(&s[n], m, i, err)) != WN_OK) continue;
        spans = s[n].first >= 0;
        sorted = sorted && (n == 0 || s[n].first > s[n - 1].first);
        n++;
    }
    if (code != WN_OK || !spans || n == 0) goto out;
    qsort(s, n, sizeof *s, by_first);
    if ((code = check_spans(m, s, n, order, sizeof order, err)) != WN_OK) goto out;
    if (!sorted) code = wn_err_set(err, WN_EINPUT, "the shards are out of order; the right one is:%s", order);
out:
    wn_free(s);
    return code;
}

void wn_shards_say(const wn_matrices *m, wn_io *io) {
    if (m->n == 1 && m->shard.count > 1)
        wn_sayf(io, "note: %s is shard %zu of %zu: %zu of %zu rows", m->paths[0], m->shard.index, m->shard.count,
                m->rows, m->shard.rows);
}
