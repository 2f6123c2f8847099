#ifndef WINNOW_EMBED_LSA_INTERNAL_H
#define WINNOW_EMBED_LSA_INTERNAL_H
/* What the files of the LSA encoder share. Texts are rows d < n, words are columns w < m. */
#include <stdbool.h>
#include <winnow/lsa.h>
#include <wn/eigen.h>
#include <wn/strmap.h>
#include <wn/text.h>

enum { WN_LSA_MAX_DIMS = 4096 };

/* Words, pairs of words and pieces of characters all count as words w below. */

/* ---- features.c: what a text is cut into ---- */
typedef struct {
    wn_lsa_features features;
    wn_buf scratch, pair, run;
    wn_word_sink sink;
    void *ctx;
} wn_lsa_reader;
/* Calls sink for every occurrence. A piece begins with a space; words and pairs never do. */
wn_code wn_lsa_read(wn_lsa_reader *r, const char *s, size_t n, wn_word_sink sink, void *ctx, wn_err *err);
void wn_lsa_reader_free(wn_lsa_reader *r);

/* ---- sample.c: the texts that are learned from ---- */
typedef struct {
    wn_texts view;
    char *base;              /* NULL: all of them, where they stand */
    bool *drawn;             /* [texts] NULL: all of them */
    unsigned long long *off;
} wn_lsa_sample;
/* Texts in a random order until there are `rows` or their bytes pass `bytes`, kept in the order of `texts`. */
wn_code wn_lsa_draw(const wn_texts *texts, size_t rows, size_t bytes, uint64_t seed, wn_lsa_sample *s, wn_err *err);
void wn_lsa_sample_free(wn_lsa_sample *s);

/* ---- terms.c: the words of one text and their weights ---- */
/* A term is word << 32 | count. */
typedef struct {
    uint64_t *key, *spare;
    size_t n, key_cap, spare_cap;
} wn_lsa_terms;
wn_code wn_lsa_terms_sort(wn_lsa_terms *t, wn_err *err); /* by word */
void wn_lsa_terms_merge(wn_lsa_terms *t);                /* adds up the counts of equal words; wants them sorted */
void wn_lsa_terms_free(wn_lsa_terms *t);
/* ---- count.c: texts -> vocabulary and sparse matrix ---- */
/* [rows, cols] by rows; columns rise within a row. */
typedef struct {
    size_t rows, cols;
    size_t *indptr; /* [rows + 1] */
    uint32_t *col;  /* [indptr[rows]] */
    float *val;     /* [indptr[rows]] */
} wn_lsa_csr;
void wn_lsa_csr_free(wn_lsa_csr *a);

/* Words and pairs, then pieces; in either part by falling document frequency, equal ones by their bytes. */
typedef struct {
    wn_lsa_features features;
    wn_strset set;
    size_t pieces_from; /* number of the first piece; set.n where there are none */
    uint64_t *df;       /* [set.n] */
    double *idf;        /* [set.n] */
    size_t texts;       /* n of idf */
} wn_lsa_vocab;
void wn_lsa_vocab_free(wn_lsa_vocab *v);
/* Fills pieces_from, and idf from df and texts: ln((1 + n) / (1 + df)), with `words` plus 1. */
wn_code wn_lsa_vocab_idf(wn_lsa_vocab *v, wn_err *err);
/* val[i] = (1 + ln count) idf, either part divided by its norm. In double, rounded once. Wants the terms sorted. */
void wn_lsa_weigh(const wn_lsa_terms *t, const wn_lsa_vocab *v, float *val);

/* TF-IDF of all texts: a [n, m] with m = words in at least min_df texts. v->features says which, the rest is filled.
 * All threads. */
wn_code wn_lsa_count(const wn_texts *texts, size_t min_df, wn_lsa_vocab *v, wn_lsa_csr *a, wn_progress *p,
                     wn_err *err);

/* Pieces of about 64 KiB of text: piece i is texts start[i] .. start[i + 1]. Wants wn_free. */
wn_code wn_lsa_pieces(const wn_texts *texts, size_t **start, size_t *n, wn_err *err);

