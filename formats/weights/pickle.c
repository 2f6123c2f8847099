/* A subset of pickle: what a PyTorch state dictionary is made of, and nothing that could run code.
 * Opcodes and their meaning: Python's pickletools. */
#include "weights_private.h"

#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

typedef enum { NONE, BOOLEAN, INTEGER, REAL, STRING, SEQUENCE, DICTIONARY, GLOBAL, STORAGE, TENSOR, MARK } kind;

typedef struct node node;
struct node {
    kind kind;
    /* STRING: bytes; GLOBAL: bytes of both names; SEQUENCE: values; DICTIONARY: keys and values in turn */
    size_t n, cap;
    union {
        int64_t integer; /* BOOLEAN, INTEGER; STORAGE: index */
        const char *s;
        node **items;
        wn_pickle_tensor *tensor;
    } is;
    const char *name; /* GLOBAL: behind the module */
};

/* What a pickle may cost: far beyond any checkpoint, and little enough to refuse a hostile one in seconds. */
enum { NODES_MAX = 4 << 20, STEPS_MAX = 32 << 20, MEMO_MAX = 4 << 20, BLOCK = 1024 };

typedef struct block block;
struct block {
    block *next;
    size_t used;
    node nodes[BLOCK];
};

struct wn_pickle {
    const unsigned char *data;
    size_t size, pos;
    block *blocks;
    node *top;
    node **stack, **memo;
    size_t nstack, stack_cap, memo_cap;
    wn_pickle_storage *storages;
    size_t nstorages, storages_cap;
    size_t nodes;
};

static wn_code pickle_bad(const wn_pickle *p, const char *what, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "pickle at byte %zu: %s", p->pos, what);
}

static wn_code node_make(wn_pickle *p, kind k, node **out, wn_err *err) {
    if (++p->nodes > NODES_MAX) return pickle_bad(p, "too many objects", err);
    if (!p->blocks || p->blocks->used == BLOCK) {
        block *b = wn_alloc(1, sizeof *b, err);
        if (!b) return WN_EMEMORY;
        b->next = p->blocks;
        p->blocks = b;
    }
    node *v = &p->blocks->nodes[p->blocks->used++];
    v->kind = k;
    *out = v;
    return WN_OK;
}

static wn_code stack_push(wn_pickle *p, node *v, wn_err *err) {
    wn_code code = wn_reserve((void **)&p->stack, &p->stack_cap, p->nstack + 1, sizeof *p->stack, err);
    if (code == WN_OK) p->stack[p->nstack++] = v;
    return code;
}

static wn_code push_new(wn_pickle *p, kind k, wn_err *err) {
    node *v = NULL;
    wn_code code = node_make(p, k, &v, err);
    return code != WN_OK ? code : stack_push(p, v, err);
}

static wn_code push_number(wn_pickle *p, kind k, int64_t integer, wn_err *err) {
    wn_code code = push_new(p, k, err);
    if (code == WN_OK) p->stack[p->nstack - 1]->is.integer = integer;
    return code;
}

static node *stack_pop(wn_pickle *p) { return p->nstack ? p->stack[--p->nstack] : NULL; }

static wn_code node_append(node *list, node *v, wn_err *err) {
    wn_code code = wn_reserve((void **)&list->is.items, &list->cap, list->n + 1, sizeof *list->is.items, err);
    if (code == WN_OK) list->is.items[list->n++] = v;
    return code;
}

/* n little-endian bytes. */
static wn_code take_number(wn_pickle *p, size_t n, uint64_t *v, wn_err *err) {
    if (n > p->size - p->pos) return pickle_bad(p, "truncated", err);
    *v = 0;
    for (size_t i = n; i-- > 0;) *v = *v << 8 | p->data[p->pos + i];
    p->pos += n;
    return WN_OK;
}

