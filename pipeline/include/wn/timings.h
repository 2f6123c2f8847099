#ifndef WINNOW_TIMINGS_H
#define WINNOW_TIMINGS_H
/* How long the stages of a command took. */
#include <stddef.h>

enum { WN_TIMINGS_STAGES = 16 };

typedef struct {
    const char *name;
    double seconds;
} wn_stage_time;

typedef struct {
    double started, lap;
    wn_stage_time stages[WN_TIMINGS_STAGES];
    size_t n;
} wn_timings;

wn_timings wn_timings_start(void);
/* Ends a stage: the time since the last call, or since the start, is that of `name`. */
void wn_timings_lap(wn_timings *t, const char *name);

#endif
