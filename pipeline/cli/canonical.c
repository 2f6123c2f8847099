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
        if (entries == 0) same = true;
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
static wn_code quote(wn_buf *out, const char *word, wn_err *err) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
    if (*word && strspn(word, plain) == strlen(word)) return wn_buf_append(out, word, strlen(word), err);
    wn_code code = wn_buf_append(out, "'", 1, err);
    for (const char *p = word; code == WN_OK && *p; p++)
        code = *p == '\'' ? wn_buf_append(out, "'\\''", 4, err) : wn_buf_append(out, p, 1, err);
    return code == WN_OK ? wn_buf_append(out, "'", 1, err) : code;
}

/* wn_option_print as a string of its own. */
static wn_code printed(const wn_cli *cli, const wn_option *o, size_t entry, wn_buf *out, wn_err *err) {
    out->len = 0;
    wn_code code = wn_option_print(cli, o, entry, out, err);
    return code == WN_OK ? wn_buf_append(out, "", 1, err) : code;
}

static bool applies(const wn_cli *cli, const wn_option *o) { return o->decides && (o->commands & cli->command->bit); }

static wn_code build_line(const wn_cli *cli, wn_buf *out, wn_err *err) {
    wn_buf value = {0};
    wn_code code = wn_buf_printf(out, err, "winnow %s", cli->command->name);
    for (size_t i = 0; code == WN_OK && i < cli->config.ninputs; i++) {
        code = wn_buf_append(out, " ", 1, err);
        if (code == WN_OK) code = quote(out, cli->config.inputs[i], err);
    }
    for (size_t i = 0; code == WN_OK && i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!applies(cli, o) || wn_option_is_default(cli, o)) continue;
        size_t entries = wn_option_entries(cli, o);
        for (size_t e = 0; code == WN_OK && e < entries; e++) {
            if (o->letter) code = wn_buf_printf(out, err, " -%c", o->letter);
            else code = wn_buf_printf(out, err, " --%s", o->name);
            if (code != WN_OK || !o->arg) continue;
            if ((code = printed(cli, o, e, &value, err)) != WN_OK) break;
            if ((code = wn_buf_append(out, " ", 1, err)) == WN_OK) code = quote(out, value.data, err);
        }
    }
    wn_free(value.data);
    return code == WN_OK ? wn_buf_append(out, "", 1, err) : code;
}

static bool add_json(cJSON *object, const wn_cli *cli, const wn_option *o, wn_buf *value, wn_err *err) {
    size_t entries = wn_option_entries(cli, o);
    if (entries == 0 && o->initial) return cJSON_AddStringToObject(object, o->name, o->initial) != NULL;
    if (entries == 0) return cJSON_AddNullToObject(object, o->name) != NULL;
    if (o->kind == OPT_FLAG) return cJSON_AddBoolToObject(object, o->name, *((const bool *)((const char *)cli + o->offset)));
    if (o->kind == OPT_LIST) {
        cJSON *list = cJSON_AddArrayToObject(object, o->name);
        for (size_t e = 0; list && e < entries; e++) {
            if (printed(cli, o, e, value, err) != WN_OK) return false;
            if (!cJSON_AddItemToArray(list, cJSON_CreateString(value->data))) return false;
        }
        return list != NULL;
    }
    if (printed(cli, o, 0, value, err) != WN_OK) return false;
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
        if (applies(cli, &wn_options[i])) ok = add_json(object, cli, &wn_options[i], &value, err);
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
    if (code == WN_OK) code = build_json(cli, &json, err);
    if (code == WN_OK) {
        cli->config.command_line = wn_cli_own_string(cli, line.data, line.len, err);
        cli->config.json = wn_cli_own_string(cli, json.data, json.len, err);
        if (!cli->config.command_line || !cli->config.json) code = WN_EMEMORY;
    }
    wn_free(line.data);
    wn_free(json.data);
    return code;
}

wn_code wn_cli_dump(const wn_cli *cli, wn_buf *out, wn_err *err) {
    wn_code code = wn_buf_printf(out, err, "# winnow %s\n", cli->command->name);
    for (size_t i = 0; code == WN_OK && i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!(o->commands & cli->command->bit) || o->offset == offsetof(wn_cli, config_file) ||
            o->offset == offsetof(wn_cli, dump_config) || o->offset == offsetof(wn_cli, help) ||
            o->offset == offsetof(wn_cli, preset)) /* spelt out by the options it stands for */
            continue;
        size_t entries = wn_option_entries(cli, o);
        if (entries == 0 && o->initial) code = wn_buf_printf(out, err, "%s = %s\n", o->name, o->initial);
        else if (entries == 0) code = wn_buf_printf(out, err, "# %s =\n", o->name);
        for (size_t e = 0; code == WN_OK && e < entries; e++) {
            code = wn_buf_printf(out, err, "%s = ", o->name);
            if (code == WN_OK) code = wn_option_print(cli, o, e, out, err);
            if (code == WN_OK) code = wn_buf_append(out, "\n", 1, err);
        }
    }
    return code;
}