static wn_code push_string(wn_pickle *p, size_t length_bytes, wn_err *err) {
    uint64_t n = 0;
    node *v = NULL;
    wn_code code = take_number(p, length_bytes, &n, err);
    if (code != WN_OK) return code;
    if (n > p->size - p->pos) return pickle_bad(p, "truncated", err);
    if ((code = node_make(p, STRING, &v, err)) != WN_OK) return code;
    v->is.s = (const char *)p->data + p->pos;
    v->n = (size_t)n;
    p->pos += (size_t)n;
    return stack_push(p, v, err);
}

static wn_code push_integer(wn_pickle *p, size_t bytes, bool is_signed, wn_err *err) {
    uint64_t v = 0;
    if (bytes > 8) { /* the magic number of old streams: its value does not matter */
        if (bytes > p->size - p->pos) return pickle_bad(p, "truncated", err);
        p->pos += bytes;
        return push_number(p, INTEGER, -1, err);
    }
    wn_code code = take_number(p, bytes, &v, err);
    if (code != WN_OK) return code;
    if (is_signed && bytes > 0 && bytes < 8 && v >> (8 * bytes - 1)) v |= ~(uint64_t)0 << 8 * bytes;
    int64_t i;
    memcpy(&i, &v, sizeof i);
    return push_number(p, INTEGER, i, err);
}

static wn_code push_real(wn_pickle *p, wn_err *err) { /* no tensor needs its value */
    uint64_t skip = 0;
    wn_code code = take_number(p, 8, &skip, err);
    return code != WN_OK ? code : push_new(p, REAL, err);
}

static wn_code put_memo(wn_pickle *p, size_t at, wn_err *err) {
    if (!p->nstack) return pickle_bad(p, "the stack is empty", err);
    if (at >= MEMO_MAX) return pickle_bad(p, "a memo index is out of range", err);
    wn_code code = wn_reserve((void **)&p->memo, &p->memo_cap, at + 1, sizeof *p->memo, err);
    if (code == WN_OK) p->memo[at] = p->stack[p->nstack - 1];
    return code;
}

static wn_code get_memo(wn_pickle *p, size_t at, wn_err *err) {
    if (at >= p->memo_cap || !p->memo[at]) return pickle_bad(p, "a memo entry is missing", err);
    return stack_push(p, p->memo[at], err);
}

/* Index of the topmost MARK, or SIZE_MAX. */
static size_t topmost_mark(const wn_pickle *p) {
    for (size_t i = p->nstack; i-- > 0;)
        if (p->stack[i]->kind == MARK) return i;
    return SIZE_MAX;
}

/* The values above `from` go into a new sequence (from counts the mark itself when `marked`). */
static wn_code push_tuple(wn_pickle *p, size_t from, bool marked, wn_err *err) {
    node *v = NULL;
    if (from == SIZE_MAX || from > p->nstack) return pickle_bad(p, "the stack is too short", err);
    wn_code code = node_make(p, SEQUENCE, &v, err);
    if (code != WN_OK) return code;
    for (size_t i = from + (marked ? 1 : 0); i < p->nstack; i++)
        if ((code = node_append(v, p->stack[i], err)) != WN_OK) return code;
    p->nstack = from;
    return stack_push(p, v, err);
}

/* Everything above the mark is appended to the object below it. */
static wn_code extend_container(wn_pickle *p, size_t from, bool marked, kind want, wn_err *err) {
    if (from == SIZE_MAX || from == 0 || from > p->nstack) return pickle_bad(p, "the stack is too short", err);
    node *target = p->stack[from - 1];
    size_t first = from + (marked ? 1 : 0);
    if (target->kind != want || (want == DICTIONARY && (p->nstack - first) % 2))
        return pickle_bad(p, "the wrong kind of container", err);
    for (size_t i = first; i < p->nstack; i++) {
        wn_code code = node_append(target, p->stack[i], err);
        if (code != WN_OK) return code;
    }
    p->nstack = from;
    return WN_OK;
}

static bool same_text(const char *s, size_t n, const char *text) {
    return n == strlen(text) && memcmp(s, text, n) == 0;
}

