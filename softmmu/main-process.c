/*
 * What options ask of the process: its messages, descriptors, memory and rights
 * (softmmu/main-process.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-process.h"
#include "util/cutils.h"
#include "util/data-dir.h"
#include "util/fdset.h"
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static bool set_message_form(const QapiOptions *o)
{
    const MessageConfiguration *m = o->msg;

    if (m) {
        error_set_message_form(m->has_timestamp && m->timestamp,
                               m->has_guest_name && m->guest_name && o->name ? o->name->guest
                                                                             : NULL);
    }
    return true;
}

/* ---- Descriptors ---- */

static bool add_fd(const AddFdOptions *a, GError **err)
{
    int flags = a->fd >= 0 && a->fd <= INT_MAX ? fcntl(a->fd, F_GETFD) : -1;

    if (a->fd >= 0 && a->fd <= STDERR_FILENO) {
        error_set(err, "fd %" PRId64 " is standard input, output or error", a->fd);
        error_set_expected(err, "a number above %d", STDERR_FILENO);
        return false;
    }
    /* The process's own are closed on exec. */
    if (flags < 0 || (flags & FD_CLOEXEC)) {
        return error_set(err, "fd %" PRId64 " was not inherited, or is in use", a->fd);
    }
    if (a->set < 0) {
        return error_set(err, "set %" PRId64 " is no number of a set", a->set);
    }
    fcntl(a->fd, F_SETFD, FD_CLOEXEC);
    return fdset_add(a->set, a->fd, a->opaque, err) >= 0;
}

static bool add_fds(const QapiOptions *o, GError **err)
{
    for (size_t i = 0; o->add_fd && i < o->add_fd->len; i++) {
        if (!add_fd(o->add_fd->items[i], err)) {
            return error_prefix(err, "-add-fd");
        }
    }
    return true;
}

/* ---- Others ---- */

/* No device makes sound yet, so names are all that there is of them. */
static bool check_audiodevs(const QapiOptions *o, GError **err)
{
    for (size_t i = 0; o->audiodev && i < o->audiodev->len; i++) {
        const char *id = o->audiodev->items[i]->id;

        for (size_t j = 0; j < i; j++) {
            if (g_str_equal(o->audiodev->items[j]->id, id)) {
                return error_set(err, "-audiodev: there is one with id '%s' already", id);
            }
        }
    }
    return true;
}

static bool lock_memory(const OvercommitConfiguration *c, GError **err)
{
    int flags = MCL_CURRENT | MCL_FUTURE;

    if (!c || !c->has_mem_lock || c->mem_lock == ON_OFF_ON_FAULT_OFF) {
        return true;
    }
    flags |= c->mem_lock == ON_OFF_ON_FAULT_ON_FAULT ? MCL_ONFAULT : 0;
    return mlockall(flags) == 0 ||
           error_set_errno(err, errno, "-overcommit mem-lock=%s",
                           OnOffOnFault_names[c->mem_lock]);
}

static bool tie_to_parent(const QapiOptions *o, GError **err)
{
    const RunWithConfiguration *r = o->run_with;

    if (r && r->has_async_teardown && r->async_teardown) {
        return error_set(err, "-run-with async-teardown=on is not supported yet");
    }
    if (!r || !r->has_exit_with_parent || !r->exit_with_parent) {
        return true;
    }
    if (o->daemonize) {
        return error_set(err, "-run-with exit-with-parent=on and -daemonize exclude each other");
    }
    return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 ||
           error_set_errno(err, errno, "-run-with exit-with-parent=on");
}

bool main_setup_early(const QapiOptions *o, GError **err)
{
    if (o->name && o->name->process) {
        prctl(PR_SET_NAME, o->name->process);
    }
    for (size_t i = 0; o->L && i < o->L->len; i++) {
        data_dir_add(o->L->items[i]);
    }
    return set_message_form(o) && add_fds(o, err) && check_audiodevs(o, err) &&
           lock_memory(o->overcommit, err) && tie_to_parent(o, err);
}

/* ---- Rights ---- */

typedef struct User {
    uid_t uid;
    gid_t gid;
    const char *name; /* NULL: given by numbers */
} User;

static bool find_user(const char *text, User *ret, GError **err)
{
    const char *colon = strchr(text, ':');
    g_autofree char *first = colon ? g_strndup(text, colon - text) : NULL;
    uint64_t uid, gid;
    struct passwd *pw;

    if (colon && parse_uint(first, UINT32_MAX - 1, &uid) &&
        parse_uint(colon + 1, UINT32_MAX - 1, &gid)) {
        *ret = (User){ uid, gid, NULL };
        return true;
    }
    pw = colon ? NULL : getpwnam(text);
    if (!pw) {
        error_set(err, "-run-with user=%s: no such user", text);
        error_set_expected(err, "a user's name, or UID:GID");
        return false;
    }
    *ret = (User){ pw->pw_uid, pw->pw_gid, text };
    return true;
}

static bool become(const char *text, const User *u, GError **err)
{
    if ((u->name ? initgroups(u->name, u->gid) : setgroups(1, &u->gid)) != 0 ||
        setgid(u->gid) != 0 || setuid(u->uid) != 0) {
        return error_set_errno(err, errno, "-run-with user=%s", text);
    }
    if (u->uid != 0 && setuid(0) == 0) {
        return error_set(err, "-run-with user=%s: the rights of root could be had back", text);
    }
    return true;
}

bool main_drop_rights(const QapiOptions *o, GError **err)
{
    const RunWithConfiguration *r = o->run_with;
    User user = { 0 };

    /* Users are looked up while their files can be seen. */
    if (r && r->user && !find_user(r->user, &user, err)) {
        return false;
    }
    if (r && r->chroot && (chroot(r->chroot) != 0 || chdir("/") != 0)) {
        return error_set_errno(err, errno, "-run-with chroot=%s", r->chroot);
    }
    return (!r || !r->user || become(r->user, &user, err)) &&
           (!o->sandbox || main_start_sandbox(o->sandbox, err));
}
