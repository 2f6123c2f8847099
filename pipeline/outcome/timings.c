#include <winnow/progress.h>
#include <wn/timings.h>

wn_timings wn_timings_start(void) {
    double now = wn_now();
    return (wn_timings){.started = now, .lap = now};
}

void wn_timings_lap(wn_timings *t, const char *name) {
    double now = wn_now();
    if (t->n < WN_TIMINGS_STAGES) t->stages[t->n++] = (wn_stage_time){name, now - t->lap};
    t->lap = now;
}