static bool is_global(const node *v, const char *module, const char *name) {
    return v->kind == GLOBAL && same_text(v->is.s, v->n, module) && same_text(v->name, v->cap, name);
}

static const struct {
    const char *name;
    wn_dtype dtype;
    size_t size;
} storage_types[] = {{"FloatStorage", WN_F32, 4}, {"HalfStorage", WN_F16, 2},  {"BFloat16Storage", WN_BF16, 2},
                     {"DoubleStorage", WN_F64, 8}, {"LongStorage", WN_I64, 8},  {"IntStorage", WN_I32, 4},
                     {"ShortStorage", WN_OTHER, 2}, {"CharStorage", WN_I8, 1}, {"ByteStorage", WN_OTHER, 1},
                     {"BoolStorage", WN_OTHER, 1}};

static int storage_type(const node *v) {
    for (size_t i = 0; i < sizeof storage_types / sizeof *storage_types; i++)
        if (is_global(v, "torch", storage_types[i].name)) return (int)i;
    return -1;
}

static bool allowed(const node *v) {
    return is_global(v, "collections", "OrderedDict") || is_global(v, "torch._utils", "_rebuild_tensor_v2") ||
           is_global(v, "torch._utils", "_rebuild_tensor") || is_global(v, "torch._utils", "_rebuild_parameter") ||
           storage_type(v) >= 0;
}

static wn_code push_global(wn_pickle *p, const char *module, size_t nm, const char *name, size_t nn, wn_err *err) {
    node *v = NULL;
    wn_code code = node_make(p, GLOBAL, &v, err);
    if (code != WN_OK) return code;
    v->is.s = module, v->n = nm, v->name = name, v->cap = nn;
    if (!allowed(v))
        return wn_err_set(err, WN_EINPUT, "pickle at byte %zu: it asks for %.*s.%.*s; only plain tensors are read",
                          p->pos, (int)(nm > 100 ? 100 : nm), module, (int)(nn > 100 ? 100 : nn), name);
    return stack_push(p, v, err);
}

static wn_code read_line(wn_pickle *p, const char **s, size_t *n, wn_err *err) {
    const unsigned char *end = memchr(p->data + p->pos, '\n', p->size - p->pos);
    if (!end) return pickle_bad(p, "truncated", err);
    *s = (const char *)p->data + p->pos;
    *n = (size_t)(end - (p->data + p->pos));
    p->pos += *n + 1;
    return WN_OK;
}

static bool is_string(const node *v) { return v->kind == STRING; }
static bool is_size(const node *v) { return v->kind == INTEGER && v->is.integer >= 0; }

/* ('storage', type, key, location, elements[, view]) */
static wn_code push_persistent(wn_pickle *p, wn_err *err) {
    node *id = stack_pop(p), *v = NULL;
    if (!id || id->kind != SEQUENCE || id->n < 5) return pickle_bad(p, "a persistent id that is not a storage", err);
    node **part = id->is.items;
    if (!is_string(part[0]) || !same_text(part[0]->is.s, part[0]->n, "storage") || !is_string(part[2]) ||
        !is_size(part[4]))
        return pickle_bad(p, "a persistent id that is not a storage", err);
    int type = storage_type(part[1]);
    if (type < 0) return pickle_bad(p, "a storage of an unknown type", err);
    wn_pickle_storage s = {.dtype = storage_types[type].dtype,
                           .element = storage_types[type].size,
                           .key = part[2]->is.s,
                           .key_len = part[2]->n,
                           .elements = (uint64_t)part[4]->is.integer};
    if (id->n > 5 && part[5]->kind == SEQUENCE) { /* a view: (key, first element, elements) */
        const node *view = part[5];
        if (view->n != 3 || !is_size(view->is.items[1])) return pickle_bad(p, "a storage view that is malformed", err);
        s.view = (uint64_t)view->is.items[1]->is.integer;
    }
    wn_code code = wn_reserve((void **)&p->storages, &p->storages_cap, p->nstorages + 1, sizeof s, err);
    if (code != WN_OK) return code;
    if ((code = node_make(p, STORAGE, &v, err)) != WN_OK) return code;
    v->is.integer = (int64_t)p->nstorages;
    p->storages[p->nstorages++] = s;
    return stack_push(p, v, err);
}

