#ifndef WN_PIPELINE_PARTS_H
#define WN_PIPELINE_PARTS_H
/* The folder that the shards of a selection in parts share: job.json, what all of them are told to do, and a file a
 * finished shard. Each file appears whole or not at all, and its presence is the mark that the shard is done. */
#include <stdbool.h>
#include <winnow/rows.h>
#include <winnow/stages.h>

/* What decides the picks; a view. */
typedef struct {
    const char *command, *config; /* canonical: the line, and all options as JSON */
    uint64_t seed;
    const wn_input *inputs; /* [ninputs] hashed */
    size_t ninputs, parts;
    const wn_lists *lists;
} wn_parts_plan;

typedef struct {
    char *folder;
    char *command, *config; /* of the plan that began it */
    size_t parts;
    char hash[65]; /* of job.json: every shard's file names it */
} wn_parts_job;
void wn_parts_job_free(wn_parts_job *job);

/* The job of `folder`, which is made where it is not there. WN_EUSAGE: the folder holds other things, or another job;
 * the message says what differs. */
wn_code wn_parts_begin(wn_parts_job *out, const char *folder, const wn_parts_plan *plan, wn_err *err);
/* The same of a folder that must be there, compared with nothing where plan is NULL. WN_EINPUT: no job.json. */
wn_code wn_parts_open(wn_parts_job *out, const char *folder, const wn_parts_plan *plan, wn_err *err);
char *wn_parts_job_path(const char *folder, wn_err *err); /* of job.json; wn_free it */

typedef enum { WN_SHARD_MISSING, WN_SHARD_DAMAGED, WN_SHARD_WHOLE } wn_shard_state;
/* The picks of shard 1 .. parts; *out is empty unless it is whole. A file of another job is damaged. */
wn_code wn_parts_read(wn_part_picks *out, wn_shard_state *state, const wn_parts_job *job, size_t shard, wn_err *err);
wn_code wn_parts_write(const wn_parts_job *job, size_t shard, const wn_part_picks *picks, wn_err *err);

#endif
