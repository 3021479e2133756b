/*
 * Types, properties and the composition tree.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json.h"
#include "qom/object.h"

typedef struct Animal {
    Object parent;
    bool tame;
    uint8_t legs;
    int32_t charge;
    uint64_t weight;
    uint64_t bits;
    char *call;
    int colour;
    Object *friend;
    uint32_t secret;
    uint32_t even;
} Animal;

typedef struct AnimalClass {
    ObjectClass parent;
    int limbs;
} AnimalClass;

static int live;

static bool check_even(Object *obj, const Property *prop, GError **err)
{
    uint32_t value = *(uint32_t *)prop_field(obj, prop);

    return value % 2 == 0 || error_set(err, "%u is odd", value);
}

static const char *const colours[] = { "black", "brown", "white", NULL };
static const Property animal_properties[] = {
    PROP_BOOL(Animal, tame, "tame", "lives with people", .flags = PROP_RUNTIME),
    PROP_UINT8(Animal, legs, "legs", "number of legs", .def = 4, .max = 100),
    PROP_INT32(Animal, charge, "charge", "signed", .min = -5, .max = 5),
    PROP_SIZE(Animal, weight, "weight", "a size", .def = 4096, .min = 1),
    PROP_BIT(Animal, bits, "bit3", "a bit", 3, .def = 1),
    PROP_STR(Animal, call, "call", "what it says", .def_str = "-"),
    PROP_ENUM(Animal, colour, "colour", "its colour", colours, .def_str = "brown"),
    PROP_LINK(Animal, friend, "friend", "another one", "test-animal"),
    PROP_UINT32(Animal, secret, "secret", "wiring", .flags = PROP_INTERNAL),
    PROP_UINT32(Animal, even, "even", "an even number", .check = check_even),
    PROP_END
};

static void animal_init(Object *obj)
{
    live++;
}

static void animal_finalize(Object *obj)
{
    live--;
}

static void animal_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((AnimalClass *)klass)->limbs = 4;
}

static const TypeInfo animal_type = {
    .name = "test-animal", .desc = "an animal", .abstract = true,
    .instance_size = sizeof(Animal), .class_size = sizeof(AnimalClass),
    .properties = animal_properties, .class_init = animal_class_init,
    .instance_init = animal_init, .instance_finalize = animal_finalize,
};
TYPE_REGISTER(animal_type);

static const TypeInfo swimmer_type = { .name = "test-swimmer", .abstract = true };
TYPE_REGISTER(swimmer_type);

static const char *const dog_interfaces[] = { "test-swimmer", NULL };
static const TypeInfo dog_type = {
    .name = "test-dog", .parent = "test-animal", .interfaces = dog_interfaces,
};
TYPE_REGISTER(dog_type);

static void spider_init(Object *obj)
{
    ((Animal *)obj)->legs = 8;
}

static const TypeInfo spider_type = {
    .name = "test-spider", .parent = "test-animal", .instance_init = spider_init,
};
TYPE_REGISTER(spider_type);

static Animal *new_animal(const char *type)
{
    return (Animal *)object_new(type);
}

static void test_types(void)
{
    ObjectClass *dog = object_class_by_name("test-dog");
    g_autoptr(GPtrArray) list = object_class_list("test-animal", false);
    g_auto(GStrv) names = object_class_names("test-animal");

    g_assert_null(object_class_by_name("test-unicorn"));
    g_assert_cmpint(((AnimalClass *)dog)->limbs, ==, 4);
    g_assert_true(object_class_is_a(dog, "test-swimmer"));
    g_assert_true(object_class_is_a(dog, TYPE_OBJECT));
    g_assert_false(object_class_is_a(dog, "test-spider"));
    g_assert_cmpint(list->len, ==, 2);
    g_assert_cmpstr(names[0], ==, "test-dog");
    g_assert_cmpstr(names[1], ==, "test-spider");
}

static void test_life(void)
{
    Animal *a = new_animal("test-dog");
    Animal mem;

    g_assert_cmpint(live, ==, 1);
    g_assert_cmpint(a->legs, ==, 4);
    g_assert_cmpint(a->colour, ==, 1);
    g_assert_cmpint(a->bits, ==, 8);
    g_assert_cmpstr(a->call, ==, "-");
    object_ref(a);
    object_unref(a);
    g_assert_true(OBJECT_CHECK(Animal, a, "test-swimmer") == a);
    object_init_child(a, "flea", &mem, sizeof(mem), "test-spider");
    g_assert_cmpint(mem.legs, ==, 8);
    g_assert_cmpint(live, ==, 2);
    object_unref(a);
    g_assert_cmpint(live, ==, 0);
}

static void set_text(Animal *a, const char *name, const char *text, GError **err)
{
    struct json_object *value = json_object_new_string(text);
    g_autoptr(Visitor) v = visitor_new_keyval_input(value);

    g_assert_cmpint(object_property_set(a, name, v, true, err), ==, !err || !*err);
    json_object_put(value);
}

static void refuse(Animal *a, const char *name, const char *text, const char *part)
{
    g_autoptr(GError) err = NULL;

    set_text(a, name, text, &err);
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(err->message, part));
    g_assert_nonnull(strstr(err->message, "test-dog"));
}

static void accept(Animal *a, const char *name, const char *text)
{
    GError *err = NULL;

    set_text(a, name, text, &err);
    g_assert_no_error(err);
}

static void test_set(void)
{
    Animal *a = new_animal("test-dog");
    g_autoptr(GError) err = NULL;
    struct json_object *value;

    accept(a, "tame", "on");
    accept(a, "legs", "0x10");
    accept(a, "charge", "-5");
    accept(a, "weight", "1.5k");
    accept(a, "bit3", "off");
    accept(a, "call", "wuff");
    accept(a, "colour", "white");
    g_assert_true(a->tame && a->legs == 16 && a->charge == -5 && a->weight == 1536);
    g_assert_cmpint(a->bits, ==, 0);
    g_assert_cmpint(a->colour, ==, 2);
    g_assert_true(object_property_was_set(a, "call"));
    g_assert_false(object_property_was_set(a, "friend"));

    refuse(a, "tame", "perhaps", "tame");
    refuse(a, "legs", "101", "legs");
    refuse(a, "legs", "256", "legs");
    refuse(a, "charge", "-6", "charge");
    refuse(a, "weight", "0", "weight");
    refuse(a, "colour", "wite", "colour");
    refuse(a, "secret", "1", "secret");
    refuse(a, "type", "x", "read-only");
    g_assert_cmpint(a->legs, ==, 16);
    g_assert_cmpint(a->charge, ==, -5);

    accept(a, "even", "2");
    set_text(a, "even", "3", &err);
    g_assert_cmpstr(err->message, ==, "3 is odd");
    g_assert_cmpint(a->even, ==, 2);
    g_clear_error(&err);

    set_text(a, "legz", "3", &err);
    g_assert_cmpstr(err->message, ==, "test-dog has no property 'legz'");
    g_assert_cmpstr(error_get_nearest(err), ==, "legs");
    g_clear_error(&err);

    g_assert_true(object_set_uint(a, "secret", 7, NULL));
    value = object_get_json(a, "colour", NULL);
    g_assert_cmpstr(json_object_get_string(value), ==, "white");
    json_object_put(value);
    value = object_get_json(a, "type", NULL);
    g_assert_cmpstr(json_object_get_string(value), ==, "test-dog");
    json_object_put(value);

    a->parent.frozen = true;
    refuse(a, "legs", "3", "cannot be changed");
    accept(a, "tame", "off");
    object_unref(a);
}

static void test_set_many(void)
{
    static const char *const skip[] = { "id", NULL };
    Animal *a = new_animal("test-dog");
    g_autoptr(GError) err = NULL;
    g_autoptr(json_object) good = json_parse_object("{'id': 1, 'legs': 3, 'tame': true}", NULL);
    g_autoptr(json_object) bad = json_parse_object("{'legs': '3'}", NULL);

    g_assert_true(object_set_properties(a, good, false, skip, &err));
    g_assert_cmpint(a->legs, ==, 3);
    g_assert_false(object_set_properties(a, bad, false, NULL, &err));
    g_assert_cmpstr(error_get_culprit(err), ==, "property 'legs'");
    object_unref(a);
}

static void test_links(void)
{
    Animal *a = new_animal("test-dog"), *b = new_animal("test-spider");
    Object *zoo = object_container("/zoo");
    g_autoptr(GError) err = NULL;
    struct json_object *value;

    g_assert_true(object_add_child(zoo, "rex", a, NULL));
    g_assert_true(object_add_child(zoo, "tek", b, NULL));
    accept(a, "friend", "tek");
    g_assert_true(a->friend == &b->parent);
    value = object_get_json(a, "friend", NULL);
    g_assert_cmpstr(json_object_get_string(value), ==, "/zoo/tek");
    json_object_put(value);
    refuse(a, "friend", "tec", "no object 'tec'");
    refuse(a, "friend", "zoo", "another type");
    set_text(a, "friend", "tec", &err);
    g_assert_nonnull(strstr(error_get_nearest(err), "tek"));
    g_assert_false(object_set_link(a, "friend", zoo, NULL));
    object_unparent(b);
    g_assert_cmpint(live, ==, 2); /* the link holds it */
    accept(a, "friend", "");
    g_assert_cmpint(live, ==, 1);
    object_unparent(a);
    object_unparent(zoo);
    g_assert_cmpint(live, ==, 0);
}

