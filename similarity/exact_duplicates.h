#ifndef WINNOW_SIMILARITY_EXACT_DUPLICATES_H
#define WINNOW_SIMILARITY_EXACT_DUPLICATES_H
#include <winnow/similarity.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

typedef XXH128_hash_t (*wn_text_hash)(const void *s, size_t n);

/* wn_sim_exact_duplicates by any hash, so that tests can make hashes collide. */
wn_code wn_sim_exact_duplicates_by(wn_text_hash hash, const wn_texts *texts, size_t *kept, wn_progress *p, wn_err *err);

#endif
