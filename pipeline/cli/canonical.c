/* The canonical form of a configuration: what decides the result, and nothing else. */
#include "options.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/shell_word.h>
#include <wn/visible.h>

bool wn_option_is_default(const wn_cli *cli, const wn_option *o) {
    wn_cli fresh = {.command = cli->command};
    wn_err err = {0};
    wn_writer now = {.err = &err}, initial = {.err = &err};
    size_t entries = wn_option_entries(cli, o);
    bool same = false;
    if (!o->initial) {
        same = entries == 0 || (o->kind == OPT_FLAG && !*((const bool *)((const char *)cli + o->offset)));
    } else if (entries == 0) {
        same = o->kind == OPT_ON_ERROR;
    } else if (entries == 1 && wn_option_set(&fresh, o, o->initial, &err) == WN_OK &&
               wn_option_entries(&fresh, o) == 1) {
        wn_option_print(&fresh, o, 0, &initial);
        wn_option_print(cli, o, 0, &now);
        same = now.code == WN_OK && initial.code == WN_OK && strcmp(now.data, initial.data) == 0;
    }
    wn_free(now.data);
    wn_free(initial.data);
    wn_cli_free(&fresh);
    return same;
}

/* A string of JSON is UTF-8, and a path need not be. */
static cJSON *json_text(const char *value, wn_err *err) {
    char *name = wn_visible_name(value, err);
    cJSON *text = name ? cJSON_CreateString(name) : NULL;
    wn_free(name);
    return text;
}

/* wn_option_print as a string of its own; wn_free it. */
static char *print_string(const wn_cli *cli, const wn_option *o, size_t entry, wn_err *err) {
    wn_writer text = {.err = err};
    wn_writer_put(&text, "");
    wn_option_print(cli, o, entry, &text);
    if (text.code == WN_OK) return text.data;
    wn_free(text.data);
    return NULL;
}

static bool option_applies(const wn_cli *cli, const wn_option *o) {
    return (o->traits & WN_OPTION_DECIDES) && (o->commands & cli->command->bit);
}

static void build_line(const wn_cli *cli, wn_writer *out) {
    wn_writer_printf(out, "winnow %s", cli->command->name);
    for (size_t i = 0; i < cli->config.ninputs; i++) {
        const char *path = cli->config.inputs[i];
        wn_writer_put(out, path[0] == '-' && path[1] ? " ./" : " "); /* a name like that would be an option */
        wn_shell_word(out, path);
    }
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!option_applies(cli, o) || wn_option_is_default(cli, o)) continue;
        for (size_t e = 0; e < wn_option_entries(cli, o) && out->code == WN_OK; e++) {
            if (o->letter)
                wn_writer_printf(out, " -%c", o->letter);
            else
                wn_writer_printf(out, " --%s", o->name);
            if (!o->arg) continue;
            char *value = print_string(cli, o, e, out->err);
            wn_writer_put(out, " ");
            if (value)
                wn_shell_word(out, value);
            else
                out->code = WN_EMEMORY;
            wn_free(value);
        }
    }
}

static bool add_list(cJSON *object, const wn_cli *cli, const wn_option *o, wn_err *err) {
    cJSON *list = cJSON_AddArrayToObject(object, o->name);
    for (size_t e = 0; list && e < wn_option_entries(cli, o); e++) {
        char *value = print_string(cli, o, e, err);
        bool added = value && cJSON_AddItemToArray(list, json_text(value, err));
        wn_free(value);
        if (!added) return false;
    }
    return list != NULL;
}

static const unsigned long long max_exact = 1ull << 53; /* whole numbers up to it are exact in every reader of JSON */

static bool add_option(cJSON *object, const wn_cli *cli, const wn_option *o, wn_err *err) {
    bool number = o->kind == OPT_COUNT || o->kind == OPT_SEED || o->kind == OPT_INT || o->kind == OPT_INDEX;
    size_t entries = wn_option_entries(cli, o);
    if (entries == 0 && o->initial) return cJSON_AddStringToObject(object, o->name, o->initial) != NULL;
    if (entries == 0) return cJSON_AddNullToObject(object, o->name) != NULL;
    if (o->kind == OPT_FLAG)
        return cJSON_AddBoolToObject(object, o->name, *((const bool *)((const char *)cli + o->offset)));
    if (o->kind == OPT_LIST || o->kind == OPT_RATES || o->kind == OPT_MIX) return add_list(object, cli, o, err);
    char *value = print_string(cli, o, 0, err);
    if (!value) return false;
    number |= o->kind == OPT_REAL && !(o->words && strcmp(value, o->words) == 0);
    if (o->kind == OPT_SEED && strtoull(value, NULL, 10) > max_exact) number = false; /* readers would round it */
    cJSON *item = number ? cJSON_CreateRaw(value) : json_text(value, err);
    bool added = item && cJSON_AddItemToObject(object, o->name, item);
    if (!added) cJSON_Delete(item);
    wn_free(value);
    return added;
}

static void build_json(const wn_cli *cli, wn_writer *out) {
    cJSON *object = cJSON_CreateObject(), *inputs = NULL;
    bool ok = object && cJSON_AddStringToObject(object, "command", cli->command->name) &&
              (inputs = cJSON_AddArrayToObject(object, "inputs"));
    for (size_t i = 0; ok && i < cli->config.ninputs; i++)
        ok = cJSON_AddItemToArray(inputs, json_text(cli->config.inputs[i], out->err));
    for (size_t i = 0; ok && i < wn_noptions; i++)
        if (option_applies(cli, &wn_options[i])) ok = add_option(object, cli, &wn_options[i], out->err);
    char *text = ok ? cJSON_PrintUnformatted(object) : NULL;
    if (text)
        wn_writer_put(out, text);
    else
        out->code = wn_err_set(out->err, WN_EMEMORY, "out of memory while the configuration was written as JSON");
    cJSON_free(text);
    cJSON_Delete(object);
}

wn_code wn_cli_canonical(wn_cli *cli, wn_err *err) {
    wn_writer line = {.err = err}, json = {.err = err};
    wn_code code = WN_EMEMORY;
    build_line(cli, &line);
    if ((code = line.code) != WN_OK) goto out;
    build_json(cli, &json);
    if ((code = json.code) != WN_OK) goto out;
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

wn_code wn_cli_dump(const wn_cli *cli, wn_writer *out) {
    wn_writer_printf(out, "# winnow %s\n", cli->command->name);
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!(o->commands & cli->command->bit) || dump_skips(o)) continue;
        size_t entries = wn_option_entries(cli, o);
        if (entries == 0 && o->initial)
            wn_writer_printf(out, "%s = %s\n", o->name, o->initial);
        else if (entries == 0)
            wn_writer_printf(out, "# %s =\n", o->name);
        for (size_t e = 0; e < entries; e++) {
            char *value = print_string(cli, o, e, out->err);
            if (!value) return out->code = WN_EMEMORY;
            if (!wn_shows_itself(value))
                out->code =
                    wn_err_set(out->err, WN_EUSAGE, "--%s: \"%s\" cannot be written as a line of text", o->name, value);
            wn_writer_printf(out, "%s = %s\n", o->name, value);
            wn_free(value);
            if (out->code != WN_OK) return out->code;
        }
    }
    return out->code;
}
