#ifndef WINNOW_PROGRESS_H
#define WINNOW_PROGRESS_H
/* Progress and interruption of long work. The library reports; what is printed is the caller's choice. */
#include <stddef.h>
#include <winnow/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct wn_progress wn_progress;
struct wn_progress {
    /* Called from the thread that runs the work, as often as the work likes: the sink decides what to show.
     * total == 0 means unknown. */
    void (*report)(wn_progress *self, const char *stage, const char *unit, size_t done, size_t total);
    void *ctx;
};

/* Reports (p may be NULL) and returns WN_EINTERRUPT once the process was asked to stop, else WN_OK.
 * Long loops call it about ten times a second from their outermost thread. */
wn_code wn_tick(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total, wn_err *err);

/* SIGINT, SIGTERM and SIGHUP set a flag that wn_tick sees; a second one ends the process at once. One that was ignored
 * stays so: nohup and a shell's background jobs mean it. */
void wn_interrupt_install(void);
/* The signal that asked to stop, or 0. */
int wn_interrupted(void);
/* For tests: as if the signal had come (0 clears). */
void wn_interrupt_raise(int signal);

/* Seconds of a monotonic clock. */
double wn_now(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
