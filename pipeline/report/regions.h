#ifndef WN_REPORT_REGIONS_H
#define WN_REPORT_REGIONS_H
/* Points of a plane divided into regions, and the words that set the texts of a region apart. */
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>

enum { WN_REGIONS_MOST = 12, WN_REGION_WORDS = 3 };

/* Centres; a point is of the region whose centre is nearest. */
typedef struct {
    size_t n;
    double x[WN_REGIONS_MOST], y[WN_REGIONS_MOST];
} wn_regions;

/* k-means of at [2, m] (Lloyd 1982), started by k-means++ (Arthur and Vassilvitskii 2007) from the seed; larger
 * regions first. One for 60 points, 2 at least. of [m]: the region of each. */
void wn_regions_make(wn_regions *out, uint8_t *of, const double *x, const double *y, size_t m, uint64_t seed);

/* Words of each region, most telling first; NULL where fewer tell. */
typedef struct {
    char *word[WN_REGIONS_MOST][WN_REGION_WORDS]; /* wn_free each; wn_region_words_free does */
} wn_region_words;

/* Of n texts, text i being texts[rows[i]] of region of[i]: the words that stand in more texts of a region than the
 * others' texts let expect, by the z-score of their log-odds with the whole as prior (Monroe, Colaresi and Quinn,
 * "Fightin' Words", Political Analysis 16, 2008, equations 16 and 22), times the root of the logarithm of how rare
 * the word is among all texts, so that words of every text come last. The first WN_REGION_BYTES of a text are read. */
enum { WN_REGION_BYTES = 2000 };
wn_code wn_region_words_find(wn_region_words *out, const wn_texts *texts, const size_t *rows, const uint8_t *of,
                             size_t n, size_t nregions, wn_err *err);
void wn_region_words_free(wn_region_words *w);
size_t wn_region_words_memory(size_t n, size_t bytes_per_text);

#endif
