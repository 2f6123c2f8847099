#ifndef WN_PIPELINE_BERT_SCHEDULE_H
#define WN_PIPELINE_BERT_SCHEDULE_H
/* Which texts of a window go through the model together, and in which order. Vectors do not depend on it. */
#include "bert_window.h"

/* Texts of one call of the model, packed, and its vectors. */
typedef struct {
    size_t n, tokens;
    uint32_t *ids;        /* text i has ids[off[i] .. off[i + 1]) */
    size_t *off;          /* [n + 1] */
    size_t *local;        /* [n] row of the window */
    uint64_t *rows;       /* [n] row of all */
    float *out;           /* [n, width] */
    unsigned char *ready; /* [n] which vectors are there */
    size_t ids_cap, off_cap, local_cap, rows_cap, out_cap, ready_cap;
} wn_group;

typedef struct {
    size_t tokens, local;
} wn_scheduled;

/* Free in the end. */
typedef struct {
    size_t width;       /* floats of a vector */
    size_t budget;      /* tokens of the next call */
    wn_scheduled *todo; /* [n] texts of the window, of which `at` were given out */
    size_t n, at, todo_cap;
    wn_group group;
} wn_schedule;

void wn_schedule_init(wn_schedule *s, size_t width);
void wn_schedule_free(wn_schedule *s);
/* Forgets the last window and makes room for n texts of the next. */
wn_code wn_schedule_begin(wn_schedule *s, size_t n, wn_err *err);
void wn_schedule_add(wn_schedule *s, size_t local, size_t tokens);
void wn_schedule_sort(wn_schedule *s); /* longest first */
/* Fills s->group with the next texts; group.n == 0 after the last. */
wn_code wn_schedule_next(wn_schedule *s, const wn_window *w, wn_err *err);
/* The last group took `seconds`: the next ones grow or shrink. */
void wn_schedule_adapt(wn_schedule *s, double seconds);

#endif
