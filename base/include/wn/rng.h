#ifndef WINNOW_RNG_H
#define WINNOW_RNG_H
/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC11).
 * A draw depends only on (seed, stream, counter), so parallel work is reproducible for any number of threads. */
#include <stddef.h>
#include <stdint.h>

/* Block `counter` of stream `stream` under `seed`: four independent 32-bit values. */
void wn_rng_block(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]);

/* A cursor over one stream, for sequential use. */
typedef struct {
    uint64_t seed, stream, counter;
    uint32_t buffer[4];
    unsigned left;
} wn_rng;

wn_rng wn_rng_init(uint64_t seed, uint64_t stream);
uint32_t wn_rng_u32(wn_rng *r);
uint64_t wn_rng_u64(wn_rng *r);
uint64_t wn_rng_below(wn_rng *r, uint64_t bound); /* unbiased in [0, bound); bound > 0 */
double wn_rng_uniform(wn_rng *r);                 /* [0, 1), 53 bits */
double wn_rng_normal(wn_rng *r);                  /* mean 0, variance 1 (Box-Muller) */
void wn_rng_shuffle(wn_rng *r, size_t *v, size_t n); /* Fisher-Yates */

#endif
