/*
 * Taking samples (accel/tcg/profile.h).
 *
 * The handler runs on the vCPU's thread and interrupts anything: it reads and writes plain
 * fields of its own vCPU, and calls nothing that is not async-signal-safe. It never unwinds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <signal.h>

#include "accel/tcg/profile.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define SAMPLE_SIGNAL SIGPROF
enum {
    NS_PER_S = 1000000000,
    MAX_PLACES = 1 << 18, /* kept of each vCPU; what is beyond counts in the shares only */
    MAX_STACKS = 1 << 16,
    CALLED_SINCE = 3,     /* calls between a sample and the poll that are thought of */
};

int64_t tcg_profile_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * (int64_t)NS_PER_S + ts.tv_nsec;
}

/* ---- The timer and its handler ---- */

static void timer_set(TcgVcpuProfile *p, bool on)
{
    int64_t period = NS_PER_S / p->v->engine->profile->frequency;
    struct timespec ts = { on ? period / NS_PER_S : 0, on ? period % NS_PER_S : 0 };
    struct itimerspec its = { ts, ts };

    timer_settime(p->timer, 0, &its, NULL);
    atomic_set(&p->armed, on);
}

static TcgShare share_of(const TcgVcpu *v, TcgPhase phase, const TcgPlace *place)
{
    switch (phase) {
    case TCG_PHASE_TRANSLATE: return TCG_SHARE_TRANSLATION;
    case TCG_PHASE_MEMORY:    return TCG_SHARE_MEMORY;
    case TCG_PHASE_DEVICE:    return TCG_SHARE_DEVICES;
    case TCG_PHASE_LOCK:      return TCG_SHARE_LOCKS;
    case TCG_PHASE_RUN:       break;
    default:                  return TCG_SHARE_DISPATCH;
    }
    switch (place->kind) {
    case TCG_PLACE_CALLED:
        return TCG_SHARE_HELPERS;
    case TCG_PLACE_CODE:
        /* In front of the regions lie the ways in and out. */
        return place->code < v->engine->cache.buf.rx + v->engine->cache.code_base
                   ? TCG_SHARE_DISPATCH : TCG_SHARE_CODE;
    default:
        return TCG_SHARE_CODE;
    }
}

static void on_sample(int sig, siginfo_t *info, void *context)
{
    TcgVcpuProfile *p = info->si_value.sival_ptr;
    if (info->si_code != SI_TIMER || !p) {
        return; /* someone else's */
    }
    TcgVcpu *v = p->v;
    TcgEngine *e = v->engine;
    uint8_t phase = atomic_read(&v->phase);
    if (phase == TCG_PHASE_OUTSIDE) {
        int saved = errno;
        timer_set(p, false);
        errno = saved;
        return;
    }
    TcgPlace place = { .kind = TCG_PLACE_UNKNOWN };
    if (phase == TCG_PHASE_RUN) {
        place = tcg_place(e->ctx, &e->cache.buf, context);
    }
    TcgShare share = share_of(v, phase, &place);
    atomic_set(&p->share[share], p->share[share] + 1);
    uint32_t in = p->in;
    if (in - atomic_read(&p->out) == TCG_SAMPLES) {
        atomic_set(&p->lost, p->lost + 1);
        return;
    }
    p->ring[in % TCG_SAMPLES] = (TcgSample){
        .pc = *(const uint64_t *)((const char *)v->cpu + e->ops->pc_offset),
        .entry_pc = place.entry_pc,
        .code = share == TCG_SHARE_CODE || share == TCG_SHARE_HELPERS ? place.code : NULL,
        .device = share == TCG_SHARE_DEVICES ? atomic_read(&v->phase_device) : NULL,
        .mode = v->cpu->tcg.mode,
        .share = share,
        .called = place.kind == TCG_PLACE_CALLED,
    };
    atomic_store_release(&p->in, in + 1);
    atomic_set(&v->cpu->tcg.exit_request, 1);
}

/* On the vCPU's thread: make its timer if it has none. */
static void timer_make(TcgVcpuProfile *p)
{
    struct sigevent ev = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SAMPLE_SIGNAL,
        .sigev_value.sival_ptr = p, .sigev_notify_thread_id = gettid(),
    };
    sigset_t set;

    if (p->timer_thread) {
        timer_delete(p->timer); /* of a thread that has ended */
        p->timer_thread = 0;
        p->armed = false;
    }
    if (timer_create(CLOCK_MONOTONIC, &ev, &p->timer) != 0) {
        return;
    }
    p->timer_thread = gettid();
    sigemptyset(&set);
    sigaddset(&set, SAMPLE_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    g_mutex_lock(&p->lock);
    p->has_cpu_clock = pthread_getcpuclockid(pthread_self(), &p->cpu_clock) == 0;
    g_mutex_unlock(&p->lock);
}

