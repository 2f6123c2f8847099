#ifndef WINNOW_CLI_DISPLAY_H
#define WINNOW_CLI_DISPLAY_H
/* Progress and messages on standard error: one redrawn line on a terminal, plain lines in a log, or JSON lines. */
#include <winnow/config.h>

typedef struct {
    wn_progress progress; /* first: what the library sees */
    wn_io io;
    bool terminal, quiet, verbose, json, bar, color;
    const char *command;
    char stage[64], unit[32];
    size_t done, total, before; /* before: done by earlier loops of the same stage */
    double begun, shown;        /* wn_now() of the stage's start and of the last line */
    bool drawn;                 /* an unfinished line stands on the terminal */
    int lost; /* errno of the first write to standard output that failed; EINTR: interrupted before it */
} wn_display;

void wn_display_init(wn_display *d, const char *command, const wn_config *c);
/* The summary of the last stage; clears the line. */
void wn_display_end(wn_display *d);
/* "winnow COMMAND: message" on one line; message as wn_err_set leaves it. */
void wn_display_error(wn_display *d, const char *message);

#endif
