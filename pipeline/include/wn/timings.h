#ifndef WINNOW_TIMINGS_H
#define WINNOW_TIMINGS_H
/* When a command began, and how long its stages took. */
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
    char day[16]; /* it began on, "2031-07-24", UTC; of SOURCE_DATE_EPOCH where the environment has one */
} wn_timings;

wn_timings wn_timings_start(void);
/* Ends a stage: the time since the last call, or since the start, is that of `name`. */
void wn_timings_lap(wn_timings *t, const char *name);

#endif
