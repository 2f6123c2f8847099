#ifndef WN_PIPELINE_SHARDS_H
#define WN_PIPELINE_SHARDS_H
/* Files that embed --shard wrote, as parts of one matrix. */
#include <winnow/rows.h>

enum { WN_SHARD_SIZE = 80 };
void wn_shard_print(char out[WN_SHARD_SIZE], const wn_shard *s);
bool wn_shard_parse(wn_shard *s, const char *text); /* false where it is none */

/* m->shard, by what the first file says of itself. */
wn_code wn_shards_read(wn_matrices *m, wn_err *err);
/* Says where one shard alone is at hand. */
void wn_shards_say(const wn_matrices *m, wn_io *io);
/* WN_EINPUT where several files are shards, but not all rows of an embedding in their order. */
wn_code wn_shards_check(const wn_matrices *m, wn_err *err);

#endif
