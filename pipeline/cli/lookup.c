/* Commands and options by name, and what is said of a name that does not exist. */
#include "options.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

const wn_command *wn_command_find(const char *name) {
    for (size_t i = 0; i < wn_ncommands; i++)
        if (strcmp(wn_commands[i].name, name) == 0) return &wn_commands[i];
    return NULL;
}

const wn_option *wn_option_find(unsigned bits, const char *name, size_t n) {
    const wn_option *found = NULL;
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (strlen(o->name) != n || memcmp(o->name, name, n) != 0) continue;
        if (o->commands & bits) return o;
        if (!found) found = o;
    }
    return found;
}

wn_code wn_option_unknown(unsigned bit, const char *name, size_t n, const char *dashes, wn_err *err) {
    const char *names[128];
    char given[64], who[128] = "";
    size_t count = 0;
    if (n >= sizeof given) n = sizeof given - 1;
    memcpy(given, name, n);
    given[n] = 0;
    unsigned elsewhere = 0;
    for (size_t i = 0; i < wn_noptions; i++)
        if (strcmp(wn_options[i].name, given) == 0) elsewhere |= wn_options[i].commands;
    if (elsewhere) {
        for (size_t i = 0; i < wn_ncommands; i++)
            if (elsewhere & wn_commands[i].bit)
                (void)snprintf(who + strlen(who), sizeof who - strlen(who), "%s%s", *who ? ", " : "",
                               wn_commands[i].name);
        return wn_err_set(err, WN_EUSAGE, "%s%s does not apply here (it belongs to: %s)", dashes, given, who);
    }
    for (size_t i = 0; i < wn_noptions && count < 128; i++)
        if (wn_options[i].commands & bit) names[count++] = wn_options[i].name;
    const char *near = wn_suggest(given, names, count);
    if (near)
        return wn_err_set(err, WN_EUSAGE, "unknown option %s%s (did you mean %s%s?)", dashes, given, dashes, near);
    return wn_err_set(err, WN_EUSAGE, "unknown option %s%s", dashes, given);
}

bool wn_option_given(const wn_cli *cli, const wn_option *o) {
    return cli->given[o - wn_options];
}