static void test_tree(void)
{
    Object *x = object_container("/t/x"), *y = object_container("/t/y");
    Animal *a = new_animal("test-dog"), *b = new_animal("test-dog");
    g_autoptr(GError) err = NULL;
    g_autofree char *path = NULL;
    bool ambiguous;
    Object *third;

    g_assert_true(object_add_child(x, "a", a, NULL));
    g_assert_false(object_add_child(x, "a", b, &err));
    g_assert_nonnull(strstr(err->message, "/t/x"));
    g_assert_true(object_add_child(y, "a", b, NULL));
    g_assert_true(object_resolve_path("/t/x/a", NULL, NULL) == &a->parent);
    g_assert_true(object_resolve_path("x/a", NULL, NULL) == &a->parent);
    g_assert_null(object_resolve_path("a", NULL, &ambiguous));
    g_assert_true(ambiguous);
    g_assert_null(object_resolve_path("a/b", NULL, &ambiguous));
    g_assert_false(ambiguous);
    g_assert_null(object_resolve_path("/t/x", "test-dog", NULL));
    g_assert_null(object_resolve_path("", NULL, NULL));
    g_assert_null(object_resolve_path("/t/x/a/friend", NULL, NULL));
    g_assert_true(object_set_str(a, "friend", "/t/y/a", NULL));
    g_assert_true(object_resolve_path("/t/x/a/friend", NULL, NULL) == &b->parent);
    g_assert_null(object_resolve_path("a/friend", NULL, &ambiguous));
    g_assert_false(ambiguous);
    path = object_path(b);
    g_assert_cmpstr(path, ==, "/t/y/a");
    for (int i = 0; i < 3; i++) {
        g_assert_true(object_add_child(x, "n[*]", object_new("test-dog"), NULL));
    }
    third = object_resolve_path("/t/x/n[2]", NULL, NULL);
    g_assert_nonnull(third);
    object_unparent(object_resolve_path("/t/x/n[1]", NULL, NULL));
    g_assert_true(object_add_child(x, "n[*]", object_new("test-dog"), NULL));
    g_assert_nonnull(object_resolve_path("/t/x/n[1]", NULL, NULL));
    object_unparent(object_container("/t"));
    g_assert_cmpint(live, ==, 0);
}

