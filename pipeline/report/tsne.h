#ifndef WN_REPORT_TSNE_H
#define WN_REPORT_TSNE_H
/* Rows of many columns on a plane where neighbours stay neighbours: t-SNE (van der Maaten and Hinton, "Visualizing Data
 * using t-SNE", JMLR 9, 2008). Row i likes row j by p_ij = (p_j|i + p_i|j) / 2m, where p_j|i falls with their distance
 * as a normal law that reaches WN_TSNE_PERPLEXITY rows; on the plane q_ij is proportional to 1 / (1 + |y_i - y_j|^2);
 * sum p_ij log(p_ij / q_ij) is made small by its exact gradient. It starts from the two directions of largest variance
 * (Kobak and Linderman, Nature Biotechnology 39, 2021), so that what is far apart in them stays so, and its step is as
 * long as the number of rows allows (Belkina et al., Nature Communications 10, 2019). */
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>

enum {
    WN_TSNE_MOST = 1500, /* rows: a step has their square */
    WN_TSNE_LEAST = 30,  /* fewer have no neighbourhoods to keep */
    WN_TSNE_PERPLEXITY = 20,
    WN_TSNE_NEAREST = 10 /* of a row's neighbours are looked for on the plane */
};

/* Zero-initialise. */
typedef struct {
    size_t m;
    float *at;         /* [2, m]: all x, then all y */
    double kept, flat; /* mean share of the rows nearest to a row that are nearest to it on the plane, too; and on the
                        * plane of the two directions of largest variance */
} wn_tsne;

/* x [m, d], normalised; WN_TSNE_LEAST <= m <= WN_TSNE_MOST. O(m^2 (d + steps)), all threads; the same bits for any
 * number of them. */
wn_code wn_tsne_make(wn_tsne *out, const wn_mat *x, uint64_t seed, wn_err *err);
void wn_tsne_free(wn_tsne *t);
size_t wn_tsne_memory(size_t m, size_t d); /* bytes while it runs, beside x */

#endif
