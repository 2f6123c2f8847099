#ifndef WINNOW_SELECTOR_SIEVE_H
#define WINNOW_SELECTOR_SIEVE_H
/* The parts of a stream: rows that are held, the sample, objectives by what one set of picks knows, and the sieve. */
#include <winnow/stream.h>

/* A row that is kept for as long as somebody refers to it. */
typedef struct {
    uint64_t row;
    size_t refs;
    size_t place; /* in the sample, from 1; 0: it is not there */
    bool taken;   /* at the end: it is picked */
    float x[];    /* [d] */
} wn_held;

/* What f is measured on, and how. */
typedef struct {
    const wn_streaming_opts *o;
    wn_mat rows;  /* [m, d]; empty where the objective needs none */
    double *room; /* [m] saturated coverage: what is enough for each */
    double own;   /* what a row of the sample counts for itself: as much as it does among all rows, of which it is one,
                     though it stands for many; graph-cut: nothing */
    double pair;  /* graph-cut: and that to each pick */
} wn_sample;

/* Copies the m rows and says to each where it is. seen: rows so far, which the sample stands for. Release with
 * wn_sample_free. */
wn_code wn_sample_init(wn_sample *s, const wn_streaming_opts *o, wn_held *const *held, size_t m, double seen,
                       wn_err *err);
void wn_sample_free(wn_sample *s);

/* A row that may be picked, and its similarities to the sample. */
typedef struct {
    const float *x; /* [d] */
    const float *w; /* [m] */
} wn_candidate;
/* Fills w [n, m] for the rows of `at`, wherever they stand; at most WN_TILE_ROWS. rows: [WN_TILE_ROWS, d] scratch. */
enum { WN_TILE_ROWS = 32 };
wn_code wn_sample_similar(const wn_sample *s, wn_held *const *at, size_t n, float *rows, float *w, wn_err *err);

/* Picks so far. */
typedef struct {
    wn_held **at; /* [n] */
    size_t n, cap;
} wn_picks;

/* An objective, by one set of picks. Another objective: a file here, and its row in the table of objectives.c. */
typedef struct {
    wn_objective what;
    int kernels;                                                              /* bits of wn_kernel_kind */
    bool samples;                                                             /* it looks at the sample */
    bool monotone;                                                            /* so that the sieve's bound holds */
    size_t (*bytes)(const wn_streaming_opts *o, double sets, double squares); /* of so many sets, whose sizes squared
                                                                              add up to `squares` */
    wn_code (*open)(void **state, const wn_sample *s, wn_err *err); /* of no picks; to be closed even on error */
    /* The gain of x; may stop at anything below `least` that is no less than it. Of no picks by many threads at once.
     */
    double (*gain)(void *state, const wn_candidate *x, const wn_picks *picks, double least);
    wn_code (*add)(void *state, const wn_candidate *x, const wn_picks *picks, wn_err *err); /* before x is in picks */
    void (*close)(void *state);                                                             /* NULL is fine */
} wn_sieve_vt;
const wn_sieve_vt *wn_sieve_objective(wn_objective o); /* NULL: a stream does not have it */
extern const wn_sieve_vt wn_sieve_facility, wn_sieve_saturated, wn_sieve_graph_cut, wn_sieve_log_determinant,
    wn_sieve_features;

/* x.y in double; what kernel says of two rows. */
double wn_sieve_dot(const float *x, const float *y, size_t d);
double wn_sieve_pair(const wn_streaming_opts *o, const float *x, const float *y);

/* One threshold and what has passed it. */
typedef struct {
    long at;      /* (1 + epsilon)^at */
    double least; /* that */
    double f;
    size_t start; /* row of the round at hand from which it is there */
    size_t fresh; /* picks before this round */
    wn_picks picks;
    void *state;
} wn_threshold;

typedef struct {
    const wn_streaming_opts *o; /* as used */
    const wn_sieve_vt *vt;
    const wn_sample *sample;
    void *none;  /* the state of no picks */
    double best; /* the largest f of one row */
    long top;    /* the largest threshold so far */
    wn_threshold *v;
    size_t n, cap, most;
    float *w, *rows; /* [WN_ROUND, m]; [threads, WN_TILE_ROWS, d] */
    double *single;  /* [WN_ROUND] */
} wn_sieve;

enum { WN_ROUND = 256 }; /* rows that are decided together; by their number, so that calls do not matter */

wn_code wn_sieve_init(wn_sieve *s, const wn_streaming_opts *o, const wn_sieve_vt *vt, wn_err *err);
void wn_sieve_free(wn_sieve *s);
/* From here on f is measured on `sample`: what was picked is measured anew. */
wn_code wn_sieve_measure(wn_sieve *s, const wn_sample *sample, wn_err *err);
/* Decides m <= WN_ROUND rows, in order. */
wn_code wn_sieve_round(wn_sieve *s, wn_held *const *rows, size_t m, wn_err *err);
/* s->w[n, m] for n <= WN_ROUND rows, on all threads. */
wn_code wn_sieve_similar(const wn_sieve *s, wn_held *const *rows, size_t n, wn_err *err);
const wn_threshold *wn_sieve_best(const wn_sieve *s); /* the lowest of those with the most f; NULL: there is none */
/* Thresholds at a time, at the most. */
double wn_sieve_thresholds(const wn_streaming_opts *o);

/* The greedy choice, lazily: `first` (NULL: nothing) and then among rows[n], up to k in all. picks and gain: [k]. */
typedef struct {
    wn_held **pick;
    double *gain, f;
    size_t n;
} wn_sieve_choice;
wn_code wn_sieve_greedy(const wn_sieve *s, const wn_picks *first, wn_held *const *rows, size_t n, wn_sieve_choice *out,
                        wn_err *err);
void wn_sieve_choice_free(wn_sieve_choice *c);

#endif