/* (storage, first element, sizes, strides, ...) */
static wn_code rebuild_tensor(wn_pickle *p, const node *args, wn_err *err) {
    node *v = NULL, **part = args->is.items;
    if (args->n < 4 || part[0]->kind != STORAGE || !is_size(part[1]) || part[2]->kind != SEQUENCE ||
        part[3]->kind != SEQUENCE || part[2]->n != part[3]->n)
        return pickle_bad(p, "a tensor that is malformed", err);
    if (part[2]->n > WN_RANK_MAX) return pickle_bad(p, "a tensor of more than 8 dimensions", err);
    wn_pickle_tensor t = {
        .storage = (size_t)part[0]->is.integer, .first = (uint64_t)part[1]->is.integer, .rank = part[2]->n};
    for (size_t i = 0; i < t.rank; i++) {
        const node *side = part[2]->is.items[i], *step = part[3]->is.items[i];
        if (!is_size(side) || !is_size(step)) return pickle_bad(p, "a tensor with a negative size or stride", err);
        t.shape[i] = (uint64_t)side->is.integer;
        t.stride[i] = (uint64_t)step->is.integer;
    }
    wn_code code = node_make(p, TENSOR, &v, err);
    if (code != WN_OK) return code;
    if (!(v->is.tensor = wn_alloc(1, sizeof t, err))) return WN_EMEMORY;
    *v->is.tensor = t;
    return stack_push(p, v, err);
}

static wn_code push_call(wn_pickle *p, wn_err *err) {
    node *args = stack_pop(p), *callable = stack_pop(p);
    if (!args || !callable || args->kind != SEQUENCE || callable->kind != GLOBAL)
        return pickle_bad(p, "a call that is malformed", err);
    if (is_global(callable, "collections", "OrderedDict")) {
        if (args->n) return pickle_bad(p, "an OrderedDict with arguments", err);
        return push_new(p, DICTIONARY, err);
    }
    if (is_global(callable, "torch._utils", "_rebuild_parameter")) {
        if (args->n < 1 || args->is.items[0]->kind != TENSOR)
            return pickle_bad(p, "a parameter that is malformed", err);
        return stack_push(p, args->is.items[0], err);
    }
    if (storage_type(callable) >= 0) return pickle_bad(p, "a call of a storage type", err);
    return rebuild_tensor(p, args, err);
}

static wn_code stack_global(wn_pickle *p, wn_err *err) {
    node *name = stack_pop(p), *module = stack_pop(p);
    if (!name || !module || name->kind != STRING || module->kind != STRING)
        return pickle_bad(p, "a name that is malformed", err);
    return push_global(p, module->is.s, module->n, name->is.s, name->n, err);
}

static wn_code global_lines(wn_pickle *p, wn_err *err) {
    const char *module = NULL, *name = NULL;
    size_t nm = 0, nn = 0;
    wn_code code = read_line(p, &module, &nm, err);
    if (code != WN_OK) return code;
    if ((code = read_line(p, &name, &nn, err)) != WN_OK) return code;
    return push_global(p, module, nm, name, nn, err);
}

static wn_code long_integer(wn_pickle *p, wn_err *err) {
    uint64_t n = 0;
    wn_code code = take_number(p, 1, &n, err);
    return code != WN_OK ? code : push_integer(p, (size_t)n, true, err);
}

static wn_code discard_state(wn_pickle *p, wn_err *err) {
    return stack_pop(p) && p->nstack ? WN_OK : pickle_bad(p, "the stack is too short", err);
}

