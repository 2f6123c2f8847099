/* The canonical form of a configuration: what decides the result, and nothing else. */
#include "options.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

bool wn_option_is_default(const wn_cli *cli, const wn_option *o) {
    wn_cli fresh = {.command = cli->command};
    wn_buf now = {0}, initial = {0};
    wn_err err = {0};
    size_t entries = wn_option_entries(cli, o);
    bool same = false;
    if (!o->initial) {
        same = entries == 0 || (o->kind == OPT_FLAG && !*((const bool *)((const char *)cli + o->offset)));
    } else if (entries == 1 || o->kind == OPT_ON_ERROR) {
        if (entries == 0)
            same = true;
        else if (wn_option_set(&fresh, o, o->initial, &err) == WN_OK && wn_option_entries(&fresh, o) == 1 &&
                 wn_option_print(&fresh, o, 0, &initial, &err) == WN_OK &&
                 wn_option_print(cli, o, 0, &now, &err) == WN_OK)
            same = now.len == initial.len && memcmp(now.data, initial.data, now.len) == 0;
    }
    wn_free(now.data);
    wn_free(initial.data);
    wn_cli_free(&fresh);
    return same;
}

/* Appends a word as a POSIX shell reads it. */
static void quote_word(wn_buf *out, const char *word, wn_err *err) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
    if (*word && strspn(word, plain) == strlen(word)) {
        (void)wn_buf_append(out, word, strlen(word), err);
        return;
    }
    (void)wn_buf_append(out, "'", 1, err);
    for (const char *p = word; *p; p++)
        (void)(*p == '\'' ? wn_buf_append(out, "'\\''", 4, err) : wn_buf_append(out, p, 1, err));
    (void)wn_buf_append(out, "'", 1, err);
}

/* wn_option_print as a string of its own. */
static wn_code print_string(const wn_cli *cli, const wn_option *o, size_t entry, wn_buf *out, wn_err *err) {
    out->len = 0;
    (void)wn_option_print(cli, o, entry, out, err);
    return wn_buf_append(out, "", 1, err);
}

static bool option_applies(const wn_cli *cli, const wn_option *o) {
    return (o->traits & WN_OPTION_DECIDES) && (o->commands & cli->command->bit);
}

static wn_code build_line(const wn_cli *cli, wn_buf *out, wn_err *err) {
    wn_buf value = {0};
    (void)wn_buf_printf(out, err, "winnow %s", cli->command->name);
    for (size_t i = 0; i < cli->config.ninputs; i++) {
        (void)wn_buf_append(out, " ", 1, err);
        quote_word(out, cli->config.inputs[i], err);
    }
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!option_applies(cli, o) || wn_option_is_default(cli, o)) continue;
        for (size_t e = 0; e < wn_option_entries(cli, o); e++) {
            if (o->letter)
                (void)wn_buf_printf(out, err, " -%c", o->letter);
            else
                (void)wn_buf_printf(out, err, " --%s", o->name);
            if (!o->arg) continue;
            if ((out->failed = print_string(cli, o, e, &value, err)) != WN_OK) goto out;
            (void)wn_buf_append(out, " ", 1, err);
            quote_word(out, value.data, err);
        }
    }
    (void)wn_buf_append(out, "", 1, err);
out:
    wn_free(value.data);
    return out->failed;
}

static bool add_json(cJSON *object, const wn_cli *cli, const wn_option *o, wn_buf *value, wn_err *err) {
    size_t entries = wn_option_entries(cli, o);
    if (entries == 0 && o->initial) return cJSON_AddStringToObject(object, o->name, o->initial) != NULL;
    if (entries == 0) return cJSON_AddNullToObject(object, o->name) != NULL;
    if (o->kind == OPT_FLAG)
        return cJSON_AddBoolToObject(object, o->name, *((const bool *)((const char *)cli + o->offset)));
    if (o->kind == OPT_LIST) {
        cJSON *list = cJSON_AddArrayToObject(object, o->name);
        for (size_t e = 0; list && e < entries; e++) {
            if (print_string(cli, o, e, value, err) != WN_OK) return false;
            if (!cJSON_AddItemToArray(list, cJSON_CreateString(value->data))) return false;
        }
        return list != NULL;
    }
    if (print_string(cli, o, 0, value, err) != WN_OK) return false;
    bool number = o->kind == OPT_COUNT || o->kind == OPT_SEED || o->kind == OPT_INT || o->kind == OPT_INDEX;
    if (number || (o->kind == OPT_REAL && strcmp(value->data, "auto") != 0))
        return cJSON_AddRawToObject(object, o->name, value->data) != NULL;
    return cJSON_AddStringToObject(object, o->name, value->data) != NULL;
}

static wn_code build_json(const wn_cli *cli, wn_buf *out, wn_err *err) {
    wn_buf value = {0};
    cJSON *object = cJSON_CreateObject();
    bool ok = object && cJSON_AddStringToObject(object, "command", cli->command->name);
    cJSON *inputs = ok ? cJSON_AddArrayToObject(object, "inputs") : NULL;
    ok = inputs != NULL;
    for (size_t i = 0; ok && i < cli->config.ninputs; i++)
        ok = cJSON_AddItemToArray(inputs, cJSON_CreateString(cli->config.inputs[i]));
    for (size_t i = 0; ok && i < wn_noptions; i++)
        if (option_applies(cli, &wn_options[i])) ok = add_json(object, cli, &wn_options[i], &value, err);
    char *text = ok ? cJSON_PrintUnformatted(object) : NULL;
    wn_code code = text ? wn_buf_append(out, text, strlen(text) + 1, err) : WN_EMEMORY;
    if (!text) (void)wn_err_set(err, WN_EMEMORY, "out of memory while the configuration was written as JSON");
    cJSON_free(text);
    cJSON_Delete(object);
    wn_free(value.data);
    return code;
}

wn_code wn_cli_canonical(wn_cli *cli, wn_err *err) {
    wn_buf line = {0}, json = {0};
    wn_code code = build_line(cli, &line, err);
    if (code != WN_OK || (code = build_json(cli, &json, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(cli->config.command_line = wn_cli_own_string(cli, line.data, line.len, err))) goto out;
    if (!(cli->config.json = wn_cli_own_string(cli, json.data, json.len, err))) goto out;
    code = WN_OK;
out:
    wn_free(line.data);
    wn_free(json.data);
    return code;
}

/* What --dump-config leaves out: options about the configuration itself, and the preset, spelt out by others. */
static bool dump_skips(const wn_option *o) {
    return o->offset == offsetof(wn_cli, config_file) || o->offset == offsetof(wn_cli, dump_config) ||
           o->offset == offsetof(wn_cli, help) || o->offset == offsetof(wn_cli, preset);
}

wn_code wn_cli_dump(const wn_cli *cli, wn_buf *out, wn_err *err) {
    (void)wn_buf_printf(out, err, "# winnow %s\n", cli->command->name);
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!(o->commands & cli->command->bit) || dump_skips(o)) continue;
        size_t entries = wn_option_entries(cli, o);
        if (entries == 0 && o->initial)
            (void)wn_buf_printf(out, err, "%s = %s\n", o->name, o->initial);
        else if (entries == 0)
            (void)wn_buf_printf(out, err, "# %s =\n", o->name);
        for (size_t e = 0; e < entries; e++) {
            (void)wn_buf_printf(out, err, "%s = ", o->name);
            (void)wn_option_print(cli, o, e, out, err);
            (void)wn_buf_append(out, "\n", 1, err);
        }
    }
    return out->failed;
}
