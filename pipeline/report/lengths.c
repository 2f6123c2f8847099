/* How long the texts are: of the pool, and of the choice. */
#include "lengths.h"

#include "plot.h"
#include "sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { BINS = 24 };

/* Runs of characters without white space between them, or all characters. */
static uint32_t size_of(const unsigned char *s, size_t n, bool words) {
    uint32_t count = 0;
    bool within = false;
    for (size_t i = 0; i < n; i++) {
        bool space = s[i] <= ' ' && (s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r'));
        count += words ? !space && !within : (s[i] & 0xC0) != 0x80;
        within = !space;
    }
    return count;
}

static int by_length(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

uint32_t wn_sizes_words(const wn_texts *t, size_t row) {
    uint32_t count = 0;
    bool within = false;
    for (uint64_t i = t->off[row]; i < t->off[row + 1]; i++) {
        const unsigned char c = (unsigned char)t->base[i], letter = (unsigned char)(c | 0x20);
        const bool space = c == ' ' || (c >= '\t' && c <= '\r');
        const bool tells = c >= 0x80 || (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9');
        count += tells && !within;
        within = !space && (within || tells);
    }
    return count;
}

wn_code wn_sizes_make(wn_sizes *out, const wn_texts *t, const size_t *rows, size_t n, bool words, wn_err *err) {
    *out = (wn_sizes){.length = wn_alloc(n, sizeof *out->length, err), .n = n, .words = words};
    if (!out->length) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        size_t row = rows ? rows[i] : i, begin = (size_t)t->off[row];
        out->length[i] = size_of((const unsigned char *)t->base + begin, (size_t)t->off[row + 1] - begin, words);
        out->sum += out->length[i];
    }
    qsort(out->length, n, sizeof *out->length, by_length);
    return WN_OK;
}

wn_code wn_sizes_pool(wn_sizes *out, const wn_texts *t, wn_err *err) {
    enum { LONGEST = 40 }; /* bytes of a word, on average: no language has so many */
    wn_code code = wn_sizes_make(out, t, NULL, t->n, true, err);
    if (code != WN_OK || !(out->sum > 0) || (double)(t->off[t->n] - t->off[0]) / out->sum <= LONGEST) return code;
    wn_free(out->length);
    return wn_sizes_make(out, t, NULL, t->n, false, err);
}

static uint32_t sizes_at(const wn_sizes *s, double quantile) {
    size_t i = (size_t)(quantile * (double)s->n);
    return s->length[i < s->n ? i : s->n - 1];
}

wn_code wn_sizes_median(uint32_t *median, const wn_texts *t, wn_err *err) {
    wn_sizes s = {.length = wn_alloc(t->n, sizeof *s.length, err), .n = t->n};
    if (!s.length) return WN_EMEMORY;
    for (size_t i = 0; i < t->n; i++) s.length[i] = wn_sizes_words(t, i);
    qsort(s.length, s.n, sizeof *s.length, by_length);
    *median = s.n ? sizes_at(&s, .5) : 0;
    wn_free(s.length);
    return WN_OK;
}

/* Shares of rows by length in steps of `width`; the last takes all that are longer. */
static void sizes_bins(const wn_sizes *s, double width, double bin[BINS]) {
    for (size_t i = 0; i < s->n; i++) {
        double b = floor(s->length[i] / width);
        bin[b < BINS ? (size_t)b : BINS - 1] += 1 / (double)s->n;
    }
}

static void sizes_chart(wn_page *p, const wn_sizes *pool, const wn_sizes *choice) {
    double width = fmax(1, ceil(sizes_at(pool, .98) / (double)(BINS - 1))), a[BINS] = {0}, b[BINS] = {0}, high = 0;
    wn_plot c = {.title = "Texts by their length",
                 .x_name = pool->words ? "words of a text" : "characters of a text",
                 .percent = true,
                 .bars = true,
                 .x_max = BINS * width};
    sizes_bins(pool, width, a);
    sizes_bins(choice, width, b);
    for (size_t i = 0; i < BINS; i++) high = fmax(high, fmax(a[i], b[i]));
    wn_plot_range(&c, 0, high, true);
    wn_page_put(p, "<figure>");
    wn_plot_open(p, &c);
    wn_plot_bars(p, &c, b, BINS, width, "hb");
    wn_plot_steps(p, &c, a, BINS, width, "hs");
    wn_plot_close(p);
    wn_page_put(p, "<ul class=\"leg\"><li><span class=\"key\"></span>choice</li><li><span class=\"key kl\"></span>pool"
                   "</li></ul><figcaption>Share of the texts that are so long; the last step holds all longer ones."
                   "</figcaption></figure>\n");
}

static void sizes_row(wn_page *p, const char *name, const wn_sizes *s) {
    wn_page_printf(p, "<tr><td>%s</td><td class=\"r\">", name);
    wn_page_number(p, s->sum / (double)s->n);
    for (int i = 0; i < 4; i++) {
        static const double quantile[] = {.05, .5, .95, 1};
        wn_page_printf(p, "</td><td class=\"r%s\">", i == 0 ? " wide" : "");
        wn_page_count(p, sizes_at(s, quantile[i]));
    }
    wn_page_put(p, "</td><td class=\"r\">");
    wn_page_count(p, (size_t)s->sum);
    wn_page_put(p, "</td></tr>\n");
}

void wn_sizes_table(wn_page *p, const char *const *names, const wn_sizes *s, size_t n) {
    wn_page_printf(p,
                   "<table><thead><tr><th>%s</th><th class=\"r\">mean</th><th class=\"r wide\">5%%</th>"
                   "<th class=\"r\">median</th><th class=\"r\">95%%</th><th class=\"r\">most</th>"
                   "<th class=\"r\">in all</th></tr></thead><tbody>\n",
                   s->words ? "Words" : "Characters");
    for (size_t i = 0; i < n; i++) sizes_row(p, names[i], &s[i]);
    wn_page_put(p, "</tbody></table>\n");
}

static void sizes_say(wn_page *p, const wn_sizes *pool, const wn_sizes *choice) {
    double a = pool->sum / (double)pool->n, b = choice->sum / (double)choice->n;
    wn_page_put(p, "<p class=\"m\">");
    if (a > 0 && b > 1.5 * a)
        wn_page_printf(p, "A chosen text is %.1f times as long as one of the pool, on average", b / a);
    else if (a > 0 && b > 1.15 * a)
        wn_page_printf(p, "A chosen text is %.0f%% longer than one of the pool, on average", 100 * (b / a - 1));
    else if (a > 0 && b < a / 1.15)
        wn_page_printf(p, "A chosen text is %.0f%% shorter than one of the pool, on average", 100 * (1 - b / a));
    else
        wn_page_put(p, "Chosen texts are about as long as those of the pool");
    wn_page_printf(p, ". The choice has %.1f%% of the pool’s %s, which is what training on it costs. %s</p>\n",
                   pool->sum > 0 ? 100 * choice->sum / pool->sum : 0, pool->words ? "words" : "characters",
                   pool->words ? "A word is what stands between white space."
                               : "The texts have few spaces, so characters are counted.");
}

/* What the model made of the texts. */
static void tokens_say(wn_page *p, const wn_outcome_model *m) {
    wn_page_put(p, "<p class=\"m\">The model read ");
    wn_page_count(p, m->tokens);
    wn_page_put(p, " tokens in ");
    wn_page_count(p, m->texts);
    wn_page_printf(p, " texts, %.1f each. ", (double)m->tokens / (double)m->texts);
    if (m->truncated) {
        wn_page_count(p, m->truncated);
        wn_page_put(p, m->truncated == 1 ? " text was longer than it reads and was cut.</p>\n"
                                         : " texts were longer than it reads and were cut.</p>\n");
    } else
        wn_page_put(p, "None was cut.</p>\n");
}

void wn_section_lengths(wn_page *p, const wn_outcome *r) {
    static const char *const names[] = {"the pool", "the choice"};
    const wn_texts *t = &r->rows.texts;
    wn_sizes s[2] = {0};
    if (t->n == 0 || r->k == 0 || r->k >= r->n || p->code != WN_OK) return;
    if ((p->code = wn_sizes_pool(&s[0], t, p->err)) != WN_OK) goto out;
    if ((p->code = wn_sizes_make(&s[1], t, r->chosen, r->k, s[0].words, p->err)) != WN_OK) goto out;
    sizes_say(p, &s[0], &s[1]);
    if (r->model && r->model->texts) tokens_say(p, r->model);
    wn_page_put(p, "<div class=\"two\">\n");
    sizes_chart(p, &s[0], &s[1]);
    wn_page_put(p, "<div>");
    wn_sizes_table(p, names, s, 2);
    wn_page_put(p, "</div></div>\n");
out:
    wn_free(s[0].length);
    wn_free(s[1].length);
}
