/* Help, man pages and shell completion, all from the table. A page is put together without a look at each append: the
 * buffer remembers the first failure, which the public functions return. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

/* Appends text broken at spaces to lines of at most `width`, the first after `column` characters, others indented. */
static void wrap_text(wn_buf *out, const char *text, size_t column, size_t indent, size_t width, wn_err *err) {
    size_t at = column;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        if (at + n + (at > indent) > width && at > indent) {
            (void)wn_buf_printf(out, err, "\n%*s", (int)indent, "");
            at = indent;
        } else if (p != text) {
            (void)wn_buf_append(out, " ", 1, err);
            at++;
        }
        (void)wn_buf_append(out, p, n, err);
        at += n;
        p += n + strspn(p + n, " ");
    }
    (void)wn_buf_append(out, "\n", 1, err);
}

enum { WIDTH = 100, COLUMN = 30 };

/* What an option does, with its words and default. */
static void describe_option(const wn_option *o, wn_buf *text, wn_err *err) {
    text->len = 0;
    (void)wn_buf_append(text, o->help, strlen(o->help), err);
    if (o->words && (o->kind == OPT_WORD || o->kind == OPT_ENUM)) {
        (void)wn_buf_append(text, "; one of ", 9, err);
        for (const char *w = o->words; *w; w++)
            (void)(*w == '|' ? wn_buf_append(text, ", ", 2, err) : wn_buf_append(text, w, 1, err));
    }
    if (o->initial) (void)wn_buf_printf(text, err, " (default: %s)", o->initial);
    if (o->kind == OPT_LIST) (void)wn_buf_append(text, " (repeatable)", 13, err);
    (void)wn_buf_append(text, "", 1, err);
}

static void option_lines(const wn_option *o, wn_buf *out, wn_err *err) {
    char head[80];
    char letter[8] = "    ";
    wn_buf text = {0};
    if (o->letter) (void)snprintf(letter, sizeof letter, "-%c, ", o->letter);
    if (o->name[1] == 0)
        (void)snprintf(head, sizeof head, "  -%c %s", o->letter, o->arg);
    else
        (void)snprintf(head, sizeof head, "  %s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    describe_option(o, &text, err);
    (void)wn_buf_printf(out, err, "%-*s", COLUMN, head);
    if (strlen(head) >= COLUMN) (void)wn_buf_printf(out, err, "\n%*s", COLUMN, "");
    if (text.failed == WN_OK)
        wrap_text(out, text.data, COLUMN, COLUMN, WIDTH, err);
    else
        out->failed = text.failed;
    wn_free(text.data);
}

/* Calls `each` for the options of a command, group by group as they stand in the table. */
typedef void (*option_sink)(const wn_option *o, wn_buf *out, wn_err *err);
static void options_by_group(unsigned bit, const char *before, const char *after, option_sink each, wn_buf *out,
                             wn_err *err) {
    const char *group = "";
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!(o->commands & bit)) continue;
        if (strcmp(group, o->group) != 0) {
            group = o->group;
            (void)wn_buf_printf(out, err, "%s%s%s\n", before, group, after);
        }
        each(o, out, err);
    }
}

static void indented_lines(wn_buf *out, const char *lines, const char *before, wn_err *err) {
    while (*lines) {
        size_t n = strcspn(lines, "\n");
        (void)wn_buf_printf(out, err, "%s%.*s\n", before, (int)n, lines);
        lines += n + (lines[n] == '\n');
    }
}

static const char purpose[] =
    "Chooses the part of a text dataset that is worth training on: records that stand best for "
    "all the others, without copies of one another.";

static const char codes[] =
    "0 done; 1 reading or writing failed; 2 wrong use; 3 a bad input record or file; 4 it would "
    "not fit in memory; 5 the constraints cannot be met; 130 or 143 stopped by a signal.";

static const char general_examples[] = "winnow run reviews.jsonl -k 10% -o chosen/\n"
                                       "winnow explain chosen/ 4711\n"
                                       "winnow check chosen/";

