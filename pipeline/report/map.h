#ifndef WN_REPORT_MAP_H
#define WN_REPORT_MAP_H
/* The map: rows drawn at random on a plane, its regions, and where all rows lie that were counted. */
#include "regions.h"
#include "tsne.h"

#include <wn/outcome.h>

enum {
    WN_MAP_WIDTH = 960,
    WN_MAP_HEIGHT = 620,
    WN_MAP_CHOSEN = 300,  /* of the WN_TSNE_MOST points, where so many were chosen */
    WN_MAP_COUNTED = 4096 /* rows of the pool, and of the choice, that regions are counted over */
};

/* Zero-initialise. A row lies where the most similar point does. */
typedef struct {
    size_t m, nchosen, all, all_chosen; /* points; chosen ones among them; rows they were drawn from, and chosen ones */
    size_t *row;                        /* [m] chosen ones last */
    double *x, *y;                      /* [m] on the picture */
    double kept, flat;                  /* as wn_tsne */
    uint8_t *region;                    /* [m] */
    wn_regions regions;
    size_t pool[WN_REGIONS_MOST], chosen[WN_REGIONS_MOST]; /* rows counted in each region */
    size_t counted, counted_chosen;                        /* of how many */
    size_t typical[WN_REGIONS_MOST];                       /* the point nearest to its centre */
    wn_region_words words;
} wn_map;

/* m = 0: the outcome has too few rows with vectors for a map. */
wn_code wn_map_make(wn_map *out, const wn_outcome *r, wn_err *err);
void wn_map_free(wn_map *m);

#endif
