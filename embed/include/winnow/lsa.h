#ifndef WINNOW_LSA_H
#define WINNOW_LSA_H
/* Latent semantic analysis: TF-IDF and a truncated SVD. The embedded encoder: no model file, deterministic.
 * docs/encoders.md has the mathematics. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/data.h>
#include <winnow/names.h>
#include <winnow/progress.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* words-only: the first edition. words+chars: words, pairs of neighbouring words, and pieces of 3 to 5 characters. */
#define WN_LSA_FEATURES(X) X(WN_LSA_WORDS, "words-only") X(WN_LSA_WORDS_CHARS, "words+chars")
typedef enum { WN_LSA_FEATURES(WN_NAME_VALUE) } wn_lsa_features;
const char *wn_lsa_features_name(wn_lsa_features f);

/* With words+chars no more than so many rows, and bytes of text, are learned from. */
enum { WN_LSA_SAMPLE_ROWS = 20000, WN_LSA_SAMPLE_BYTES = 4000000 };

typedef struct {
    wn_lsa_features features; /* words+chars */
    size_t dims;       /* 256, 1 to 4096; columns beyond the rank of the data are zero */
    size_t min_df;     /* 2: words in fewer texts are left out; 0 counts as 1 */
    size_t sample;     /* 0: see below; else learn from so many texts, drawn by seed where there are more */
    size_t iterations; /* products with the sparse matrix, 32 columns each; 0 = max(14, dims / 9). Raised to what
                        * `dims` columns need at least */
    uint64_t seed;
} wn_lsa_opts;
wn_lsa_opts wn_lsa_defaults(void);

typedef struct wn_lsa wn_lsa;
/* Learns vocabulary, idf and the right singular vectors, and encodes all texts: out (may be NULL) gets
 * [n, dims] L2-normalised rows; a text without a known word, or whose words lie outside the kept dimensions, gives a
 * zero row (*nzero counts them, may be NULL). The caller frees *model and *out. The result is the same for any number
 * of threads. Errors: WN_EUSAGE (dims), WN_EMEMORY, WN_EINTERRUPT.
 * Of the texts that are learned from: O(nnz iterations + side iterations^2) time; memory: 8 bytes an entry (16 by
 * text), side x 32 x (iterations + 18) floats and words x dims floats; side: the number of words, with words+chars the
 * smaller of that and the texts'. */
wn_code wn_lsa_fit(wn_lsa **model, const wn_texts *texts, const wn_lsa_opts *o, wn_mat *out, size_t *nzero,
                   wn_progress *p, wn_err *err);
/* New texts with a fitted model; fit and transform give the same bytes for the same text. */
wn_code wn_lsa_transform(const wn_lsa *model, const wn_texts *texts, wn_mat *out, size_t *nzero, wn_progress *p,
                         wn_err *err);
size_t wn_lsa_dims(const wn_lsa *model);

/* Rows that were learned from lie nearer to the basis than new ones will: they made it. This is what fit keeps of them,
 * 8 bytes a text. */
typedef struct wn_lsa_learnt wn_lsa_learnt;
/* Of the texts of wn_lsa_fit where it encoded them, once; else NULL. The caller's, to free; it may outlive the model.
 */
wn_lsa_learnt *wn_lsa_learnt_take(wn_lsa *model);
/* x [dims], the vector of text `row`, becomes what it would nearly be had that one text not been learned from. A text
 * outside the sample is as it was. docs/encoders.md has the equation. O(dims). */
void wn_lsa_unseen(const wn_lsa_learnt *l, size_t row, float *x);
void wn_lsa_learnt_free(wn_lsa_learnt *l); /* NULL is fine */
size_t wn_lsa_words(const wn_lsa *model);
/* A file that appears whole or not at all, with a checksum. A damaged one is refused by load with WN_EINPUT. */
wn_code wn_lsa_save(const wn_lsa *model, const char *path, int overwrite, wn_err *err);
wn_code wn_lsa_load(wn_lsa **model, const char *path, wn_err *err);
void wn_lsa_free(wn_lsa *model); /* NULL is fine */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
