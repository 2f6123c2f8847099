#ifndef WINNOW_PARTITION_H
#define WINNOW_PARTITION_H
/* Selection in two rounds, for more rows than one greedy run can go through: k rows of each part of V, then k of all
 * that were picked. GreeDi (Mirzasoleiman, Karbasi, Sarkar and Krause 2016, JMLR 17), RandGreeDi where parts are drawn
 * by chance (Barbosa, Ene, Nguyen and Ward 2015, ICML). docs/scale.md says when, and what it costs.
 *
 * wn_partition_select is wn_partition_part for every part and then wn_partition_join; processes that share nothing but
 * the rows may call these and exchange picks: the bytes are the same. */
#include <winnow/select.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* How V is cut into parts of equal size: by chance, in the order of the rows, or in that of their labels. */
#define WN_PARTITIONINGS(X) X(WN_PART_RANDOM, "random") X(WN_PART_ORDER, "order") X(WN_PART_LABEL, "label")
typedef enum { WN_PARTITIONINGS(WN_NAME_VALUE) } wn_partitioning;
const char *wn_partitioning_name(wn_partitioning p);

/* Can o be maximised in parts? */
bool wn_partition_serves(wn_objective o);

typedef struct {
    size_t parts; /* 1 .. n */
    wn_partitioning by;
    const uint32_t *label; /* [n] for WN_PART_LABEL */
    size_t sample;         /* graph-cut over rbf: rows that sums over all rows are estimated from in the first round,
                              drawn by the seed; 0: WN_PARTITION_SAMPLE. From n on the sums are exact */
} wn_partition_opts;
enum { WN_PARTITION_SAMPLE = 16384 };

/* What the first round picks of a part. */
typedef struct {
    size_t n;
    size_t *ids;  /* [n] rows of x: k in order of choice, must-keep rows first; then others for the second round */
    double value; /* f of those k as the part sees it, over the rows that it represents */
} wn_part_picks;
void wn_part_picks_free(wn_part_picks *p);

/* What became of the rounds. */
typedef struct {
    size_t candidates; /* rows that the second round had */
    size_t sampled;    /* rows that its sums were estimated from; 0: they were exact */
    size_t part;       /* from 1: its picks alone were better than those of the second round; 0: they were not */
} wn_partitioned;

/* As wn_select(x, o), whose k rows it finds where there is one part: k rows of each part, the must-keep rows among
 * them and excluded ones not; then k of all those. Returned is the better, by f over all rows, of these and of the
 * part whose k rows are best as it sees it.
 *
 * Graph-cut: T_x = sum over j != x of w_xj runs over all rows whatever the part, and so does lambda; over cosine and
 * dot T costs O(nd). Over rbf it would cost all n^2 pairs, so T_x is (n - 1) / R times the sum over a sample of R rows,
 * the same for all parts, and in the second round over as many more as there are fewer candidates; a part also picks
 * k rows or more with a third of 2 + lambda, for the second round. By label k rows of a sample stand in for what other
 * parts will pick. The gains of the rows returned are counted over all rows again: O(n k d). Other objectives: a part
 * represents its own rows, the second round all. Memory beyond x: one part at a time.
 *
 * *how may be NULL. Errors as wn_select; also WN_EUSAGE: parts or labels out of range, an objective without parts
 * (class-herding has its own, random and those toward queries need none), a graph, values, given
 * similarities, `represent` or a part of a whole in `o`. */
wn_code wn_partition_select(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p, wn_selection *out,
                            wn_partitioned *how, wn_err *err);
/* The first round of part 0 .. parts - 1. */
wn_code wn_partition_part(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p, size_t part,
                          wn_part_picks *out, wn_err *err);
/* The second: picks [p->parts]. WN_EINPUT: picks that are no choice of k rows of x. */
wn_code wn_partition_join(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                          const wn_part_picks *picks, wn_selection *out, wn_partitioned *how, wn_err *err);
/* Bytes that it takes beyond x; SIZE_MAX where they cannot be counted. */
size_t wn_partition_memory(const wn_select_opts *o, const wn_partition_opts *p, size_t n, size_t d);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