wn_code wn_help_general(wn_buf *out, wn_err *err) {
    (void)wn_buf_printf(out, err, "Usage: winnow COMMAND ...\n\n");
    wrap_text(out, purpose, 0, 0, WIDTH, err);
    (void)wn_buf_printf(out, err, "\nCommands (winnow COMMAND --help says more):\n");
    for (size_t i = 0; i < wn_ncommands; i++)
        (void)wn_buf_printf(out, err, "  %-10s%s\n", wn_commands[i].name, wn_commands[i].brief);
    (void)wn_buf_printf(out, err,
                        "\nOptions:\n  --help            print this help and stop\n"
                        "  --version         versions of winnow and its libraries, processor and kernels\n"
                        "  --completion bash the completion script for bash\n"
                        "  --man [COMMAND]   the man page, as roff\n");
    (void)wn_buf_printf(out, err, "\nExamples:\n");
    indented_lines(out, general_examples, "  ", err);
    (void)wn_buf_printf(out, err, "\nExit codes:\n  ");
    wrap_text(out, codes, 2, 2, WIDTH, err);
    return out->failed;
}

wn_code wn_help_command(const wn_command *c, wn_buf *out, wn_err *err) {
    (void)wn_buf_printf(out, err, "Usage: winnow %s %s [options]\n\n", c->name, c->args);
    wrap_text(out, c->about, 0, 0, WIDTH, err);
    options_by_group(c->bit, "\n", ":", option_lines, out, err);
    (void)wn_buf_printf(out, err, "\nExamples:\n");
    indented_lines(out, c->examples, "  ", err);
    return out->failed;
}

/* ---- man pages ---- */

/* Text with the characters that roff takes for its own made safe. */
static void roff_text(wn_buf *out, const char *text, wn_err *err) {
    if (*text == '.' || *text == '\'') (void)wn_buf_append(out, "\\&", 2, err);
    for (const char *p = text; *p; p++) {
        if (*p == '\\')
            (void)wn_buf_append(out, "\\e", 2, err);
        else if (*p == '-')
            (void)wn_buf_append(out, "\\-", 2, err);
        else
            (void)wn_buf_append(out, p, 1, err);
    }
}

static void roff_line(wn_buf *out, const char *text, wn_err *err) {
    roff_text(out, text, err);
    (void)wn_buf_append(out, "\n", 1, err);
}

static void man_option(const wn_option *o, wn_buf *out, wn_err *err) {
    wn_buf text = {0};
    (void)wn_buf_printf(out, err, ".TP\n");
    if (o->letter) (void)wn_buf_printf(out, err, "\\fB\\-%c\\fR", o->letter);
    if (o->name[1]) {
        (void)wn_buf_printf(out, err, "%s\\fB\\-\\-", o->letter ? ", " : "");
        roff_text(out, o->name, err);
        (void)wn_buf_append(out, "\\fR", 3, err);
    }
    if (o->arg) (void)wn_buf_printf(out, err, " \\fI%s\\fR", o->arg);
    (void)wn_buf_append(out, "\n", 1, err);
    describe_option(o, &text, err);
    if (text.failed == WN_OK)
        roff_line(out, text.data, err);
    else
        out->failed = text.failed;
    wn_free(text.data);
}

static void man_examples(wn_buf *out, const char *examples, wn_err *err) {
    (void)wn_buf_printf(out, err, ".SH EXAMPLES\n.nf\n");
    roff_line(out, examples, err);
    (void)wn_buf_printf(out, err, ".fi\n");
}

