/*
 * What samples add up to (accel/tcg/profile.h): the answer to query-profile, and folded
 * stacks, one line each: "frame;frame;frame count", from the outside in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/profile.h"
#include "qapi/qapi-types-tcg.h"
#include "util/cutils.h"

#define SECONDS(ns) ((double)(ns) / 1e9)

/* A vCPU's account at one moment. */
typedef struct Account {
    int64_t total_ns, idle_ns, cpu_ns;
    uint64_t share[TCG_SHARE_COUNT], samples, lost;
} Account;

static TcgVcpuProfile *vcpu_profile(const TcgProfile *p, unsigned index)
{
    TcgVcpu *v = p->engine ? atomic_load_acquire(&p->engine->vcpu[index]) : NULL;
    return v ? v->profile : NULL;
}

static unsigned vcpu_count(const TcgProfile *p)
{
    return p->engine ? atomic_load_acquire(&p->engine->n_vcpus) : 0;
}

static int64_t cpu_time_locked(const TcgVcpuProfile *p)
{
    struct timespec ts;

    /* The clock of a thread that has ended is no clock. */
    if (!p->has_cpu_clock || clock_gettime(p->cpu_clock, &ts) != 0) {
        return 0;
    }
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Its lock is held. */
static Account account_locked(const TcgVcpuProfile *p)
{
    Account a = { 0 };
    int64_t now = tcg_profile_now();
    int64_t paused = p->paused_ns;

    if (!p->begun_ns) {
        return a;
    }
    a.idle_ns = p->idle_ns;
    if (p->left_ns) {
        *(p->left_idle ? &a.idle_ns : &paused) += now - p->left_ns;
    }
    a.total_ns = now - p->begun_ns - paused;
    a.cpu_ns = cpu_time_locked(p) - p->cpu_base_ns;
    for (unsigned i = 0; i < TCG_SHARE_COUNT; i++) {
        a.share[i] = atomic_read(&p->share[i]) - p->share_base[i];
        a.samples += a.share[i];
    }
    a.lost = atomic_read(&p->lost) - p->lost_base;
    return a;
}

static double share_seconds(const Account *a, TcgShare share)
{
    double busy = SECONDS(a->total_ns - a->idle_ns);

    if (!a->samples) {
        return share == TCG_SHARE_DISPATCH ? busy : 0; /* too short for one */
    }
    return busy * a->share[share] / a->samples;
}

static void times_add(ProfileTimes *t, const Account *a)
{
    t->translated_code += share_seconds(a, TCG_SHARE_CODE);
    t->helpers += share_seconds(a, TCG_SHARE_HELPERS);
    t->translation += share_seconds(a, TCG_SHARE_TRANSLATION);
    t->slow_memory += share_seconds(a, TCG_SHARE_MEMORY);
    t->devices += share_seconds(a, TCG_SHARE_DEVICES);
    t->lock_waits += share_seconds(a, TCG_SHARE_LOCKS);
    t->dispatch += share_seconds(a, TCG_SHARE_DISPATCH);
    t->idle += SECONDS(a->idle_ns);
}

/* ---- Functions ---- */

typedef struct Function {
    uint64_t addr;
    const char *space;
    const char *name; /* NULL: none is known, addr is a page's */
    uint64_t samples;
} Function;

static guint function_hash(gconstpointer key)
{
    const Function *f = key;
    return f->addr ^ f->addr >> 32 ^ GPOINTER_TO_SIZE(f->space);
}

static gboolean function_equal(gconstpointer a, gconstpointer b)
{
    const Function *f = a, *g = b;
    return f->addr == g->addr && f->space == g->space && f->name == g->name;
}

static void functions_add(GHashTable *set, SymbolTable *symbols, const TcgPlaceKey *k,
                          uint64_t n)
{
    Symbol s = { .addr = k->pc & TCG_PAGE_MASK };
    bool known = symbol_table_find(symbols, k->pc, &s);
    Function key = { s.addr, k->space.name, known ? s.name : NULL, 0 };
    Function *f = g_hash_table_lookup(set, &key);

    if (!f) {
        f = g_memdup2(&key, sizeof(key));
        g_hash_table_add(set, f);
    }
    f->samples += n;
}

static int by_samples(const void *a, const void *b)
{
    const Function *f = *(Function *const *)a, *g = *(Function *const *)b;

    if (f->samples != g->samples) {
        return f->samples > g->samples ? -1 : 1;
    }
    return f->addr < g->addr ? -1 : f->addr > g->addr;
}

static ProfileFunctionList *functions_list(GHashTable *set, unsigned limit, uint64_t total)
{
    ProfileFunctionList *list = g_new0(ProfileFunctionList, 1);
    guint n;
    g_autofree Function **f = (Function **)g_hash_table_get_keys_as_array(set, &n);

    qsort(f, n, sizeof(*f), by_samples);
    for (unsigned i = 0; i < n && i < limit; i++) {
        ProfileFunction *item = g_new0(ProfileFunction, 1);
        item->function = f[i]->name ? g_strdup(f[i]->name)
                                    : g_strdup_printf("[0x%" PRIx64 "]", f[i]->addr);
        item->space = g_strdup(f[i]->space);
        item->address = f[i]->addr;
        item->samples = f[i]->samples;
        item->percent = total ? 100.0 * f[i]->samples / total : 0;
        QAPI_LIST_APPEND(list, item);
    }
    return list;
}

/* ---- Devices ---- */

static int by_seconds(const void *a, const void *b)
{
    const ProfileDevice *d = *(ProfileDevice *const *)a, *e = *(ProfileDevice *const *)b;

    return d->seconds > e->seconds ? -1 : d->seconds < e->seconds;
}

static void devices_add(ProfileDeviceList *list, GHashTable *devices, const Account *a)
{
    GHashTableIter it;
    gpointer name, n;
    uint64_t placed = 0;

    g_hash_table_iter_init(&it, devices);
    while (g_hash_table_iter_next(&it, NULL, &n)) {
        placed += GPOINTER_TO_SIZE(n);
    }
    g_hash_table_iter_init(&it, devices);
    while (g_hash_table_iter_next(&it, &name, &n)) {
        ProfileDevice *d = NULL;
        for (size_t i = 0; i < list->len && !d; i++) {
            d = g_str_equal(list->items[i]->name, name) ? list->items[i] : NULL;
        }
        if (!d) {
            d = g_new0(ProfileDevice, 1);
            d->name = g_strdup(name);
            QAPI_LIST_APPEND(list, d);
        }
        d->seconds += share_seconds(a, TCG_SHARE_DEVICES) * GPOINTER_TO_SIZE(n) / placed;
    }
}

/* ---- The report ---- */

static void report_vcpu(const TcgProfile *p, unsigned index, ProfileInfo *info,
                        GHashTable *functions)
{
    TcgVcpuProfile *vp = vcpu_profile(p, index);
    GHashTableIter it;
    gpointer key, n;

    if (!vp) {
        return;
    }
    g_mutex_lock(&vp->lock);
    Account a = account_locked(vp);
    g_hash_table_iter_init(&it, vp->places);
    while (g_hash_table_iter_next(&it, &key, &n)) {
        functions_add(functions, p->symbols, key, *(uint64_t *)n);
    }
    devices_add(info->devices, vp->devices, &a);
    g_mutex_unlock(&vp->lock);

    ProfileVcpu *item = g_new0(ProfileVcpu, 1);
    item->cpu = index;
    item->total = SECONDS(a.total_ns);
    item->host_cpu = SECONDS(a.cpu_ns);
    item->samples = a.samples;
    item->times = g_new0(ProfileTimes, 1);
    times_add(item->times, &a);
    QAPI_LIST_APPEND(info->vcpus, item);

    times_add(info->times, &a);
    info->total += item->total;
    info->samples += a.samples;
    info->unplaced += a.lost;
}

ProfileInfo *tcg_profile_report(TcgProfile *p, unsigned limit)
{
    ProfileInfo *info = g_new0(ProfileInfo, 1);
    g_autoptr(GHashTable) functions =
        g_hash_table_new_full(function_hash, function_equal, g_free, NULL);

    info->frequency = p->frequency;
    info->symbols = symbol_table_size(p->symbols);
    info->times = g_new0(ProfileTimes, 1);
    info->vcpus = g_new0(ProfileVcpuList, 1);
    info->devices = g_new0(ProfileDeviceList, 1);
    for (unsigned i = 0; i < vcpu_count(p); i++) {
        report_vcpu(p, i, info, functions);
    }
    if (info->devices->len) {
        qsort(info->devices->items, info->devices->len, sizeof(info->devices->items[0]),
              by_seconds);
    }
    info->functions = functions_list(functions, limit, info->samples);
    return info;
}

void tcg_profile_reset(TcgProfile *p)
{
    for (unsigned i = 0; i < vcpu_count(p); i++) {
        TcgVcpuProfile *vp = vcpu_profile(p, i);
        if (!vp) {
            continue;
        }
        g_mutex_lock(&vp->lock);
        g_hash_table_remove_all(vp->places);
        g_hash_table_remove_all(vp->devices);
        if (vp->stacks) {
            g_hash_table_remove_all(vp->stacks);
        }
        for (unsigned k = 0; k < TCG_SHARE_COUNT; k++) {
            vp->share_base[k] = atomic_read(&vp->share[k]);
        }
        vp->lost_base = atomic_read(&vp->lost);
        if (vp->begun_ns) {
            vp->begun_ns = tcg_profile_now();
            vp->left_ns = vp->left_ns ? vp->begun_ns : 0;
        }
        vp->idle_ns = vp->paused_ns = 0;
        vp->cpu_base_ns = cpu_time_locked(vp);
        g_mutex_unlock(&vp->lock);
    }
}

/* ---- Folded stacks ---- */

/* A frame's text holds no ';', which separates, and no space. */
static void put_frame(GString *out, const char *text)
{
    g_string_append_c(out, ';');
    for (; *text; text++) {
        g_string_append_c(out, *text == ';' || *text == ' ' || *text == '\n' ? '_' : *text);
    }
}

static void put_code_frame(GString *out, SymbolTable *symbols, uint64_t pc)
{
    Symbol s;
    char text[32];

    if (symbol_table_find(symbols, pc, &s)) {
        put_frame(out, s.name);
    } else {
        snprintf(text, sizeof(text), "[0x%" PRIx64 "]", pc & TCG_PAGE_MASK);
        put_frame(out, text);
    }
}

static char *fold(SymbolTable *symbols, const TcgStackKey *k)
{
    static const char *const tops[TCG_SHARE_COUNT] = {
        [TCG_SHARE_TRANSLATION] = "[translation]", [TCG_SHARE_MEMORY] = "[slow-memory]",
        [TCG_SHARE_LOCKS] = "[lock-wait]",
    };
    GString *out = g_string_new(k->space.name);

    if (k->space.id != CPU_SPACE_COMMON) {
        g_string_append_printf(out, ":%" PRIu64, k->space.id);
    }
    /* Return addresses lie behind the call. */
    for (unsigned i = k->n; i-- > 0;) {
        put_code_frame(out, symbols, k->pcs[i] - (i > 0));
    }
    if (k->device) {
        g_autofree char *text = g_strdup_printf("[device %s]", k->device);
        put_frame(out, text);
    } else if (tops[k->share]) {
        put_frame(out, tops[k->share]);
    }
    return g_string_free(out, FALSE);
}

bool tcg_profile_write_stacks(TcgProfile *p, GError **err)
{
    g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) cause = NULL;
    GHashTableIter it;
    gpointer key, n;

    if (!p->stacks_path) {
        return true;
    }
    for (unsigned i = 0; i < vcpu_count(p); i++) {
        TcgVcpuProfile *vp = vcpu_profile(p, i);
        if (!vp) {
            continue;
        }
        g_mutex_lock(&vp->lock);
        g_hash_table_iter_init(&it, vp->stacks);
        while (g_hash_table_iter_next(&it, &key, &n)) {
            char *line = fold(p->symbols, g_bytes_get_data(key, NULL));
            gsize sum = GPOINTER_TO_SIZE(g_hash_table_lookup(lines, line));
            g_hash_table_replace(lines, line, GSIZE_TO_POINTER(sum + GPOINTER_TO_SIZE(n)));
        }
        g_mutex_unlock(&vp->lock);
    }
    g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(lines), (GCompareFunc)strcmp);
    for (GList *l = sorted; l; l = l->next) {
        g_string_append_printf(out, "%s %zu\n", (char *)l->data,
                               GPOINTER_TO_SIZE(g_hash_table_lookup(lines, l->data)));
    }
    if (!g_file_set_contents(p->stacks_path, out->str, out->len, &cause)) {
        return error_set(err, "profile-stacks: %s", cause->message);
    }
    return true;
}
