/* select: the records that a matrix of winnow was made of, if they are still what it says; and how they were read. */
#include "options.h"

#include "outcome/made_of.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>
#include <wn/sha256.h>

static wn_code set_note(wn_cli *cli, const char *note, wn_err *err) {
    cli->config.records_note = wn_cli_own_string(cli, note, strlen(note), err);
    return cli->config.records_note ? WN_OK : WN_EMEMORY;
}

/* Whether the file is there for us to read, and what was read then. */
static wn_code look_unchanged(bool *is, const wn_made_of *made, size_t i, const char *path, wn_err *err) {
    struct stat s;
    char hex[65];
    *is = false;
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode) || access(path, R_OK) != 0) return WN_OK;
    wn_code code = wn_sha256_file(path, hex, err);
    if (code == WN_OK) *is = wn_made_of_is(made, i, hex);
    return code;
}

/* File i: by the name that it had, or beside the matrix. *found is NULL where neither is what was read. */
static wn_code find_file(wn_cli *cli, const wn_made_of *made, size_t i, const char **found, wn_err *err) {
    const char *named = wn_made_of_path(made, i);
    char *folder = NULL, *beside = NULL;
    bool is = false;
    *found = NULL;
    wn_code code = look_unchanged(&is, made, i, named, err);
    if (code != WN_OK) return code;
    if (is) {
        *found = wn_cli_own_string(cli, named, strlen(named), err);
        return *found ? WN_OK : WN_EMEMORY;
    }
    code = WN_EMEMORY;
    if (!(folder = wn_path_folder(cli->config.inputs[0], err))) goto out;
    if (!(beside = wn_path_join(folder, wn_path_name(named), err))) goto out;
    if ((code = look_unchanged(&is, made, i, beside, err)) != WN_OK || !is) goto out;
    *found = wn_cli_own_string(cli, beside, strlen(beside), err);
    code = *found ? WN_OK : WN_EMEMORY;
out:
    wn_free(folder);
    wn_free(beside);
    return code;
}

/* Why the records cannot be taken although they may be there; NULL: they can. */
static const char *what_hinders(const wn_cli *cli, const wn_made_of *made) {
    const cJSON *shard = cJSON_GetObjectItemCaseSensitive(made->config, "shard");
    const cJSON *on_error = cJSON_GetObjectItemCaseSensitive(made->config, "on-error");
    const char *slash = cJSON_IsString(shard) ? strchr(shard->valuestring, '/') : NULL;
    if (slash && strtoull(slash + 1, NULL, 10) != cli->config.ninputs) return "is a shard of it";
    if (cJSON_IsString(on_error) && strcmp(on_error->valuestring, "fail") != 0)
        return "left bad records of it out; --records and --on-error do that again";
    return NULL;
}

static wn_code find_files(wn_cli *cli, const wn_made_of *made, wn_err *err) {
    char note[1000];
    wn_config *c = &cli->config;
    const char *matrix = c->inputs[0], *hindrance = what_hinders(cli, made);
    const char **found = wn_cli_own(cli, made->n * sizeof *found, err);
    if (!found) return WN_EMEMORY;
    if (hindrance) {
        (void)snprintf(note, sizeof note, "note: no subset.* and rest.* are written: %.300s was made of %.300s, and %s",
                       matrix, wn_made_of_path(made, 0), hindrance);
        return set_note(cli, note, err);
    }
    for (size_t i = 0; i < made->n; i++) {
        const char *named = wn_made_of_path(made, i);
        bool piped = strcmp(named, "-") == 0;
        wn_code code = find_file(cli, made, i, &found[i], err);
        if (code != WN_OK) return code;
        if (found[i]) continue;
        (void)snprintf(note, sizeof note,
                       "note: no subset.* and rest.* are written: %.300s, of which %.300s was made, %s; --records FILE "
                       "names the records", piped ? "standard input" : named, matrix,
                       piped ? "cannot be read again" : "is not there, or has changed");
        return set_note(cli, note, err);
    }
    c->found_records = found;
    c->nfound_records = made->n;
    (void)snprintf(note, sizeof note, made->n > 1 ? "records   %.300s and others, which %.300s names" :
                                                    "records   %.300s, which %.300s names", found[0], matrix);
    return set_note(cli, note, err);
}

/* What the command line does not say of how the records are read. */
static wn_code adopt_options(wn_cli *cli, const wn_made_of *made, wn_err *err) {
    static const char *const names[] = {"format", "text-field", "role", "label-field", "id-field", "limit"};
    wn_assignments list = {0};
    wn_code code = WN_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(made->config, names[i]);
        if (!member || wn_option_given(cli, wn_option_find(cli->command->bit, names[i], strlen(names[i])))) continue;
        if ((code = wn_cli_replay_option(cli, member, &list, err)) != WN_OK) goto out;
    }
    for (size_t i = 0; i < list.n; i++) list.v[i].from_file = false;
    code = wn_assignments_apply(cli, &list, err);
out:
    if (code == WN_EUSAGE) code = wn_err_prefix(err, "%s: /uns/winnow/config: ", cli->config.inputs[0]);
    wn_free(list.v);
    return code;
}

wn_code wn_cli_find_records(wn_cli *cli, wn_err *err) {
    wn_config *c = &cli->config;
    wn_matrix_file *m = NULL;
    wn_made_of made = {0};
    wn_code code = WN_OK;
    if (cli->command->bit != CMD_SELECT || c->no_records || strcmp(c->inputs[0], "-") == 0) return WN_OK;
    wn_mem_limit(c->memory); /* the file may be anybody's */
    if ((code = wn_matrix_open_apart(&m, c->inputs[0], c->dataset, err)) != WN_OK) goto out;
    if ((code = wn_made_of_read(&made, m, err)) != WN_OK || made.n == 0) goto out;
    if (!c->nrecords && (code = find_files(cli, &made, err)) != WN_OK) goto out;
    const bool labels = c->label_field != NULL;
    if (c->nrecords + c->nfound_records) code = adopt_options(cli, &made, err);
    /* labels that only came with the records decide nothing, and the canonical command must not make them decide */
    if (!labels && c->label_field && c->objective == WN_GRAPH_CUT) c->ignore_labels = true;
out:
    wn_matrix_close(m);
    wn_made_of_free(&made);
    return code;
}
