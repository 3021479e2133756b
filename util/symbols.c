/*
 * Names of guest code (util/symbols.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/cutils.h"
#include "util/elf-file.h"
#include "util/symbols.h"
#include "util/symbols-linux.h"

enum {
    /* What is behind a symbol without a size, before the next one, is its, up to here. */
    UNSIZED_REACH = 128 * 1024,
    LABEL_REACH = 4 * 1024, /* the same of one that is not said to be a function */
    /* Names that no compiler or linker makes. */
    NAME_MAX_LEN = 1024,
};

typedef struct Entry {
    uint64_t addr, size;
    const char *name;
    uint32_t rank, order;
} Entry;

typedef struct Source {
    char *path;
    uint64_t shift;      /* image: where it runs, if it is a Linux kernel */
    bool image;
    uint64_t load;       /* image: where it is loaded */
} Source;

struct SymbolTable {
    GMutex lock;
    GArray *entries; /* Entry; sorted by address, one each, if not dirty */
    GStringChunk *names;
    GArray *sources; /* Source, not read yet */
    bool dirty;
};

static void source_clear(void *s)
{
    g_free(((Source *)s)->path);
}

SymbolTable *symbol_table_new(void)
{
    SymbolTable *t = g_new0(SymbolTable, 1);

    g_mutex_init(&t->lock);
    t->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    t->names = g_string_chunk_new(4096);
    t->sources = g_array_new(FALSE, FALSE, sizeof(Source));
    g_array_set_clear_func(t->sources, source_clear);
    return t;
}

void symbol_table_free(SymbolTable *t)
{
    if (!t) {
        return;
    }
    g_array_free(t->entries, TRUE);
    g_array_free(t->sources, TRUE);
    g_string_chunk_free(t->names);
    g_mutex_clear(&t->lock);
    g_free(t);
}

SymbolTable *symbols_guest(void)
{
    static SymbolTable *table;

    if (g_once_init_enter(&table)) {
        g_once_init_leave(&table, symbol_table_new());
    }
    return table;
}

void symbol_table_put_locked(SymbolTable *t, uint64_t addr, uint64_t size, const char *name,
                             unsigned rank)
{
    size_t len = strnlen(name, NAME_MAX_LEN);
    Entry e = { addr, size, g_string_chunk_insert_len(t->names, name, len), rank,
                t->entries->len };

    g_array_append_val(t->entries, e);
    t->dirty = true;
}

/* ---- ELF ---- */

typedef struct ElfRead {
    SymbolTable *t;
    uint64_t shift;
    ElfTable sections;
    unsigned n;
} ElfRead;

static bool in_code(const ElfFile *e, const ElfTable *sections, unsigned shndx)
{
    return shndx != SHN_UNDEF && shndx < sections->n &&
           (ELF_SUB(e, elf_entry(sections, shndx), Shdr, sh_flags) & SHF_EXECINSTR);
}

static bool elf_read_symbol(const ElfFile *e, uint64_t at, const char *name, void *opaque)
{
    ElfRead *r = opaque;
    unsigned info = ELF_SUB(e, at, Sym, st_info);
    unsigned type = ELF64_ST_TYPE(info);
    unsigned rank = ELF64_ST_BIND(info) == STB_LOCAL ? SYMBOL_RANK_LOCAL : SYMBOL_RANK_GLOBAL;

    if (type == STT_NOTYPE) {
        rank = SYMBOL_RANK_LABEL;
    }
    /* $x and the like tell code from data; .L are the compiler's own. */
    if ((type != STT_FUNC && type != STT_NOTYPE) || !name[0] || name[0] == '$' ||
        g_str_has_prefix(name, ".L") ||
        !in_code(e, &r->sections, ELF_SUB(e, at, Sym, st_shndx))) {
        return true;
    }
    symbol_table_put_locked(r->t, ELF_SUB(e, at, Sym, st_value) + r->shift,
                            ELF_SUB(e, at, Sym, st_size), name, rank);
    r->n++;
    return true;
}

static bool read_elf(SymbolTable *t, const char *path, uint64_t shift, GError **err)
{
    ElfRead r = { .t = t, .shift = shift };
    ElfFile e;

    if (!elf_open(&e, path, err)) {
        return false;
    }
    r.sections = elf_sections(&e);
    elf_each_symbol(&e, SHT_SYMTAB, elf_read_symbol, &r);
    if (!r.n) {
        elf_each_symbol(&e, SHT_DYNSYM, elf_read_symbol, &r);
    }
    elf_close(&e);
    return r.n || error_set(err, "ELF file '%s' has no symbols of code", path);
}

