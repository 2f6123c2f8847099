#include "save_folder.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/cpu.h>

/* Appends what fits; *at stays below size. */
__attribute__((format(printf, 4, 5))) static void settings_put(char *out, size_t *at, size_t size, const char *fmt,
                                                               ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(out + *at, size - *at, fmt, ap);
    va_end(ap);
    if (n > 0) *at = *at + (size_t)n < size ? *at + (size_t)n : size - 1;
}

/* ", WORDS number", in as few digits as read back as v. */
static void settings_real(char *out, size_t *at, size_t size, const char *words, double v) {
    char text[40];
    for (int digits = 6; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    settings_put(out, at, size, ", %s %s", words, text);
}

void wn_finetune_settings(char *out, size_t size, const wn_finetune_opts *o, wn_finetune_task task, size_t max_tokens,
                          uint64_t seed) {
    size_t at = 0;
    memset(out, 0, size);
    settings_put(out, &at, size, "task %s, epochs %zu, batch %zu", wn_finetune_task_name(task), o->epochs, o->batch);
    if (o->accumulate > 1) settings_put(out, &at, size, ", accumulate %zu", o->accumulate);
    settings_real(out, &at, size, "lr", o->lr);
    settings_real(out, &at, size, "warm-up", o->warmup.value);
    settings_put(out, &at, size, "%s, %s", o->warmup.percent ? "%" : "",
                 o->schedule == WN_SCHEDULE_LINEAR ? "falling to 0" : "then even");
    settings_real(out, &at, size, "weight decay", o->weight_decay);
    settings_real(out, &at, size, "clip", o->clip);
    if (!isnan(o->dropout)) settings_real(out, &at, size, "dropout", o->dropout);
    settings_put(out, &at, size, ", at most %zu tokens", max_tokens);
    if (o->input_order) settings_put(out, &at, size, ", in the order of the input");
    if (o->class_weights == WN_WEIGHTS_BALANCED) settings_put(out, &at, size, ", classes weighted");
    for (size_t i = 0; i < o->nfreeze; i++) settings_put(out, &at, size, ", freeze %s", o->freeze[i]);
    for (size_t i = 0; i < o->nlr_groups; i++) {
        settings_real(out, &at, size, "lr", o->lr_groups[i].lr);
        settings_put(out, &at, size, " of %s", o->lr_groups[i].pattern);
    }
    if (o->dev_percent > 0) {
        settings_real(out, &at, size, "held out", o->dev_percent);
        settings_put(out, &at, size, "%%");
    }
    if (o->dev_path || o->dev_percent > 0) settings_put(out, &at, size, ", patience %zu", o->patience);
    settings_put(out, &at, size, ", seed %llu, winnow %s, kernels %s", (unsigned long long)seed, WINNOW_VERSION,
                 wn_cpu_level());
}
