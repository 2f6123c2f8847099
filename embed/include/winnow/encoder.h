#ifndef WINNOW_ENCODER_H
#define WINNOW_ENCODER_H
/* What turns texts into vectors, whatever is behind it. A family of encoders (LSA, doc2vec, BERT, static tables) is one
 * wn_encoder_vt in a file of its own and one row of WN_ENCODERS; commands speak to the functions at the end of this
 * header.
 *
 *     open      options are checked, sizes known; nothing heavy yet
 *     prepare   fit to texts, load a fitted file, or load a model
 *     encode    texts -> rows, some at a time and in order, as often as wanted
 *     commit    the output is in place: what was kept for resuming goes
 *     close */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/bert.h>
#include <winnow/data.h>
#include <winnow/doc2vec.h>
#include <winnow/err.h>
#include <winnow/lsa.h>
#include <winnow/progress.h>
#include <winnow/static.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A model of transformer layers, as an encoder. */
typedef struct {
    wn_bert_opts model;
    bool all_layers; /* rows also hold the pooled vectors of every layer */
} wn_bert_encoder_opts;

/* X(VALUE, word, options): the enum's value; the word in options and manifests, which is also the family's name below
 * (wn_encoder_word) and that of its own options (opts.word_opts); their type. */
#define WN_ENCODERS(X)                                                                                                 \
    X(WN_ENC_LSA, lsa, wn_lsa_opts)                                                                                    \
    X(WN_ENC_DOC2VEC, doc2vec, wn_doc2vec_opts)                                                                        \
    X(WN_ENC_BERT, bert, wn_bert_encoder_opts)                                                                         \
    X(WN_ENC_STATIC, static, wn_static_opts)

#define WN_ENCODER_VALUE(value, word, options) value,
typedef enum { WN_ENCODERS(WN_ENCODER_VALUE) } wn_encoder_kind;
#define WN_ENCODER_WORD(value, word, options) "|" #word
#define WN_ENCODER_WORDS WN_ENCODERS(WN_ENCODER_WORD) /* as WN_NAME_WORDS makes them */

/* Views: the strings must outlive the encoder. */
typedef struct {
    const char *model;   /* folder or name, for families that open a model */
    const char *load;    /* a file that `save` wrote, instead of fitting; or NULL */
    const char *save;    /* where to write what was fitted; or NULL */
    bool overwrite;      /* of save */
    const char *part_of; /* the output beside which a long job keeps its vectors until commit; NULL: it keeps none */
    bool resume;         /* goes on with the vectors kept there */
#define WN_ENCODER_OWN(value, word, options) options word##_opts;
    WN_ENCODERS(WN_ENCODER_OWN)
} wn_encoder_opts;

/* Whom to tell. */
typedef struct {
    wn_progress *progress;                    /* may be NULL */
    void (*say)(void *ctx, const char *line); /* one line of summary or warning; may be NULL */
    void *ctx;                                /* say's own */
    bool verbose;
} wn_encoder_watch;
/* One line to w->say. */
__attribute__((format(printf, 2, 3))) void wn_encoder_say(const wn_encoder_watch *w, const char *fmt, ...);

/* What became of the texts encoded so far. */
typedef struct {
    size_t zero;                     /* rows without a known word: zero vectors */
    size_t texts, tokens, truncated; /* tokens of all texts, special ones included */
    size_t equal;                    /* texts with the tokens of an earlier one */
    size_t resumed;                  /* vectors taken from the part of an unfinished job */
    size_t computed, computed_tokens;
    double seconds; /* that the computed ones took */
} wn_encoder_counts;

/* What identifies a model. The encoder's memory. */
typedef struct {
    const char *dir, *precision;
    const char *sha256; /* of the weights, in hex */
} wn_encoder_origin;

/* Rows of an encoded corpus, picked out for a check. */
typedef struct {
    const size_t *rows; /* [n] rising */
    size_t n;
    const float *x; /* [n, stride] their vectors */
    size_t stride;
} wn_encoder_sample;

/* Rows [begin, begin + n) of what is encoded. */
typedef wn_code (*wn_rows_sink)(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err);

typedef struct wn_encoder wn_encoder;

/* A family. Functions that a family lacks are NULL unless said otherwise; `e` is the family's own struct, which begins
 * with a wn_encoder. */