/* ---- In and out ---- */

void tcg_profile_enter(TcgVcpu *v)
{
    TcgVcpuProfile *p = v->profile;

    if (!p->timer_thread) {
        /* Names are read before the first sample, not in the midst of them. */
        symbol_table_size(v->engine->profile->symbols);
    }
    int64_t now = tcg_profile_now();
    g_mutex_lock(&p->lock);
    if (!p->begun_ns) {
        p->begun_ns = now;
    } else if (p->left_ns) {
        int64_t outside = now - p->left_ns;
        *(p->left_idle ? &p->idle_ns : &p->paused_ns) += outside;
    }
    p->left_ns = 0;
    g_mutex_unlock(&p->lock);
    if (p->timer_thread != gettid()) {
        timer_make(p);
    }
    /* The handler disarms where it sees the vCPU outside: say that it is not, then look. */
    tcg_phase(v, TCG_PHASE_LOOP);
    if (p->timer_thread && !atomic_read(&p->armed)) {
        timer_set(p, true);
    }
}

void tcg_profile_leave(TcgVcpu *v)
{
    TcgVcpuProfile *p = v->profile;

    tcg_profile_drain(v);
    tcg_phase(v, TCG_PHASE_OUTSIDE);
    g_mutex_lock(&p->lock);
    p->left_ns = tcg_profile_now();
    p->left_idle = !atomic_read(&v->cpu->stop) &&
                   (atomic_read(&v->cpu->halted) || v->cpu->nap_us);
    g_mutex_unlock(&p->lock);
}

/* ---- From samples to guest addresses ---- */

/* The live region whose code holds @code, or NULL. */
static const TcgRegion *region_at(const TcgCache *c, const uint8_t *code)
{
    size_t offset = code - c->buf.rx - c->code_base;
    size_t index = offset / c->slice_code;

    if (index >= (size_t)c->slices_per_segment * TCG_SEGMENTS) {
        return NULL;
    }
    const TcgSliceHead *h = tcg_slice_head(c, index);
    const uint8_t *cold = c->buf.rx + c->code_base + (index + 1) * c->slice_code;
    for (const TcgRegion *r = NULL; (r = tcg_slice_region(h, c, r));) {
        const uint8_t *start = tcg_region_code(c, r);
        cold -= r->cold_size;
        if ((code >= start && code < start + r->code_size) ||
            (code >= cold && code < cold + r->cold_size)) {
            return r;
        }
    }
    return NULL;
}

/* How far behind the region's pc the instruction at @offset of the buffer is. */
static int64_t region_delta(const TcgCache *c, const TcgRegion *r, uint32_t offset)
{
    const TcgMark *marks = r->n_marks ? (const TcgMark *)(c->buf.rx + *tcg_region_marks(r)) : NULL;
    int64_t delta = 0;

    for (unsigned i = 0; i < r->n_marks && marks[i].code <= offset; i++) {
        delta = marks[i].pc_delta;
    }
    return delta;
}

/* A virtual page that the current fetch view maps to the region's page. */
static bool page_of_region(const TcgVcpu *v, const TcgRegion *r, uint64_t *ret)
{
    const TcgFetchView *view = v->cpu->tcg.fetch_view;

    for (unsigned i = 0; i < TCG_FETCH_ENTRIES; i++) {
        uint64_t tag = view->entry[i].tag; /* zero where nothing was written yet */
        if (tag != TCG_TAG_INVALID && tcg_fetch_index(tag) == i &&
            view->entry[i].phys_page == tcg_region_page(r)) {
            *ret = tag;
            return true;
        }
    }
    return false;
}

static uint64_t sample_pc(const TcgVcpu *v, const TcgSample *s)
{
    const TcgCache *c = &v->engine->cache;
    const TcgRegion *r = s->code ? region_at(c, s->code) : NULL;
    uint64_t entry_pc = s->entry_pc;
    uint64_t page;

    if (!r) {
        return s->pc;
    }
    /* A return address belongs to the instruction before it. */
    int64_t delta = region_delta(c, r, s->code - c->buf.rx - s->called);
    if (s->called || r->tier > 1) { /* the second tier gives the entry pc's register away */
        if (s->called && (s->pc ^ (r->ram_addr + delta)) % TCG_PAGE_SIZE == 0) {
            return s->pc; /* the helper was called with the state's pc set */
        }
        if (!page_of_region(v, r, &page)) {
            return s->pc;
        }
        entry_pc = page | (r->ram_addr & ~TCG_PAGE_MASK);
    } else if ((entry_pc ^ r->ram_addr) & ~TCG_PAGE_MASK) {
        return entry_pc; /* on its way out: where it goes */
    }
    return entry_pc + delta;
}

