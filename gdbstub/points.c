/*
 * Packets Z and z: breakpoints and watchpoints. They count for all vCPUs. The list tells which
 * the client has set: setting one twice is no different from once, and all go with it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/internal.h"

static const CpuWatch watch_of[GDB_POINT_KINDS] = {
    [GDB_POINT_WRITE] = CPU_WATCH_WRITE,
    [GDB_POINT_READ] = CPU_WATCH_READ,
    [GDB_POINT_ACCESS] = CPU_WATCH_READ | CPU_WATCH_WRITE,
};

static bool is_break(const GdbPoint *p)
{
    return p->kind == GDB_POINT_SW_BREAK || p->kind == GDB_POINT_HW_BREAK;
}

static bool insert(CpuState *cpu, const GdbPoint *p)
{
    return is_break(p) ? cpu_breakpoint_insert(cpu, p->addr, NULL)
                       : cpu_watchpoint_insert(cpu, p->addr, p->len, watch_of[p->kind], NULL);
}

static void remove_from(CpuState *cpu, const GdbPoint *p)
{
    if (is_break(p)) {
        cpu_breakpoint_remove(cpu, p->addr);
    } else {
        cpu_watchpoint_remove(cpu, p->addr, p->len, watch_of[p->kind]);
    }
}

static void remove_from_below(unsigned index, const GdbPoint *p)
{
    while (index-- > 0) {
        CpuState *cpu = cpu_by_index(index);

        if (cpu) {
            remove_from(cpu, p);
        }
    }
}

static bool insert_everywhere(const GdbPoint *p)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *cpu = cpu_by_index(i);

        if (cpu && !insert(cpu, p)) {
            remove_from_below(i, p);
            return false;
        }
    }
    return true;
}

/* "kind,addr,len"; conditions and commands (";...") are the client's to carry out. */
static bool parse(GdbStub *s, GdbText *t, GdbPoint *ret)
{
    uint64_t kind;

    if (!gdb_text_hex(t, &kind) || kind >= GDB_POINT_KINDS || !gdb_text_char(t, ',') ||
        !gdb_text_hex(t, &ret->addr) || !gdb_text_char(t, ',') ||
        !gdb_text_hex(t, &ret->len) || !gdb_text_at_end(t)) {
        return false;
    }
    ret->kind = kind;
    if (is_break(ret)) {
        ret->len = 0; /* the instruction's length is its own business */
        return true;
    }
    return ret->len > 0 && ret->len <= PTRDIFF_MAX && ret->addr + ret->len - 1 >= ret->addr;
}

static int find(GdbStub *s, const GdbPoint *p)
{
    for (unsigned i = 0; i < s->points->len; i++) {
        const GdbPoint *q = &g_array_index(s->points, GdbPoint, i);

        if (q->kind == p->kind && q->addr == p->addr && q->len == p->len) {
            return i;
        }
    }
    return -1;
}

void gdb_insert_point(GdbStub *s, GdbText *t)
{
    GdbPoint p;

    if (!parse(s, t, &p)) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    if (find(s, &p) < 0) {
        if (s->points->len == GDB_MAX_POINTS || !insert_everywhere(&p)) {
            gdb_reply_error(s, GDB_EINVAL);
            return;
        }
        g_array_append_val(s->points, p);
    }
    gdb_reply_ok(s);
}

void gdb_remove_point(GdbStub *s, GdbText *t)
{
    GdbPoint p;
    int i = -1;

    if (!parse(s, t, &p)) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    i = find(s, &p);
    if (i >= 0) {
        remove_from_below(cpu_count(), &p);
        g_array_remove_index_fast(s->points, i);
    }
    gdb_reply_ok(s); /* removing what is not there is no error either */
}

void gdb_remove_all_points(GdbStub *s)
{
    for (unsigned i = 0; i < s->points->len; i++) {
        remove_from_below(cpu_count(), &g_array_index(s->points, GdbPoint, i));
    }
    g_array_set_size(s->points, 0);
}

/* Of two breakpoints at an address gdb is told the one that it set as a plain one. */
const GdbPoint *gdb_find_point(GdbStub *s, const CpuDebugStop *stop)
{
    const GdbPoint *best = NULL;

    for (unsigned i = 0; i < s->points->len; i++) {
        const GdbPoint *p = &g_array_index(s->points, GdbPoint, i);

        if (stop->reason == CPU_DEBUG_BREAKPOINT) {
            if (is_break(p) && p->addr == stop->addr && (!best || p->kind < best->kind)) {
                best = p;
            }
        } else if (stop->reason == CPU_DEBUG_WATCHPOINT && !is_break(p) &&
                   watch_of[p->kind] == stop->access && stop->addr - p->addr < p->len) {
            return p;
        }
    }
    return best;
}