/* ---- svd.c, krylov.c: right singular vectors ---- */
/* [m, dims] with row stride ld (a multiple of 32), padding zero; sigma [dims] falls. Columns from `rank` on are zero.
 */
typedef struct {
    size_t words, dims, ld, rank;
    float *v;
    double *sigma;
} wn_lsa_basis;
void wn_lsa_basis_free(wn_lsa_basis *b);
wn_code wn_lsa_basis_init(wn_lsa_basis *b, size_t words, size_t dims, wn_err *err);
/* Which singular vectors the iteration looks for: the right ones, or the left ones where there are fewer texts. */
typedef enum { WN_LSA_OF_WORDS, WN_LSA_SMALLER } wn_lsa_side;
/* b: as wn_lsa_basis_init left it. Chooses the exact way where min(n, m) is no larger than the Krylov basis. */
wn_code wn_lsa_svd(const wn_lsa_csr *a, wn_lsa_side side, size_t iterations, uint64_t seed, wn_lsa_basis *b,
                   wn_progress *p, wn_err *err);
/* Bytes that wn_lsa_svd takes beside a and b, which needs its sizes alone. */
size_t wn_lsa_svd_memory(const wn_lsa_csr *a, wn_lsa_side side, size_t iterations, const wn_lsa_basis *b);
size_t wn_lsa_krylov_memory(const wn_lsa_csr *a, size_t blocks, const wn_lsa_basis *b);
wn_code wn_lsa_krylov(const wn_lsa_csr *a, size_t blocks, uint64_t seed, wn_lsa_basis *b, wn_progress *p, wn_err *err);
size_t wn_lsa_rank(const double *value, size_t k, double tolerance); /* how many exceed tolerance * value[0] */
/* Makes the largest entry by magnitude (the first of equals) of every column positive. */
wn_code wn_lsa_fix_signs(wn_lsa_basis *b, wn_err *err);

/* ---- kernels_*.c: the inner loops, one file an instruction set ---- */
enum { WN_LSA_BLOCK = 32 }; /* columns of a block */
typedef struct {
    /* z [m, 32] += A[begin..end)^T (A[begin..end) q), q [m, 32]: one pass, the product with A stays in registers. */
    void (*normal)(const wn_lsa_csr *a, size_t begin, size_t end, const float *q, float *z);
    /* c [32, 32] += q^T z over `rows` rows of q, z [rows, 32]. */
    void (*dots)(const float *q, const float *z, size_t rows, float *c);
    /* z [rows, 32] (stride ldz) += q [rows, 32] c [32, 32]; z must not be q. */
    void (*update)(float *z, size_t ldz, const float *q, const float *c, size_t rows);
    /* y [ld] = sum of val[i] v[col[i], :] over n entries, ld a multiple of 32; returns |y|^2. */
    double (*encode)(const uint32_t *col, const float *val, size_t n, const float *v, size_t ld, float *y);
} wn_lsa_kernels;
extern const wn_lsa_kernels wn_lsa_kernels_portable, wn_lsa_kernels_avx2, wn_lsa_kernels_avx512;
const wn_lsa_kernels *wn_lsa_kernels_get(void);

/* ---- unseen.c: vectors as though their texts were new ---- */
/* Squared lengths of a row of A: of its projection onto the basis, and of what that leaves. */
typedef struct {
    float in, out;
} wn_lsa_parts;
struct wn_lsa_learnt {
    size_t n, dims;
    double *value;      /* [dims] sigma^2 */
    wn_lsa_parts *part; /* [n] zero: not learned from */
};
wn_code wn_lsa_learnt_init(wn_lsa_learnt **out, size_t n, const wn_lsa_basis *b, wn_err *err);

/* ---- lsa.c, file.c ---- */
struct wn_lsa {
    wn_lsa_vocab vocab;
    wn_lsa_basis basis;
    wn_lsa_learnt *learnt; /* NULL: loaded, or taken */
    uint64_t min_df, seed;
};

#endif
