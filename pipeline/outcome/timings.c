#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <winnow/progress.h>
#include <wn/timings.h>

/* The time that outputs bear: a build that is to give equal bytes on any day sets SOURCE_DATE_EPOCH. */
static time_t timings_clock(void) {
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    long long seconds = fixed ? strtoll(fixed, &end, 10) : -1;
    bool usable = fixed && end != fixed && *end == '\0' && seconds >= 0 && seconds < 253402300800; /* year 9999 */
    return usable ? (time_t)seconds : time(NULL);
}

wn_timings wn_timings_start(void) {
    double now = wn_now();
    time_t clock = timings_clock();
    struct tm utc = {0};
    wn_timings t = {.started = now, .lap = now};
    if (gmtime_r(&clock, &utc)) (void)strftime(t.day, sizeof t.day, "%Y-%m-%d", &utc);
    return t;
}

void wn_timings_lap(wn_timings *t, const char *name) {
    double now = wn_now();
    if (t->n < WN_TIMINGS_STAGES) t->stages[t->n++] = (wn_stage_time){name, now - t->lap};
    t->lap = now;
}
