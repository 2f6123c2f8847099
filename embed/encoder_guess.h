#ifndef WN_ENCODER_GUESS_H
#define WN_ENCODER_GUESS_H
/* What a corpus may take while words are counted and vectors made: for the estimates of the families that fit. */
#include <winnow/encoder.h>

enum { WN_GUESS_BLOCK = 4096 }; /* rows that are encoded at once where not all are kept */

typedef struct {
    double words;    /* taken as 5 bytes each */
    double distinct; /* 30 times the root of their number (Heaps' law, generously) */
    double vectors;  /* bytes of the rows held at once */
    double fixed;    /* bytes of texts, of tables by row, and of libraries */
} wn_guess;

/* n texts of `bytes` bytes in all, vectors of e->dims; keep: all rows are held. */
wn_guess wn_guess_corpus(const wn_encoder *e, size_t n, size_t bytes, bool keep);
/* The whole need where the encoder comes from a file, which takes `times` its length in memory. */
size_t wn_guess_loaded(const wn_guess *g, const char *path, double times);
size_t wn_guess_bytes(double bytes); /* 2^62 at most */

#endif
