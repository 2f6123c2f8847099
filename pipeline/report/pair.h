#ifndef WN_REPORT_PAIR_H
#define WN_REPORT_PAIR_H
/* The page of two choices: its parts. */
#include "loss.h"
#include "page.h"

typedef struct {
    const wn_outcome *of[2];
    const char *name[2]; /* of their folders */
} wn_pair;

void wn_pair_labels(wn_page *p, const wn_pair *t);
void wn_pair_lengths(wn_page *p, const wn_pair *t);
void wn_pair_exclusive(wn_page *p, const wn_pair *t); /* what one chose and the other did not */

#endif
