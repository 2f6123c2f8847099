/* Which words set the texts of a region apart. */
#include "regions.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/strmap.h>
#include <wn/text.h>

enum { LEAST_TEXTS = 3 }; /* of a region that have a word, */
#define LEAST_SHARE .025  /* and the share of them */
#define LEAST_Z 2.5       /* of its log-odds */
#define PRIOR .2          /* weight of the whole beside the region's own texts */

/* Texts that have each word, by region. */
typedef struct {
    wn_strset words;
    uint32_t *count; /* [words][nregions] */
    uint32_t *last;  /* [words] number of the last text that had it, from 1 */
    size_t count_cap, last_cap;
    size_t nregions, text, region;
    size_t texts[WN_REGIONS_MOST]; /* read of each region */
} word_table;

static wn_code table_room(word_table *t, wn_err *err) {
    size_t before = t->count_cap, words = t->words.n;
    void *count = t->count, *last = t->last;
    wn_code code = wn_reserve(&count, &t->count_cap, words * t->nregions, sizeof *t->count, err);
    t->count = count;
    if (code != WN_OK) return code;
    memset(t->count + before, 0, (t->count_cap - before) * sizeof *t->count);
    before = t->last_cap;
    code = wn_reserve(&last, &t->last_cap, words, sizeof *t->last, err);
    t->last = last;
    if (code == WN_OK) memset(t->last + before, 0, (t->last_cap - before) * sizeof *t->last);
    return code;
}

static wn_code table_word(void *ctx, const char *word, size_t n, wn_err *err) {
    word_table *t = ctx;
    uint32_t id = 0;
    wn_code code = wn_strset_add(&t->words, word, n, wn_string_hash(word, n), &id, err);
    if (code != WN_OK || (code = table_room(t, err)) != WN_OK) return code;
    if (t->last[id] == t->text) return WN_OK;
    t->last[id] = (uint32_t)t->text;
    t->count[id * t->nregions + t->region]++;
    return WN_OK;
}

/* A text's length, or where it is cut: not within a character. */
static size_t cut_length(const char *s, size_t n) {
    if (n <= WN_REGION_BYTES) return n;
    n = WN_REGION_BYTES;
    while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80) n--;
    return n;
}

/* y of the n counts here, against Y of N in all, as prior. */
static double word_z(double y, double n, double Y, double N) {
    double a = PRIOR * Y, A = PRIOR * N, other = Y - y, rest = N - n;
    double odds = log((y + a) / (n + A - y - a)) - log((other + a) / (rest + A - other - a));
    return odds / sqrt(1 / (y + a) + 1 / (other + a));
}

/* A word and its plural say one thing. */
static bool word_alike(const char *a, size_t n, const char *b) {
    size_t m = strlen(b), shorter = n < m ? n : m;
    return shorter >= 3 && memcmp(a, b, shorter) == 0;
}

static bool word_new(const char *word, size_t n, char *const *have) {
    if (n < 3) return false; /* "s", "of", "I" */
    for (size_t i = 0; i < WN_REGION_WORDS && have[i]; i++)
        if (word_alike(word, n, have[i])) return false;
    return true;
}

static wn_code region_best(char **out, const word_table *t, size_t region, const double *totals, wn_err *err) {
    double all = 0, texts = (double)t->text;
    for (size_t r = 0; r < t->nregions; r++) all += totals[r];
    for (size_t k = 0; k < WN_REGION_WORDS; k++) {
        double best = 0;
        size_t pick = t->words.n;
        for (size_t w = 0; w < t->words.n; w++) {
            const uint32_t *c = t->count + w * t->nregions;
            const char *word = t->words.bytes + t->words.off[w];
            double Y = 0;
            if (c[region] < LEAST_TEXTS || c[region] < LEAST_SHARE * (double)t->texts[region]) continue;
            for (size_t r = 0; r < t->nregions; r++) Y += c[r];
            double z = word_z(c[region], totals[region], Y, all), weight = z * sqrt(log(texts / Y));
            if (z > LEAST_Z && weight > best && word_new(word, (size_t)(t->words.off[w + 1] - t->words.off[w]), out))
                best = weight, pick = w;
        }
        if (pick == t->words.n) break;
        out[k] =
            wn_strndup(t->words.bytes + t->words.off[pick], (size_t)(t->words.off[pick + 1] - t->words.off[pick]), err);
        if (!out[k]) return WN_EMEMORY;
    }
    return WN_OK;
}

wn_code wn_region_words_find(wn_region_words *out, const wn_texts *texts, const size_t *rows, const uint8_t *of,
                             size_t n, size_t nregions, wn_err *err) {
    word_table t = {.nregions = nregions};
    wn_buf scratch = {0};
    double totals[WN_REGIONS_MOST] = {0};
    wn_code code = WN_OK;
    for (size_t i = 0; i < n && code == WN_OK; i++) {
        const char *s = texts->base + texts->off[rows[i]];
        size_t len = cut_length(s, (size_t)(texts->off[rows[i] + 1] - texts->off[rows[i]]));
        t.text = i + 1, t.region = of[i], t.texts[of[i]]++;
        if (wn_utf8_invalid(s, len) == len) code = wn_text_words(s, len, &scratch, table_word, &t, err);
    }
    for (size_t w = 0; w < t.words.n && code == WN_OK; w++)
        for (size_t r = 0; r < nregions; r++) totals[r] += t.count[w * nregions + r];
    for (size_t r = 0; r < nregions && code == WN_OK; r++) code = region_best(out->word[r], &t, r, totals, err);
    wn_strset_free(&t.words);
    wn_free(t.count);
    wn_free(t.last);
    wn_free(scratch.data);
    return code;
}

void wn_region_words_free(wn_region_words *w) {
    for (size_t r = 0; r < WN_REGIONS_MOST; r++)
        for (size_t k = 0; k < WN_REGION_WORDS; k++) wn_free(w->word[r][k]);
    *w = (wn_region_words){0};
}

size_t wn_region_words_memory(size_t n, size_t bytes_per_text) {
    size_t bytes = n * (bytes_per_text < WN_REGION_BYTES ? bytes_per_text : WN_REGION_BYTES);
    return bytes * 6; /* a word of 5 bytes and a space in every 6, all different, counted in 12 regions: at the worst */
}
