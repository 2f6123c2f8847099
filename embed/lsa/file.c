/* The model file, little-endian (docs/encoders.md): magic, nine 64-bit numbers, word ends, document frequencies, the
 * words' bytes padded to 8, singular values (f64), right singular vectors [words, dims] (f32), XXH3-64 of all before.
 */
#define XXH_INLINE_ALL
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/safefile.h>
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "model files are written as memory holds them");

static const char magic[8] = {'W', 'N', 'L', 'S', 'A', '\n', 1, 0}; /* 1.1 where there is more than words */

typedef struct {
    char magic[8];
    uint64_t words, bytes, dims, rank, texts, min_df, seed, features, reserved;
} header;

/* ---- saving ---- */

typedef struct {
    wn_safefile *file;
    XXH3_state_t *hash;
} writer;

static wn_code file_put(writer *w, const void *data, size_t n, wn_err *err) {
    (void)XXH3_64bits_update(w->hash, data, n);
    return wn_safefile_write(w->file, data, n, err);
}

static wn_code put_model(writer *w, const wn_lsa *m, wn_err *err) {
    const wn_strset *set = &m->vocab.set;
    const wn_lsa_basis *b = &m->basis;
    size_t bytes = set->n ? (size_t)set->off[set->n] : 0;
    static const char zero[8];
    header h = {.words = set->n, .bytes = bytes, .dims = b->dims, .rank = b->rank, .texts = m->vocab.texts,
                .min_df = m->min_df, .seed = m->seed, .features = m->vocab.features};
    memcpy(h.magic, magic, sizeof magic);
    h.magic[7] = m->vocab.features != WN_LSA_WORDS;
    wn_code code = file_put(w, &h, sizeof h, err);
    if (code != WN_OK) return code;
    if (set->n && (code = file_put(w, set->off + 1, set->n * sizeof *set->off, err)) != WN_OK) return code;
    if ((code = file_put(w, m->vocab.df, set->n * sizeof *m->vocab.df, err)) != WN_OK) return code;
    if (bytes && (code = file_put(w, set->bytes, bytes, err)) != WN_OK) return code;
    if ((code = file_put(w, zero, (8 - bytes % 8) % 8, err)) != WN_OK) return code;
    if ((code = file_put(w, b->sigma, b->dims * sizeof *b->sigma, err)) != WN_OK) return code;
    for (size_t i = 0; i < set->n; i++)
        if ((code = file_put(w, b->v + i * b->ld, b->dims * sizeof *b->v, err)) != WN_OK) return code;
    return WN_OK;
}

wn_code wn_lsa_save(const wn_lsa *model, const char *path, int overwrite, wn_err *err) {
    XXH3_state_t hash;
    (void)XXH3_64bits_reset(&hash);
    writer w = {.hash = &hash};
    wn_code code = wn_safefile_create(&w.file, path, overwrite != 0, err);
    if (code != WN_OK) return code;
    if ((code = put_model(&w, model, err)) != WN_OK) goto out;
    uint64_t sum = XXH3_64bits_digest(&hash);
    if ((code = wn_safefile_write(w.file, &sum, sizeof sum, err)) != WN_OK) goto out;
    return wn_safefile_commit(w.file, err);
out:
    wn_safefile_abort(w.file);
    return code;
}

/* ---- loading ---- */

static wn_code read_all(int fd, const char *path, char *data, size_t n, wn_err *err) {
    for (size_t got = 0; got < n;) {
        ssize_t r = read(fd, data + got, n - got);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return wn_err_errno(err, "reading the encoder %s", path);
        if (r == 0) return wn_err_set(err, WN_EIO, "%s became shorter while it was read", path);
        got += (size_t)r;
    }
    return WN_OK;
}

static wn_code read_file(const char *path, char **data, size_t *n, wn_err *err) {
    wn_code code = WN_OK;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return wn_err_errno(err, "opening the encoder %s", path);
    *data = NULL;
    if (fstat(fd, &st) != 0) {
        code = wn_err_errno(err, "opening the encoder %s", path);
    } else if (!S_ISREG(st.st_mode)) {
        code = wn_err_set(err, WN_EINPUT, "%s is not a file; give one that --save-encoder wrote", path);
    } else {
        *n = (size_t)st.st_size;
        *data = wn_alloc(*n, 1, err);
        code = *data ? read_all(fd, path, *data, *n, err) : WN_EMEMORY;
    }
    (void)close(fd);
    if (code != WN_OK) wn_free(*data);
    return code;
}

static wn_code damaged(const char *path, const char *what, wn_err *err) {
    return wn_err_set(err, WN_EINPUT, "%s is damaged (%s); save the encoder again", path, what);
}