/* ---- Counting ---- */

static guint place_hash(gconstpointer key)
{
    const TcgPlaceKey *k = key;
    return (k->pc ^ k->space.id * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0x9e3779b97f4a7c15) >>
           32;
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(TcgPlaceKey)) == 0;
}

static void count_place(TcgVcpuProfile *p, const TcgPlaceKey *key)
{
    uint64_t *n = g_hash_table_lookup(p->places, key);
    if (n) {
        ++*n;
    } else if (g_hash_table_size(p->places) < MAX_PLACES) {
        n = g_new(uint64_t, 1);
        *n = 1;
        g_hash_table_insert(p->places, g_memdup2(key, sizeof(*key)), n);
    }
}

static const char *device_name(const MemoryRegion *mr)
{
    return g_intern_string(mr->name ? mr->name : "?");
}

static void count_in(GHashTable *table, gpointer key)
{
    g_hash_table_insert(table, key,
                        GSIZE_TO_POINTER(GPOINTER_TO_SIZE(g_hash_table_lookup(table, key)) + 1));
}

static bool peek(CpuState *cpu, uint64_t vaddr, void *buf, unsigned size)
{
    return tcg_peek(tcg_vcpu(cpu), vaddr, buf, size);
}

static bool same_function(uint64_t a, uint64_t b)
{
    Symbol x, y;
    SymbolTable *t = symbols_guest();

    return symbol_table_find(t, a, &x) && symbol_table_find(t, b, &y) && x.addr == y.addr;
}

/*
 * The stack is that of the poll, a little after the sample. If the sample's function is
 * not the innermost one by then, it has returned since (put it on top), or called (take
 * what it called off).
 */
static unsigned adjust_stack(uint64_t pc, uint64_t *pcs, unsigned n)
{
    if (same_function(pc, pcs[0])) {
        pcs[0] = pc;
        return n;
    }
    for (unsigned i = 1; i < MIN(n, CALLED_SINCE + 1); i++) {
        if (same_function(pc, pcs[i] - 1)) {
            n -= i;
            memmove(pcs, pcs + i, n * sizeof(*pcs));
            pcs[0] = pc;
            return n;
        }
    }
    n = MIN(n, TCG_STACK_MAX - 1);
    memmove(pcs + 1, pcs, n * sizeof(*pcs));
    pcs[0] = pc;
    return n + 1;
}

static void count_stack(TcgVcpuProfile *p, const TcgPlaceKey *key, TcgShare share,
                        const char *device, const uint64_t *stack, unsigned n)
{
    union {
        TcgStackKey key;
        uint8_t bytes[sizeof(TcgStackKey) + TCG_STACK_MAX * sizeof(uint64_t)];
    } u;

    memset(&u.key, 0, sizeof(u.key));
    u.key.space = key->space;
    u.key.share = share;
    u.key.device = device;
    memcpy(u.key.pcs, stack, n * sizeof(*stack));
    u.key.n = adjust_stack(key->pc, u.key.pcs, n);
    GBytes *bytes = g_bytes_new(&u, sizeof(u.key) + u.key.n * sizeof(uint64_t));
    gpointer old;
    if (g_hash_table_lookup_extended(p->stacks, bytes, NULL, &old)) {
        g_hash_table_replace(p->stacks, bytes, GSIZE_TO_POINTER(GPOINTER_TO_SIZE(old) + 1));
    } else if (g_hash_table_size(p->stacks) < MAX_STACKS) {
        g_hash_table_insert(p->stacks, bytes, GSIZE_TO_POINTER((gsize)1));
    } else {
        g_bytes_unref(bytes);
    }
}

void tcg_profile_drain(TcgVcpu *v)
{
    TcgVcpuProfile *p = v->profile;
    const CpuOps *ops = v->engine->ops;
    uint64_t stack[TCG_STACK_MAX];
    unsigned n = 0;

    if (p->out == atomic_load_acquire(&p->in)) {
        return;
    }
    if (p->stacks) {
        static const CpuUnwinder unwinder = { peek, same_function };
        stack[0] = ops->get_pc(v->cpu);
        n = ops->unwind ? ops->unwind(v->cpu, &unwinder, stack, TCG_STACK_MAX) : 1;
    }
    g_mutex_lock(&p->lock);
    while (p->out != atomic_load_acquire(&p->in)) {
        TcgSample s = p->ring[p->out % TCG_SAMPLES];
        const char *device = s.device ? device_name(s.device) : NULL;
        TcgPlaceKey key;

        memset(&key, 0, sizeof(key));
        key.pc = sample_pc(v, &s);
        key.space = ops->code_space ? ops->code_space(v->cpu, s.mode)
                                    : (CpuCodeSpace){ "guest", CPU_SPACE_COMMON };
        count_place(p, &key);
        if (device) {
            count_in(p->devices, (gpointer)device);
        }
        if (p->stacks) {
            count_stack(p, &key, s.share, device, stack, n);
        }
        atomic_store_release(&p->out, p->out + 1);
    }
    g_mutex_unlock(&p->lock);
}

