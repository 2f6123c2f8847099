#ifndef WN_REPORT_SHARES_H
#define WN_REPORT_SHARES_H
/* Shares of pool and choice side by side: a bar for the choice, a mark for the pool, and the band in which 95% of
 * random choices fall (hypergeometric, by its standard deviation). */
#include "page.h"

/* `pool` of n rows and `chosen` of k have it. */
typedef struct {
    double pool, n, chosen, k;
} wn_share;

/* The share at the right edge of its bar: the largest of all that are drawn together. */
double wn_share_reach(const wn_share *s);
void wn_share_bar(wn_page *p, const wn_share *s, double widest);
void wn_share_percent(wn_page *p, double part, double whole);
void wn_share_legend(wn_page *p);
/* Beyond the band: -1 fewer, 1 more, 0 neither. */
int wn_share_beyond(const wn_share *s);

#endif