/* Bytes of the whole file that the header promises; 0 where they exceed any file. */
static size_t promised(const header *h) {
    if (h->dims < 1 || h->dims > WN_LSA_MAX_DIMS || h->words >= WN_STRSET_NONE || h->bytes > (uint64_t)1 << 48)
        return 0;
    return sizeof *h + h->words * 16 + (h->bytes + 7) / 8 * 8 + h->dims * 8 + h->words * h->dims * 4 + 8;
}

static wn_code take_words(wn_lsa *m, const header *h, const uint64_t *ends, const uint64_t *df, const char *bytes,
                          const char *path, wn_err *err) {
    uint64_t at = 0;
    wn_lsa_vocab *v = &m->vocab;
    v->texts = (size_t)h->texts;
    v->df = wn_alloc((size_t)h->words, sizeof *v->df, err);
    if (!v->df) return WN_EMEMORY;
    for (size_t i = 0; i < h->words; i++) {
        uint32_t id = 0;
        if (ends[i] <= at || ends[i] > h->bytes || df[i] < 1 || df[i] > h->texts)
            return damaged(path, "a word has an impossible length or count", err);
        size_t n = (size_t)(ends[i] - at);
        wn_code code = wn_strset_add(&v->set, bytes + at, n, wn_string_hash(bytes + at, n), &id, err);
        if (code != WN_OK) return code;
        if (id != i) return damaged(path, "a word stands in it twice", err);
        v->df[i] = df[i];
        at = ends[i];
    }
    if (at != h->bytes) return damaged(path, "its words do not fill their place", err);
    wn_code code = wn_lsa_vocab_idf(v, err);
    if (code != WN_OK) return code;
    for (size_t i = v->pieces_from; i < v->set.n; i++)
        if (v->set.bytes[v->set.off[i]] != ' ') return damaged(path, "a word stands among the pieces", err);
    return WN_OK;
}

static wn_code take_basis(wn_lsa *m, const header *h, const double *sigma, const float *v, const char *path,
                          wn_err *err) {
    wn_lsa_basis *b = &m->basis;
    size_t dims = (size_t)h->dims, words = (size_t)h->words;
    wn_code code = wn_lsa_basis_init(b, words, dims, err);
    if (code != WN_OK) return code;
    b->rank = (size_t)h->rank;
    bool finite = true;
    for (size_t j = 0; j < dims; j++) {
        b->sigma[j] = sigma[j];
        finite = finite && isfinite(sigma[j]);
    }
    for (size_t w = 0; w < words; w++)
        for (size_t j = 0; j < dims; j++) {
            float x = v[w * dims + j];
            b->v[w * b->ld + j] = x;
            finite = finite && fabsf(x) <= 2.0f; /* columns of length 1 */
        }
    return finite ? WN_OK : damaged(path, "a value is out of range", err);
}

static wn_code parse_model(wn_lsa *m, const char *data, size_t n, const char *path, wn_err *err) {
    header h;
    if (n < sizeof h || memcmp(data, magic, 6) != 0)
        return wn_err_set(err, WN_EINPUT, "%s is no LSA encoder; give a file that --save-encoder wrote", path);
    memcpy(&h, data, sizeof h);
    if (data[6] != magic[6] || data[7] < 0 || data[7] > 1)
        return wn_err_set(err, WN_EINPUT, "%s is an LSA encoder of version %d.%d, wanted 1.0 or 1.1; save it again",
                          path, data[6], data[7]);
    if (promised(&h) != n) return damaged(path, "its length is not what its header says", err);
    uint64_t sum = 0;
    memcpy(&sum, data + n - sizeof sum, sizeof sum);
    if (XXH3_64bits(data, n - sizeof sum) != sum) return damaged(path, "its checksum does not match", err);
    if (h.rank > h.dims || h.features != (uint64_t)data[7] || h.reserved)
        return damaged(path, "its header is wrong", err);
    /* every part starts at a multiple of 8 (the last of 4) in aligned memory */
    const uint64_t *ends = (const uint64_t *)(const void *)(data + sizeof h), *df = ends + h.words;
    const char *bytes = (const char *)(df + h.words);
    const double *sigma = (const double *)(const void *)(bytes + (h.bytes + 7) / 8 * 8);
    m->vocab.features = (wn_lsa_features)h.features;
    m->min_df = h.min_df;
    m->seed = h.seed;
    wn_code code = take_words(m, &h, ends, df, bytes, path, err);
    return code != WN_OK ? code : take_basis(m, &h, sigma, (const float *)(const void *)(sigma + h.dims), path, err);
}

wn_code wn_lsa_load(wn_lsa **model, const char *path, wn_err *err) {
    char *data = NULL;
    size_t n = 0;
    wn_code code = read_file(path, &data, &n, err);
    if (code != WN_OK) return code;
    wn_lsa *m = wn_alloc(1, sizeof *m, err);
    code = m ? parse_model(m, data, n, path, err) : WN_EMEMORY;
    wn_free(data);
    if (code != WN_OK) wn_lsa_free(m);
    else *model = m;
    return code;
}
