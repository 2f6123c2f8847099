#include "schedule.h"

#include <math.h>

wn_lr_schedule wn_lr_schedule_of(const wn_finetune_opts *o, size_t steps) {
    double warm = o->warmup.percent ? ceil(o->warmup.value * (double)steps / 100) : o->warmup.value;
    return (wn_lr_schedule){.kind = o->schedule, .lr = o->lr, .warm = (size_t)warm, .steps = steps};
}

double wn_lr_at(const wn_lr_schedule *s, size_t step) {
    if (step < s->warm) return s->lr * (double)step / (double)s->warm;
    switch (s->kind) {
    case WN_SCHEDULE_CONSTANT:
        return s->lr;
    case WN_SCHEDULE_LINEAR: {
        size_t falling = s->steps > s->warm ? s->steps - s->warm : 1;
        return step < s->steps ? s->lr * (double)(s->steps - step) / (double)falling : 0;
    }
    }
    return s->lr;
}
