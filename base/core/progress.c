#include <winnow/progress.h>

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <wn/paged.h>

static volatile sig_atomic_t asked;

static void on_signal(int signal) {
    if (asked) { /* the user insists */
        struct sigaction plain;
        memset(&plain, 0, sizeof plain);
        plain.sa_handler = SIG_DFL;
        (void)sigaction(signal, &plain, NULL);
        (void)raise(signal);
    }
    asked = signal;
}

void wn_interrupt_install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        struct sigaction before;
        if (sigaction(stops[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        (void)sigaction(stops[i], &action, NULL);
    }
}

int wn_interrupted(void) { return (int)asked; }

void wn_interrupt_raise(int signal) { asked = signal; }

wn_code wn_tick(wn_progress *p, const char *stage, const char *unit, size_t done, size_t total, wn_err *err) {
    wn_paged_look();
    if (p && p->report) p->report(p, stage, unit, done, total);
    if (!asked) return WN_OK;
    return wn_err_set(err, WN_EINTERRUPT, "interrupted while %s was at %zu of %zu %s", stage, done, total, unit);
}

double wn_now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
