#ifndef WINNOW_LSA_H
#define WINNOW_LSA_H
/* Latent semantic analysis: TF-IDF and a truncated SVD. The embedded encoder: no model file, deterministic. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

typedef struct {
    size_t dims;       /* 128; lowered to the rank of the data where that is smaller, columns beyond are zero */
    size_t min_df;     /* 2 */
    size_t iterations; /* power iterations of the randomised SVD */
    size_t oversample; /* 10 */
    uint64_t seed;
} wn_lsa_opts;
wn_lsa_opts wn_lsa_defaults(void);

typedef struct wn_lsa wn_lsa;
/* Learns vocabulary, idf and the right singular vectors, and encodes the same texts: out (may be NULL) gets
 * [n, dims] L2-normalised rows; a text without a known word gives a zero row (*nzero counts them, may be NULL). */
wn_code wn_lsa_fit(wn_lsa **model, const wn_texts *texts, const wn_lsa_opts *o, wn_mat *out, size_t *nzero,
                   wn_progress *p, wn_err *err);
/* New texts with a fitted model; fit and transform give the same bytes for the same text. */
wn_code wn_lsa_transform(const wn_lsa *model, const wn_texts *texts, wn_mat *out, size_t *nzero, wn_progress *p,
                         wn_err *err);
size_t wn_lsa_dims(const wn_lsa *model);
size_t wn_lsa_words(const wn_lsa *model);
wn_code wn_lsa_save(const wn_lsa *model, const char *path, int overwrite, wn_err *err);
wn_code wn_lsa_load(wn_lsa **model, const char *path, wn_err *err);
void wn_lsa_free(wn_lsa *model);

#endif