typedef struct {
    const char *name;    /* its word in WN_ENCODERS */
    const char *article; /* "an" lsa encoder */
    const char *magic;   /* the first bytes of its files; NULL: it writes none */
    size_t dims_at;      /* where its files hold the length of the vectors, a little-endian 64-bit number */
    size_t size;         /* of the family's own struct */
    bool fits_corpus;    /* learns from texts (fit, save); else it opens a model */
    bool encodes_fitted; /* encode gives the texts of fit the rows that fit gave them */
    bool resumes;        /* encode keeps its vectors beside opts.part_of until commit */
    /* Checks e->opts and sets e->dims. Required. */
    wn_code (*open)(wn_encoder *e, wn_err *err);
    /* Bytes that n texts of `bytes` bytes in all will take, and the rows of all of them where `keep` says so: an
     * estimate from above; seconds of one core: a rough guide. Both after open. Required. */
    size_t (*memory)(const wn_encoder *e, size_t n, size_t bytes, bool keep);
    double (*seconds)(const wn_encoder *e, size_t bytes);
    /* From opts.load or opts.model. Required. Sets dims, words or layers, and title; so does fit. */
    wn_code (*load)(wn_encoder *e, const wn_encoder_watch *w, wn_err *err);
    /* x (NULL: not wanted) gets [n, dims] normalised rows; zero rows are counted. */
    wn_code (*fit)(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err);
    /* x [dims], the row that fit gave text `row`, becomes what it would nearly be had that text not been learned from.
     * Works after release. */
    void (*unseen)(const wn_encoder *e, size_t row, float *x);
    wn_code (*save)(const wn_encoder *e, const char *path, bool overwrite, wn_err *err);
    /* One of two: a block of texts at once (*x is the caller's to free), or all of them, with windows and messages of
     * the family's own. Rows are normalised. */
    wn_code (*transform)(wn_encoder *e, wn_mat *x, const wn_texts *block, wn_err *err);
    wn_code (*encode)(wn_encoder *e, wn_rows_sink sink, void *ctx, const wn_texts *texts, const wn_encoder_watch *w,
                      wn_err *err);
    /* Compares rows with those of the plainest arithmetic and says how far they are. WN_EINTERNAL: too far. */
    wn_code (*verify)(wn_encoder *e, const wn_texts *texts, const wn_encoder_sample *s, const wn_encoder_watch *w,
                      wn_err *err);
    wn_code (*describe)(wn_encoder *e, wn_encoder_origin *out, wn_err *err);
    void (*commit)(wn_encoder *e);
    void (*release)(wn_encoder *e); /* what takes memory; describe and commit still work. May come twice. Required. */
    void (*close)(wn_encoder *e);   /* the rest, after release */
} wn_encoder_vt;

/* To be read by everybody, written by the family. */
struct wn_encoder {
    const wn_encoder_vt *vt;
    wn_encoder_opts opts;
    bool ready;         /* prepare succeeded */
    size_t dims;        /* of a vector; before prepare as asked for: a loaded one may differ */
    size_t layers;      /* with vectors of every layer: how many, the embeddings included; else 0 */
    size_t layer_width; /* a row is dims floats, then layer_width floats a layer */
    size_t words;       /* that it knows; 0 for families without a vocabulary of words */
    char title[160];    /* "lsa, 256 dimensions, 110722 words"; empty before prepare */
    wn_encoder_counts counts;
};

/* The families. Those of embed are its own; `bert`, whose long jobs keep a file beside the output, and `static` are
 * pipeline's. */
#define WN_ENCODER_FAMILY(value, word, options) extern const wn_encoder_vt wn_encoder_##word;
WN_ENCODERS(WN_ENCODER_FAMILY)

/* Refuses early what would fail late: a model that is not there, an option that does not suit it. */
wn_code wn_encoder_open(wn_encoder **out, const wn_encoder_vt *vt, const wn_encoder_opts *o, wn_err *err);
size_t wn_encoder_memory(const wn_encoder *e, size_t n, size_t bytes, bool keep);
double wn_encoder_seconds(const wn_encoder *e, size_t bytes);
/* Does prepare learn from its texts? */
bool wn_encoder_fits(const wn_encoder *e);
/* Loads the encoder, or fits it to texts (at least one) and saves it where the options say so. x (NULL: not wanted)
 * gets [texts->n, dims] normalised rows in the order of the texts; the caller's to free. */
wn_code wn_encoder_prepare(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err);
/* Gives the rows of all texts to sink, in order. WN_EINTERRUPT says how to go on, where that is possible. */
wn_code wn_encoder_encode(wn_encoder *e, wn_rows_sink sink, void *ctx, const wn_texts *texts, const wn_encoder_watch *w,
                          wn_err *err);
wn_code wn_encoder_verify(wn_encoder *e, const wn_texts *texts, const wn_encoder_sample *s, const wn_encoder_watch *w,
                          wn_err *err);
/* The row that prepare gave text `row`, x [dims], as though the text were new to the encoder; as it is where nothing
 * was learned from texts, or where the family cannot tell. */
void wn_encoder_unseen(const wn_encoder *e, size_t row, float *x);
/* Where the vectors come from; *out is zero where no model made any. The sum of the weights is taken once. */
wn_code wn_encoder_describe(wn_encoder *e, wn_encoder_origin *out, wn_err *err);
/* These three may get NULL. */
void wn_encoder_commit(wn_encoder *e);
void wn_encoder_release(wn_encoder *e); /* the memory of a prepared encoder */
void wn_encoder_close(wn_encoder *e);   /* keeps the part of a job that was not committed */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
