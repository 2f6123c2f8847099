/* Help and man pages, all from the table. A page is put together without a look at each append: the
 * buffer remembers the first failure, which the public functions return. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

/* Appends text broken at spaces to lines of at most `width`, the first after `column` characters, others indented. */
static void wrap_text(wn_writer *out, const char *text, size_t column, size_t indent, size_t width) {
    size_t at = column;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        if (at + n + (at > indent) > width && at > indent) {
            wn_writer_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (p != text) {
            wn_writer_put(out, " ");
            at++;
        }
        wn_writer_bytes(out, p, n);
        at += n;
        p += n + strspn(p + n, " ");
    }
    wn_writer_put(out, "\n");
}

enum { WIDTH = 100, COLUMN = 30 };

/* What an option does, with its words and default. */
static void describe_option(const wn_option *o, wn_writer *text) {
    wn_writer_put(text, o->help);
    if (o->words && (o->kind == OPT_WORD || o->kind == OPT_ENUM)) {
        wn_writer_put(text, "; one of ");
        for (const char *w = o->words; *w; w++) wn_writer_bytes(text, *w == '|' ? ", " : w, *w == '|' ? 2 : 1);
    }
    if (o->initial) wn_writer_printf(text, " (default: %s)", o->initial);
    if (o->kind == OPT_LIST || o->kind == OPT_RATES || o->kind == OPT_MIX) wn_writer_put(text, " (repeatable)");
}