static void man_general(wn_buf *out, wn_err *err) {
    (void)wn_buf_printf(out, err,
                        ".TH WINNOW 1 \"\" \"winnow %s\"\n.SH NAME\nwinnow \\- choose the part of a text dataset "
                        "that is worth training on\n.SH SYNOPSIS\n\\fBwinnow\\fR \\fICOMMAND\\fR ...\n"
                        ".SH DESCRIPTION\n",
                        WINNOW_VERSION);
    roff_line(out, purpose, err);
    (void)wn_buf_printf(out, err, ".SH COMMANDS\n");
    for (size_t i = 0; i < wn_ncommands; i++) {
        (void)wn_buf_printf(out, err, ".TP\n\\fBwinnow\\-%s\\fR(1)\n", wn_commands[i].name);
        roff_line(out, wn_commands[i].brief, err);
    }
    (void)wn_buf_printf(out, err,
                        ".SH OPTIONS\n.TP\n\\fB\\-\\-help\\fR\nprint help and stop\n.TP\n\\fB\\-\\-version\\fR\n"
                        "versions of winnow and its libraries, processor and kernels\n.TP\n"
                        "\\fB\\-\\-completion\\fR \\fIbash\\fR\nprint the completion script for bash\n.TP\n"
                        "\\fB\\-\\-man\\fR [\\fICOMMAND\\fR]\nprint the man page\n.SH EXIT STATUS\n");
    roff_line(out, codes, err);
    man_examples(out, general_examples, err);
}

wn_code wn_help_man(const wn_command *c, wn_buf *out, wn_err *err) {
    if (!c) {
        man_general(out, err);
        return out->failed;
    }
    (void)wn_buf_printf(out, err, ".TH WINNOW\\-%s 1 \"\" \"winnow %s\"\n.SH NAME\nwinnow\\-%s \\- ", c->name,
                        WINNOW_VERSION, c->name);
    roff_line(out, c->brief, err);
    (void)wn_buf_printf(out, err, ".SH SYNOPSIS\n\\fBwinnow %s\\fR ", c->name);
    roff_text(out, c->args, err);
    (void)wn_buf_printf(out, err, " [options]\n.SH DESCRIPTION\n");
    roff_line(out, c->about, err);
    (void)wn_buf_printf(out, err, ".SH OPTIONS\n");
    options_by_group(c->bit, ".SS ", "", man_option, out, err);
    man_examples(out, c->examples, err);
    (void)wn_buf_printf(out, err, ".SH EXIT STATUS\n");
    roff_line(out, codes, err);
    return wn_buf_printf(out, err, ".SH SEE ALSO\n\\fBwinnow\\fR(1)\n");
}

/* ---- bash completion ---- */

static void bash_words(const wn_command *c, wn_buf *out, wn_err *err) {
    (void)wn_buf_printf(out, err, "    %s) words=\"", c->name);
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!(o->commands & c->bit)) continue;
        if (o->name[1]) (void)wn_buf_printf(out, err, "--%s ", o->name);
        if (o->letter) (void)wn_buf_printf(out, err, "-%c ", o->letter);
    }
    out->len--; /* the last space */
    (void)wn_buf_printf(out, err, "\" ;;\n");
}

wn_code wn_help_bash(wn_buf *out, wn_err *err) {
    (void)wn_buf_printf(out, err,
                        "# bash completion for winnow; made by: winnow --completion bash\n_winnow() {\n"
                        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
                        "    COMPREPLY=()\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"");
    for (size_t i = 0; i < wn_ncommands; i++) (void)wn_buf_printf(out, err, "%s ", wn_commands[i].name);
    (void)wn_buf_printf(out, err,
                        "--help --version --completion --man\"\n"
                        "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n        return\n    fi\n"
                        "    case \"$prev\" in\n");
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!o->words) continue;
        (void)wn_buf_printf(out, err, "    --%s)\n        mapfile -t COMPREPLY < <(compgen -W \"", o->name);
        for (const char *w = o->words; *w; w++) (void)wn_buf_append(out, *w == '|' ? " " : w, 1, err);
        (void)wn_buf_printf(out, err, "\" -- \"$cur\")\n        return ;;\n");
    }
    (void)wn_buf_printf(out, err,
                        "    --completion) mapfile -t COMPREPLY < <(compgen -W bash -- \"$cur\"); return ;;\n"
                        "    esac\n    case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < wn_ncommands; i++) bash_words(&wn_commands[i], out, err);
    return wn_buf_printf(out, err,
                         "    esac\n    if [[ $cur == -* ]]; then\n"
                         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n    else\n"
                         "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                         "        compopt -o filenames 2>/dev/null\n    fi\n}\ncomplete -F _winnow winnow\n");
}
