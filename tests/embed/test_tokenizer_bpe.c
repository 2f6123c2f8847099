/* Byte pairs against their definition: the pair of lowest rank, leftmost first, until none is left. */
#include "embed/tok_table_own.h"

enum { LETTERS = 2, MERGES = 40, PIECES = LETTERS + MERGES, LONGEST = 3000 };

/* The letters a and b, and what is merged of them: merge i makes piece whole[i] of left[i] and right[i]. Several merges
 * may make one piece, so that places of a rank do not come up from left to right. */
static char piece[PIECES][16];
static int pieces, left[MERGES], right[MERGES], whole[MERGES];

static unsigned draw(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static bool is_merge(int l, int r, int n) {
    for (int i = 0; i < n; i++)
        if (left[i] == l && right[i] == r) return true;
    return false;
}

static int find_piece(const char *s) {
    int i = 0;
    while (i < pieces && strcmp(piece[i], s) != 0) i++;
    return i;
}

static void draw_merges(unsigned seed) {
    for (int i = 0; i < LETTERS; i++) piece[i][0] = (char)('a' + i), piece[i][1] = 0;
    pieces = LETTERS;
    for (int i = 0; i < MERGES;) {
        char joined[2 * sizeof *piece];
        int l = (int)draw(&seed) % pieces, r = (int)draw(&seed) % pieces;
        (void)snprintf(joined, sizeof joined, "%s%s", piece[l], piece[r]);
        if (strlen(joined) > 8 || is_merge(l, r, i)) continue;
        left[i] = l, right[i] = r, whole[i] = find_piece(joined);
        if (whole[i++] == pieces) (void)snprintf(piece[pieces++], sizeof *piece, "%.*s", 8, joined);
    }
}

/* vocab.json, whose first pieces are special and then one for each byte, and merges.txt. */
static void write_tokenizer(void) {
    char vocab[16384] = "{\"<s>\":0,\"<pad>\":1,\"</s>\":2,\"<unk>\":3", merges[8192] = "#version: 0.2\n";
    int id = 4;
    for (unsigned b = 0, next = 256; b < 256; b++) {
        const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        (void)snprintf(vocab + strlen(vocab), sizeof vocab - strlen(vocab), ",\"\\u%04x\":%d", printable ? b : next++,
                       id++);
    }
    for (int i = LETTERS; i < pieces; i++)
        (void)snprintf(vocab + strlen(vocab), sizeof vocab - strlen(vocab), ",\"%s\":%d", piece[i], id++);
    for (int i = 0; i < MERGES; i++)
        (void)snprintf(merges + strlen(merges), sizeof merges - strlen(merges), "%s %s\n", piece[left[i]],
                       piece[right[i]]);
    (void)snprintf(vocab + strlen(vocab), sizeof vocab - strlen(vocab), "}");
    put_file("vocab.json", vocab);
    put_file("merges.txt", merges);
}

/* The pieces of s by the definition; returns how many. */
static size_t merge_by_definition(int *out, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = s[i] - 'a';
    for (int m = 0; m < MERGES;) {
        size_t at = 0;
        while (at + 1 < n && (out[at] != left[m] || out[at + 1] != right[m])) at++;
        if (at + 1 >= n) {
            m++;
            continue;
        }
        out[at] = whole[m];
        memmove(out + at + 1, out + at + 2, (--n - at - 1) * sizeof *out);
        m = 0; /* what was made may be part of an earlier merge */
    }
    return n;
}

TestSuite(bpe, .init = begin, .fini = end);

Test(bpe, pieces_of_the_definition) {
    static char s[LONGEST];
    static int want[LONGEST];
    wn_ids ids = {0};
    wn_err e = {0};
    for (unsigned seed = 1; seed <= 60; seed++) {
        unsigned state = seed;
        draw_merges(seed);
        write_tokenizer();
        wn_tok *t = opened();
        for (size_t n = 1; n < LONGEST; n += 1 + n / 4) {
            const unsigned run = 1 + draw(&state) % 40; /* of one letter */
            for (size_t i = 0; i < n; i++)
                s[i] = i && draw(&state) % run ? s[i - 1] : (char)('a' + draw(&state) % LETTERS);
            const size_t m = merge_by_definition(want, s, n);
            cr_assert_eq(wn_tok_encode(t, s, n, NULL, 0, 0, &ids, &e), WN_OK, "%s", e.msg);
            cr_assert_eq(ids.n, m + 2, "seed %u, %zu letters: %zu pieces, not %zu", seed, n, ids.n - 2, m);
            for (size_t i = 0; i < m; i++) {
                size_t len;
                const char *p = wn_tok_piece(t, ids.ids[i + 1], &len);
                cr_assert(strlen(piece[want[i]]) == len && memcmp(p, piece[want[i]], len) == 0,
                          "seed %u, %zu letters: piece %zu is %.*s, not %s", seed, n, i, (int)len, p, piece[want[i]]);
            }
        }
        wn_tok_close(t);
    }
    wn_ids_free(&ids);
}

/* A long word among others: what a failure leaves behind is not in the way of the next word. */
Test(bpe, out_of_memory_at_every_point) {
    char text[400];
    unsigned state = 5;
    wn_ids ids = {0}, again = {0};
    wn_err e = {0};
    draw_merges(7);
    write_tokenizer();
    for (size_t i = 0; i + 1 < sizeof text; i++) text[i] = (char)('a' + draw(&state) % LETTERS);
    text[sizeof text - 1] = 0;
    sweep(text);
    wn_tok *t = opened();
    cr_assert_eq(wn_tok_encode(t, text, strlen(text), NULL, 0, 0, &ids, &e), WN_OK);
    for (long k = 0; k < 12; k++) {
        wn_mem_fail_after(k, false);
        wn_code code = wn_tok_encode(t, text, strlen(text), NULL, 0, 0, &again, &e);
        wn_mem_fail_after(-1, false);
        cr_assert(code == WN_OK || code == WN_EMEMORY);
        cr_assert_eq(wn_tok_encode(t, text, strlen(text), NULL, 0, 0, &again, &e), WN_OK);
        cr_assert(again.n == ids.n && memcmp(again.ids, ids.ids, ids.n * sizeof *ids.ids) == 0);
        if (k % 2) wn_ids_free(&again);
    }
    wn_ids_free(&again);
    wn_ids_free(&ids);
    wn_tok_close(t);
}

Test(bpe, a_table_splits_texts_as_the_model_does_behind_a_space) {
    const char *const texts[] = {"abab", "ab ba  aab", "b \xC3\xA9", "aaaaaaaabbbbbbbbabababab"};
    draw_merges(7);
    write_tokenizer();
    same_ids(texts, 4, "<s>", true);
}