static void test_globals(void)
{
    g_autoptr(GError) err = NULL;
    Animal *a;

    object_add_global("test-animal", "legs", "6");
    object_add_global("test-dog", "legs", "5");
    a = new_animal("test-dog");
    g_assert_cmpint(a->legs, ==, 5);
    object_unref(a);
    a = new_animal("test-spider");
    g_assert_cmpint(a->legs, ==, 6);
    object_unref(a);
    g_assert_true(object_check_globals(NULL));

    object_add_global("test-spider", "legs", "1000");
    a = new_animal("test-spider");
    g_assert_false(object_init_ok(a, &err));
    g_assert_nonnull(strstr(err->message, "-global test-spider.legs=1000"));
    object_unref(a);
    g_clear_error(&err);

    object_add_global("test-dog", "lgs", "1");
    g_assert_false(object_check_globals(&err));
    g_assert_cmpstr(error_get_nearest(err), ==, "legs");
    g_clear_error(&err);
}

static void test_introspection(void)
{
    ObjectClass *klass = object_class_by_name("test-dog");
    g_autoptr(json_object) props = object_class_properties_json(klass);
    g_autofree char *text = json_to_text(props, false);
    g_autoptr(json_object) types = object_types_json("test-animal", true);

    g_assert_null(strstr(text, "secret"));
    g_assert_nonnull(strstr(text, "{\"name\": \"legs\", \"type\": \"uint8\", "
                                  "\"description\": \"number of legs\", "
                                  "\"default-value\": 4}"));
    g_assert_nonnull(strstr(text, "link<test-animal>"));
    g_assert_cmpint(json_object_array_length(types), ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qom/types", test_types);
    g_test_add_func("/qom/life", test_life);
    g_test_add_func("/qom/set", test_set);
    g_test_add_func("/qom/set-many", test_set_many);
    g_test_add_func("/qom/links", test_links);
    g_test_add_func("/qom/tree", test_tree);
    g_test_add_func("/qom/introspection", test_introspection);
    g_test_add_func("/qom/globals", test_globals);
    return g_test_run();
}