/* ---- Marks ---- */

TcgMark *tcg_profile_marks(TcgVcpu *v, unsigned n)
{
    TcgVcpuProfile *p = v->profile;

    if (n > p->n_marks) {
        p->n_marks = n;
        p->marks = g_renew(TcgMark, p->marks, n);
    }
    return p->marks;
}

void tcg_profile_keep_marks(TcgVcpu *v, TcgRegion *r, const TcgMark *marks, unsigned n)
{
    const TcgCache *c = &v->engine->cache;
    size_t end = ROUND_UP(v->slice.code + r->code_size, sizeof(TcgMark));
    size_t size = n * sizeof(TcgMark);

    if (n > UINT16_MAX || end + size > v->slice.code_end - r->cold_size) {
        return;
    }
    memcpy(c->buf.rw + end, marks, size);
    r->code_size = end + size - v->slice.code;
    r->n_marks = n;
    *tcg_region_marks(r) = end;
}

/* ---- Life ---- */

static bool read_symbols(const char *files, GError **err)
{
    g_auto(GStrv) list = g_strsplit(files, ":", -1);

    for (char **f = list; *f; f++) {
        char *at = strrchr(*f, '@');
        uint64_t shift = 0;
        char *end = NULL;

        if (at) {
            errno = 0;
            shift = g_ascii_strtoull(at + 1, &end, 0);
            if (errno || end == at + 1 || *end) {
                return error_set(err, "profile-symbols: '%s' is not an address to add to the "
                                 "symbols of '%.*s'", at + 1, (int)(at - *f), *f);
            }
            *at = '\0';
        }
        if (!symbol_table_read(symbols_guest(), *f, shift, err)) {
            return error_prefix(err, "profile-symbols");
        }
    }
    return true;
}

bool tcg_profile_new(const TcgProfileOptions *o, TcgProfile **ret, GError **err)
{
    struct sigaction sa = { .sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_RESTART };

    *ret = NULL;
    if (!o->on) {
        const char *needs = o->symbols ? "profile-symbols" : o->stacks ? "profile-stacks" : NULL;
        return !needs || error_set(err, "%s needs profile=on", needs);
    }
    if (o->symbols && !read_symbols(o->symbols, err)) {
        return false;
    }
    if (o->stacks) {
        FILE *f = fopen(o->stacks, "w");
        if (!f) {
            return error_set_errno(err, errno, "profile-stacks: cannot write '%s'", o->stacks);
        }
        fclose(f);
    }
    sigfillset(&sa.sa_mask);
    if (sigaction(SAMPLE_SIGNAL, &sa, NULL) != 0) {
        return error_set_errno(err, errno, "profile: cannot handle the sampling signal");
    }
    *ret = g_new0(TcgProfile, 1);
    (*ret)->symbols = symbols_guest();
    (*ret)->stacks_path = g_strdup(o->stacks);
    (*ret)->frequency = o->frequency;
    return true;
}

void tcg_profile_free(TcgProfile *p)
{
    if (p) {
        g_free(p->stacks_path);
        g_free(p);
    }
}

void tcg_profile_cpu_init(TcgVcpu *v)
{
    if (!v->engine->profile || v->profile) {
        return;
    }
    TcgVcpuProfile *p = g_new0(TcgVcpuProfile, 1);
    p->v = v;
    g_mutex_init(&p->lock);
    p->places = g_hash_table_new_full(place_hash, place_equal, g_free, g_free);
    p->devices = g_hash_table_new(NULL, NULL);
    if (v->engine->profile->stacks_path) {
        p->stacks = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
                                          (GDestroyNotify)g_bytes_unref, NULL);
    }
    v->profile = p;
}

void tcg_profile_cpu_free(TcgVcpu *v)
{
    TcgVcpuProfile *p = v->profile;

    if (!p) {
        return;
    }
    if (p->timer_thread) {
        timer_delete(p->timer);
    }
    g_hash_table_destroy(p->places);
    g_hash_table_destroy(p->devices);
    if (p->stacks) {
        g_hash_table_destroy(p->stacks);
    }
    g_free(p->marks);
    g_mutex_clear(&p->lock);
    g_free(p);
    v->profile = NULL;
}