/* ---- Text ---- */

static const char *word(const char **p, const char *end, size_t *ret_len)
{
    while (*p < end && (**p == ' ' || **p == '\t')) {
        ++*p;
    }
    const char *start = *p;
    while (*p < end && !g_ascii_isspace(**p)) {
        ++*p;
    }
    *ret_len = *p - start;
    return start;
}

static bool hex(const char *s, size_t len, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < len; i++) {
        int digit = g_ascii_xdigit_value(s[i]);
        if (digit < 0) {
            return false;
        }
        *ret = *ret << 4 | digit;
    }
    return len > 0 && len <= 16;
}

/* "address [size] type name"; returns whether the line has this form. */
static bool read_line(SymbolTable *t, const char *p, const char *end, uint64_t shift)
{
    uint64_t addr, size = 0;
    size_t len, name_len;
    const char *w = word(&p, end, &len);

    if (!hex(w, len, &addr)) {
        return false;
    }
    w = word(&p, end, &len);
    if (len > 1) {
        if (!hex(w, len, &size)) {
            return false;
        }
        w = word(&p, end, &len);
    }
    const char *name = word(&p, end, &name_len);
    if (len != 1 || !g_ascii_isalpha(*w) || !name_len) {
        return false;
    }
    if (strchr("tTwW", *w) && *name != '$' && !g_str_has_prefix(name, ".L")) {
        g_autofree char *copy = g_strndup(name, name_len);
        symbol_table_put_locked(t, addr + shift, size, copy,
                                g_ascii_isupper(*w) ? SYMBOL_RANK_GLOBAL : SYMBOL_RANK_LOCAL);
    }
    return true;
}

static bool read_text(SymbolTable *t, const char *path, const char *data, size_t size,
                      uint64_t shift, GError **err)
{
    const char *p = data, *end = data + size;

    for (unsigned line = 1; p < end; line++) {
        const char *eol = memchr(p, '\n', end - p);
        const char *stop = eol ? eol : end;

        if (stop > p && !read_line(t, p, stop, shift)) {
            error_set(err, "symbol file '%s', line %u is not \"address type name\"", path, line);
            error_set_expected(err, "an ELF file, or text as nm and /proc/kallsyms print it");
            return false;
        }
        p = stop + 1;
    }
    return true;
}

/* ---- Sources ---- */

static bool read_locked(SymbolTable *t, const char *path, uint64_t shift, GError **err)
{
    unsigned before = t->entries->len;
    /* Not mapped: files of /proc have no size. */
    g_autoptr(GError) cause = NULL;
    g_autofree char *data = NULL;
    size_t size;
    bool ok;

    if (access(path, R_OK) != 0) {
        error_set_errno(err, errno, "cannot read symbol file '%s'", path);
        error_set_culprit(err, "file", path);
        return false;
    }
    if (!g_file_get_contents(path, &data, &size, &cause)) {
        error_set(err, "cannot read symbol file '%s': %s", path, cause->message);
        error_set_culprit(err, "file", path);
        return false;
    }
    if (size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG)) {
        ok = read_elf(t, path, shift, err);
    } else {
        ok = read_text(t, path, data, size, shift, err);
        if (ok && t->entries->len == before) {
            ok = error_set(err, "symbol file '%s' names no code", path);
        }
    }
    if (!ok) {
        g_array_set_size(t->entries, before);
    }
    return ok;
}

bool symbol_table_read(SymbolTable *t, const char *path, uint64_t shift, GError **err)
{
    g_mutex_lock(&t->lock);
    bool ok = read_locked(t, path, shift, err);
    g_mutex_unlock(&t->lock);
    return ok;
}

/* The ELF file that a raw image was made of, if it lies beside it. */
static void read_sibling_locked(SymbolTable *t, const char *path, uint64_t load)
{
    g_autofree char *elf = NULL;
    uint64_t low = UINT64_MAX;
    ElfTable segments;
    ElfFile e;

    if (!g_str_has_suffix(path, ".bin")) {
        return;
    }
    elf = g_strdup_printf("%.*s.elf", (int)strlen(path) - 4, path);
    if (!elf_open(&e, elf, NULL)) {
        return;
    }
    for (unsigned i = 0; elf_segments(&e, &segments) && i < segments.n; i++) {
        if (ELF_SUB(&e, elf_entry(&segments, i), Phdr, p_type) == PT_LOAD) {
            low = MIN(low, ELF_SUB(&e, elf_entry(&segments, i), Phdr, p_vaddr));
        }
    }
    elf_close(&e);
    read_elf(t, elf, load - low, NULL);
}

