/* --config out/manifest.json: the options and inputs of a run, from what its output folder says of it. */
#include "options.h"

#include "stages/parts.h"
#include "stages/whole_file.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <wn/input_fd.h>

bool wn_cli_is_manifest(const char *path) {
    char head[512];
    size_t n, i = 0;
    if (!wn_input_file_head(head, sizeof head, &n, path)) return false;
    while (i < n && isspace((unsigned char)head[i])) i++;
    return i < n && head[i] == '{';
}

/* The value as one would type it; NULL where it is none: null, or a flag that is not set. */
static const char *typed_value(wn_cli *cli, const cJSON *v, char number[32], wn_err *err) {
    if (cJSON_IsTrue(v)) return "true";
    if (cJSON_IsNumber(v)) { /* whole: reals are strings where digits count */
        (void)snprintf(number, 32, "%.17g", v->valuedouble);
        return wn_cli_own_string(cli, number, strlen(number), err);
    }
    return cJSON_IsString(v) ? wn_cli_own_string(cli, v->valuestring, strlen(v->valuestring), err) : NULL;
}

static wn_code replay_value(wn_cli *cli, const wn_option *o, const cJSON *v, wn_assignments *list, wn_err *err) {
    char number[32];
    if (cJSON_IsNull(v) || cJSON_IsFalse(v)) return WN_OK;
    const wn_assignment a = {.option = o, .value = typed_value(cli, v, number, err), .from_file = true};
    if (a.value) return wn_assignments_add(list, &a, err);
    if (cJSON_IsNumber(v) || cJSON_IsString(v)) return WN_EMEMORY;
    return wn_err_set(err, WN_EUSAGE, "\"%s\" is no value of an option", o->name);
}

wn_code wn_cli_replay_option(wn_cli *cli, const cJSON *member, wn_assignments *list, wn_err *err) {
    size_t n = strlen(member->string);
    const wn_option *o = wn_option_find(cli->command->bit, member->string, n);
    wn_code code = WN_OK;
    if (!o || !(o->traits & WN_OPTION_DECIDES) || !(o->commands & cli->command->bit))
        return wn_option_unknown(cli->command->bit, member->string, n, "", err);
    if (o->kind != OPT_LIST && o->kind != OPT_RATES && o->kind != OPT_MIX)
        return replay_value(cli, o, member, list, err);
    const cJSON *v;
    cJSON_ArrayForEach(v, member) if ((code = replay_value(cli, o, v, list, err)) != WN_OK) return code;
    return WN_OK;
}

static wn_code replay_inputs(wn_cli *cli, const cJSON *inputs, wn_err *err) {
    size_t n = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, inputs) n++;
    if (!(cli->replayed = wn_cli_own(cli, (n + 1) * sizeof *cli->replayed, err))) return WN_EMEMORY;
    cJSON_ArrayForEach(v, inputs) {
        if (!cJSON_IsString(v)) return wn_err_set(err, WN_EUSAGE, "an input that has no name");
        const char *path = wn_cli_own_string(cli, v->valuestring, strlen(v->valuestring), err);
        if (!path) return WN_EMEMORY;
        cli->replayed[cli->nreplayed++] = path;
    }
    return WN_OK;
}

/* The sum of one file, where it has a path and one. */
static wn_code replay_sum(wn_cli *cli, const cJSON *file, wn_replayed *list, wn_err *err) {
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "path"));
    const char *sum = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "sha256"));
    if (!path || !sum) return WN_OK;
    wn_replayed r = {.path = wn_cli_own_string(cli, path, strlen(path), err)};
    if (!r.path || !(r.sha256 = wn_cli_own_string(cli, sum, strlen(sum), err))) return WN_EMEMORY;
    list[cli->config.nreplayed++] = r;
    return WN_OK;
}

/* What inputs and queries were: a repetition says where they are something else. */
static wn_code replay_sums(wn_cli *cli, const cJSON *inputs, const cJSON *query, wn_err *err) {
    size_t n = 1;
    const cJSON *v;
    cJSON_ArrayForEach(v, inputs) n++;
    wn_replayed *list = wn_cli_own(cli, n * sizeof *list, err);
    if (!list) return WN_EMEMORY;
    cli->config.replayed = list;
    cJSON_ArrayForEach(v, inputs) {
        wn_code code = replay_sum(cli, v, list, err);
        if (code != WN_OK) return code;
    }
    return replay_sum(cli, query, list, err);
}

static wn_code replay_config(wn_cli *cli, const cJSON *config, wn_assignments *list, wn_err *err) {
    const cJSON *command = cJSON_GetObjectItemCaseSensitive(config, "command"), *member;
    wn_code code = WN_OK;
    if (!cJSON_IsString(command))
        return wn_err_set(err, WN_EUSAGE, "a JSON object, but not a manifest.json that winnow wrote");
    if (strcmp(command->valuestring, cli->command->name) != 0)
        return wn_err_set(err, WN_EUSAGE, "is of winnow %s, not of winnow %s", command->valuestring,
                          cli->command->name);
    cJSON_ArrayForEach(member, config) {
        if (member == command) continue;
        code = strcmp(member->string, "inputs") == 0 ? replay_inputs(cli, member, err)
                                                     : wn_cli_replay_option(cli, member, list, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_cli_read_manifest(wn_cli *cli, const char *path, wn_assignments *list, wn_err *err) {
    cJSON *manifest = NULL;
    wn_code code = wn_json_read(path, &manifest, err);
    if (code != WN_OK) goto out;
    code = replay_config(cli, cJSON_GetObjectItemCaseSensitive(manifest, "config"), list, err);
    if (code == WN_EUSAGE) (void)wn_err_prefix(err, "%s: ", path);
    if (code == WN_OK)
        code = replay_sums(cli, cJSON_GetObjectItemCaseSensitive(manifest, "inputs"),
                           cJSON_GetObjectItemCaseSensitive(manifest, "query"), err);
out:
    cJSON_Delete(manifest);
    return code;
}

wn_code wn_cli_read_job(wn_cli *cli, const char *folder, wn_assignments *list, wn_err *err) {
    wn_parts_job job = {0};
    char *path = wn_parts_job_path(folder, err);
    wn_code code = path ? wn_parts_open(&job, folder, NULL, err) : WN_EMEMORY;
    if (code != WN_OK) goto out;
    cli->command = wn_command_find("select");
    cli->config.parts_folder = folder;
    if ((code = wn_cli_read_manifest(cli, path, list, err)) != WN_OK) goto out;
    code = WN_EMEMORY; /* outputs say what the shards were told, to the byte */
    if (!(cli->config.command_line = wn_cli_own_string(cli, job.command, strlen(job.command), err))) goto out;
    if (!(cli->config.json = wn_cli_own_string(cli, job.config, strlen(job.config), err))) goto out;
    code = WN_OK;
out:
    wn_parts_job_free(&job);
    wn_free(path);
    return code;
}
