/* --mix: the parts of a mixture, as text and back. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

static const double weight_max = 1e12;

static wn_code bad_part(const char *part, size_t n, wn_err *err) {
#define LISTED(value, text) ", " text
    static const char listed[] = WN_SET_OBJECTIVES(LISTED);
#undef LISTED
    (void)listed;
    return wn_err_set(err, WN_EUSAGE,
                      "--mix: \"%.*s\" will not do: want an objective with gains and a weight above 0, like "
                      "facility-location=1,log-determinant=0.1 (graph-cut, facility-location, saturated-coverage, "
                      "disparity-min, log-determinant, feature-based)",
                      (int)(n < 60 ? n : 60), part);
}

static wn_code read_part(wn_mix_part *out, const char *part, size_t n, wn_err *err) {
    char word[64], *end = NULL;
    if (n >= sizeof word) return bad_part(part, n, err);
    memcpy(word, part, n);
    word[n] = 0;
    char *equals = strchr(word, '=');
    if (!equals || !equals[1] || strspn(equals + 1, "0123456789+-.eE") != strlen(equals + 1))
        return bad_part(part, n, err);
    *equals = 0;
    out->weight = strtod(equals + 1, &end);
    if (*end || !(out->weight > 0 && out->weight <= weight_max) || !wn_objective_named(word, &out->objective) ||
        out->objective == WN_MIXTURE || out->objective == WN_BY_VALUE || !wn_objective_adds_up(out->objective))
        return bad_part(part, n, err);
    return WN_OK;
}

wn_code wn_mix_set(wn_cli *cli, const char *value, wn_err *err) {
    size_t n = cli->config.nmix, more = 1;
    for (const char *s = value; *s; s++) more += *s == ',';
    wn_mix_part *mix = wn_cli_own(cli, (n + more) * sizeof *mix, err);
    if (!mix) return WN_EMEMORY;
    if (n) memcpy(mix, cli->config.mix, n * sizeof *mix);
    for (const char *at = value; at;) {
        const char *comma = strchr(at, ',');
        const wn_code code = read_part(&mix[n], at, comma ? (size_t)(comma - at) : strlen(at), err);
        if (code != WN_OK) return code;
        for (size_t i = 0; i < n; i++)
            if (mix[i].objective == mix[n].objective)
                return wn_err_set(err, WN_EUSAGE, "--mix names %s twice", wn_objective_name(mix[n].objective));
        n++;
        at = comma ? comma + 1 : NULL;
    }
    cli->config.mix = mix, cli->config.nmix = n;
    return WN_OK;
}
