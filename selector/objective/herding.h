#ifndef WINNOW_SELECTOR_HERDING_H
#define WINNOW_SELECTOR_HERDING_H
/* Herding, and class herding: in every class the mean of the chosen rows follows a target. Of class c with n_c rows,
 * mean mu_c and the mean of all other rows rest_c, the target is
 *     t_c = mu_c + push_c (mu_c - rest_c),
 * typical of the class and, the larger the push, away from the others. With S_c the chosen rows of c,
 *     f(S) = sum over c of  t_c . P_c - 1 / |S_c| sum over pairs i < j of S_c of  x_i . x_j,     P_c = sum of S_c:
 * graph-cut in the linear kernel with a target of its own for each class, and its penalty averaged over the picks. On
 * top of j rows of its class x gains
 *     t_c . x - P_c . x / (j + 1) + (sum over pairs) / (j (j + 1)),
 * of which the first two terms tell rows of a class apart: herding (Welling 2009; Chen, Welling and Smola 2010), whose
 * mean P_c / |S_c| follows t_c.
 *
 * Herding without labels is that with all rows in one class: its target is their mean. */
#include "objective/objective.h"

typedef struct {
    const wn_ground *g;
    const uint32_t *label; /* [n] those of the options, or own */
    uint32_t *own;         /* zeros where these have none */
    size_t classes;
    double *target; /* [classes, d] */
    double *sum;    /* [classes, d] P_c */
    double *pairs;  /* [classes] sum over pairs of S_c */
    size_t *count;  /* [classes] |S_c| */
} wn_herding;

/* Of herding without labels one. */
size_t wn_herding_classes(const wn_select_opts *o);
size_t wn_herding_part_rows(const wn_select_opts *o); /* a class of more is cut into parts */
/* Targets from the rows of g, all of one class where `o` has no labels; no row chosen yet. O(n d). Release with
 * wn_herding_free whatever it returned. */
wn_code wn_herding_init(wn_herding *h, const wn_ground *g, const wn_select_opts *o, wn_err *err);
void wn_herding_free(wn_herding *h);
/* Bytes of one. */
size_t wn_herding_bytes(const wn_select_opts *o, size_t n, size_t d);
double wn_herding_gain(const wn_herding *h, size_t row);
void wn_herding_add(wn_herding *h, size_t row);

#endif
