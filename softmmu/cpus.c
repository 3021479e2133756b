/*
 * vCPU threads: their life, stopping and resuming them, and work for them.
 *
 * A vCPU's thread sleeps on the condition `wake` under its own work_lock, which is taken
 * inside everything else, so that any thread may wake it whatever locks it holds.
 * Whoever gives it a reason to run (work, stop, resume, an interrupt) writes the reason
 * first and takes work_lock to signal; the thread tests all reasons under work_lock
 * before it sleeps. The machine lock is taken only to run work and to stop: a guest
 * that waits for interrupts does not contend for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <pthread.h>
#include <signal.h>

#include "accel/accel.h"
#include "accel/debug.h"
#include "hw/core/machine.h"
#include "util/main-loop.h"

enum { CPU_MAX = 1024 };

typedef struct CpuWork {
    void (*fn)(CpuState *cpu, void *opaque);
    void *opaque;
    bool *done;  /* (m) of the caller that waits, or NULL */
} CpuWork;

static struct {
    CpuState *by_index[CPU_MAX]; /* (a) written under (m) */
    unsigned count;              /* (a) one more than the highest index in use */
    GCond changed;               /* (m) a vCPU stopped, or finished waited-for work */
} cpus;

static __thread CpuState *this_cpu;

CpuState *cpu_by_index(unsigned index)
{
    return index < CPU_MAX ? atomic_load_acquire(&cpus.by_index[index]) : NULL;
}

unsigned cpu_count(void)
{
    return atomic_load_acquire(&cpus.count);
}

CpuState *cpu_current(void)
{
    return this_cpu;
}

/* ---- Waking ---- */

static void cpu_wake(CpuState *cpu)
{
    g_mutex_lock(&cpu->work_lock);
    g_cond_signal(&cpu->wake);
    g_mutex_unlock(&cpu->work_lock);
}

