#ifndef WINNOW_D2V_MODEL_H
#define WINNOW_D2V_MODEL_H
/* The model, and one pass over one text, which training and inference share. */
#include <winnow/doc2vec.h>

#include "kernel.h"
#include "sampler.h"
#include "vocab.h"

struct wn_doc2vec {
    wn_doc2vec_opts opts;
    wn_d2v_vocab vocab;
    uint32_t *keep;      /* [words] */
    wn_d2v_alias *alias; /* [words], with negative sampling */
    wn_d2v_tree tree;    /* with hierarchical softmax */
    /* Rows of stride floats. input: DM and DBOW with word training; one row more, for places outside the text, in
     * concat. negative, inner: output weights of the words and of the tree's inner nodes; in concat a row has
     * 1 + 2 window segments, document first, each as wide as a row of `input`. */
    wn_mat input, negative, inner;
    size_t stride;   /* floats of a document vector, padded */
    size_t segments; /* 1, or 1 + 2 window in concat */
};

wn_code wn_d2v_check(const wn_doc2vec_opts *o, wn_err *err);
/* Everything that follows from options and vocabulary; the weights are zero. */
wn_code wn_d2v_model_init(wn_doc2vec *m, wn_err *err);

static inline bool wn_d2v_uses_input(const wn_doc2vec_opts *o) {
    return o->mode != WN_DBOW || o->dbow_words;
}

/* One worker's sight of a shared matrix. With slot == NULL it works on the matrix itself. Else on copies: the first
 * touch of row r copies it to the arena, slot[r] - 1 says where. */
typedef struct {
    const wn_mat *shared;
    uint32_t *slot;  /* [rows], 0: untouched */
    uint64_t *dirty; /* bit r: row r has a copy */
    float *arena;    /* [cap, stride] */
    size_t used, cap;
} wn_d2v_view;

typedef struct wn_d2v_job wn_d2v_job;

/* The state of a pass over one text and the scratch of the worker that runs it. */
typedef struct {
    const wn_doc2vec *m;
    const wn_d2v_kernels *k;
    wn_d2v_view input, negative, inner;
    bool learn; /* false: only the document vector changes */
    float alpha;
    float *doc;      /* [stride] */
    uint32_t *ids;   /* [len] words kept by sub-sampling */
    uint32_t *reach; /* [len] window of each */
    size_t len, ids_cap, reach_cap;
    wn_d2v_draws draws;
    uint32_t *pool; /* [pool_size] noise words are drawn from here; NULL: from the alias table */
    size_t pool_size;
    wn_d2v_job *jobs; /* predictions whose rows are on their way from memory */
    size_t njobs;
    float **rows;     /* pointers of the jobs */
    float *in, *work; /* [segments * stride] */
} wn_d2v_pass;

wn_code wn_d2v_pass_init(wn_d2v_pass *ps, const wn_doc2vec *m, bool learn, wn_err *err);
void wn_d2v_pass_free(wn_d2v_pass *ps);
/* Sub-samples the words and draws the windows. */
wn_code wn_d2v_pass_begin(wn_d2v_pass *ps, const uint32_t *words, size_t n, wn_d2v_draws draws, wn_err *err);
/* Predicts the kept words [begin, end). */
void wn_d2v_pass_run(wn_d2v_pass *ps, size_t begin, size_t end);
/* Most rows of each view that a run over n words can touch. */
void wn_d2v_pass_touch(const wn_doc2vec *m, size_t n, size_t *input, size_t *negative, size_t *inner);

/* row[i] = (2 u - 1) scale, i < n */
void wn_d2v_random_row(float *row, size_t n, float scale, wn_d2v_draws d);

/* How training is split: `workers` slices of the corpus, joined each time every one has done `round` words. In a
 * round a worker draws its noise words from `pool` words drawn for that round (0: directly). */
typedef struct {
    size_t workers, round, pool;
} wn_d2v_plan;
enum { WN_D2V_WORKERS_MAX = 64 };
wn_d2v_plan wn_d2v_plan_for(const wn_d2v_corpus *c);
/* wn_doc2vec_train with a given plan; workers == 0: the default one. */
wn_code wn_d2v_train(wn_doc2vec **model, const wn_texts *texts, const wn_doc2vec_opts *o, wn_d2v_plan plan, wn_mat *out,
                     wn_progress *p, wn_err *err);

#endif