static wn_code memo_at(wn_pickle *p, size_t bytes, bool put, wn_err *err) {
    uint64_t at = 0;
    wn_code code = take_number(p, bytes, &at, err);
    if (code != WN_OK) return code;
    return put ? put_memo(p, (size_t)at, err) : get_memo(p, (size_t)at, err);
}

/* One opcode. Sets *stop at the end of the pickle. */
static wn_code run_opcode(wn_pickle *p, size_t *memoized, bool *stop, wn_err *err) {
    uint64_t skip = 0;
    unsigned op = p->data[p->pos++];
    switch (op) {
    case 0x80: return take_number(p, 1, &skip, err);                                /* PROTO */
    case 0x95: return take_number(p, 8, &skip, err);                                /* FRAME */
    case '(': return push_new(p, MARK, err);                                        /* MARK */
    case '}': return push_new(p, DICTIONARY, err);                                  /* EMPTY_DICT */
    case ']': case ')': return push_new(p, SEQUENCE, err);                          /* EMPTY_LIST, EMPTY_TUPLE */
    case 'N': return push_new(p, NONE, err);                                        /* NONE */
    case 0x88: return push_number(p, BOOLEAN, 1, err);                              /* NEWTRUE */
    case 0x89: return push_number(p, BOOLEAN, 0, err);                              /* NEWFALSE */
    case 'K': return push_integer(p, 1, false, err);                                /* BININT1 */
    case 'M': return push_integer(p, 2, false, err);                                /* BININT2 */
    case 'J': return push_integer(p, 4, true, err);                                 /* BININT */
    case 0x8a: return long_integer(p, err);                                         /* LONG1 */
    case 'G': return push_real(p, err);                                             /* BINFLOAT */
    case 'X': return push_string(p, 4, err);                                        /* BINUNICODE */
    case 0x8c: return push_string(p, 1, err);                                       /* SHORT_BINUNICODE */
    case 'T': return push_string(p, 4, err);                                        /* BINSTRING, from Python 2 */
    case 'U': return push_string(p, 1, err);                                        /* SHORT_BINSTRING */
    case 'q': return memo_at(p, 1, true, err);                                      /* BINPUT */
    case 'r': return memo_at(p, 4, true, err);                                      /* LONG_BINPUT */
    case 'h': return memo_at(p, 1, false, err);                                     /* BINGET */
    case 'j': return memo_at(p, 4, false, err);                                     /* LONG_BINGET */
    case 0x94: return put_memo(p, (*memoized)++, err);                              /* MEMOIZE */
    case 'c': return global_lines(p, err);                                          /* GLOBAL */
    case 0x93: return stack_global(p, err);                                         /* STACK_GLOBAL */
    case 't': return push_tuple(p, topmost_mark(p), true, err);                     /* TUPLE */
    case 0x85: return push_tuple(p, p->nstack - 1, false, err);                     /* TUPLE1 */
    case 0x86: return push_tuple(p, p->nstack - 2, false, err);                     /* TUPLE2 */
    case 0x87: return push_tuple(p, p->nstack - 3, false, err);                     /* TUPLE3 */
    case 'a': return extend_container(p, p->nstack - 1, false, SEQUENCE, err);      /* APPEND */
    case 'e': return extend_container(p, topmost_mark(p), true, SEQUENCE, err);     /* APPENDS */
    case 's': return extend_container(p, p->nstack - 2, false, DICTIONARY, err);    /* SETITEM */
    case 'u': return extend_container(p, topmost_mark(p), true, DICTIONARY, err);   /* SETITEMS */
    case 'Q': return push_persistent(p, err);                                       /* BINPERSID */
    case 'R': return push_call(p, err);                                             /* REDUCE */
    case 'b': return discard_state(p, err);                                         /* BUILD */
    case '.': *stop = true; return WN_OK;                                           /* STOP */
    default:
        return wn_err_set(err, WN_EINPUT, "pickle at byte %zu: opcode 0x%02x is not one that tensors need", p->pos - 1,
                          op);
    }
}

