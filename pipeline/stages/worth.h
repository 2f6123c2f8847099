#ifndef WN_PIPELINE_WORTH_H
#define WN_PIPELINE_WORTH_H
/* The parts of wn_worth_measure: how much is measured, what is held out and chosen, and what a probe learns. */
#include <winnow/stages.h>

/* Steps of a fit: on glosses, packages and SST-2 eight more of them change accuracy by less than .004. */
enum { WN_WORTH_STEPS = 12 };
enum { WN_WORTH_TUNE = 600 }; /* random rows among which c is found, at the most */
/* Rows of a class that a pick is sought among where the choice is made anew: as in a run, or fewer where that takes too
 * long. */
enum { WN_WORTH_PARTS = 3 };
static const size_t wn_worth_part[WN_WORTH_PARTS] = {16384, 4096, 1024};
/* Folds from which on they say themselves how far they differ; of fewer, the rows that they tested do. */
enum { WN_WORTH_FOLDS = 5 };

/* What the sizes of a problem are. */
typedef struct {
    size_t m, d, k;      /* rows without copies, columns, rows chosen */
    size_t choosable;    /* rows that no list bars */
    size_t testable;     /* of those that no list names, rows with a label */
    size_t labelled;     /* rows with a label */
    size_t classes;      /* of labels that occur */
    double picks[WN_WORTH_PARTS]; /* of class-herding: rows looked at for all picks together, by part */
} wn_worth_size;

typedef struct {
    size_t folds, held_out;     /* rows each */
    size_t all_folds, all_rows; /* folds that also learn from so many random rows; 0: none */
    size_t part_rows;           /* of wn_worth_part */
} wn_worth_plan;

/* false: nothing can be measured, and `none` says why. Depends on its arguments alone. */
bool wn_worth_planned(wn_worth_plan *out, char none[WN_WORTH_NONE], const wn_worth_size *s, const wn_choice_opts *o);
/* Bytes that are held all the while: which rows stand where, and what each fold learns from. */
size_t wn_worth_table_bytes(const wn_worth_size *s, const wn_worth_plan *p);
/* Bytes that learning from n rows takes, while held_out others are tested. */
size_t wn_worth_lesson_bytes(const wn_worth_size *s, size_t n, size_t held_out);

/* Rows of the matrix. */
typedef struct {
    size_t *row, n;
} wn_worth_rows;

/* One fold: what is tested, and what is learnt from. */
typedef struct {
    size_t *held_out;                    /* [plan->held_out] a view */
    wn_worth_rows chosen, random, all;   /* of rows with a label; all.n 0: not learnt from */
} wn_worth_fold;

typedef struct {
    size_t *order;       /* [testable] rows that may be held out, by chance; the folds take the first ones */
    uint32_t *label;     /* [m] SIZE of names: none */
    size_t classes;      /* names of labels */
    wn_worth_size size;
    wn_worth_plan plan;
    wn_worth_fold *fold; /* [plan.folds] */
} wn_worth_folds;

/* What is there: label, order and size. */
wn_code wn_worth_count(wn_worth_folds *out, const wn_vectors *v, const wn_chosen *chosen, wn_err *err);
/* With a plan: what is chosen in each fold, among the rows that it does not hold out. WN_ECONSTRAINT as
 * wn_choice_make. */
wn_code wn_worth_choose(wn_worth_folds *f, wn_vectors *v, const wn_chosen *chosen, wn_io *io, wn_err *err);
void wn_worth_folds_free(wn_worth_folds *f);

#endif
