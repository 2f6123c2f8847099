#include "bert_schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum {
    GROUP_BYTES = 4 << 20, /* vectors of a group */
    GROUP_TOKENS_MAX = 1 << 17,
    TOKENS_A_THREAD = 512, /* less in a call leaves threads without work */
    FIRST_TOKENS = 4096,   /* a thread's share of the first call */
};
static const double group_seconds = 4; /* threads wait for one another at its end; what a kill can cost */

void wn_schedule_init(wn_schedule *s, size_t width) {
    *s = (wn_schedule){.width = width, .budget = (size_t)FIRST_TOKENS * (size_t)wn_threads_get()};
}

void wn_schedule_free(wn_schedule *s) {
    wn_free(s->todo);
    wn_free(s->group.ids);
    wn_free(s->group.off);
    wn_free(s->group.local);
    wn_free(s->group.rows);
    wn_free(s->group.out);
    wn_free(s->group.ready);
    *s = (wn_schedule){0};
}

static wn_code schedule_reserve(void **p, size_t *cap, size_t want, size_t size, wn_err *err) {
    void *v = *p;
    wn_code code = wn_reserve(&v, cap, want, size, err);
    *p = v;
    return code;
}
#define RESERVE(field, want) schedule_reserve((void **)&(field), &(field##_cap), (want), sizeof *(field), err)

wn_code wn_schedule_begin(wn_schedule *s, size_t n, wn_err *err) {
    s->n = s->at = 0;
    return RESERVE(s->todo, n);
}

void wn_schedule_add(wn_schedule *s, size_t local, size_t tokens) {
    s->todo[s->n++] = (wn_scheduled){tokens, local};
}

static int longest_first(const void *a, const void *b) {
    const wn_scheduled *x = a, *y = b;
    if (x->tokens != y->tokens) return x->tokens > y->tokens ? -1 : 1;
    return x->local < y->local ? -1 : x->local > y->local;
}

void wn_schedule_sort(wn_schedule *s) {
    qsort(s->todo, s->n, sizeof *s->todo, longest_first);
}

static wn_code group_reserve(wn_group *g, size_t n, size_t tokens, size_t width, wn_err *err) {
    wn_code code;
    if ((code = RESERVE(g->ids, tokens)) != WN_OK) return code;
    if ((code = RESERVE(g->off, n + 1)) != WN_OK) return code;
    if ((code = RESERVE(g->local, n)) != WN_OK) return code;
    if ((code = RESERVE(g->rows, n)) != WN_OK) return code;
    if ((code = RESERVE(g->out, n * width)) != WN_OK) return code;
    return RESERVE(g->ready, n);
}

wn_code wn_schedule_next(wn_schedule *s, const wn_window *w, wn_err *err) {
    size_t limit = GROUP_BYTES / (s->width * sizeof(float)), tokens = 0, n = 0;
    const wn_scheduled *next = s->todo + s->at;
    wn_group *g = &s->group;
    while (s->at + n < s->n && (n == 0 || (n < limit && tokens + next[n].tokens <= s->budget)))
        tokens += next[n++].tokens;
    wn_code code = group_reserve(g, n, tokens, s->width, err);
    if (code != WN_OK) return code;
    g->n = n;
    g->tokens = tokens;
    g->off[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t local = next[i].local, t = next[i].tokens;
        memcpy(g->ids + g->off[i], w->ids + w->off[local], t * sizeof *w->ids);
        g->off[i + 1] = g->off[i] + t;
        g->local[i] = local;
        g->rows[i] = w->begin + local;
    }
    s->at += n;
    return WN_OK;
}

void wn_schedule_adapt(wn_schedule *s, double seconds) {
    double least = (double)TOKENS_A_THREAD * wn_threads_get(), budget = (double)s->budget;
    double want = (double)s->group.tokens * group_seconds / (seconds + 1e-6);
    want = fmin(fmax(want, budget / 2), budget * 2);
    s->budget = (size_t)fmin(fmax(want, least), GROUP_TOKENS_MAX);
}
