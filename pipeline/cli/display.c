#include "display.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wn/visible.h>

static const double terminal_every = 0.2, log_every = 30, summary_from = 1, rate_from = 0.5;

/* Characters that fit in a line of the terminal: a longer line would wrap, and could not be redrawn. */
static int terminal_columns(void) {
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col - 1 : 79;
}

/* 1234567 -> "1,234,567" */
static const char *grouped_number(size_t v, char out[32]) {
    char plain[24];
    int n = snprintf(plain, sizeof plain, "%zu", v), o = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) out[o++] = ',';
        out[o++] = plain[i];
    }
    out[o] = 0;
    return out;
}

static const char *duration_text(double s, char out[32]) {
    if (s < 10)
        (void)snprintf(out, 32, "%.1f s", s);
    else if (s < 60)
        (void)snprintf(out, 32, "%.0f s", s);
    else if (s < 3600)
        (void)snprintf(out, 32, "%.0f min %02.0f s", floor(s / 60), floor(fmod(s, 60)));
    else
        (void)snprintf(out, 32, "%.0f h %02.0f min", floor(s / 3600), floor(fmod(s, 3600) / 60));
    return out;
}

static void clear_line(wn_display *d) {
    if (!d->drawn) return;
    (void)fputs("\r\033[K", stderr);
    d->drawn = false;
}

