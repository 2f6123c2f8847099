/* The command `winnow`: reads the command line, runs one command, and turns its outcome into an exit code. */
#include "display.h"
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wn/comm.h>
#include <wn/cpu.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

static int exit_code(wn_code code) {
    if (code == WN_EINTERRUPT) return 128 + (wn_interrupted() ? wn_interrupted() : SIGINT);
    return code == WN_EINTERNAL ? WN_EIO : (int)code;
}

/* Another rank than 0 of a command that mpirun has spread says nothing: its error is rank 0's, too. It waits, as mpirun
 * ends all when one ends with an error, and rank 0 may not have spoken yet. */
static bool mute;
static const struct timespec until_spoken = {.tv_sec = 3};

static int report_failure(wn_display *d, const wn_err *err) {
    assert(err->msg[0]); /* who returns a code has said why */
    if (mute)
        (void)nanosleep(&until_spoken, NULL);
    else
        wn_display_error(d, err->msg[0] ? err->msg : "something failed without saying what");
    return exit_code(err->code == WN_OK ? WN_EINTERNAL : err->code);
}

/* A full disk shows at the latest when the stream is closed. */
static int close_stdout(wn_display *d, int status) {
    bool bad = ferror(stdout) != 0 || d->lost;
    if (fclose(stdout) != 0) bad = true;
    if (!bad || status != 0) return status;
    wn_err err = {0};
    if (d->lost == EINTR) {
        (void)wn_err_set(&err, WN_EINTERRUPT, "interrupted while the result was printed");
    } else {
        if (d->lost) errno = d->lost;
        (void)wn_err_errno(&err, "standard output: cannot write");
    }
    return report_failure(d, &err);
}

static int print_text(wn_display *d, wn_code code, wn_writer *text, const wn_err *err) {
    int status = 0;
    if (code == WN_OK)
        (void)fwrite(text->data, 1, text->len, stdout);
    else
        status = report_failure(d, err);
    wn_free(text->data);
    return status;
}

static wn_code unknown_command(const char *name, wn_err *err) {
    const char *names[32];
    size_t n = 0;
    for (size_t i = 0; i < wn_ncommands && n < 32; i++) names[n++] = wn_commands[i].name;
    const char *near = wn_suggest(name, names, n);
    if (*name == '-')
        return wn_err_set(err, WN_EUSAGE, "unknown option %.60s (winnow --help lists what there is)", name);
    if (near) return wn_err_set(err, WN_EUSAGE, "unknown command \"%.60s\" (did you mean %s?)", name, near);
    return wn_err_set(err, WN_EUSAGE, "unknown command \"%.60s\" (winnow --help lists them)", name);
}

/* winnow --help, --version, --man, --completion, help. */
static int run_general(wn_display *d, int argc, char **argv, bool cured) {
    wn_err err = {0};
    wn_writer text = {.err = &err};
    wn_code code = WN_OK;
    const char *what = argv[1], *which = argc > 2 ? argv[2] : NULL;
    bool help = strcmp(what, "help") == 0 || strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0;
    const wn_command *command = which && (help || strcmp(what, "--man") == 0) ? wn_command_find(which) : NULL;
    if (argc > 3)
        code = wn_err_set(&err, WN_EUSAGE, "one argument too many: \"%.60s\"", argv[3]);
    else if (help && which && !command)
        code = unknown_command(which, &err);
    else if (help)
        code = command ? wn_help_command(command, &text) : wn_help_general(&text);
    else if (strcmp(what, "--version") == 0 || strcmp(what, "-V") == 0)
        code = wn_help_version(cured, &text);
    else if (strcmp(what, "--man") == 0 && which && !command)
        code = unknown_command(which, &err);
    else if (strcmp(what, "--man") == 0)
        code = wn_help_man(command, &text);
    else if (strcmp(what, "--completion") == 0)
        code = wn_help_completion(which, &text, &err);
    else
        code = unknown_command(what, &err);
    return print_text(d, code, &text, &err);
}

/* winnow: wrong use, and what there is, on standard error. */
static int help_without_command(wn_display *d) {
    wn_err err = {0};
    wn_writer text = {.err = &err};
    if (wn_help_general(&text) == WN_OK) (void)fwrite(text.data, 1, text.len, stderr);
    wn_free(text.data);
    if (err.code == WN_OK) (void)wn_err_set(&err, WN_EUSAGE, "no command was named");
    return report_failure(d, &err);
}

static int run_command(wn_display *d, const wn_command *command, int argc, char **argv) {
    wn_cli cli;
    wn_err err = {0};
    wn_writer text = {.err = &err};
    int status = 0, rank = 0, ranks = 1;
    wn_comm_launched(&rank, &ranks);
    mute = rank > 0 && command->bit & (CMD_RUN | CMD_SELECT | CMD_MERGE);
    d->command = command->name;
    wn_code code = wn_cli_parse(&cli, command, argc, argv, &err);
    if (code != WN_OK) {
        if (code == WN_EUSAGE) {
            size_t n = strlen(err.msg);
            (void)snprintf(err.msg + n, sizeof err.msg - n, " [winnow %s --help]", command->name);
        }
        status = report_failure(d, &err);
    } else if (cli.help) {
        status = print_text(d, wn_help_command(command, &text), &text, &err);
    } else if (cli.dump_config) {
        status = print_text(d, wn_cli_dump(&cli, &text), &text, &err);
    } else {
        mute = mute && !cli.config.shards; /* a shard is a process of its own */
        cli.config.quiet = cli.config.quiet || mute;
        wn_mem_limit(cli.config.memory);
        wn_threads_set(cli.config.threads);
        wn_display_init(d, command->name, &cli.config);
        code = command->run(&cli.config, &d->io, &err);
        if (code != WN_OK && err.code == WN_OK) err.code = code;
        if (code == WN_OK)
            wn_display_end(d);
        else
            status = report_failure(d, &err);
    }
    wn_cli_free(&cli);
    return status;
}

/* A standard stream that the caller closed would give its number to the next file opened, and our messages to that
 * file. In its place: something that refuses reading, or writing. */
static void keep_standard_streams(void) {
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
    static const wn_config plain = {0};
    const char *cure = getenv("WINNOW_BLAS_CURED");
    wn_display d;
    keep_standard_streams();
    wn_blas_reexec(argv);
    (void)H5dont_atexit(); /* after a failed write the library would crash at exit */
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    wn_interrupt_install();
    (void)signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write() like any other */
    wn_display_init(&d, "", &plain);
    int status = 0;
    wn_err err = {0};
    if (wn_cpu_check(&err) != WN_OK) {
        status = report_failure(&d, &err);
    } else if (argc < 2) {
        status = help_without_command(&d);
    } else {
        const wn_command *command = wn_command_find(argv[1]);
        status = command ? run_command(&d, command, argc - 1, argv + 1) : run_general(&d, argc, argv, cure != NULL);
    }
    return close_stdout(&d, status);
}
