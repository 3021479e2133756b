/*
 * What vCPUs ask of each other, and waiting until it has happened.
 *
 * A request is posted to the vCPU's box, the count posted goes up, and exit_request makes it
 * leave generated code at the next poll. It serves all requests at a point where it holds
 * no region, and sets done to the count that it saw. A vCPU that is outside counts as done:
 * on entering it says so first and reads its box afterwards (I5).
 *
 * Whoever waits holds no lock and serves its own box meanwhile, so that two that wait for
 * each other both go on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <sched.h>

#include "accel/tcg/internal.h"
#include "accel/tcg/trace.h"

void tcg_vcpu_serve(TcgVcpu *v)
{
    TcgRequests *q = &v->req;
    uint64_t posted = atomic_load_acquire(&q->posted);
    if (atomic_read(&q->flush) && atomic_xchg(&q->flush, 0)) {
        tcg_views_flush(v);
    }
    if (posted == q->done) {
        return;
    }
    g_mutex_lock(&q->lock);
    posted = q->posted;
    for (unsigned i = 0; i < q->revoke->len; i++) {
        tcg_views_revoke(v, g_array_index(q->revoke, uint64_t, i));
    }
    g_array_set_size(q->revoke, 0);
    g_mutex_unlock(&q->lock);
    v->served++;
    atomic_store_release(&q->done, posted);
}

void tcg_vcpu_enter(TcgVcpu *v)
{
    atomic_set(&v->run_state, TCG_INSIDE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    tcg_vcpu_serve(v);
}

void tcg_vcpu_leave(TcgVcpu *v)
{
    atomic_store_release(&v->run_state, TCG_OUTSIDE);
}

/* Post a request; returns the count to wait for. */
static uint64_t request_post(TcgVcpu *w, const uint64_t *revoke)
{
    g_mutex_lock(&w->req.lock);
    if (revoke) {
        g_array_append_val(w->req.revoke, *revoke);
    }
    uint64_t n = w->req.posted + 1;
    __atomic_store_n(&w->req.posted, n, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&w->req.lock);
    __atomic_store_n(&w->cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
    return n;
}

static bool request_is_done(TcgVcpu *w, uint64_t n)
{
    return atomic_load_acquire(&w->req.done) >= n ||
           __atomic_load_n(&w->run_state, __ATOMIC_SEQ_CST) == TCG_OUTSIDE;
}

static void request_wait(TcgVcpu *self, TcgVcpu *w, uint64_t n)
{
    for (unsigned turn = 0; !request_is_done(w, n); turn++) {
        tcg_vcpu_serve(self);
        if (turn < 64) {
            __builtin_ia32_pause();
        } else if (turn < 256) {
            sched_yield();
        } else {
            g_usleep(20);
        }
    }
}

/* Post to every other vCPU that @wants names, then wait for all of them. */
static void request_all(TcgVcpu *self, const uint64_t *revoke)
{
    TcgEngine *e = self->engine;
    unsigned n = atomic_load_acquire(&e->n_vcpus);
    g_autofree uint64_t *ticket = g_new0(uint64_t, n);
    for (unsigned i = 0; i < n; i++) {
        TcgVcpu *w = atomic_load_acquire(&e->vcpu[i]);
        if (w && w != self && (!revoke || tcg_views_may_store(w, *revoke))) {
            ticket[i] = request_post(w, revoke);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        if (ticket[i]) {
            request_wait(self, atomic_load_acquire(&e->vcpu[i]), ticket[i]);
        }
    }
}

void tcg_revoke_stores(TcgVcpu *self, uint64_t ram_page)
{
    trace_tcg_stores_revoke(self->cpu->index, ram_page);
    /* The page's flag is set: pairs with the fence in tcg_view_enter_store() (I4). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (tcg_views_may_store(self, ram_page)) {
        tcg_views_revoke(self, ram_page);
    }
    request_all(self, &ram_page);
}

void tcg_quiesce(TcgVcpu *self)
{
    request_all(self, NULL);
}