/* One JSON line; takes the object. */
static void print_json(cJSON *object) {
    char *text = object ? cJSON_PrintUnformatted(object) : NULL;
    if (text) (void)fprintf(stderr, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(object);
}

static void json_message(const wn_display *d, const char *level, const char *message) {
    cJSON *o = cJSON_CreateObject();
    if (o && cJSON_AddStringToObject(o, "event", level) && cJSON_AddStringToObject(o, "command", d->command) &&
        cJSON_AddStringToObject(o, "message", message))
        print_json(o);
    else
        cJSON_Delete(o);
}

static void json_stage(const wn_display *d, const char *event, double seconds) {
    cJSON *o = cJSON_CreateObject();
    if (o && cJSON_AddStringToObject(o, "event", event) && cJSON_AddStringToObject(o, "stage", d->stage) &&
        cJSON_AddNumberToObject(o, "done", (double)d->done) && cJSON_AddNumberToObject(o, "total", (double)d->total) &&
        cJSON_AddStringToObject(o, "unit", d->unit) && cJSON_AddNumberToObject(o, "seconds", seconds))
        print_json(o);
    else
        cJSON_Delete(o);
}

/* "encode: 1,200 of 4,000 texts (30%), 600/s, about 5 s left". Rate and time left only once they mean something. */
static void format_state(const wn_display *d, double seconds, char *out, size_t size) {
    char a[32], b[32];
    double rate = seconds >= rate_from ? (double)(d->before + d->done) / seconds : 0;
    int n = d->total ? snprintf(out, size, "%s: %s of %s %s (%.0f%%)", d->stage, grouped_number(d->done, a),
                                grouped_number(d->total, b), d->unit, 100.0 * (double)d->done / (double)d->total)
                     : snprintf(out, size, "%s: %s %s", d->stage, grouped_number(d->done, a), d->unit);
    if (rate < 1 || n < 0 || (size_t)n >= size) return;
    n += snprintf(out + n, size - (size_t)n, ", %s/s", grouped_number((size_t)rate, a));
    if (d->total <= d->done || (size_t)n >= size) return;
    (void)snprintf(out + n, size - (size_t)n, ", about %s left", duration_text((double)(d->total - d->done) / rate, b));
}

static void finish_stage(wn_display *d) {
    if (!d->stage[0]) return;
    double seconds = wn_now() - d->begun;
    char a[32], b[32];
    clear_line(d);
    if (!d->quiet && d->json)
        json_stage(d, "stage", seconds);
    else if (!d->quiet && (d->verbose || seconds >= summary_from)) {
        if (d->total && d->done != d->total) /* the last report came before the end: a count would mislead */
            (void)fprintf(stderr, "%s: done in %s\n", d->stage, duration_text(seconds, b));
        else
            (void)fprintf(stderr, "%s: %s %s in %s\n", d->stage, grouped_number(d->before + d->done, a), d->unit,
                          duration_text(seconds, b));
    }
    d->stage[0] = 0;
}

static void begin_stage(wn_display *d, const char *stage, double now) {
    (void)snprintf(d->stage, sizeof d->stage, "%s", stage);
    d->begun = now;
    d->before = d->done = 0;
    d->shown = d->terminal ? 0 : now; /* a log stays silent for short stages */
    if (d->bar && d->json) json_stage(d, "begin", 0);
}

static void display_report(wn_progress *self, const char *stage, const char *unit, size_t done, size_t total) {
    wn_display *d = (wn_display *)(void *)self;
    double now = wn_now();
    char line[256];
    bool begins = strncmp(stage, d->stage, sizeof d->stage - 1) != 0;
    if (begins)
        finish_stage(d);
    else if (done < d->done)
        d->before += d->done;
    d->total = total;
    (void)snprintf(d->unit, sizeof d->unit, "%s", unit); /* it may tell how the work stands */
    if (begins) begin_stage(d, stage, now);
    d->done = done;
    if (!d->bar || now - d->shown < (d->terminal ? terminal_every : log_every)) return;
    d->shown = now;
    if (d->json) {
        json_stage(d, "progress", now - d->begun);
        return;
    }
    format_state(d, now - d->begun, line, sizeof line);
    if (d->terminal)
        (void)fprintf(stderr, "\r%.*s\033[K", terminal_columns(), line);
    else
        (void)fprintf(stderr, "%s\n", line);
    d->drawn = d->terminal;
}

/* Writes n <= PIPE_BUF bytes, which a pipe that is ready takes at once; a reader who does not read is not waited for
 * once winnow is interrupted. */
static void put_piece(wn_display *d, const char *s, size_t n) {
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    while (n && !d->lost) {
        if (wn_interrupted()) {
            d->lost = EINTR;
            return;
        }
        int ready = poll(&p, 1, 100);
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        ssize_t put = write(STDOUT_FILENO, s, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) d->lost = errno;
        if (put <= 0) return;
        s += put;
        n -= (size_t)put;
    }
}

/* Text as a terminal and a log can take it, into out; returns how much of text it was. Lines may be of ours (what
 * commands print) or not (messages). */
static size_t take_visible(char out[PIPE_BUF], size_t *len, const char *text, size_t n, bool lines) {
    size_t i = 0, one;
    for (*len = 0; i < n && *len + WN_VISIBLE_MAX <= PIPE_BUF; *len += one) {
        one = 1;
        if ((text[i] >= ' ' && text[i] < 0x7f) || (lines && text[i] == '\n'))
            out[*len] = text[i++];
        else
            i += wn_visible_next(out + *len, &one, text + i, n - i);
    }
    return i;
}

static void put_message(const char *line) {
    char piece[PIPE_BUF];
    for (size_t n = strlen(line), len; n;) {
        size_t taken = take_visible(piece, &len, line, n, false);
        (void)fwrite(piece, 1, len, stderr);
        line += taken;
        n -= taken;
    }
    (void)fputc('\n', stderr);
}

static void display_say(void *ctx, const char *line) {
    wn_display *d = ctx;
    if (d->quiet) return;
    clear_line(d);
    if (d->json) {
        json_message(d, "message", line);
        return;
    }
    put_message(line);
}

static void display_print(void *ctx, const char *text) {
    wn_display *d = ctx;
    char piece[PIPE_BUF];
    clear_line(d);
    for (size_t n = strlen(text), len; n && !d->lost;) {
        size_t taken = take_visible(piece, &len, text, n, true);
        put_piece(d, piece, len);
        text += taken;
        n -= taken;
    }
}

static void display_write(void *ctx, const void *data, size_t n) {
    wn_display *d = ctx;
    const char *s = data;
    clear_line(d);
    for (size_t at = 0; at < n && !d->lost; at += PIPE_BUF) put_piece(d, s + at, n - at < PIPE_BUF ? n - at : PIPE_BUF);
}

void wn_display_init(wn_display *d, const char *command, const wn_config *c) {
    *d = (wn_display){.progress = {.report = display_report}, .command = command};
    d->quiet = c->quiet;
    d->verbose = c->verbose;
    d->json = c->log_json;
    d->terminal = isatty(STDERR_FILENO) && !d->json;
    d->bar = !c->quiet && !c->no_progress;
    const char *no_color = getenv("NO_COLOR"), *when = c->color ? c->color : "auto";
    d->color = strcmp(when, "always") == 0 || (strcmp(when, "auto") == 0 && d->terminal && !(no_color && *no_color));
    d->io = (wn_io){.progress = &d->progress,
                    .say = display_say,
                    .print = display_print,
                    .write = display_write,
                    .ctx = d,
                    .terminal = d->terminal};
}

void wn_display_end(wn_display *d) {
    finish_stage(d);
}

void wn_display_error(wn_display *d, const char *message) {
    clear_line(d);
    d->stage[0] = 0;
    if (d->json) {
        json_message(d, "error", message);
        return;
    }
    if (d->color) (void)fputs("\033[1;31m", stderr);
    (void)fprintf(stderr, "winnow%s%s:", *d->command ? " " : "", d->command);
    if (d->color) (void)fputs("\033[0m", stderr);
    (void)fputc(' ', stderr);
    put_message(message);
}
