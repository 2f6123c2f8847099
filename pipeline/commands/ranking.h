#ifndef WN_PIPELINE_RANKING_H
#define WN_PIPELINE_RANKING_H
/* winnow select under mpirun: what rank 0 does beside what one process does. Without mpirun these do nothing. */
#include "ranks/ranks.h"
#include "selecting.h"

/* The ranks, whether the output can be there, and the files at each, s->in. *served: this is another rank than 0, whose
 * work is done. */
wn_code wn_ranking_open(wn_ranks *r, wn_selecting *s, const wn_config *c, bool *served, wn_err *err);
/* WN_EUSAGE where ranks have nothing to share in such a choice: it needs --partitions. */
wn_code wn_ranking_check(const wn_ranks *r, const wn_selecting *s, const wn_config *c, wn_err *err);
/* wn_selecting_vectors, with the others reading at the same time. */
wn_code wn_ranking_vectors(wn_ranks *r, wn_selecting *s, const wn_config *c, wn_err *err);
/* With all that a choice is made with: the others have it, too, and s->opts names them. */
wn_code wn_ranking_prepare(wn_ranks *r, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err);
/* What ranks cost: seconds, and bytes that they exchanged. */
void wn_ranking_say(const wn_ranks *r, wn_io *io);

/* WN_EUSAGE: mpirun started several of a command that works alone. */
wn_code wn_rank_refuse(const char *command, wn_err *err);

#endif