void cpu_request_exit(CpuState *cpu)
{
    /* Release: the reason, written before, is seen by whoever sees the request. */
    __atomic_store_n(&cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
    AccelState *accel = accel_current();
    if (accel && accel_class(accel)->cpu_kick) {
        accel_class(accel)->cpu_kick(cpu);
    }
}

void cpu_kick_interrupt(CpuState *cpu)
{
    __atomic_store_n(&cpu->interrupt_request, 1, __ATOMIC_SEQ_CST);
    cpu_request_exit(cpu);
    if (cpu != this_cpu) {
        cpu_wake(cpu);
    }
}

void cpu_halt(CpuState *cpu)
{
    atomic_set(&cpu->halted, 1);
}

void cpu_nap(CpuState *cpu, uint32_t us)
{
    cpu->nap_us = us;
}

/* ---- Work ---- */

static bool cpu_has_thread(const CpuState *cpu)
{
    return cpu->thread != NULL;
}

static void cpu_work_push(CpuState *cpu, CpuWork *w)
{
    g_mutex_lock(&cpu->work_lock);
    g_queue_push_tail(&cpu->work, w);
    g_mutex_unlock(&cpu->work_lock);
    cpu_request_exit(cpu);
    cpu_wake(cpu);
}

void cpu_run_async(CpuState *cpu, void (*fn)(CpuState *cpu, void *opaque), void *opaque)
{
    CpuWork *w = g_new(CpuWork, 1);
    *w = (CpuWork){ .fn = fn, .opaque = opaque };
    cpu_work_push(cpu, w);
}

void cpu_run_sync(CpuState *cpu, void (*fn)(CpuState *cpu, void *opaque), void *opaque)
{
    if (cpu == this_cpu || !cpu_has_thread(cpu)) {
        fn(cpu, opaque);
        return;
    }
    bool done = false;
    CpuWork *w = g_new(CpuWork, 1);
    *w = (CpuWork){ .fn = fn, .opaque = opaque, .done = &done };
    cpu_work_push(cpu, w);
    while (!done) {
        machine_cond_wait(&cpus.changed);
    }
}

/* Machine lock held, on the vCPU's thread. */
static void cpu_work_run(CpuState *cpu)
{
    for (;;) {
        g_mutex_lock(&cpu->work_lock);
        g_autofree CpuWork *w = g_queue_pop_head(&cpu->work);
        g_mutex_unlock(&cpu->work_lock);
        if (!w) {
            return;
        }
        w->fn(cpu, w->opaque);
        if (w->done) {
            *w->done = true;
            g_cond_broadcast(&cpus.changed);
        }
    }
}

/* ---- The thread ---- */

/* Something that needs the machine lock is to be done; work_lock held. */
static bool cpu_wants_attention(const CpuState *cpu)
{
    return !g_queue_is_empty((GQueue *)&cpu->work) || atomic_read(&cpu->unplug) ||
           atomic_read(&cpu->stop);
}

static bool cpu_may_sleep(CpuState *cpu)
{
    if (atomic_load_acquire(&cpu->stopped) || atomic_read(&cpu->debug_pause)) {
        return true;
    }
    return atomic_read(&cpu->halted) && !cpu->ops->has_work(cpu);
}

/* Sleep until there is something to do: true if it needs attention, false to run. */
static bool cpu_thread_wait(CpuState *cpu)
{
    bool attention;
    g_mutex_lock(&cpu->work_lock);
    attention = cpu_wants_attention(cpu);
    if (!attention && cpu_may_sleep(cpu)) {
        memory_thread_offline();
        do {
            g_cond_wait(&cpu->wake, &cpu->work_lock);
            attention = cpu_wants_attention(cpu);
        } while (!attention && cpu_may_sleep(cpu));
        memory_thread_online();
    } else if (!attention && cpu->nap_us) {
        memory_thread_offline();
        g_cond_wait_until(&cpu->wake, &cpu->work_lock, g_get_monotonic_time() + cpu->nap_us);
        memory_thread_online();
    }
    cpu->nap_us = 0;
    g_mutex_unlock(&cpu->work_lock);
    return attention;
}

static gpointer cpu_thread(gpointer opaque)
{
    CpuState *cpu = opaque;
    void (*run)(CpuState *) = accel_class(accel_current())->cpu_run;

    this_cpu = cpu;
    atomic_set(&cpu->thread_id, gettid());
    memory_thread_register();
    for (;;) {
        if (!cpu_thread_wait(cpu)) {
            run(cpu);
            continue;
        }
        machine_lock();
        cpu_work_run(cpu);
        if (cpu->stop) {
            atomic_set(&cpu->stop, false);
            atomic_store_release(&cpu->stopped, true);
            g_cond_broadcast(&cpus.changed);
        }
        bool end = cpu->unplug;
        machine_unlock();
        if (end) {
            break;
        }
    }
    memory_thread_unregister();
    return NULL;
}

/* Signals are the main thread's: the new thread inherits a mask with all of them. */
static void cpu_thread_start(CpuState *cpu)
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    cpu->thread = g_thread_new(cpu->name, cpu_thread, cpu);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    cpu->created = true;
}

void cpus_pause_all(void)
{
    unsigned n = cpu_count();
    for (unsigned i = 0; i < n; i++) {
        CpuState *cpu = cpu_by_index(i);
        if (!cpu || cpu->stopped) {
            continue;
        }
        if (!cpu_has_thread(cpu)) {
            atomic_store_release(&cpu->stopped, true);
            continue;
        }
        atomic_set(&cpu->stop, true);
        cpu_request_exit(cpu);
        cpu_wake(cpu);
    }
    for (unsigned i = 0; i < n; i++) {
        CpuState *cpu = cpu_by_index(i);
        while (cpu && !cpu->stopped) {
            machine_cond_wait(&cpus.changed);
        }
    }
}

void cpus_resume_all(void)
{
    unsigned n = cpu_count();
    for (unsigned i = 0; i < n; i++) {
        CpuState *cpu = cpu_by_index(i);
        if (!cpu) {
            continue;
        }
        atomic_set(&cpu->stop, false);
        atomic_store_release(&cpu->stopped, false);
        cpu_wake(cpu);
    }
}

/* ---- Realize and unrealize ---- */

