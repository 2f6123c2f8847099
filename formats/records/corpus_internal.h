#ifndef WINNOW_CORPUS_INTERNAL_H
#define WINNOW_CORPUS_INTERNAL_H
/* Shared by the two passes over the input: reading (corpus.c) and replaying (corpus_replay.c). */
#include <stdio.h>
#include <winnow/records.h>
#include <wn/sha256.h>

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

typedef struct {
    uint64_t header; /* bytes of the csv or tsv header, with all that stands before the first record */
    wn_spool copy;   /* of an input that cannot be read twice */
    bool opened;     /* has given bytes */
} wn_source_impl;

struct wn_corpus_impl {
    void *map;
    size_t map_len;
    char *labels; /* all, each with a final zero */
    size_t held; /* bytes of text that count as memory: what is mapped may all become resident */
    wn_source_impl *source; /* [nsources] */
    size_t nsource;
};

#endif
