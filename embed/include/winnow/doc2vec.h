#ifndef WINNOW_DOC2VEC_H
#define WINNOW_DOC2VEC_H
/* Paragraph vectors (Le and Mikolov 2014) with gensim's semantics; reproducible for any number of threads. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/names.h>
#include <winnow/data.h>
#include <winnow/progress.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WN_DOC2VEC_MODES(X) \
    X(WN_DM_MEAN, "dm-mean") X(WN_DM_SUM, "dm-sum") X(WN_DM_CONCAT, "dm-concat") X(WN_DBOW, "dbow")
typedef enum { WN_DOC2VEC_MODES(WN_NAME_VALUE) } wn_doc2vec_mode;
const char *wn_doc2vec_mode_name(wn_doc2vec_mode m);

typedef struct {
    wn_doc2vec_mode mode;
    bool dbow_words; /* DBOW: also train word vectors by skip-gram */
    size_t dims, window, min_count, negative, epochs; /* 100, 5, 5, 5, 10 */
    bool hierarchical;                                /* hierarchical softmax; negative may be 0 then */
    double sample, ns_exponent, alpha, min_alpha;     /* 1e-3, .75, .025, 1e-4 */
    uint64_t seed;
} wn_doc2vec_opts;
wn_doc2vec_opts wn_doc2vec_defaults(void);

typedef struct wn_doc2vec wn_doc2vec;
/* Trains; *out (may be NULL) gets the [n, dims] document vectors, the caller's to free, not normalised (pipeline
 * normalises them); a text without a known word gets a zero row. WN_EUSAGE: an option is wrong. WN_EINPUT: no word
 * occurs min_count times. O(epochs words negative dims), spread over at most the logical workers of docs/encoders.md.
 */
wn_code wn_doc2vec_train(wn_doc2vec **model, const wn_texts *texts, const wn_doc2vec_opts *o, wn_mat *out,
                         wn_progress *p, wn_err *err);
/* New texts: a fresh vector each, weights frozen, `epochs` passes (0: as trained). No known word: zero row, counted in
 * *nzero (may be NULL). Equal texts get equal bytes, whatever stands beside them. *out is the caller's to free. */
wn_code wn_doc2vec_infer(const wn_doc2vec *model, const wn_texts *texts, size_t epochs, wn_mat *out, size_t *nzero,
                         wn_progress *p, wn_err *err);
size_t wn_doc2vec_dims(const wn_doc2vec *model);
size_t wn_doc2vec_words(const wn_doc2vec *model);
/* A file, whole or not at all; one that is damaged gives WN_EINPUT. */
wn_code wn_doc2vec_save(const wn_doc2vec *model, const char *path, int overwrite, wn_err *err);
wn_code wn_doc2vec_load(wn_doc2vec **model, const char *path, wn_err *err);
void wn_doc2vec_free(wn_doc2vec *model);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
