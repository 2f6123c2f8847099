/* Files and folders appear whole or not at all. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/safefile.h>

static char folder[64];

/* Stands before the C library's: counts, and fails at the call that a test names. */
static int syncs, failing_sync;
int fsync(int fd) {
    if (++syncs == failing_sync) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void enter(void) {
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-safefile-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(system(command), 0);
}

static size_t entries(const char *path) {
    size_t n = 0;
    DIR *d = opendir(path);
    cr_assert_not_null(d);
    while (readdir(d)) n++;
    (void)closedir(d);
    return n - 2;
}

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void expect(const char *path, const char *text) {
    char got[4096] = {0};
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s is absent", path);
    (void)fread(got, 1, sizeof got - 1, f);
    (void)fclose(f);
    cr_assert_str_eq(got, text);
}

TestSuite(safefile, .init = enter, .fini = leave);
TestSuite(safedir, .init = enter, .fini = leave);

Test(safefile, appears_only_at_commit) {
    wn_err e;
    wn_safefile *f;
    cr_assert_eq(wn_safefile_create(&f, "a.txt", false, &e), WN_OK);
    cr_assert_eq(wn_safefile_write(f, "hello ", 6, &e), WN_OK);
    cr_assert_eq(wn_safefile_printf(f, &e, "%s", "world"), WN_OK);
    cr_assert_neq(access("a.txt", F_OK), 0);
    cr_assert_eq(wn_safefile_commit(f, &e), WN_OK);
    expect("a.txt", "hello world");
    cr_assert_eq(entries("."), 1);
}

Test(safefile, existing_target_is_refused_and_kept) {
    wn_err e;
    wn_safefile *f;
    put("a.txt", "old");
    cr_assert_eq(wn_safefile_create(&f, "a.txt", false, &e), WN_EUSAGE);
    cr_assert_str_eq(e.msg, "a.txt exists; -f replaces it");
    expect("a.txt", "old");
    cr_assert_eq(wn_safefile_create(&f, "a.txt", true, &e), WN_OK);
    cr_assert_eq(wn_safefile_write(f, "new", 3, &e), WN_OK);
    expect("a.txt", "old");
    cr_assert_eq(wn_safefile_commit(f, &e), WN_OK);
    expect("a.txt", "new");
}

Test(safefile, target_that_appears_meanwhile_is_not_replaced) {
    wn_err e;
    wn_safefile *f;
    cr_assert_eq(wn_safefile_create(&f, "a.txt", false, &e), WN_OK);
    put("a.txt", "theirs");
    cr_assert_eq(wn_safefile_commit(f, &e), WN_EUSAGE);
    expect("a.txt", "theirs");
    cr_assert_eq(entries("."), 1);
}

Test(safefile, abort_leaves_nothing) {
    wn_err e;
    wn_safefile *f;
    cr_assert_eq(wn_safefile_create(&f, "a.txt", false, &e), WN_OK);
    wn_safefile_abort(f);
    wn_safefile_abort(NULL);
    cr_assert_eq(entries("."), 0);
}

Test(safefile, long_content_and_formats_are_whole) {
    wn_err e;
    wn_safefile *f;
    static char big[200000];
    memset(big, 'x', sizeof big - 1);
    cr_assert_eq(wn_safefile_create(&f, "./b", false, &e), WN_OK);
    cr_assert_eq(wn_safefile_printf(f, &e, "%s", big), WN_OK);
    cr_assert_eq(wn_safefile_write(f, "end", 3, &e), WN_OK);
    cr_assert_eq(wn_safefile_commit(f, &e), WN_OK);
    struct stat s;
    cr_assert_eq(stat("b", &s), 0);
    cr_assert_eq((size_t)s.st_size, sizeof big - 1 + 3);
}

Test(safefile, failed_write_is_remembered) {
    wn_err e;
    wn_safefile *f;
    static char big[100000];
    struct rlimit limit = {50000, 50000};
    (void)signal(SIGXFSZ, SIG_IGN);
    put("a", "old");
    cr_assert_eq(wn_safefile_create(&f, "a", true, &e), WN_OK);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(wn_safefile_write(f, big, sizeof big, &e), WN_EIO);
    cr_assert_eq(wn_safefile_write(f, "x", 1, &e), WN_EIO);
    cr_assert_str_eq(e.msg, "writing a: File too large");
    cr_assert_eq(wn_safefile_commit(f, &e), WN_EIO);
    expect("a", "old");
    cr_assert_eq(entries("."), 1);
}

Test(safefile, what_dead_processes_left_is_swept) {
    wn_err e;
    pid_t child = fork();
    if (child == 0) {
        wn_safefile *f;
        wn_safedir *d;
        if (wn_safefile_create(&f, "a", false, &e) || wn_safedir_create(&d, "a", NULL, &e)) _exit(1);
        char inner[128];
        (void)snprintf(inner, sizeof inner, "%s/x", wn_safedir_temp(d));
        (void)close(open(inner, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_eq(entries("."), 2);
    wn_safefile *f;
    cr_assert_eq(wn_safefile_create(&f, "a", false, &e), WN_OK);
    cr_assert_eq(entries("."), 1);
    cr_assert_eq(wn_safefile_commit(f, &e), WN_OK);
}

Test(safefile, clear_errors_for_bad_places) {
    wn_err e;
    wn_safefile *f;
    cr_assert_eq(wn_safefile_create(&f, "no/such/a", false, &e), WN_EIO);
    cr_assert_str_eq(e.msg, "cannot write no/such/a: No such file or directory");
    cr_assert_eq(mkdir("d", 0777), 0);
    cr_assert_eq(wn_safefile_create(&f, "d", true, &e), WN_EUSAGE);
    cr_assert_eq(wn_safefile_create(&f, "", true, &e), WN_EUSAGE);
    cr_assert_null(f);
}

Test(safefile, every_failed_allocation_is_clean) {
    for (long i = 0;; i++) {
        wn_err e;
        wn_safefile *f;
        wn_mem_fail_after(i, false);
        wn_code rc = wn_safefile_create(&f, "a", false, &e);
        wn_mem_fail_after(-1, false);
        if (rc == WN_OK) {
            wn_safefile_abort(f);
            cr_assert_gt(i, 2);
            break;
        }
        cr_assert_eq(rc, WN_EMEMORY);
        cr_assert_eq(entries("."), 0);
    }
}

static wn_code all_is_ours(const char *where, const char *named, wn_err *err) {
    (void)where, (void)named, (void)err;
    return WN_OK;
}

/* A folder that holds "mine" is the user's. */
static wn_code mine_is_not_ours(const char *where, const char *named, wn_err *err) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/mine", where);
    return access(path, F_OK) != 0 ? WN_OK : wn_err_set(err, WN_EUSAGE, "%s/mine", named);
}

static void make(const char *path, const char *name, const char *text) {
    char inner[256];
    (void)snprintf(inner, sizeof inner, "%s/%s", path, name);
    put(inner, text);
}

Test(safedir, replaces_in_one_step) {
    wn_err e;
    wn_safedir *d;
    cr_assert_eq(wn_safedir_create(&d, "out/", NULL, &e), WN_OK);
    make(wn_safedir_temp(d), "one", "1");
    cr_assert_neq(access("out", F_OK), 0);
    cr_assert_eq(wn_safedir_commit(d, &e), WN_OK);
    expect("out/one", "1");
    cr_assert_eq(wn_safedir_create(&d, "out", NULL, &e), WN_EUSAGE);
    cr_assert_eq(wn_safedir_create(&d, "out", all_is_ours, &e), WN_OK);
    make(wn_safedir_temp(d), "two", "2");
    expect("out/one", "1");
    cr_assert_eq(wn_safedir_commit(d, &e), WN_OK);
    expect("out/two", "2");
    cr_assert_neq(access("out/one", F_OK), 0);
    cr_assert_eq(entries("."), 1);
}

Test(safedir, abort_leaves_the_old_folder) {
    wn_err e;
    wn_safedir *d;
    cr_assert_eq(mkdir("out", 0777), 0);
    make("out", "one", "1");
    cr_assert_eq(wn_safedir_create(&d, "out", all_is_ours, &e), WN_OK);
    make(wn_safedir_temp(d), "two", "2");
    wn_safedir_abort(d);
    expect("out/one", "1");
    cr_assert_eq(entries("."), 1);
}

Test(safedir, a_file_in_the_way_is_not_replaced) {
    wn_err e;
    wn_safedir *d;
    put("out", "file");
    cr_assert_eq(wn_safedir_create(&d, "out", all_is_ours, &e), WN_EUSAGE);
    cr_assert_str_eq(e.msg, "out is not a folder, and a folder is to be written there");
    expect("out", "file");
}

/* A file is synced, renamed, and then its folder is synced; whichever fails, the caller hears of it and the old content
 * stands. */
Test(safefile, every_failing_sync_is_an_error) {
    put("a.txt", "old");
    for (failing_sync = 0; failing_sync < 4; failing_sync++) {
        wn_err e;
        wn_safefile *f;
        cr_assert_eq(wn_safefile_create(&f, "a.txt", true, &e), WN_OK);
        cr_assert_eq(wn_safefile_write(f, "new", 3, &e), WN_OK);
        syncs = 0;
        wn_code code = wn_safefile_commit(f, &e);
        cr_assert_eq(code, failing_sync ? WN_EIO : WN_OK, "sync %d of %d", failing_sync, syncs);
        if (!failing_sync) cr_assert_eq(syncs, 3, "the file by both of its names in memory, and the folder");
        expect("a.txt", failing_sync ? "old" : "new");
        cr_assert_eq(entries("."), 1);
        put("a.txt", "old");
    }
}

Test(safedir, every_failing_sync_is_an_error) {
    int last = 0;
    for (failing_sync = 0; failing_sync <= last; failing_sync++) {
        wn_err e;
        wn_safedir *d;
        char path[256];
        cr_assert_eq(wn_safedir_create(&d, "out", all_is_ours, &e), WN_OK);
        for (const char *name = "ab"; *name; name++) {
            (void)snprintf(path, sizeof path, "%s/%c", wn_safedir_temp(d), *name);
            put(path, failing_sync ? "new" : "old");
        }
        syncs = 0;
        wn_code code = wn_safedir_commit(d, &e);
        cr_assert_eq(code, failing_sync ? WN_EIO : WN_OK, "sync %d of %d", failing_sync, syncs);
        if (!failing_sync) last = syncs;
        cr_assert_eq(last, 4, "two files, the folder, and the one around it");
        expect("out/a", "old");
        expect("out/b", "old");
        cr_assert_eq(entries("."), 1);
    }
}

Test(safedir, a_file_that_appears_meanwhile_is_not_replaced) {
    wn_err e;
    wn_safedir *d;
    cr_assert_eq(wn_safedir_create(&d, "out", all_is_ours, &e), WN_OK);
    put("out", "a file");
    cr_assert_eq(wn_safedir_commit(d, &e), WN_EUSAGE);
    expect("out", "a file");
    cr_assert_eq(entries("."), 1);
}

Test(safedir, abort_removes_folders_within) {
    wn_err e;
    wn_safedir *d;
    char path[256];
    cr_assert_eq(wn_safedir_create(&d, "out", NULL, &e), WN_OK);
    (void)snprintf(path, sizeof path, "%s/inner", wn_safedir_temp(d));
    cr_assert_eq(mkdir(path, 0777), 0);
    (void)snprintf(path, sizeof path, "%s/inner/file", wn_safedir_temp(d));
    put(path, "text");
    wn_safedir_abort(d);
    cr_assert_eq(entries("."), 0);
}

Test(safefile, a_target_that_changes_meanwhile_is_not_replaced) {
    for (int way = 0; way < 3; way++) {
        wn_err e;
        wn_safefile *f;
        put("a.txt", "old");
        cr_assert_eq(wn_safefile_create(&f, "a.txt", true, &e), WN_OK);
        cr_assert_eq(wn_safefile_write(f, "new", 3, &e), WN_OK);
        if (way == 0) put("a.txt", "theirs"); /* written in place */
        if (way == 1) {
            put("b.txt", "theirs");
            cr_assert_eq(rename("b.txt", "a.txt"), 0);
        }
        if (way == 2) cr_assert_eq(unlink("a.txt"), 0);
        cr_assert_eq(wn_safefile_commit(f, &e), way < 2 ? WN_EUSAGE : WN_OK);
        expect("a.txt", way < 2 ? "theirs" : "new");
        cr_assert_eq(entries("."), 1);
    }
}

Test(safefile, a_target_that_appears_meanwhile_is_not_replaced_with_overwrite) {
    wn_err e;
    wn_safefile *f;
    cr_assert_eq(wn_safefile_create(&f, "a.txt", true, &e), WN_OK);
    put("a.txt", "theirs");
    cr_assert_eq(wn_safefile_commit(f, &e), WN_EUSAGE);
    expect("a.txt", "theirs");
    cr_assert_eq(entries("."), 1);
}

Test(safedir, what_the_guard_refuses_stays) {
    wn_err e;
    wn_safedir *d;
    cr_assert_eq(mkdir("out", 0777), 0);
    make("out", "one", "1");
    cr_assert_eq(wn_safedir_create(&d, "out", mine_is_not_ours, &e), WN_OK);
    make(wn_safedir_temp(d), "two", "2");
    make("out", "mine", "!"); /* meanwhile */
    cr_assert_eq(wn_safedir_commit(d, &e), WN_EUSAGE);
    cr_assert_str_eq(e.msg, "out/mine");
    expect("out/one", "1");
    expect("out/mine", "!");
    cr_assert_neq(access("out/two", F_OK), 0);
    cr_assert_eq(entries("."), 1);
}

/* What a process that was killed between exchange and removal left: gone if nothing in it is the user's. */
Test(safedir, an_old_folder_of_a_dead_process_goes_unless_it_is_the_users) {
    char aside[64], mine[80];
    pid_t dead = fork();
    if (dead == 0) _exit(0);
    cr_assert_eq(waitpid(dead, NULL, 0), dead);
    (void)snprintf(aside, sizeof aside, ".out.winnow-old-%ld-1", (long)dead);
    for (int users = 2; users >= 0; users--) { /* 2: nothing took its place */
        wn_err e;
        wn_safedir *d;
        (void)mkdir(aside, 0777);
        make(aside, "one", "1");
        if (users == 1) {
            make(aside, "mine", "!");
            cr_assert_eq(mkdir("out", 0777), 0);
        }
        (void)snprintf(mine, sizeof mine, "%s/mine", aside);
        if (users == 0) cr_assert_eq(unlink(mine), 0);
        cr_assert_eq(wn_safedir_create(&d, "out", mine_is_not_ours, &e), WN_OK);
        wn_safedir_abort(d);
        cr_assert_eq(access(aside, F_OK) == 0, users > 0, "%d", users);
    }
}
