/*
 * Signals that end the process (util/signals.h), read from a signalfd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/signals.h"
#include "util/main-loop.h"
#include <signal.h>
#include <sys/signalfd.h>

static struct {
    int fd;
    void (*fn)(int signum, pid_t sender, void *opaque);
    void *opaque;
} signals = { .fd = -1 };

static void signals_mask(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

static void on_signal(void *opaque)
{
    struct signalfd_siginfo info;

    while (read(signals.fd, &info, sizeof(info)) == sizeof(info)) {
        signals.fn(info.ssi_signo, info.ssi_code == SI_USER ? info.ssi_pid : 0,
                   signals.opaque);
    }
}

bool signals_init(void (*fn)(int signum, pid_t sender, void *opaque), void *opaque,
                  GError **err)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error where it is written */
    signals_mask(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signals.fn = fn;
    signals.opaque = opaque;
    signals.fd = signalfd(signals.fd, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals.fd < 0) {
        return error_set_errno(err, errno, "signalfd");
    }
    main_loop_watch_fd(signals.fd, on_signal, NULL, NULL);
    return true;
}

void signals_restore_in_child(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    signals_mask(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
