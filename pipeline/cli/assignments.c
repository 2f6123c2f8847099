/* Options and their values, in the order in which they were given. */
#include "options.h"

#include <string.h>
#include <winnow/mem.h>

wn_code wn_assignments_add(wn_assignments *list, const wn_assignment *a, wn_err *err) {
    void *v = list->v;
    wn_code code = wn_reserve(&v, &list->cap, list->n + 1, sizeof *list->v, err);
    list->v = v;
    if (code == WN_OK) list->v[list->n++] = *a;
    return code;
}

wn_code wn_assignments_apply(wn_cli *cli, const wn_assignments *list, wn_err *err) {
    for (size_t i = 0; i < list->n; i++) {
        const wn_assignment *a = &list->v[i];
        bool repeated = false;
        for (size_t j = 0; j < i && !repeated; j++) repeated = list->v[j].option == a->option;
        bool list_of = a->option->kind == OPT_LIST || a->option->kind == OPT_RATES || a->option->kind == OPT_MIX;
        if (list_of && !repeated) { /* replaces what a weaker source said */
            memset((char *)cli + a->option->offset, 0, sizeof(char **) + sizeof(size_t));
        }
        wn_code code = wn_option_set(cli, a->option, a->value, err);
        if (code == WN_OK) {
            /* a file may spell out defaults, as --dump-config does */
            cli->given[a->option - wn_options] |= !a->from_file || !wn_option_is_default(cli, a->option);
            if (cli->typed) cli->typed[a->option - wn_options] |= !a->from_file;
            continue;
        }
        if (a->line)
            (void)wn_err_prefix(err, "%s:%lu: ", cli->config_file, a->line);
        else if (a->from_file)
            (void)wn_err_prefix(err, "%s: ", cli->config_file);
        return code;
    }
    return WN_OK;
}
