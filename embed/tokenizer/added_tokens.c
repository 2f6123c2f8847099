/* Special and added tokens: a sorted table, and the longest that starts at a place of the text. */
#include "tok_private.h"

#include <stdlib.h>
#include <string.h>

wn_code wn_added_tokens_add(wn_added_tokens *s, const wn_added_token *token, const char *text, size_t n, wn_err *err) {
    if (n == 0) return wn_err_set(err, WN_EINPUT, "an added token is empty");
    wn_code code = wn_reserve((void **)&s->items, &s->cap, s->n + 1, sizeof *s->items, err);
    if (code != WN_OK) return code;
    wn_added_token *slot = &s->items[s->n];
    *slot = *token;
    if (!(slot->text = wn_strndup(text, n, err))) return WN_EMEMORY;
    slot->len = n;
    slot->order = (uint32_t)s->n++;
    s->first[(unsigned char)text[0]] = true;
    return WN_OK;
}

static int same_text(const wn_added_token *a, const wn_added_token *b) {
    int c = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return c ? c : (a->len > b->len) - (a->len < b->len);
}

static int by_text(const void *a, const void *b) {
    const wn_added_token *x = a, *y = b;
    int c = same_text(x, y);
    return c ? c : (x->order > y->order) - (x->order < y->order);
}

void wn_added_tokens_sort(wn_added_tokens *s) {
    if (s->n < 2) return;
    qsort(s->items, s->n, sizeof *s->items, by_text);
    size_t kept = 1;
    for (size_t i = 1; i < s->n; i++) {
        if (same_text(&s->items[kept - 1], &s->items[i]) == 0)
            wn_free(s->items[i].text);
        else
            s->items[kept++] = s->items[i];
    }
    s->n = kept;
}

void wn_added_tokens_free(wn_added_tokens *s) {
    for (size_t i = 0; i < s->n; i++) wn_free(s->items[i].text);
    wn_free(s->items);
    *s = (wn_added_tokens){0};
}

/* First of items[low..high), which agree in d bytes and are longer, whose byte d is at least c. */
static size_t first_with_byte(const wn_added_tokens *t, size_t low, size_t high, size_t d, unsigned c) {
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((unsigned char)t->items[middle].text[d] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const wn_added_token *wn_added_tokens_at(const wn_added_tokens *t, const char *s, size_t n) {
    size_t low = 0, high = t->n;
    const wn_added_token *best = NULL;
    for (size_t d = 0; d < n && low < high; d++) {
        if (t->items[low].len == d) low++; /* it ended here: shorter ones sort first */
        unsigned c = (unsigned char)s[d];
        low = first_with_byte(t, low, high, d, c);
        high = first_with_byte(t, low, high, d, c + 1);
        if (low < high && t->items[low].len == d + 1) best = &t->items[low];
    }
    return best;
}
