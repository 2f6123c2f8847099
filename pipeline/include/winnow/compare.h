#ifndef WINNOW_COMPARE_H
#define WINNOW_COMPARE_H
/* What `winnow compare` is asked: which ways to choose a subset are set beside one another, and on what. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/kernel.h>
#include <winnow/names.h>
#include <winnow/select.h>
#include <winnow/stages.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a method chooses, X(VALUE, "word", function of pipeline/compare/methods.c). The word of an objective
 * (winnow/select.h) is a method, too: the same function with that objective. */
#define WN_METHODS(X)                                               \
    X(WN_METHOD_OBJECTIVE, "default", choose_by_objective)          \
    X(WN_METHOD_DEDUP_RANDOM, "dedup+random", choose_by_objective)  \
    X(WN_METHOD_BALANCED, "balanced-random", choose_balanced)       \
    X(WN_METHOD_STRATIFIED, "stratified-random", choose_stratified) \
    X(WN_METHOD_LONGEST, "longest", choose_longest)                 \
    X(WN_METHOD_FULL, "full", choose_full)
#define WN_METHOD_VALUE(value, word, choose) value,
typedef enum { WN_METHODS(WN_METHOD_VALUE) WN_METHOD_KINDS } wn_method_kind;

/* A method with its options. */
typedef struct {
    const char *name; /* as it was spelt: "graph-cut:lambda=10:similarity=cosine" */
    wn_method_kind kind;
    wn_objective objective;
    wn_kernel_kind similarity;
    double lambda, gamma, saturation; /* NaN: auto */
    size_t components;    /* of rbf */
    wn_class_opts classes; /* of class-herding, and of other objectives under quotas */
    bool quotas;           /* were they asked for? */
    double push;           /* NaN: auto */
    wn_storage storage;
    wn_maximizer maximizer;
    double epsilon;
    size_t neighbours;
    wn_dedup_mode dedup;
    double dedup_threshold;
    bool seeded;          /* has a seed of its own */
    uint64_t seed;
    bool baseline;        /* always in, and what the others are measured by */
} wn_method;

/* What learns from a subset. */
#define WN_LEARNERS(X) X(WN_LEARNER_PROBE, "probe") X(WN_LEARNER_FINETUNE, "finetune")
typedef enum { WN_LEARNERS(WN_NAME_VALUE) } wn_learner_kind;

#ifdef __cplusplus
}
#endif

#endif
