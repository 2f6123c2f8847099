#ifndef WINNOW_CORPUS_INTERNAL_H
#define WINNOW_CORPUS_INTERNAL_H
/* Shared by the two passes over the input: reading (corpus.c) and replaying (corpus_replay.c). */
#include <openssl/evp.h>
#include <stdio.h>
#include <winnow/records.h>

/* SHA-256 by OpenSSL. */
typedef struct {
    EVP_MD_CTX *ctx;
} wn_sha256;
wn_code wn_sha256_start(wn_sha256 *h, wn_err *err); /* may be called again for the next file */
wn_code wn_sha256_add(wn_sha256 *h, const void *data, size_t n, wn_err *err);
wn_code wn_sha256_end(wn_sha256 *h, char hex[65], wn_err *err);
void wn_sha256_free(wn_sha256 *h);

/* A temporary file without a name, written from its start. */
typedef struct {
    int fd; /* -1: none */
    char *buffer;
    size_t used;
    uint64_t bytes;
} wn_spool;
wn_code wn_spool_open(wn_spool *s, wn_err *err);
wn_code wn_spool_write(wn_spool *s, const void *data, size_t n, wn_err *err);
wn_code wn_spool_flush(wn_spool *s, wn_err *err);
void wn_spool_close(wn_spool *s);

/* Finds equal strings among those of a growing block: slots hold index + 1 of the strings seen. */
typedef struct {
    uint64_t *slot; /* [cap], 0 = free; the upper half of the hash rides along */
    size_t cap, n;
} wn_strindex;
/* *found = index of the string equal to base[off[n] .. off[n + 1]), the one just appended; n if it is new. */
wn_code wn_strindex_add(wn_strindex *x, const char *base, const unsigned long long *off, size_t n, size_t *found,
                        wn_err *err);
void wn_strindex_free(wn_strindex *x);

typedef struct {
    uint64_t header; /* bytes of the csv or tsv header, with all that stands before the first record */
    wn_spool copy;   /* of an input that cannot be read twice */
    bool opened;     /* has given bytes */
} wn_source_impl;

struct wn_corpus_impl {
    void *map;
    size_t map_len;
    wn_source_impl *source; /* [nsources] */
    size_t nsource;
};

#endif
