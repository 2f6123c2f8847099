#ifndef WN_FINETUNE_GROUPS_H
#define WN_FINETUNE_GROUPS_H
/* Which parameters are trained, and at which rate. */
#include <winnow/finetune.h>
#include <wn/train.h>

/* Sets frozen and lr_scale of every parameter as --freeze and --lr-group say. A pattern matches a name, or whole parts
 * of it between dots. WN_EUSAGE: a pattern matches none, or nothing is left to train. */
wn_code wn_groups_apply(wn_params *p, const wn_finetune_opts *o, wn_err *err);

#endif
