#ifndef TOK_TABLE_OWN_H
#define TOK_TABLE_OWN_H
#include "embed/tokenizer_own.h"

#include <wn/tok_table.h>

/* Texts by the first tokenizer, without their frame and by their new numbers, are texts by the tokenizer of the table
 * made of it. space: the table's first words have a space before them. */
static inline void same_ids(const char *const *texts, size_t n, const char *dropped, bool space) {
    wn_tok *first = opened(), *table = NULL;
    wn_ids a = {0}, b = {0};
    uint32_t *kept = NULL;
    size_t nkept = 0;
    cJSON *json = NULL;
    wn_err err = {0};
    cr_assert_eq(wn_tok_table_pieces(&kept, &nkept, first, &err), WN_OK);
    for (size_t i = 0; i < nkept; i++) {
        size_t len;
        const char *piece = wn_tok_piece(first, kept[i], &len);
        cr_expect(!(strlen(dropped) == len && memcmp(piece, dropped, len) == 0), "%s is kept", dropped);
    }
    cr_assert_eq(wn_tok_table_json(&json, first, kept, nkept, &err), WN_OK, "%s", err.msg);
    char *text = cJSON_Print(json);
    put_file("tokenizer.json", text);
    put_file("config.json", "{\"model_type\": \"model2vec\"}");
    cr_assert_eq(wn_tok_open(&table, folder, &err), WN_OK, "%s", err.msg);
    cr_expect_eq(wn_tok_size(table), nkept);
    for (size_t i = 0; i < n; i++) {
        char spaced[200];
        (void)snprintf(spaced, sizeof spaced, "%s%s", space ? " " : "", texts[i]);
        cr_assert_eq(wn_tok_encode(first, spaced, strlen(spaced), NULL, 0, 0, &a, &err), WN_OK);
        cr_assert_eq(wn_tok_encode(table, texts[i], strlen(texts[i]), NULL, 0, 0, &b, &err), WN_OK);
        cr_assert_eq(b.n, a.n - 2, "\"%s\": %zu tokens, not %zu", texts[i], b.n, a.n - 2);
        for (size_t k = 0; k < b.n; k++) cr_expect_eq(kept[b.ids[k]], a.ids[k + 1], "\"%s\", token %zu", texts[i], k);
    }
    cJSON_free(text);
    cJSON_Delete(json);
    wn_ids_free(&a);
    wn_ids_free(&b);
    wn_free(kept);
    wn_tok_close(first);
    wn_tok_close(table);
}

#endif