static void option_lines(const wn_option *o, wn_writer *out) {
    char head[80];
    char letter[8] = "    ";
    wn_writer text = {.err = out->err};
    if (o->letter) (void)snprintf(letter, sizeof letter, "-%c, ", o->letter);
    if (o->name[1] == 0)
        (void)snprintf(head, sizeof head, "  -%c %s", o->letter, o->arg);
    else
        (void)snprintf(head, sizeof head, "  %s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    describe_option(o, &text);
    wn_writer_printf(out, "%-*s", COLUMN, head);
    if (strlen(head) >= COLUMN) wn_writer_printf(out, "\n%*s", COLUMN, "");
    if (text.code == WN_OK)
        wrap_text(out, text.data, COLUMN, COLUMN, WIDTH);
    else
        out->code = text.code;
    wn_free(text.data);
}

/* The next option from i on that a command has in a group; wn_noptions: none. */
static size_t next_in_group(unsigned bit, const char *group, size_t i) {
    while (i < wn_noptions && !((wn_options[i].commands & bit) && strcmp(wn_options[i].group, group) == 0)) i++;
    return i;
}

/* Calls `each` for the options of a command, group by group: groups, and the options of each, as the table has them. */
typedef void (*option_sink)(const wn_option *o, wn_writer *out);
static void options_by_group(unsigned bit, const char *before, const char *after, option_sink each, wn_writer *out) {
    for (size_t i = 0; i < wn_noptions; i++) {
        const char *group = wn_options[i].group;
        if (!(wn_options[i].commands & bit) || next_in_group(bit, group, 0) < i) continue;
        wn_writer_printf(out, "%s%s%s\n", before, group, after);
        for (size_t at = i; at < wn_noptions; at = next_in_group(bit, group, at + 1)) each(&wn_options[at], out);
    }
}

static void indented_lines(wn_writer *out, const char *lines, const char *before) {
    while (*lines) {
        size_t n = strcspn(lines, "\n");
        wn_writer_printf(out, "%s%.*s\n", before, (int)n, lines);
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

wn_code wn_help_general(wn_writer *out) {
    wn_writer_printf(out, "Usage: winnow COMMAND ...\n\n");
    wrap_text(out, purpose, 0, 0, WIDTH);
    wn_writer_printf(out, "\nCommands (winnow COMMAND --help says more):\n");
    for (size_t i = 0; i < wn_ncommands; i++)
        wn_writer_printf(out, "  %-10s%s\n", wn_commands[i].name, wn_commands[i].brief);
    wn_writer_printf(out, "\nOptions:\n  -h, --help        print this help and stop\n"
                          "  -V, --version     versions of winnow and its libraries, processor and kernels\n"
                          "  --completion SHELL the completion script for bash, zsh or fish\n"
                          "  --man [COMMAND]   the man page, as roff\n");
    wn_writer_printf(out, "\nExamples:\n");
    indented_lines(out, general_examples, "  ");
    wn_writer_printf(out, "\nExit codes:\n  ");
    wrap_text(out, codes, 2, 2, WIDTH);
    return out->code;
}

wn_code wn_help_command(const wn_command *c, wn_writer *out) {
    wn_writer_printf(out, "Usage: winnow %s %s [options]\n\n", c->name, c->args);
    wrap_text(out, c->about, 0, 0, WIDTH);
    options_by_group(c->bit, "\n", ":", option_lines, out);
    wn_writer_printf(out, "\nExamples:\n");
    indented_lines(out, c->examples, "  ");
    return out->code;
}

/* ---- man pages ---- */

/* Text with the characters that roff takes for its own made safe. */
static void roff_text(wn_writer *out, const char *text) {
    if (*text == '.' || *text == '\'') wn_writer_put(out, "\\&");
    for (const char *p = text; *p; p++) {
        if (*p == '\\')
            wn_writer_put(out, "\\e");
        else if (*p == '-')
            wn_writer_put(out, "\\-");
        else
            wn_writer_bytes(out, p, 1);
    }
}

static void roff_line(wn_writer *out, const char *text) {
    roff_text(out, text);
    wn_writer_put(out, "\n");
}

static void man_option(const wn_option *o, wn_writer *out) {
    wn_writer text = {.err = out->err};
    wn_writer_printf(out, ".TP\n");
    if (o->letter) wn_writer_printf(out, "\\fB\\-%c\\fR", o->letter);
    if (o->name[1]) {
        wn_writer_printf(out, "%s\\fB\\-\\-", o->letter ? ", " : "");
        roff_text(out, o->name);
        wn_writer_put(out, "\\fR");
    }
    if (o->arg) wn_writer_printf(out, " \\fI%s\\fR", o->arg);
    wn_writer_put(out, "\n");
    describe_option(o, &text);
    if (text.code == WN_OK)
        roff_line(out, text.data);
    else
        out->code = text.code;
    wn_free(text.data);
}

static void man_examples(wn_writer *out, const char *examples) {
    wn_writer_printf(out, ".SH EXAMPLES\n.nf\n");
    roff_line(out, examples);
    wn_writer_printf(out, ".fi\n");
}

static void man_general(wn_writer *out) {
    wn_writer_printf(out,
                     ".TH WINNOW 1 \"\" \"winnow %s\"\n.SH NAME\nwinnow \\- choose the part of a text dataset "
                     "that is worth training on\n.SH SYNOPSIS\n\\fBwinnow\\fR \\fICOMMAND\\fR ...\n"
                     ".SH DESCRIPTION\n",
                     WINNOW_VERSION);
    roff_line(out, purpose);
    wn_writer_printf(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < wn_ncommands; i++) {
        wn_writer_printf(out, ".TP\n\\fBwinnow\\-%s\\fR(1)\n", wn_commands[i].name);
        roff_line(out, wn_commands[i].brief);
    }
    wn_writer_printf(out,
                     ".SH OPTIONS\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nprint help and stop\n"
                     ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\n"
                     "versions of winnow and its libraries, processor and kernels\n.TP\n"
                     "\\fB\\-\\-completion\\fR \\fISHELL\\fR\nprint the completion script for bash, zsh or fish\n.TP\n"
                     "\\fB\\-\\-man\\fR [\\fICOMMAND\\fR]\nprint the man page\n.SH EXIT STATUS\n");
    roff_line(out, codes);
    man_examples(out, general_examples);
}

wn_code wn_help_man(const wn_command *c, wn_writer *out) {
    if (!c) {
        man_general(out);
        return out->code;
    }
    wn_writer_printf(out, ".TH WINNOW\\-%s 1 \"\" \"winnow %s\"\n.SH NAME\nwinnow\\-%s \\- ", c->name, WINNOW_VERSION,
                     c->name);
    roff_line(out, c->brief);
    wn_writer_printf(out, ".SH SYNOPSIS\n\\fBwinnow %s\\fR ", c->name);
    roff_text(out, c->args);
    wn_writer_printf(out, " [options]\n.SH DESCRIPTION\n");
    roff_line(out, c->about);
    wn_writer_printf(out, ".SH OPTIONS\n");
    options_by_group(c->bit, ".SS ", "", man_option, out);
    man_examples(out, c->examples);
    wn_writer_printf(out, ".SH EXIT STATUS\n");
    roff_line(out, codes);
    wn_writer_printf(out, ".SH SEE ALSO\n\\fBwinnow\\fR(1)\n");
    return out->code;
}
