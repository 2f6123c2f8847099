#ifndef WINNOW_STREAM_H
#define WINNOW_STREAM_H
/* Selection from a stream: rows come once, in any number, and memory does not grow with them. docs/stream.md says
 * what is guaranteed. */
#include <stdint.h>
#include <winnow/select.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Does a stream have it under this kernel? facility-location, saturated-coverage and log-determinant: every one;
 * graph-cut: rbf; feature-based: cosine and dot; others: none. graph-cut has lambda auto, saturated coverage saturation
 * auto: with these f does not depend on how many rows are to come. */
bool wn_streaming_serves(wn_objective o, wn_kernel_kind kernel);
/* Is f measured on a sample of the rows? Not so log-determinant and feature-based, where picks alone count. */
bool wn_streaming_samples(wn_objective o);

#define WN_STREAM_SAMPLE 2048 /* rows, where none are given */

typedef struct {
    wn_objective objective;
    wn_kernel kernel;      /* rows must be normalised for cosine and rbf */
    size_t k, dims;        /* rows to choose, at least 1; values of a row */
    double epsilon;        /* 1e-3 .. 1, both excluded; 0: WN_EPSILON */
    size_t sample;         /* rows that f is measured on; 0: WN_STREAM_SAMPLE */
    uint64_t seed;         /* which rows these are */
    size_t memory;         /* bytes that it may take; 0: no bound. More needed: WN_EMEMORY at open */
    wn_progress *progress; /* of the end, which may take seconds */
} wn_streaming_opts;

typedef struct {
    uint64_t rows;     /* offered in all */
    size_t thresholds; /* at the end, and the most at a time */
    size_t thresholds_most;
    size_t held_most;  /* rows that were kept at a time, the sample among them */
    size_t sample;     /* rows that f is measured on: all, where there are no more; 0: f needs none */
    size_t samples;    /* how often another sample took over */
    size_t from_sieve; /* picks that the best threshold had by itself */
    double share;      /* no k rows have more than 1 / share times this f over the sample; NaN: nothing is known.
                          docs/stream.md has the conditions */
} wn_streaming_counts;

/* Sieve-Streaming++ (Kazemi et al. 2019, arXiv 1905.00948): for each threshold (1 + epsilon)^i between what k rows have
 * reached, over 2 k, and the largest f of one row, the rows that gain it on top of those before. At the end the better
 * of the best of these sets, filled up to k, and of a greedy choice among all rows that are held: those sets' and a
 * sample of max(k, sample) rows, where f needs none of max(k, WN_STREAM_SAMPLE).
 *
 * The sample: as long as no more rows have come than it holds, all of them, and nothing is decided; then those, and
 * from then on, whenever the number of rows has doubled, an even sample of all so far (seeded reservoir), in which what
 * is held is measured anew. At the end it is one of all rows.
 *
 * At a time O(k / epsilon) rows are held. A row takes O(sample d) and O(sample) a threshold; log-determinant O(d^2)
 * (cosine, dot) or O(k d + k^2) (rbf), feature-based O(d) a threshold. */
typedef struct wn_streaming wn_streaming;
/* WN_EUSAGE: an option out of range, or an objective under a kernel that a stream does not have; WN_EMEMORY. */
wn_code wn_streaming_open(wn_streaming **out, const wn_streaming_opts *o, wn_err *err);
/* The next n rows of opts.dims values, `stride` floats apart. How rows are grouped into calls, and the number of
 * threads, change nothing. WN_EINPUT: not finite; WN_EUSAGE: not normalised; WN_EMEMORY; WN_EINTERRUPT. After an error
 * the stream can only be closed. */
wn_code wn_streaming_offer(wn_streaming *s, const float *rows, size_t stride, size_t n, wn_err *err);
/* The numbers of rows, from 0, that may still be chosen: [*n] rising, and all from *undecided on. Others never are, so
 * a caller can forget what belongs to them. Valid until the next call. */
const uint64_t *wn_streaming_held(const wn_streaming *s, size_t *n, uint64_t *undecided);
/* After the last row, once: min(k, rows) picks, in order of choice; gains and objective are those on the sample, times
 * rows over sample. Release *out with wn_selection_free. counts may be NULL. */
wn_code wn_streaming_finish(wn_streaming *s, wn_selection *out, wn_streaming_counts *counts, wn_err *err);
void wn_streaming_close(wn_streaming *s); /* NULL is fine */

/* Bytes that a stream takes at the most, however long it is. SIZE_MAX where they cannot be counted. */
size_t wn_streaming_memory(const wn_streaming_opts *o);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