wn_code wn_pickle_run(wn_pickle **out, const unsigned char *data, size_t size, size_t *pos, wn_err *err) {
    *out = NULL;
    wn_pickle *p = wn_alloc(1, sizeof *p, err);
    if (!p) return WN_EMEMORY;
    *p = (wn_pickle){.data = data, .size = size, .pos = *pos};
    wn_code code;
    bool stop = false;
    for (size_t memoized = 0, steps = 0; !stop;) {
        if (++steps > STEPS_MAX) code = pickle_bad(p, "too many operations", err);
        else code = p->pos < size ? run_opcode(p, &memoized, &stop, err) : pickle_bad(p, "truncated", err);
        if (code != WN_OK) goto out;
    }
    if (!(p->top = stack_pop(p))) {
        code = pickle_bad(p, "the stack is empty", err);
        goto out;
    }
    *pos = p->pos;
    *out = p;
    return WN_OK;
out:
    wn_pickle_free(p);
    return code;
}

void wn_pickle_free(wn_pickle *p) {
    if (!p) return;
    for (block *b = p->blocks, *next; b; b = next) {
        next = b->next;
        for (size_t i = 0; i < b->used; i++) {
            const node *v = &b->nodes[i];
            if (v->kind == SEQUENCE || v->kind == DICTIONARY) wn_free(v->is.items);
            else if (v->kind == TENSOR) wn_free(v->is.tensor);
        }
        wn_free(b);
    }
    wn_free(p->stack);
    wn_free(p->memo);
    wn_free(p->storages);
    wn_free(p);
}

const wn_pickle_storage *wn_pickle_storages(const wn_pickle *p, size_t *n) {
    *n = p->nstorages;
    return p->storages;
}

static wn_code visit_dictionary(const node *d, wn_pickle_visit visit, void *ctx, wn_err *err) {
    for (size_t i = 0; i + 1 < d->n; i += 2) {
        const node *key = d->is.items[i], *value = d->is.items[i + 1];
        if (!is_string(key) || value->kind != TENSOR) continue;
        wn_pickle_tensor t = *value->is.tensor;
        t.name = key->is.s;
        t.name_len = key->n;
        wn_code code = visit(ctx, &t, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_pickle_tensors(const wn_pickle *p, wn_pickle_visit visit, void *ctx, wn_err *err) {
    if (p->top->kind != DICTIONARY) return wn_err_set(err, WN_EINPUT, "the checkpoint is not a dictionary of tensors");
    wn_code code = visit_dictionary(p->top, visit, ctx, err);
    for (size_t i = 0; code == WN_OK && i + 1 < p->top->n; i += 2) {
        const node *key = p->top->is.items[i], *value = p->top->is.items[i + 1];
        if (is_string(key) && value->kind == DICTIONARY && value != p->top &&
            (same_text(key->is.s, key->n, "state_dict") || same_text(key->is.s, key->n, "model")))
            code = visit_dictionary(value, visit, ctx, err);
    }
    return code;
}

bool wn_pickle_flag(const wn_pickle *p, const char *name, bool absent) {
    for (size_t i = 0; p->top->kind == DICTIONARY && i + 1 < p->top->n; i += 2) {
        const node *key = p->top->is.items[i], *value = p->top->is.items[i + 1];
        if (is_string(key) && same_text(key->is.s, key->n, name) && value->kind == BOOLEAN)
            return value->is.integer != 0;
    }
    return absent;
}

wn_code wn_pickle_strings(const wn_pickle *p, wn_code (*visit)(void *ctx, const char *s, size_t n, wn_err *err),
                          void *ctx, wn_err *err) {
    if (p->top->kind != SEQUENCE) return wn_err_set(err, WN_EINPUT, "the list of storages is not a list");
    for (size_t i = 0; i < p->top->n; i++) {
        const node *v = p->top->is.items[i];
        if (!is_string(v)) return wn_err_set(err, WN_EINPUT, "a storage key is not a string");
        wn_code code = visit(ctx, v->is.s, v->n, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}
