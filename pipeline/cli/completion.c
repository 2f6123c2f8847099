/* Shell completion from the table. As in help.c the buffer remembers the first failure. */
#include "options.h"

#include <string.h>

/* ---- bash ---- */

static void bash_words(const wn_command *c, wn_writer *out) {
    wn_writer_printf(out, "    %s) words=\"", c->name);
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!(o->commands & c->bit)) continue;
        if (o->name[1]) wn_writer_printf(out, "--%s ", o->name);
        if (o->letter) wn_writer_printf(out, "-%c ", o->letter);
    }
    out->len--; /* the last space */
    wn_writer_printf(out, "\" ;;\n");
}

static void bash_script(wn_writer *out) {
    wn_writer_printf(out, "# bash completion for winnow; made by: winnow --completion bash\n_winnow() {\n"
                          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
                          "    COMPREPLY=()\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"");
    for (size_t i = 0; i < wn_ncommands; i++) wn_writer_printf(out, "%s ", wn_commands[i].name);
    wn_writer_printf(out,
                     "-h -V --help --version --completion --man\"\n"
                     "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n        return\n    fi\n"
                     "    case \"$prev\" in\n");
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!o->words) continue;
        wn_writer_printf(out, "    --%s)\n        mapfile -t COMPREPLY < <(compgen -W \"", o->name);
        for (const char *w = o->words; *w; w++) wn_writer_bytes(out, *w == '|' ? " " : w, 1);
        wn_writer_printf(out, "\" -- \"$cur\")\n        return ;;\n");
    }
    wn_writer_printf(out,
                     "    --completion) mapfile -t COMPREPLY < <(compgen -W \"bash zsh fish\" -- \"$cur\"); return ;;\n"
                     "    esac\n    case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < wn_ncommands; i++) bash_words(&wn_commands[i], out);
    wn_writer_printf(out, "    esac\n    if [[ $cur == -* ]]; then\n"
                          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n    else\n"
                          "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                          "        compopt -o filenames 2>/dev/null\n    fi\n}\ncomplete -F _winnow winnow\n");
}

/* ---- what zsh and fish have in common ---- */

/* The first clause of an option's help, in single quotes' inside: characters of `special` after a backslash. */
static void put_clause(wn_writer *out, const char *help, const char *special, const char *quote) {
    for (const char *p = help; *p && *p != ';'; p++) {
        if (*p == '\'') {
            wn_writer_put(out, quote);
            continue;
        }
        if (strchr(special, *p)) wn_writer_put(out, "\\");
        wn_writer_bytes(out, p, 1);
    }
}

static void put_words(wn_writer *out, const char *words) {
    for (const char *w = words; *w; w++) wn_writer_bytes(out, *w == '|' ? " " : w, 1);
}

/* ---- zsh ---- */

static void zsh_option(const wn_option *o, wn_writer *out) {
    bool many = o->kind == OPT_LIST;
    wn_writer_put(out, " \\\n            ");
    if (o->letter && o->name[1])
        wn_writer_printf(out, "'(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter, o->name);
    else if (o->letter)
        wn_writer_printf(out, "'-%c[", o->letter);
    else
        wn_writer_printf(out, "'%s--%s[", many ? "*" : "", o->name);
    put_clause(out, o->help, "[]\\", "'\\''");
    wn_writer_put(out, "]");
    if (o->arg) {
        wn_writer_put(out, ":");
        put_clause(out, o->arg, ":\\", "'\\''");
        wn_writer_put(out, o->words ? ":(" : ":_files");
        if (o->words) {
            put_words(out, o->words);
            wn_writer_put(out, ")");
        }
    }
    wn_writer_put(out, "'");
}

static void zsh_script(wn_writer *out) {
    wn_writer_put(out, "#compdef winnow\n# zsh completion for winnow; made by: winnow --completion zsh\n_winnow() {\n"
                       "    local -a commands\n    commands=(\n");
    for (size_t i = 0; i < wn_ncommands; i++) {
        wn_writer_printf(out, "        '%s:", wn_commands[i].name);
        put_clause(out, wn_commands[i].brief, ":\\", "'\\''");
        wn_writer_put(out, "'\n");
    }
    wn_writer_put(out, "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n"
                       "    fi\n    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n");
    for (size_t i = 0; i < wn_ncommands; i++) {
        wn_writer_printf(out, "        %s) _arguments -s", wn_commands[i].name);
        for (size_t j = 0; j < wn_noptions; j++)
            if (wn_options[j].commands & wn_commands[i].bit) zsh_option(&wn_options[j], out);
        wn_writer_put(out, " \\\n            '*:file:_files' ;;\n");
    }
    wn_writer_put(out, "    esac\n}\n_winnow \"$@\"\n");
}

/* ---- fish ---- */

static void fish_option(const wn_option *o, wn_writer *out) {
    wn_writer_put(out, "complete -c winnow -n '__fish_seen_subcommand_from");
    for (size_t i = 0; i < wn_ncommands; i++)
        if (o->commands & wn_commands[i].bit) wn_writer_printf(out, " %s", wn_commands[i].name);
    wn_writer_put(out, "'");
    if (o->letter) wn_writer_printf(out, " -s %c", o->letter);
    if (o->name[1]) wn_writer_printf(out, " -l %s", o->name);
    if (o->words) {
        wn_writer_put(out, " -x -a '");
        put_words(out, o->words);
        wn_writer_put(out, "'");
    } else if (o->arg) {
        wn_writer_put(out, " -r");
    }
    wn_writer_put(out, " -d '");
    put_clause(out, o->help, "\\", "\\'");
    wn_writer_put(out, "'\n");
}

static void fish_script(wn_writer *out) {
    wn_writer_put(out, "# fish completion for winnow; made by: winnow --completion fish\n");
    for (size_t i = 0; i < wn_ncommands; i++) {
        wn_writer_printf(out, "complete -c winnow -f -n __fish_use_subcommand -a %s -d '", wn_commands[i].name);
        put_clause(out, wn_commands[i].brief, "\\", "\\'");
        wn_writer_put(out, "'\n");
    }
    for (size_t i = 0; i < wn_noptions; i++) fish_option(&wn_options[i], out);
}

static const struct {
    const char *shell;
    void (*write)(wn_writer *out);
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

wn_code wn_help_completion(const char *shell, wn_writer *out, wn_err *err) {
    for (size_t i = 0; shell && i < sizeof scripts / sizeof scripts[0]; i++) {
        if (strcmp(shell, scripts[i].shell) != 0) continue;
        scripts[i].write(out);
        return out->code;
    }
    return wn_err_set(err, WN_EUSAGE, "--completion knows three shells: bash, zsh and fish");
}