static void read_image_locked(SymbolTable *t, const Source *s)
{
    GMappedFile *file = map_file(s->path, NULL);

    if (file) {
        if (!symbols_read_linux_locked(t, (const uint8_t *)g_mapped_file_get_contents(file),
                                       g_mapped_file_get_length(file), s->shift)) {
            read_sibling_locked(t, s->path, s->load);
        }
        g_mapped_file_unref(file);
    }
}

static void add_source(SymbolTable *t, Source s)
{
    g_mutex_lock(&t->lock);
    g_array_append_val(t->sources, s);
    g_mutex_unlock(&t->lock);
}

void symbol_table_add_source(SymbolTable *t, const char *path, uint64_t shift)
{
    add_source(t, (Source){ .path = g_strdup(path), .shift = shift });
}

void symbol_table_add_image(SymbolTable *t, const char *path, uint64_t load, uint64_t link)
{
    add_source(t, (Source){ g_strdup(path), link, true, load });
}

/* ---- Looking up ---- */

static int compare(const void *a, const void *b)
{
    const Entry *x = a, *y = b;

    if (x->addr != y->addr) {
        return x->addr < y->addr ? -1 : 1;
    }
    if (x->rank != y->rank) {
        return x->rank < y->rank ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

/* Read what is waiting, sort, and keep one name an address. */
static void settle_locked(SymbolTable *t)
{
    if (t->sources->len) {
        for (unsigned i = 0; i < t->sources->len; i++) {
            const Source *s = &g_array_index(t->sources, Source, i);
            if (s->image) {
                read_image_locked(t, s);
            } else {
                read_locked(t, s->path, s->shift, NULL);
            }
        }
        g_array_set_size(t->sources, 0);
    }
    if (!t->dirty) {
        return;
    }
    g_array_sort(t->entries, compare);
    Entry *e = (Entry *)t->entries->data;
    unsigned kept = 0;
    for (unsigned i = 0; i < t->entries->len; i++) {
        if (!kept || e[kept - 1].addr != e[i].addr) {
            /* A label inside a function is no function. */
            if (!kept || e[i].rank != SYMBOL_RANK_LABEL ||
                e[i].addr - e[kept - 1].addr >= e[kept - 1].size) {
                e[kept++] = e[i];
            }
        } else if (!e[kept - 1].size) {
            e[kept - 1].size = e[i].size;
        }
    }
    g_array_set_size(t->entries, kept);
    t->dirty = false;
}

static const Entry *find_locked(SymbolTable *t, uint64_t addr)
{
    settle_locked(t);
    const Entry *e = (const Entry *)t->entries->data;
    size_t low = 0, high = t->entries->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (e[mid].addr <= addr) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (!low) {
        return NULL;
    }
    e += low - 1;
    uint64_t reach = e->size ? e->size : e->rank == SYMBOL_RANK_LABEL ? LABEL_REACH : UNSIZED_REACH;
    return addr - e->addr < reach ? e : NULL;
}

bool symbol_table_find(SymbolTable *t, uint64_t addr, Symbol *ret)
{
    g_mutex_lock(&t->lock);
    const Entry *e = find_locked(t, addr);
    if (e) {
        *ret = (Symbol){ e->addr, e->size, e->name };
    }
    g_mutex_unlock(&t->lock);
    return e != NULL;
}

bool symbol_table_address(SymbolTable *t, const char *name, uint64_t *ret)
{
    bool found = false;

    g_mutex_lock(&t->lock);
    settle_locked(t);
    for (unsigned i = 0; i < t->entries->len && !found; i++) {
        const Entry *e = &g_array_index(t->entries, Entry, i);
        found = strcmp(e->name, name) == 0;
        if (found) {
            *ret = e->addr;
        }
    }
    g_mutex_unlock(&t->lock);
    return found;
}

char *symbol_table_describe(SymbolTable *t, uint64_t addr)
{
    Symbol s;

    if (!symbol_table_find(t, addr, &s)) {
        return NULL;
    }
    return addr == s.addr ? g_strdup(s.name)
                          : g_strdup_printf("%s+0x%" PRIx64, s.name, addr - s.addr);
}

size_t symbol_table_size(SymbolTable *t)
{
    g_mutex_lock(&t->lock);
    settle_locked(t);
    size_t n = t->entries->len;
    g_mutex_unlock(&t->lock);
    return n;
}
