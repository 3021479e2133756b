/*
 * Shared by the files that start the process (softmmu/main*.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_MAIN_INTERNAL_H
#define SOFTMMU_MAIN_INTERNAL_H

#include "qapi/qapi-options.h"
#include "softmmu/main-config.h"

/* Answer "help" given as an option's value, to stdout. */
bool main_print_help_for(const QapiOptions *o, const GuestTarget *target, GError **err);

/* A command of the machine protocol that stands for an option. */
typedef struct MainCommand {
    const char *name;
    struct json_object *args;
    bool keyval;      /* scalars of the arguments may be strings in option syntax */
    bool late;        /* needs the board: waits for the end of --preconfig */
    bool whole;       /* comes when the machine is complete */
    bool connection;  /* makes a monitor for a client, who has another where this is dumped */
    char *origin;     /* the option, for messages; NULL: messages say enough */
} MainCommand;

/* Append a command; takes @args. */
MainCommand *main_command_add(GPtrArray *list, const char *name, struct json_object *args,
                              bool keyval, const char *origin, ...)
    __attribute__((format(printf, 5, 6)));
/* All that the options ask of the machine, in order. Owns its MainCommands; NULL on failure. */
GPtrArray *main_commands_new(const QapiOptions *o, const GuestTarget *target, GError **err);
/* Execute the late ones, or the others. */
bool main_commands_run(const GPtrArray *list, bool late, GError **err);
/* -dump-qmp: print them, typed as the protocol has them, and notes on what has no command. */
bool main_commands_dump(const QapiOptions *o, const GPtrArray *list, GError **err);

/*
 * Character devices and monitors of -chardev, -qmp, -mon, -serial and -monitor with their
 * defaults: appended to @list; *ret_serial: names of the serial ports' devices, an array.
 */
bool main_add_consoles(const QapiOptions *o, bool has_machine, GPtrArray *list,
                       struct json_object **ret_serial, GError **err);
/* -netdev; and -nic and -net, whose cards come after other devices. */
bool main_add_netdevs(const QapiOptions *o, GPtrArray *list, GError **err);
bool main_add_nics(const QapiOptions *o, const GuestTarget *target, GPtrArray *list,
                   GError **err);
/* A structure of the schema as JSON; @visit is its visit_type_NAME. */
struct json_object *main_struct_json(void *visit, const void *obj);
/* -echr; NULL: not given. */
bool main_set_escape(const char *text, GError **err);

/* An object's member: a string. */
static inline void main_put(struct json_object *o, const char *key, const char *value)
{
    json_object_object_add(o, key, json_object_new_string(value));
}

#endif
