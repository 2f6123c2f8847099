#ifndef WN_FINETUNE_SCHEDULE_H
#define WN_FINETUNE_SCHEDULE_H
/* The learning rate of every step. */
#include <winnow/finetune.h>

typedef struct {
    wn_schedule_kind kind;
    double lr;
    size_t warm, steps;
} wn_lr_schedule;

/* Warm-up: a count, or a percentage of all steps rounded up. */
wn_lr_schedule wn_lr_schedule_of(const wn_finetune_opts *o, size_t steps);
/* Of step s, from 0: as get_linear_schedule_with_warmup and get_constant_schedule_with_warmup of transformers. */
double wn_lr_at(const wn_lr_schedule *s, size_t step);

#endif
