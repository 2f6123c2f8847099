/* Published recipes, spelt out by other options; docs/presets.md has their equations and sources. */
#include "options.h"

#include <string.h>

enum { PARTS = 4 };
static const struct {
    const char *name;
    const char *options[PARTS][2];
} presets[] = {
    {"paper", {{"objective", "graph-cut"}, {"similarity", "cosine"}, {"lambda", "10"}, {"dedup", "off"}}},
    {"maxherding", {{"objective", "facility-location"}, {"similarity", "rbf"}, {"gamma", "2"}, {"components", "0"}}},
    {"deita", {{"objective", "by-value"}, {"similarity", "cosine"}, {"apart", "0.9"}}},
    {"typiclust", {{"objective", "typiclust"}, {"similarity", "cosine"}}},
    {"probcover", {{"objective", "facility-location"}, {"similarity", "ball"}, {"radius", "auto"}}},
};

wn_code wn_cli_apply_preset(wn_cli *cli, wn_err *err) {
    for (size_t p = 0; p < sizeof presets / sizeof *presets; p++) {
        if (strcmp(presets[p].name, cli->preset) != 0) continue;
        for (size_t i = 0; i < PARTS && presets[p].options[i][0]; i++) {
            const char *const *pair = presets[p].options[i];
            const wn_option *o = wn_option_find(cli->command->bit, pair[0], strlen(pair[0]));
            const wn_code code = wn_option_set(cli, o, pair[1], err);
            if (code != WN_OK) return code;
        }
    }
    return WN_OK;
}
