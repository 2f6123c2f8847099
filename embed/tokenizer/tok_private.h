#ifndef WN_TOK_PRIVATE_H
#define WN_TOK_PRIVATE_H
/* The tokenizers' parts: a vocabulary, a normaliser, two models, and a cache of words. */
#include <wn/jsonfile.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <wn/strmap.h>
#include <wn/text.h>
#include <winnow/model.h>
#include <winnow/tokenizer.h>

#define WN_TOK_NONE UINT32_MAX
enum { WN_TOK_ID_MAX = 10 * 1000 * 1000 };
enum { WN_TOK_TELL = 1 << 18 }; /* bytes of one text, or merges, from one wn_tick to the next */

/* ---- vocab.c: pieces and their ids ---- */
typedef struct {
    char *text; /* all pieces, one after the other */
    size_t text_len, text_cap;
    uint64_t *at; /* [size] offset << 16 | length; UINT64_MAX = no piece */
    size_t size, at_cap;
    wn_strmap ids;
    size_t longest; /* bytes of a piece */
} wn_tok_vocab;

wn_code wn_tok_vocab_add(wn_tok_vocab *v, const char *piece, size_t n, uint32_t id, wn_err *err);
wn_code wn_tok_vocab_index(wn_tok_vocab *v,
                           wn_err *err); /* after the last add; a piece given twice keeps its later id */
uint32_t wn_tok_vocab_find(const wn_tok_vocab *v, const char *piece, size_t n);
const char *wn_tok_vocab_piece(const wn_tok_vocab *v, uint32_t id, size_t *n);
void wn_tok_vocab_free(wn_tok_vocab *v);
uint64_t wn_tok_hash(const char *s, size_t n);

/* ---- special and added tokens, matched before the model sees the text ---- */
typedef struct {
    char *text;
    size_t len;
    uint32_t id, order; /* order: of adding */
    bool lstrip, rstrip, single_word;
} wn_added_token;

typedef struct {
    wn_added_token *items; /* sorted by text, each text once */
    size_t n, cap;
    bool first[256]; /* may one start with this byte? */
} wn_added_tokens;
wn_code wn_added_tokens_add(wn_added_tokens *s, const wn_added_token *token, const char *text, size_t n, wn_err *err);
void wn_added_tokens_sort(wn_added_tokens *s); /* after the last add; of the same text the first added stays */
void wn_added_tokens_free(wn_added_tokens *s);
const wn_added_token *wn_added_tokens_at(const wn_added_tokens *t, const char *s,
                                         size_t n); /* the longest that s[n] starts with */

struct wn_tok {
    wn_tok_kind kind;
    wn_tok_vocab vocab;
    wn_tok_vocab continuing;   /* WordPiece: pieces after the first of a word, without their prefix */
    wn_added_tokens raw, late; /* matched in the raw text; in the normalised text (WordPiece only) */
    wn_tok_specials ids;
    bool bare;           /* no special tokens frame a text */
    bool double_sep;     /* between the texts of a pair: two separators */
    uint8_t second_type; /* of the second text of a pair */
    size_t written_max;  /* bare: tokens that tokenizer.json leaves of a text; 0: all */
    bool keep_end;       /* a text that is too long loses its beginning */
    char *prompt;        /* stands before every text that is not one of a pair; or NULL */
    char unknown[WN_MODEL_UNKNOWN];
    uint64_t serial;     /* no two tokenizers of a process have the same */
    bool lowercase;      /* byte-level BPE: sentence-transformers does it before */
    /* WordPiece */
    bool strip_accents, clean, cjk;
    size_t longest_word; /* code points */
    uint32_t *chars;     /* [0x10000] what normalising does to a code point: see wn_tok_class_of */
    /* byte-level BPE */
    bool prefix_space;
    uint32_t byte_ids[256];
    uint64_t *merge_keys;   /* [merge_mask + 1] left << 32 | right, UINT64_MAX = free */
    uint64_t *merge_values; /* rank << 32 | merged id */
    size_t merge_mask, merges;
};

