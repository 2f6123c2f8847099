#ifndef WN_PIPELINE_PARTING_H
#define WN_PIPELINE_PARTING_H
/* A selection in parts, spread over processes: one shard of the first round (select --shard), or the second (merge). */
#include "selecting.h"
#include "stages/parts.h"

/* Zero-initialise. */
typedef struct {
    wn_parts_job job;     /* a folder of picks, if there is one */
    wn_part_picks *picks; /* [parts] of all parts: merge, or as they are made */
    size_t parts;
    size_t *todo, ntodo;  /* parts to make, from 0 */
    bool done;            /* the shard is there */
} wn_parting;

/* With rows and lists read: the folder of the job. merge: the picks of all shards into s->opts; WN_EINPUT where one is
 * missing or damaged, with the command that makes it. --shard: whether it is done already, and says so. --parts: the
 * picks that are there. */
wn_code wn_parting_begin(wn_parting *p, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
/* The first round of one shard, and its file. */
wn_code wn_parting_shard(wn_parting *p, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
/* With all that a choice is made with: the picks of the parts that lack them, into s->opts. --parts: each is kept as
 * soon as it is made. Nothing where the parts are neither kept nor the work of several ranks. */
wn_code wn_parting_fill(wn_parting *p, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
void wn_parting_free(wn_parting *p);

#endif
