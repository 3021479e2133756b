/*
 * What the schema compiler makes of tests/unit/qapi-test.json: types that survive the way
 * through JSON, commands, events, options, introspection.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json-scanner.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/qapi-event.h"
#include "qapi/qmp-dispatch.h"
#include "tests/unit/test-qapi-command-table.h"
#include "tests/unit/test-qapi-commands-qapi-test.h"
#include "tests/unit/test-qapi-events-qapi-test.h"
#include "tests/unit/test-qapi-hmp.h"
#include "tests/unit/test-qapi-introspect.h"
#include "tests/unit/test-qapi-options.h"
#include "tests/unit/test-qapi-types-qapi-test.h"

/* ---- Types ---- */

/* Read @text as TYPE and write it again. */
#define ROUND_TRIP(TYPE, text, expected)                                                 \
    do {                                                                                 \
        g_autoptr(GError) err_ = NULL;                                                   \
        g_autoptr(json_object) in_ = json_parse(text, NULL);                             \
        g_autoptr(Visitor) read_ = visitor_new_json_input(in_);                          \
        g_autoptr(Visitor) write_ = visitor_new_json_output();                           \
        g_autoptr(TYPE) value_ = NULL;                                                   \
        g_assert_true(visit_type_##TYPE(read_, NULL, &value_, &err_));                   \
        g_assert_true(visit_type_##TYPE(write_, NULL, &value_, NULL));                   \
        g_autoptr(json_object) out_ = visitor_take_output(write_);                       \
        g_autofree char *text_ = json_to_text(out_, false);                              \
        g_assert_cmpstr(text_, ==, expected);                                            \
    } while (0)
#define SAME(TYPE, text) ROUND_TRIP(TYPE, text, text)
#define BAD(TYPE, text, msg)                                                             \
    do {                                                                                 \
        g_autoptr(GError) err_ = NULL;                                                   \
        g_autoptr(json_object) in_ = json_parse(text, NULL);                             \
        g_autoptr(Visitor) read_ = visitor_new_json_input(in_);                          \
        TYPE *value_ = NULL;                                                             \
        g_assert_false(visit_type_##TYPE(read_, NULL, &value_, &err_));                  \
        g_assert_null(value_);                                                           \
        g_assert_cmpstr(err_->message, ==, msg);                                         \
    } while (0)

static void test_structs(void)
{
    SAME(Point, "{\"x\": -9223372036854775808, \"y\": -128}");
    SAME(Point, "{\"x\": 0}");
    SAME(NamedDrawing,
         "{\"title\": \"a\", \"outline\": [{\"x\": 1}, {\"x\": 2, \"y\": 3}], "
         "\"colour\": \"dark-green\", \"weights\": [1.5, 2.0, 3.0, 4.0, 5.0, 6.0], "
         "\"centre\": {\"x\": 0}, \"note\": {\"any\": [null]}, \"id\": \"n\"}");
    SAME(NamedDrawing, "{\"outline\": [], \"weights\": [], \"id\": \"\"}");
    BAD(Point, "{'y': 1}", "Parameter 'x' is missing");
    BAD(Point, "{'x': 1, 'y': 128}", "Parameter 'y' does not accept value '128'");
    BAD(Drawing, "{'outline': [{'x': 1}, {'x': 2, 'z': 3}]}",
        "Parameter 'outline[1].z' is unexpected");
    BAD(Drawing, "{'outline': {}}", "Invalid parameter type for 'outline', expected: array");
    BAD(Drawing, "{'title': 'x', 'outline': [{'x': 1}], 'centre': {'x': []}}",
        "Invalid parameter type for 'centre.x', expected: integer");
}

static void test_unions(void)
{
    SAME(Shape, "{\"kind\": \"circle\", \"name\": \"c\", \"radius\": 4294967295, "
                "\"centre\": {\"x\": 1}}");
    SAME(Shape, "{\"kind\": \"polygon\", \"area\": 18446744073709551615, \"corners\": []}");
    SAME(Shape, "{\"kind\": \"nothing\"}");
    BAD(Shape, "{'kind': 'nothing', 'radius': 1}", "Parameter 'radius' is unexpected");
    BAD(Shape, "{'kind': 'square'}", "Parameter 'kind' does not accept value 'square'");
    BAD(Shape, "{'radius': 1}", "Parameter 'kind' is missing");
    BAD(Shape, "{'kind': 'circle', 'name': 'leak?'}", "Parameter 'radius' is missing");
}

static void test_alternates(void)
{
    SAME(ShapeUse, "{\"shape\": \"name\", \"quantity\": 7}");
    SAME(ShapeUse, "{\"shape\": {\"kind\": \"circle\", \"radius\": 1}, \"quantity\": true}");
    SAME(ShapeUse, "{\"shape\": null}");
    SAME(ShapeUse, "{\"shape\": [{\"kind\": \"nothing\"}]}");
    BAD(ShapeUse, "{'shape': 5}",
        "Invalid parameter type for 'shape', expected: array, null, object, string");
    BAD(ShapeUse, "{'shape': {'kind': 'circle', 'radius': 1, 'area': 'x'}}",
        "Invalid parameter type for 'shape.area', expected: integer");
    BAD(ShapeUse, "{'shape': 'x', 'quantity': 1.5}",
        "Invalid parameter type for 'quantity', expected: boolean, integer");
}

static void test_keyval(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Visitor) v = keyval_visitor("shape=x,quantity=0x10", NULL, NULL, NULL);
    g_autoptr(Visitor) w = keyval_visitor(
        "shape.0.kind=circle,shape.0.radius=1,quantity=off", NULL, NULL, NULL);
    g_autoptr(ShapeUse) a = NULL;
    g_autoptr(ShapeUse) b = NULL;

    visit_type_ShapeUse(v, NULL, &a, &err);
    g_assert_no_error(err);
    g_assert_cmpint(a->quantity->type, ==, QUANTITY_KIND_COUNT);
    g_assert_cmpint(a->quantity->u.count, ==, 16);
    visit_type_ShapeUse(w, NULL, &b, &err);
    g_assert_no_error(err);
    g_assert_cmpint(b->shape->u.all->items[0]->u.circle.radius, ==, 1);
    g_assert_cmpint(b->quantity->type, ==, QUANTITY_KIND_ON);
}

/* ---- Commands ---- */

Point *qmp_test_move(Point *by, bool has_times, uint16_t times, const char *label, GError **err)
{
    Point *p;

    if (by->x < 0) {
        error_set_class(err, ERROR_DEVICE_NOT_FOUND, "negative");
        error_set_expected(err, "a positive x");
        error_add_hint(err, "turn round");
        return NULL;
    }
    p = g_new0(Point, 1);
    p->x = by->x * (has_times ? times : 1);
    p->has_y = label != NULL;
    p->y = label ? strlen(label) : 0;
    return p;
}

bool qmp_test_nothing(GError **err)
{
    return true;
}

Point *qmp_test_fail(int64_t x, bool has_y, int8_t y, GError **err)
{
    return NULL;
}

bool qmp_test_echo_int(int64_t value, int64_t *ret_value, GError **err)
{
    *ret_value = value;
    return true;
}

strList *qmp_test_words(GError **err)
{
    strList *words = g_new0(strList, 1);

    QAPI_LIST_APPEND(words, g_strdup("a"));
    QAPI_LIST_APPEND(words, g_strdup("b"));
    return words;
}

bool qmp_test_draw(Shape *arg, GError **err)
{
    return arg->kind != SHAPE_KIND_NOTHING || error_set(err, "nothing to draw");
}

struct json_object *qmp_test_any(struct json_object *args, GError **err)
{
    return json_object_get(args);
}

struct json_object *qmp_test_raw(struct json_object *args, GError **err)
{
    return json_object_get(args);
}

static void check_command(const QmpDispatch *d, const char *request, const char *reply)
{
    struct json_object *in;

    g_assert_true(json_parse_value(request, &in, NULL));
    g_autoptr(json_object) out = qmp_dispatch(d, in);
    g_autofree char *text = json_to_text(out, false);

    json_object_put(in);
    g_assert_cmpstr(text, ==, reply);
}

#define ERR(klass, desc) "{\"error\": {\"class\": \"" klass "\", \"desc\": \"" desc "\"}}"
#define GENERIC(desc)    ERR("GenericError", desc)

static void test_commands(void)
{
    QmpDispatch d = { .commands = test_qapi_commands };

    check_command(&d, "{'execute': 'test-nothing', 'id': [1.50]}",
                  "{\"return\": {}, \"id\": [1.5]}");
    check_command(&d, "{'execute': 'test-nothing', 'id': null, 'arguments': {}}",
                  "{\"return\": {}, \"id\": null}");
    check_command(&d, "{'execute': 'test-move', 'arguments': {'by': {'x': 2}, 'times': 3}}",
                  "{\"return\": {\"x\": 6}}");
    check_command(&d, "{'execute': 'test-move', 'arguments': {'by': {'x': 2}, 'label': 'abc'}}",
                  "{\"return\": {\"x\": 2, \"y\": 3}}");
    check_command(&d, "{'execute': 'test-move', 'arguments': {'by': {'x': -2}}, 'id': 'a'}",
                  "{\"id\": \"a\", \"error\": {\"class\": \"DeviceNotFound\", \"desc\": "
                  "\"negative (expected a positive x); turn round\"}}");
    check_command(&d, "{'execute': 'test-fail', 'arguments': {'x': 1}}",
                  GENERIC("The command failed without giving a reason"));
    check_command(&d, "{'execute': 'test-echo-int', 'arguments': {'value': 9223372036854775807}}",
                  "{\"return\": 9223372036854775807}");
    check_command(&d, "{'execute': 'test-words'}", "{\"return\": [\"a\", \"b\"]}");
    check_command(&d, "{'execute': 'test-draw', 'arguments': {'kind': 'polygon', 'corners': []}}",
                  "{\"return\": {}}");
    check_command(&d, "{'execute': 'test-draw', 'arguments': {'kind': 'nothing'}}",
                  GENERIC("nothing to draw"));
    check_command(&d, "{'execute': 'test-any', 'arguments': {'what': ['ever']}}",
                  "{\"return\": {\"what\": [\"ever\"]}}");
    check_command(&d, "{'execute': 'test-raw', 'arguments': {'shape': {'kind': 'nothing'}}}",
                  "{\"return\": {\"shape\": {\"kind\": \"nothing\"}}}");
    check_command(&d, "{'execute': 'test-raw', 'arguments': {'shape': {'kind': 'none'}}}",
                  GENERIC("Parameter 'shape.kind' does not accept value 'none' (expected one "
                          "of: circle, polygon, nothing)"));
}

static void test_bad_requests(void)
{
    QmpDispatch d = { .commands = test_qapi_commands };

    check_command(&d, "{'execute': 'test-mvoe'}",
                  ERR("CommandNotFound", "The command 'test-mvoe' has not been found; did you "
                                         "mean: test-move?"));
    check_command(&d, "[]", GENERIC("QMP input must be a JSON object, not of type array"));
    check_command(&d, "null", GENERIC("QMP input must be a JSON object, not of type null"));
    check_command(&d, "{}", GENERIC("QMP input lacks member 'execute'"));
    check_command(&d, "{'execute': 5}",
                  GENERIC("QMP input member 'execute' must be a string"));
    check_command(&d, "{'execute': 'test-nothing', 'arguments': []}",
                  GENERIC("QMP input member 'arguments' must be an object"));
    check_command(&d, "{'execute': 'test-nothing', 'argument': {}}",
                  GENERIC("QMP input member 'argument' is unexpected; did you mean: arguments?"));
    check_command(&d, "{'execute': 'test-nothing', 'arguments': {'a': 1}}",
                  GENERIC("Parameter 'a' is unexpected"));
    check_command(&d, "{'execute': 'test-move', 'arguments': {'by': {'x': 2}, 'tims': 3}}",
                  GENERIC("Parameter 'tims' is unexpected; did you mean: times?"));
    check_command(&d, "{'exec-oob': 'test-move'}",
                  GENERIC("QMP input member 'exec-oob' is unexpected; the capability 'oob' was "
                          "not negotiated"));
    d.oob_enabled = true;
    check_command(&d, "{'exec-oob': 'test-nothing'}",
                  GENERIC("The command 'test-nothing' does not support out-of-band execution"));
    check_command(&d, "{'exec-oob': 'test-move', 'arguments': {'by': {'x': 2}}}",
                  "{\"return\": {\"x\": 2}}");
    check_command(&d, "{'exec-oob': 'test-move', 'execute': 'test-move'}",
                  GENERIC("QMP input member 'execute' clashes with 'exec-oob'"));
    d.preconfig = true;
    check_command(&d, "{'execute': 'test-nothing'}", "{\"return\": {}}");
    check_command(&d, "{'execute': 'test-words'}",
                  GENERIC("The command 'test-words' needs a machine; leave the preconfig state "
                          "first, with x-exit-preconfig"));
}

static void test_conditions(void)
{
    QapiContext ctx = { .target = "riscv64", .family = "riscv" };
    QmpDispatch d = { .commands = test_qapi_commands, .ctx = &ctx };

    check_command(&d, "{'execute': 'test-words'}", "{\"return\": [\"a\", \"b\"]}");
    g_autoptr(json_object) all = qapi_introspection_json(test_qapi_introspection, &ctx);
    ctx.target = "x86_64";
    ctx.family = "i386";
    check_command(&d, "{'execute': 'test-words'}",
                  ERR("CommandNotFound", "The command 'test-words' has not been found"));
    g_autoptr(json_object) some = qapi_introspection_json(test_qapi_introspection, &ctx);
    /* the command and the array of strings that only it returns */
    g_assert_cmpuint(json_object_array_length(all), ==, json_object_array_length(some) + 2);
}

/* ---- Events ---- */

static void sink(void *opaque, const char *name, struct json_object *event)
{
    struct json_object **last = opaque;

    json_object_put(*last);
    *last = json_object_get(event);
}

static void check_event(struct json_object *event, const char *rest)
{
    struct json_object *timestamp, *part;

    g_assert_true(json_object_object_get_ex(event, "timestamp", &timestamp));
    g_assert_true(json_object_object_get_ex(timestamp, "seconds", &part));
    g_assert_cmpint(json_object_get_int64(part), >, 1000000000);
    g_assert_true(json_object_object_get_ex(timestamp, "microseconds", &part));
    g_assert_cmpint(json_object_get_int64(part), <, 1000000);
    json_object_object_del(event, "timestamp");
    g_autofree char *text = json_to_text(event, false);
    g_assert_cmpstr(text, ==, rest);
}

static void test_events(void)
{
    struct json_object *last = NULL;
    Point at = { .x = 1 };

    qapi_event_send_test_drawn("nobody listens", NULL, false, 0);
    qapi_event_set_sink(sink, &last);
    qapi_event_send_test_drawn("me", &at, true, 5);
    check_event(last, "{\"event\": \"TEST_DRAWN\", \"data\": {\"by\": \"me\", \"where\": "
                      "{\"x\": 1}, \"area\": 5}}");
    qapi_event_send_test_done();
    check_event(last, "{\"event\": \"TEST_DONE\"}");
    qapi_event_set_sink(NULL, NULL);
    json_object_put(last);
}

/* ---- Options ---- */

static void parse(TestQapiOptions *opts, const QapiContext *ctx, const char *line, GError **err)
{
    g_auto(GStrv) argv = NULL;
    int argc;

    g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    bool ok = qapi_options_parse(test_qapi_options, opts, ctx, argc, argv, err);
    g_assert_cmpint(ok, ==, !err || !*err);
}

static void test_options(void)
{
    TestQapiOptions o = { 0 };
    g_autoptr(GError) err = NULL;

    parse(&o, NULL,
          "test -size 1 -size y=2 --shape circle,radius=3,area=1.5k -L a -L b,c -o x -S "
          "-shape '{\"kind\": \"polygon\", \"corners\": [{\"x\": 5}]}' -output y "
          "-thing a,b=c -thing '{\"type\": \"b\", \"n\": 1}' -base x.a=1 -base x.b=2,y=3 "
          "-say on,word=a,word=b,,c -say word=d", &err);
    g_assert_no_error(err);
    g_assert_cmpint(o.size->x, ==, 1);
    g_assert_cmpint(o.size->y, ==, 2);
    g_assert_cmpuint(o.shape->len, ==, 2);
    g_assert_cmpuint(o.shape->items[0]->area, ==, 1536);
    g_assert_cmpint(o.shape->items[1]->u.polygon.corners->items[0]->x, ==, 5);
    g_assert_cmpuint(o.L->len, ==, 2);
    g_assert_cmpstr(o.L->items[1], ==, "b,c");
    g_assert_cmpstr(o.o, ==, "y");
    g_assert_true(o.S);
    g_assert_cmpuint(o.thing->len, ==, 2);
    g_assert_true(o.thing->items[0]->keyval);
    g_assert_false(o.thing->items[1]->keyval);
    g_assert_true(o.say->loud);
    g_assert_cmpuint(o.say->word->len, ==, 3);
    g_assert_cmpstr(o.say->word->items[1], ==, "b,c");
    g_autofree char *base = json_to_text(o.base->value, false);
    g_assert_cmpstr(base, ==, "{\"x\": {\"a\": \"1\", \"b\": \"2\"}, \"y\": \"3\"}");
    qapi_options_clear(test_qapi_options, &o);
    g_assert_null(o.shape);
    qapi_options_clear(test_qapi_options, &o);
}

static void test_options_help(void)
{
    TestQapiOptions o = { 0 };
    struct json_object *type;

    parse(&o, NULL, "test -thing one,help -shape help", NULL);
    g_assert_cmpstr(o.head.help_option->name, ==, "thing");
    g_assert_true(json_object_object_get_ex(o.head.help_props, "type", &type));
    g_assert_cmpstr(json_object_get_string(type), ==, "one");
    qapi_options_clear(test_qapi_options, &o);
    g_assert_nonnull(strstr(test_qapi_options_help, "  -size [x=]n[,y=n]\n"));
}

static void test_options_bad(void)
{
    static const char *const cases[][3] = {
        { "test -sizee 1", "unknown option '-sizee'", "-size" },
        { "test --outptu 1", "unknown option '-outptu'", "-output" },
        { "test -size", "option -size lacks its argument", NULL },
        { "test disk.img", "unexpected argument 'disk.img'", NULL },
        { "test -", "unexpected argument '-'", NULL },
        { "test -size 1,z=2", "option -size: Parameter 'z' is unexpected", NULL },
        { "test -size 1 -size y=200", "option -size: Parameter 'y' does not accept value '200'",
          NULL },
        { "test -shape circel", "option -shape: Parameter 'kind' does not accept value 'circel'",
          "circle" },
        { "test -shape circle", "option -shape: Parameter 'radius' is missing", NULL },
        { "test -base x", "option -base: Parameter 'x' lacks '='", NULL },
        { "test -base x.a=1 -base help", "option -base: Parameter 'help' lacks '='", NULL },
        { "test -thing {\"a\"", "option -thing: 1:4: JSON parse error, stray 'a'", NULL },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases) - 1; i++) {
        TestQapiOptions o = { 0 };
        g_autoptr(GError) err = NULL;

        parse(&o, NULL, cases[i][0], &err);
        g_assert_nonnull(err);
        g_assert_cmpstr(err->message, ==, cases[i][1]);
        g_assert_cmpstr(error_get_nearest(err), ==, cases[i][2]);
        qapi_options_clear(test_qapi_options, &o);
    }
    QapiContext x86 = { .target = "x86_64", .family = "i386" };
    TestQapiOptions o = { 0 };
    g_autoptr(GError) err = NULL;
    parse(&o, &x86, "test -S", &err);
    g_assert_cmpstr(err->message, ==, "unknown option '-S'");
}

/* ---- Random input ---- */

static void dispatch(void *opaque, struct json_object *value, GError *err)
{
    QmpDispatch d = { .commands = test_qapi_commands, .oob_enabled = true };
    unsigned *count = opaque;

    if (!err) {
        g_autoptr(json_object) reply = qmp_dispatch(&d, value);
        g_autofree char *text = json_to_text(reply, *count & 1);

        g_assert_nonnull(text);
    }
    ++*count;
    json_object_put(value);
    g_clear_error(&err);
}

/* Change a few characters of @buf, most to ones that mean something. */
static void mutate(char *buf, const char *alphabet)
{
    size_t len = strlen(buf);

    for (int n = g_test_rand_int_range(0, 5); n > 0; n--) {
        size_t at = g_test_rand_int_range(0, len);

        switch (g_test_rand_int_range(0, 3)) {
        case 0: buf[at] = g_test_rand_int_range(1, 256); break;
        case 1: buf[at] = alphabet[g_test_rand_int_range(0, strlen(alphabet))]; break;
        case 2: memmove(buf + at, buf + g_test_rand_int_range(0, len), MIN(8, len - at)); break;
        }
        buf[len] = '\0';
    }
}

/* Nothing that arrives may end the process; sanitizers watch. */
static void test_random_requests(void)
{
    static const char *const seeds[] = {
        "{'execute': 'test-move', 'arguments': {'by': {'x': 2, 'y': 5}, 'times': 3}, 'id': [1]}",
        "{'execute': 'test-draw', 'arguments': {'kind': 'circle', 'radius': 5, 'area': 5}}",
        "{'execute': 'test-draw', 'arguments': {'kind': 'polygon', 'corners': [{'x': 1}]}}",
        "{'exec-oob': 'test-move', 'arguments': {'by': {'x': 0}, 'label': '\\u00e9'}}",
        "{'execute': 'test-raw', 'arguments': {'shape': [{'kind': 'nothing'}]}}",
    };
    unsigned count = 0;
    g_autoptr(JsonScanner) s = json_scanner_new(dispatch, &count);

    for (unsigned i = 0; i < 5000; i++) {
        char buf[256] = { 0 };

        g_strlcpy(buf, seeds[i % ARRAY_SIZE(seeds)], sizeof(buf) - 16);
        mutate(buf, "{}[]:,'\"\\0-e.\n\xff");
        json_scanner_feed(s, buf, strlen(buf));
        json_scanner_feed(s, i % 8 ? "\n" : "\xff", 1);
    }
    g_assert_cmpuint(count, >, 1000);
}

static void test_random_options(void)
{
    static const char *const seeds[][2] = {
        { "-size", "1,y=2" },
        { "-shape", "circle,radius=3,area=1.5k,centre.x=5" },
        { "-shape", "kind=polygon,corners.0.x=5,corners.1.x=6,corners.1.y=7" },
        { "-shape", "{\"kind\": \"polygon\", \"corners\": [{\"x\": 5}]}" },
        { "-thing", "a,b=c,d.0=e,d.1=f" },
        { "-base", "x.a=1,x.b=2,y=3" },
        { "-say", "on,word=a,word=b,,c" },
    };

    for (unsigned i = 0; i < 5000; i++) {
        TestQapiOptions o = { 0 };
        g_autoptr(GError) err = NULL;
        const char *const *seed = seeds[i % ARRAY_SIZE(seeds)];
        char option[16] = { 0 }, value[128] = { 0 };
        char *argv[] = { option, option, value, option, value, NULL };

        g_strlcpy(option, seed[0], sizeof(option));
        g_strlcpy(value, seed[1], sizeof(value) - 16);
        mutate(value, "ax.,=019{}\"-k");
        bool ok = qapi_options_parse(test_qapi_options, &o, NULL, 5, argv, &err);
        g_assert_true(ok == !err);
        qapi_options_clear(test_qapi_options, &o);
    }
}

static void test_hmp(void)
{
    const HmpCommand *c = test_qapi_hmp_commands;

    g_assert_cmpstr(c->words, ==, "move");
    g_assert_cmpstr(c->command, ==, "test-move");
    g_assert_cmpstr(c->usage, ==, "move [/label] by... [times]");
    g_assert_cmpint(c->args[0].flag, ==, '/');
    g_assert_true(c->args[1].rest);
    g_assert_true(c->args[2].optional);
    g_assert_cmpint(c->args[2].kind, ==, HMP_ARG_UINT);
    g_assert_null(c[1].words);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qapi-gen/structs", test_structs);
    g_test_add_func("/qapi-gen/unions", test_unions);
    g_test_add_func("/qapi-gen/alternates", test_alternates);
    g_test_add_func("/qapi-gen/keyval", test_keyval);
    g_test_add_func("/qapi-gen/commands", test_commands);
    g_test_add_func("/qapi-gen/bad-requests", test_bad_requests);
    g_test_add_func("/qapi-gen/conditions", test_conditions);
    g_test_add_func("/qapi-gen/events", test_events);
    g_test_add_func("/qapi-gen/options", test_options);
    g_test_add_func("/qapi-gen/options-help", test_options_help);
    g_test_add_func("/qapi-gen/options-bad", test_options_bad);
    g_test_add_func("/qapi-gen/random-requests", test_random_requests);
    g_test_add_func("/qapi-gen/random-options", test_random_options);
    g_test_add_func("/qapi-gen/hmp", test_hmp);
    return g_test_run();
}