/* ---- a direct-mapped cache: short words to their ids ---- */
enum { WN_TOK_WORD = 32, WN_TOK_CACHED = 7, WN_TOK_CACHE = 4096 };
typedef struct {
    char word[WN_TOK_WORD]; /* zero-padded */
    uint8_t len, n;
    uint32_t ids[WN_TOK_CACHED];
} wn_tok_entry;

typedef struct {
    wn_tok_entry *cache; /* [WN_TOK_CACHE] */
    uint64_t owner;      /* serial of the tokenizer whose words are cached */
    wn_buf word, plain, lower, prompted;
    uint32_t *symbols, *links; /* BPE of a long word */
    uint32_t *tails;           /* by rank; zeros between two words: see merge_queue */
    size_t symbols_cap, links_cap, tails_cap;
    uint32_t *second; /* ids of the second text of a pair */
    size_t second_cap, second_n;
} wn_tok_scratch;

/* ids appended; stop: no more than so many are wanted */
typedef struct {
    uint32_t *ids;
    size_t n, cap, stop;
} wn_tok_out;
static inline wn_code wn_tok_push(wn_tok_out *o, uint32_t id, wn_err *err) {
    if (o->n == o->cap) {
        wn_code code = wn_reserve((void **)&o->ids, &o->cap, o->n + 1, sizeof *o->ids, err);
        if (code != WN_OK) return code;
    }
    o->ids[o->n++] = id;
    return WN_OK;
}

/* ---- wordpiece.c, bpe.c: one stretch of text without special tokens ---- */
wn_code wn_tok_wordpiece(const wn_tok *t, const char *s, size_t n, wn_tok_scratch *w, wn_tok_out *out, wn_err *err);
/* The text as the pre-tokenizer gets it; replaces what `out` held. */
wn_code wn_tok_wordpiece_normalize(const wn_tok *t, const char *s, size_t n, wn_buf *out, wn_err *err);
wn_code wn_tok_bpe(const wn_tok *t, const char *s, size_t n, wn_tok_scratch *w, wn_tok_out *out, wn_err *err);
wn_code wn_tok_bpe_merges(wn_tok *t, size_t count,
                          wn_code (*next)(void *ctx, const char **pair, size_t *n, wn_err *err), void *ctx,
                          wn_err *err);

/* ---- normalize.c ---- */
enum wn_tok_class { WN_TOK_CHAR, WN_TOK_SPACE, WN_TOK_PUNCT, WN_TOK_CJK, WN_TOK_DROP, WN_TOK_MANY };
/* Entry of wn_tok.chars: class << 24 | the code point it becomes (WN_TOK_MANY: several; wn_tok_decompose lists them).
 */
wn_code wn_tok_chars_init(wn_tok *t, wn_err *err);
uint32_t wn_tok_class_of(const wn_tok *t, uint32_t cp);                  /* the entry of any code point */
size_t wn_tok_decompose(const wn_tok *t, uint32_t cp, uint32_t out[32]); /* each as an entry of chars */
/* Every character in lower case, by itself; replaces what `out` held. */
wn_code wn_tok_lower(const char *s, size_t n, wn_buf *out, wn_err *err);
bool wn_tok_is_space(uint32_t cp);                                       /* Unicode White_Space */
bool wn_tok_is_letter(uint32_t cp);                                      /* categories L* */
bool wn_tok_is_number(uint32_t cp);                                      /* categories N* */
bool wn_tok_is_word(uint32_t cp); /* what \w matches: letters, marks, decimal digits, connectors, joiners */
/* Decodes one code point of valid UTF-8 and moves *s behind it. */
static inline uint32_t wn_tok_next(const unsigned char **s) {
    const unsigned char *p = *s;
    if (p[0] < 0x80) return *s += 1, p[0];
    if (p[0] < 0xE0) return *s += 2, (uint32_t)(p[0] & 31) << 6 | (p[1] & 63);
    if (p[0] < 0xF0) return *s += 3, (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
    return *s += 4, (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 63) << 12 | (uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
}

/* ---- load.c ---- */
wn_code wn_tok_load(wn_tok *t, const char *dir, wn_err *err);

#endif
