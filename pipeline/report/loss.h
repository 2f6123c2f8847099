#ifndef WN_REPORT_LOSS_H
#define WN_REPORT_LOSS_H
/* How far all rows are from the nearest chosen one. */
#include "page.h"

/* share [WN_CURVE_BINS] of the rows by that cosine (wn_curve_bin). */
void wn_loss_shares(const wn_outcome *r, double *share);
/* The cosine below which a tenth of the rows lie, as if a step's were spread evenly. */
double wn_loss_tenth(const double *share);
/* a as bars, b (may be NULL) as a line of steps of class cls; without the last step, of the chosen rows themselves. */
void wn_loss_plot(wn_page *p, const double *a, const double *b, const char *cls);

#endif