bool cpu_realize_common(CpuState *cpu, GError **err)
{
    AccelState *accel = accel_current();
    if (!accel) {
        return error_set(err, "CPU '%s': no accelerator was started",
                         object_class_name(cpu->parent.parent.klass));
    }
    AccelClass *ac = accel_class(accel);
    unsigned index = 0;
    while (index < CPU_MAX && cpus.by_index[index]) {
        index++;
    }
    if (index == CPU_MAX) {
        return error_set(err, "CPU '%s': there are %d CPUs already, which is the limit",
                         object_class_name(cpu->parent.parent.klass), CPU_MAX);
    }
    cpu->index = index;
    g_autofree char *kind = g_ascii_strup(ac->name, -1);
    snprintf(cpu->name, sizeof(cpu->name), "CPU %u/%s", index, kind);
    if (!cpu->as) {
        cpu->as = system_memory_as();
    }
    cpu->stop = false;
    cpu->stopped = true;
    cpu->unplug = false;
    if (ac->cpu_init && !ac->cpu_init(accel, cpu, err)) {
        return false;
    }
    atomic_store_release(&cpus.by_index[index], cpu);
    if (index >= cpus.count) {
        atomic_store_release(&cpus.count, index + 1);
    }
    if (ac->cpu_run) {
        cpu_thread_start(cpu);
    }
    return true;
}

static void cpu_thread_end(CpuState *cpu)
{
    if (!cpu_has_thread(cpu)) {
        return;
    }
    atomic_set(&cpu->unplug, true);
    cpu_request_exit(cpu);
    cpu_wake(cpu);
    /* The thread takes the machine lock to end. */
    machine_unlock();
    g_thread_join(cpu->thread);
    machine_lock();
    cpu->thread = NULL;
    cpu->created = false;
    atomic_store_release(&cpu->stopped, true);
}

void cpu_unrealize_common(CpuState *cpu)
{
    if (cpu_by_index(cpu->index) != cpu) {
        return;
    }
    cpu_thread_end(cpu);
    cpu_debug_remove_all(cpu);
    atomic_store_release(&cpus.by_index[cpu->index], NULL);
    unsigned n = cpus.count;
    while (n && !cpus.by_index[n - 1]) {
        n--;
    }
    atomic_store_release(&cpus.count, n);
    AccelState *accel = accel_current();
    if (accel && accel_class(accel)->cpu_exit) {
        accel_class(accel)->cpu_exit(accel, cpu);
    }
}

void cpus_end_all(void)
{
    for (unsigned i = cpu_count(); i-- > 0;) {
        CpuState *cpu = cpu_by_index(i);
        if (cpu) {
            cpu_thread_end(cpu);
        }
    }
}

/* ---- The type ---- */

static void cpu_instance_init(Object *obj)
{
    CpuState *cpu = (CpuState *)obj;
    g_mutex_init(&cpu->work_lock);
    g_cond_init(&cpu->wake);
    g_queue_init(&cpu->work);
    cpu->stopped = true;
}

static void cpu_instance_finalize(Object *obj)
{
    CpuState *cpu = (CpuState *)obj;
    g_queue_clear_full(&cpu->work, g_free);
    g_cond_clear(&cpu->wake);
    g_mutex_clear(&cpu->work_lock);
}

static void cpu_set_entry(DeviceState *dev, uint64_t pc)
{
    CpuState *cpu = (CpuState *)dev;
    cpu->ops->set_pc(cpu, pc);
}

static void cpu_class_init(ObjectClass *klass, const TypeInfo *type)
{
    DeviceClass *dc = (DeviceClass *)klass;
    dc->category = DEVICE_CPU;
    dc->set_entry = cpu_set_entry;
}

static const TypeInfo cpu_type = {
    .name = TYPE_CPU,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(CpuState),
    .instance_apart = true,
    .class_size = sizeof(CpuClass),
    .abstract = true,
    .class_init = cpu_class_init,
    .instance_init = cpu_instance_init,
    .instance_finalize = cpu_instance_finalize,
};
TYPE_REGISTER(cpu_type);
