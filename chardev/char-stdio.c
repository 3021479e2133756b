/*
 * The terminal (or pipes) that the process was started on.
 *
 * The terminal is raw while the process runs and restored on every way out: at exit, by
 * chardev_cleanup() and by handlers of the signals that end the process by a fault. After
 * a stop and continue by job control it is made raw again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char-fd.h"
#include <fcntl.h>
#include <signal.h>
#include <termios.h>

typedef struct StdioChardev {
    FdChardev parent;
    bool signal; /* property */
} StdioChardev;

/* The process has one terminal: signal handlers must find its state. */
static struct {
    struct termios saved;
    int saved_flags;
    bool is_tty;
    bool active; /* saved is valid */
    bool in_use; /* stdio is taken */
    bool echo, isig;
} term;

static void restore_terminal(void)
{
    if (term.active) {
        tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
        fcntl(STDIN_FILENO, F_SETFL, term.saved_flags);
    }
}

void chardev_cleanup(void)
{
    restore_terminal();
}

static void fatal_signal(int signum)
{
    restore_terminal();
    signal(signum, SIG_DFL);
    raise(signum);
}

static void apply_raw(void)
{
    struct termios t = term.saved;

    if (!term.active) {
        return;
    }
    t.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t.c_oflag |= OPOST;
    t.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
    if (term.echo) {
        t.c_lflag |= ECHO;
    }
    if (!term.isig) {
        t.c_lflag &= ~ISIG;
    }
    t.c_cflag &= ~(CSIZE | PARENB);
    t.c_cflag |= CS8;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

static void continued(int signum)
{
    apply_raw();
}

static void install_handlers(void)
{
    static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT };
    struct sigaction sa = { .sa_handler = fatal_signal };

    for (unsigned i = 0; i < ARRAY_SIZE(fatal); i++) {
        struct sigaction old;

        /* Keep what a sanitizer or the accelerator has installed. */
        if (sigaction(fatal[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            sigaction(fatal[i], &sa, NULL);
        }
    }
    sa.sa_handler = continued;
    sa.sa_flags = SA_RESTART;
    sigaction(SIGCONT, &sa, NULL);
    atexit(restore_terminal);
}

static bool stdio_open(Chardev *chr, GError **err)
{
    StdioChardev *s = (StdioChardev *)chr;

    if (term.in_use) {
        error_set(err, "the terminal is in use by another character device");
        error_add_hint(err, "mon:stdio or mux=on lets several users share it");
        return false;
    }
    term.in_use = true;
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &term.saved) == 0) {
        term.saved_flags = fcntl(STDIN_FILENO, F_GETFL);
        term.active = true;
        term.isig = s->signal;
        install_handlers();
        apply_raw();
    }
    s->parent.fd_in = STDIN_FILENO;
    s->parent.fd_out = STDOUT_FILENO;
    chr->filename = g_strdup("stdio");
    chr->open = true;
    fd_chardev_start(&s->parent);
    return true;
}

static void stdio_set_echo(Chardev *chr, bool echo)
{
    term.echo = echo;
    apply_raw();
}

static bool stdio_get_terminal(Chardev *chr, ChardevTerminal *ret)
{
    if (!term.active || !isatty(STDOUT_FILENO)) {
        return false;
    }
    ret->own = true;
    chardev_window_size(STDOUT_FILENO, ret);
    return true;
}

static void stdio_finalize(Object *obj)
{
    FdChardev *s = (FdChardev *)obj;

    if (s->fd_in >= 0) {
        restore_terminal();
        term.in_use = term.active = false;
    }
}

static const Property stdio_properties[] = {
    PROP_BOOL(StdioChardev, signal, "signal",
              "Ctrl-c and the like end the process instead of reaching the guest",
              .def = true),
    PROP_END
};

static void stdio_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->open = stdio_open;
    cc->set_echo = stdio_set_echo;
    cc->get_terminal = stdio_get_terminal;
}

static const TypeInfo stdio_type = {
    .name = "chardev-stdio",
    .parent = TYPE_CHARDEV_FD,
    .desc = "the terminal of the process",
    .instance_size = sizeof(StdioChardev),
    .properties = stdio_properties,
    .class_init = stdio_class_init,
    .instance_finalize = stdio_finalize,
};
TYPE_REGISTER(stdio_type);
