/*
 * Extensions: models' defaults, dependencies, the ISA string and misa (Unprivileged ISA,
 * "ISA Extension Naming Conventions" and each extension's chapter).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"

#define E(name) (UINT64_C(1) << RISCV_EXT_##name)

static const struct {
    const char *name;
    bool in_string;
} exts[RISCV_EXT_COUNT] = {
#define EXT(e, name, in_string, desc) [RISCV_EXT_##e] = { name, in_string },
#define PLANNED(e, name) [RISCV_EXT_##e] = { name, false },
#include "target/riscv/extensions.def"
#undef EXT
#undef PLANNED
};

/* An extension turns on what it consists of. */
static const struct {
    RiscvExt ext, part;
    unsigned xlen;         /* only for this XLEN; 0: any */
    uint64_t also;         /* only if these are on too */
} parts[] = {
    { RISCV_EXT_M, RISCV_EXT_ZMMUL },
    { RISCV_EXT_A, RISCV_EXT_ZAAMO },
    { RISCV_EXT_A, RISCV_EXT_ZALRSC },
    { RISCV_EXT_C, RISCV_EXT_ZCA },
    { RISCV_EXT_C, RISCV_EXT_ZCD, 0, E(D) },
    { RISCV_EXT_C, RISCV_EXT_ZCF, 32, E(F) },
};

/* An extension needs others. */
static const struct {
    RiscvExt ext, needs;
} requirements[] = {
    { RISCV_EXT_M, RISCV_EXT_ZMMUL },
    { RISCV_EXT_A, RISCV_EXT_ZAAMO },
    { RISCV_EXT_A, RISCV_EXT_ZALRSC },
    { RISCV_EXT_F, RISCV_EXT_ZICSR },
    { RISCV_EXT_D, RISCV_EXT_F },
    { RISCV_EXT_C, RISCV_EXT_ZCA },
    { RISCV_EXT_ZICNTR, RISCV_EXT_ZICSR },
    { RISCV_EXT_ZIHPM, RISCV_EXT_ZICSR },
    { RISCV_EXT_ZAWRS, RISCV_EXT_ZALRSC },
    { RISCV_EXT_ZCD, RISCV_EXT_ZCA },
    { RISCV_EXT_ZCD, RISCV_EXT_D },
    { RISCV_EXT_ZCF, RISCV_EXT_ZCA },
    { RISCV_EXT_ZCF, RISCV_EXT_F },
    { RISCV_EXT_SSTC, RISCV_EXT_ZICNTR },
};

const char *riscv_ext_name(RiscvExt e)
{
    return exts[e].name;
}

uint64_t riscv_ext_max(unsigned xlen)
{
    uint64_t all = 0;

#define EXT(e, name, in_string, desc) all |= E(e);
#define PLANNED(e, name)
#include "target/riscv/extensions.def"
#undef EXT
#undef PLANNED
    /* Zcf is rv32's; Svade would leave the updating of A and D off until software asks
     * for it (menvcfg.ADUE). */
    all &= ~E(SVADE);
    return xlen == 32 ? all : all & ~E(ZCF);
}

uint64_t riscv_ext_default(unsigned xlen)
{
    return riscv_ext_max(xlen) & ~(E(ZICOND) | E(SVINVAL));
}

static void turn_on_parts(RiscvCpu *cpu)
{
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        bool on = riscv_has_ext(cpu, parts[i].ext) &&
                  (!parts[i].xlen || parts[i].xlen == cpu->xlen) &&
                  (cpu->ext & parts[i].also) == parts[i].also;

        if (on && !(cpu->ext_user_set >> parts[i].part & 1)) {
            cpu->ext |= UINT64_C(1) << parts[i].part;
        }
    }
}

/*
 * What the model brought and the user did not ask for goes quietly when the user turned
 * off what it belongs to (c=off ends zca and zcd). Single letters do not: without f, d
 * must be turned off by name.
 */
static void turn_off_orphans(RiscvCpu *cpu)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
            uint64_t bit = UINT64_C(1) << parts[i].part;

            if ((cpu->ext & bit) && !(cpu->ext_user_set & bit) &&
                !riscv_has_ext(cpu, parts[i].ext) &&
                (cpu->ext_user_set >> parts[i].ext & 1)) {
                cpu->ext &= ~bit;
                changed = true;
            }
        }
        for (size_t i = 0; i < ARRAY_SIZE(requirements); i++) {
            uint64_t bit = UINT64_C(1) << requirements[i].ext;

            if ((cpu->ext & bit) && !(cpu->ext_user_set & bit) &&
                exts[requirements[i].ext].name[1] != '\0' &&
                !riscv_has_ext(cpu, requirements[i].needs)) {
                cpu->ext &= ~bit;
                changed = true;
            }
        }
    }
}

bool riscv_ext_check(RiscvCpu *cpu, GError **err)
{
    turn_off_orphans(cpu);
    turn_on_parts(cpu);
    if (!riscv_has_ext(cpu, RISCV_EXT_I)) {
        return error_set(err, "extension 'i' cannot be off");
    }
    if (!riscv_has_ext(cpu, RISCV_EXT_ZICSR)) {
        return error_set(err, "extension 'zicsr' cannot be off: privileged modes need it");
    }
    if (cpu->xlen != 32 && riscv_has_ext(cpu, RISCV_EXT_ZCF)) {
        return error_set(err, "extension 'zcf' exists on 32-bit CPUs only");
    }
    for (size_t i = 0; i < ARRAY_SIZE(requirements); i++) {
        if (riscv_has_ext(cpu, requirements[i].ext) &&
            !riscv_has_ext(cpu, requirements[i].needs)) {
            const char *name = riscv_ext_name(requirements[i].ext);
            const char *needs = riscv_ext_name(requirements[i].needs);

            error_set(err, "extension '%s' requires '%s', which is off", name, needs);
            error_add_hint(err, "set %s=on, or %s=off", needs, name);
            return false;
        }
    }
    return true;
}

char *riscv_isa_string(const RiscvCpu *cpu)
{
    GString *s = g_string_new(NULL);

    g_string_printf(s, "rv%u", cpu->xlen);
    for (unsigned e = 0; e < RISCV_EXT_COUNT; e++) {
        if (!riscv_has_ext(cpu, e) || !exts[e].in_string) {
            continue;
        }
        if (exts[e].name[1] == '\0') {
            g_string_append(s, exts[e].name);
        } else {
            g_string_append_c(s, '_');
            g_string_append(s, exts[e].name);
        }
    }
    return g_string_free(s, FALSE);
}

uint64_t riscv_misa(const RiscvCpu *cpu)
{
    static const RiscvExt letters[] = { RISCV_EXT_A, RISCV_EXT_C, RISCV_EXT_D, RISCV_EXT_F,
                                        RISCV_EXT_I, RISCV_EXT_M };
    const uint64_t b = E(ZBA) | E(ZBB) | E(ZBS);
    uint64_t misa = cpu->xlen == 32 ? BIT64(30) : BIT64(63);

    for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
        if (riscv_has_ext(cpu, letters[i])) {
            misa |= BIT64(exts[letters[i]].name[0] - 'a');
        }
    }
    if ((cpu->ext & b) == b) {
        misa |= BIT64('b' - 'a');
    }
    if (cpu->has_s) {
        misa |= BIT64('s' - 'a');
    }
    if (cpu->has_u) {
        misa |= BIT64('u' - 'a');
    }
    return misa;
}
