/* winnow status: which shards of a selection in parts are there; the command of each that is not. */
#include "stages/parts.h"
#include "stages/say.h"

#include <winnow/config.h>
#include <winnow/mem.h>
#include <wn/shell_word.h>

wn_code wn_status(const wn_config *c, wn_io *io, wn_err *err) {
    wn_parts_job job = {0};
    size_t there = 0;
    wn_code code = wn_parts_open(&job, c->inputs[0], NULL, err);
    for (size_t i = 1; code == WN_OK && i <= job.parts; i++) {
        wn_part_picks picks = {0};
        wn_shard_state state;
        if ((code = wn_parts_read(&picks, &state, &job, i, err)) != WN_OK) break;
        wn_part_picks_free(&picks);
        there += state == WN_SHARD_WHOLE;
        if (state == WN_SHARD_DAMAGED) wn_sayf(io, "note: the file of shard %zu/%zu is damaged", i, job.parts);
        if (state != WN_SHARD_WHOLE) {
            wn_writer line = {.err = err};
            wn_writer_printf(&line, "%s --shard %zu/%zu -o ", job.command, i, job.parts);
            wn_shell_word(&line, job.folder);
            if ((code = line.code) == WN_OK) wn_printf(io, "%s\n", line.data);
            wn_free(line.data);
        }
    }
    if (code == WN_OK)
        wn_sayf(io, "%zu of %zu shards are there%s", there, job.parts,
                there == job.parts ? ": winnow merge joins them" : "; the commands above make the others");
    wn_parts_job_free(&job);
    return code;
}
