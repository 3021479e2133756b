/*
 * -sandbox: system calls that the process gives up, by libseccomp, which is loaded only where
 * the option is given.
 *
 * The filter says what is denied: an emulator with its libraries makes many calls, and a list
 * of those that are allowed would break with the next version of any of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-process.h"

#ifdef CONFIG_SECCOMP
#include <dlfcn.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>

#define LIBRARY "libseccomp.so.2"

typedef struct Library {
    __typeof__(seccomp_init) *init;
    __typeof__(seccomp_attr_set) *attr_set;
    __typeof__(seccomp_rule_add_array) *rule_add;
    __typeof__(seccomp_syscall_resolve_name) *resolve;
    __typeof__(seccomp_load) *load;
    __typeof__(seccomp_release) *release;
} Library;

/* Of the host as a whole: no emulator needs these. */
static const char *const always[] = {
    "reboot", "swapon", "swapoff", "syslog", "mount", "umount", "umount2", "pivot_root",
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "acct", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "stime",
    "sethostname", "setdomainname", "quotactl", "nfsservctl", "iopl", "ioperm", "vhangup",
    "ptrace", "process_vm_readv", "process_vm_writev", "bpf", "add_key", "request_key",
    "keyctl", "move_mount", "fsopen", "fsconfig", "fsmount", "open_tree", "userfaultfd",
    NULL,
};
static const char *const obsolete[] = {
    "readdir", "_sysctl", "bdflush", "create_module", "get_kernel_syms", "query_module",
    "sgetmask", "ssetmask", "sysfs", "uselib", "ustat", "vm86", "vm86old", "modify_ldt",
    "afs_syscall", "break", "ftime", "getpmsg", "gtty", "lock", "mpx", "prof", "profil",
    "putpmsg", "security", "stty", "tuxcall", "ulimit", "vserver", NULL,
};
static const char *const privileges[] = {
    "setuid", "setgid", "setpgid", "setsid", "setreuid", "setregid", "setresuid",
    "setresgid", "setfsuid", "setfsgid", "setgroups", "capset", NULL,
};
static const char *const spawning[] = { "fork", "vfork", "execve", "execveat", NULL };
static const char *const resources[] = {
    "setpriority", "sched_setparam", "sched_setscheduler", "sched_setattr",
    "sched_setaffinity", "ioprio_set", "mbind", "migrate_pages", "move_pages",
    "set_mempolicy", NULL,
};

static bool open_library(Library *lib, GError **err)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW);
    const struct { void *to; const char *name; } symbols[] = {
        { &lib->init, "seccomp_init" }, { &lib->attr_set, "seccomp_attr_set" },
        { &lib->rule_add, "seccomp_rule_add_array" },
        { &lib->resolve, "seccomp_syscall_resolve_name" }, { &lib->load, "seccomp_load" },
        { &lib->release, "seccomp_release" },
    };

    if (!handle) {
        error_set(err, "-sandbox: %s", dlerror());
        error_add_hint(err, "install the package 'libseccomp2'");
        return false;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(symbols); i++) {
        void *p = dlsym(handle, symbols[i].name);

        if (!p) {
            return error_set(err, "-sandbox: %s has no %s", LIBRARY, symbols[i].name);
        }
        memcpy(symbols[i].to, &p, sizeof(p));
    }
    return true;
}

/* Names that the host's architecture does not have are no calls of it. */
static bool deny(const Library *lib, scmp_filter_ctx ctx, const char *const *names,
                 GError **err)
{
    for (; *names; names++) {
        int nr = lib->resolve(*names);
        int ret = nr < 0 ? 0 : lib->rule_add(ctx, SCMP_ACT_KILL_PROCESS, nr, 0, NULL);

        if (ret < 0) {
            return error_set_errno(err, -ret, "-sandbox: the rule for %s", *names);
        }
    }
    return true;
}

/* clone() makes threads, which stay, and processes. clone3() hides which in memory: glibc
 * falls back where it is not there. */
static bool deny_clones(const Library *lib, scmp_filter_ctx ctx, GError **err)
{
    const struct scmp_arg_cmp no_thread =
        SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
    int clone = lib->resolve("clone"), clone3 = lib->resolve("clone3");
    int ret = lib->rule_add(ctx, SCMP_ACT_KILL_PROCESS, clone, 1, &no_thread);

    if (ret == 0 && clone3 >= 0) {
        ret = lib->rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), clone3, 0, NULL);
    }
    return ret == 0 || error_set_errno(err, -ret, "-sandbox: the rule for clone");
}

static bool add_rules(const Library *lib, scmp_filter_ctx ctx, const SandboxConfiguration *c,
                      GError **err)
{
    return deny(lib, ctx, always, err) &&
           ((c->has_obsolete && c->obsolete == ALLOW_DENY_ALLOW) ||
            deny(lib, ctx, obsolete, err)) &&
           (!c->has_elevateprivileges ||
            c->elevateprivileges != ALLOW_DENY_CHILDREN_DENY ||
            deny(lib, ctx, privileges, err)) &&
           (!c->has_spawn || c->spawn != ALLOW_DENY_DENY ||
            (deny(lib, ctx, spawning, err) && deny_clones(lib, ctx, err))) &&
           (!c->has_resourcecontrol || c->resourcecontrol != ALLOW_DENY_DENY ||
            deny(lib, ctx, resources, err));
}

static bool load_filter(const Library *lib, scmp_filter_ctx ctx, GError **err)
{
    /* All threads: vCPUs and helpers are there already. */
    int ret = lib->attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);

    ret = ret < 0 ? ret : lib->load(ctx);
    return ret >= 0 || error_set_errno(err, -ret, "-sandbox: the filter");
}

bool main_start_sandbox(const SandboxConfiguration *c, GError **err)
{
    scmp_filter_ctx ctx;
    Library lib;
    bool ok;

    if (!c->enable) {
        return true;
    }
    if (!open_library(&lib, err)) {
        return false;
    }
    /* Programs that are started cannot gain what this process cannot. */
    if (c->has_elevateprivileges && c->elevateprivileges != ALLOW_DENY_CHILDREN_ALLOW &&
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return error_set_errno(err, errno, "-sandbox elevateprivileges");
    }
    ctx = lib.init(SCMP_ACT_ALLOW);
    if (!ctx) {
        return error_set(err, "-sandbox: no memory for the filter");
    }
    ok = add_rules(&lib, ctx, c, err) && load_filter(&lib, ctx, err);
    lib.release(ctx);
    return ok;
}

#else

bool main_start_sandbox(const SandboxConfiguration *c, GError **err)
{
    return !c->enable || error_set(err, "-sandbox on: this program was built without "
                                   "libseccomp");
}

#endif
