/*
 * The addresses of a network in this process, from what the user says of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/user-internal.h"
#include "util/cutils.h"
#include <arpa/inet.h>

#if CONFIG_SLIRP

enum { MAX_NAME = 255, MAX_BOOT_NAME = 127 };

static bool parse4(const char *key, const char *text, struct in_addr *ret, GError **err)
{
    if (inet_pton(AF_INET, text, ret) == 1) {
        return true;
    }
    error_set(err, "%s: '%s' is no IPv4 address", key, text);
    error_set_culprit(err, "property", key);
    error_set_expected(err, "four numbers such as 10.0.2.2");
    return false;
}

static bool parse6(const char *key, const char *text, struct in6_addr *ret, GError **err)
{
    if (inet_pton(AF_INET6, text, ret) == 1) {
        return true;
    }
    error_set(err, "%s: '%s' is no IPv6 address", key, text);
    error_set_culprit(err, "property", key);
    error_set_expected(err, "an address such as fec0::2");
    return false;
}

/* The mask that a network has where none is given, by its class. */
static uint32_t class_mask(uint32_t net)
{
    return !(net & 0x80000000) ? 0xff000000 : !(net & 0x40000000) ? 0xffff0000 : 0xffffff00;
}

/* "ADDRESS[/BITS|/MASK]" */
static bool parse_network(const char *text, uint32_t *ret_net, uint32_t *ret_mask, GError **err)
{
    const char *slash = strchr(text, '/');
    g_autofree char *head = slash ? g_strndup(text, slash - text) : g_strdup(text);
    struct in_addr addr, mask;
    uint64_t bits;

    if (!parse4("net", head, &addr, err)) {
        return false;
    }
    *ret_net = ntohl(addr.s_addr);
    if (!slash) {
        *ret_mask = class_mask(*ret_net);
    } else if (parse_uint(slash + 1, 32, &bits)) {
        *ret_mask = bits ? UINT32_MAX << (32 - bits) : 0;
    } else if (inet_pton(AF_INET, slash + 1, &mask) == 1) {
        *ret_mask = ntohl(mask.s_addr);
    } else {
        error_set(err, "net: '%s' is no mask", slash + 1);
        error_set_expected(err, "a number of bits up to 32, or a mask such as 255.255.255.0");
        return false;
    }
    *ret_net &= *ret_mask;
    if (~*ret_mask < 31 || (~*ret_mask & (~*ret_mask + 1))) {
        error_set(err, "net: '%s' has no room for host, server and guests", text);
        error_set_expected(err, "a mask of at most 27 bits");
        return false;
    }
    return true;
}

/* An address in the network: given, or by its default place. */
static bool set_address4(SlirpConfig *c, const char *key, const char *text, uint32_t place,
                         struct in_addr *field, GError **err)
{
    uint32_t net = ntohl(c->vnetwork.s_addr), mask = ntohl(c->vnetmask.s_addr);

    field->s_addr = htonl(net | place);
    if (!text) {
        return true;
    }
    if (!parse4(key, text, field, err)) {
        return false;
    }
    /* A part of an address counts from the network's begin. */
    if (!(ntohl(field->s_addr) & mask)) {
        field->s_addr |= htonl(net);
    }
    if ((ntohl(field->s_addr) & mask) != net || field->s_addr == htonl(net | ~mask)) {
        error_set(err, "%s: '%s' is not in the network", key, text);
        error_set_culprit(err, "property", key);
        return false;
    }
    return true;
}

static bool configure4(SlirpConfig *c, const NetdevUserOptions *o, GError **err)
{
    uint32_t net = 0x0a000200, mask = 0xffffff00;

    if (o->net && !parse_network(o->net, &net, &mask, err)) {
        return false;
    }
    c->vnetwork.s_addr = htonl(net);
    c->vnetmask.s_addr = htonl(mask);
    if (!set_address4(c, "host", o->host, 2, &c->vhost, err) ||
        !set_address4(c, "dhcpstart", o->dhcpstart, 15, &c->vdhcp_start, err) ||
        !set_address4(c, "dns", o->dns, 3, &c->vnameserver, err)) {
        return false;
    }
    if (c->vhost.s_addr == c->vnameserver.s_addr || c->vhost.s_addr == c->vdhcp_start.s_addr ||
        c->vdhcp_start.s_addr == c->vnameserver.s_addr) {
        return error_set(err, "'host', 'dns' and 'dhcpstart' must be different addresses");
    }
    return true;
}

static bool set_prefix6(SlirpConfig *c, const NetdevUserOptions *o, GError **err)
{
    g_autofree char *prefix = g_strdup(o->ipv6_net ? o->ipv6_net : o->ipv6_prefix
                                                         ? o->ipv6_prefix : "fec0::");
    char *slash = o->ipv6_net ? strchr(prefix, '/') : NULL;
    uint64_t bits = o->has_ipv6_prefixlen ? o->ipv6_prefixlen : 64;

    if (o->ipv6_net && (o->ipv6_prefix || o->has_ipv6_prefixlen)) {
        return error_set(err, "'ipv6-net' stands for 'ipv6-prefix' and 'ipv6-prefixlen': give one "
                         "or the others");
    }
    if (slash) {
        *slash = '\0';
    }
    if (!parse6(o->ipv6_net ? "ipv6-net" : "ipv6-prefix", prefix, &c->vprefix_addr6, err)) {
        return false;
    }
    if ((slash && !parse_uint(slash + 1, 126, &bits)) || bits > 126) {
        error_set(err, "'%s' is no length of a prefix", slash ? slash + 1 : "ipv6-prefixlen");
        error_set_expected(err, "0 to 126 bits");
        return false;
    }
    c->vprefix_len = bits;
    return true;
}

static bool in_prefix(const SlirpConfig *c, const struct in6_addr *a)
{
    unsigned whole = c->vprefix_len / 8, rest = c->vprefix_len % 8;
    uint8_t mask = rest ? 0xff << (8 - rest) : 0;

    return !memcmp(a, &c->vprefix_addr6, whole) &&
           !((a->s6_addr[whole] ^ c->vprefix_addr6.s6_addr[whole]) & mask);
}

static bool set_address6(SlirpConfig *c, const char *key, const char *text, uint8_t place,
                         struct in6_addr *field, GError **err)
{
    *field = c->vprefix_addr6;
    field->s6_addr[15] |= place;
    if (!text) {
        return true;
    }
    if (!parse6(key, text, field, err)) {
        return false;
    }
    if (!in_prefix(c, field)) {
        error_set(err, "%s: '%s' is not in the network", key, text);
        error_set_culprit(err, "property", key);
        return false;
    }
    return true;
}

static bool check_length(const char *key, const char *text, size_t max, GError **err)
{
    if (text && strlen(text) > max) {
        error_set(err, "%s is longer than %zu characters", key, max);
        error_set_culprit(err, "property", key);
        return false;
    }
    return true;
}

static bool set_names(UserNet *u, const NetdevUserOptions *o, GError **err)
{
    SlirpConfig *c = &u->config;
    size_t n = o->dnssearch ? o->dnssearch->len : 0;

    if (!check_length("hostname", o->hostname, MAX_NAME, err) ||
        !check_length("domainname", o->domainname, MAX_NAME, err) ||
        !check_length("tftp-server-name", o->tftp_server_name, MAX_NAME, err) ||
        !check_length("bootfile", o->bootfile, MAX_BOOT_NAME, err)) {
        return false;
    }
    if (o->tftp && !g_file_test(o->tftp, G_FILE_TEST_IS_DIR)) {
        return error_set(err, "tftp: '%s' is no folder", o->tftp);
    }
    c->vhostname = o->hostname;
    c->vdomainname = o->domainname;
    c->tftp_path = o->tftp;
    c->tftp_server_name = o->tftp_server_name;
    c->bootfile = o->bootfile;
    u->search = g_new0(char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        u->search[i] = g_strdup(string_or_object(o->dnssearch->items[i]));
    }
    c->vdnssearch = n ? (const char **)u->search : NULL;
    return true;
}

bool user_net_configure(UserNet *u, const NetdevUserOptions *o, GError **err)
{
    SlirpConfig *c = &u->config;
    bool only4 = o->has_ipv4 && o->ipv4 && !o->has_ipv6;
    bool only6 = o->has_ipv6 && o->ipv6 && !o->has_ipv4;

    c->version = SLIRP_CONFIG_VERSION_MAX;
    c->restricted = o->has_q_restrict && o->q_restrict;
    c->in_enabled = !only6 && !(o->has_ipv4 && !o->ipv4);
    c->in6_enabled = !only4 && !(o->has_ipv6 && !o->ipv6);
    if (!c->in_enabled && !c->in6_enabled) {
        return error_set(err, "'ipv4' and 'ipv6' are both off");
    }
    return configure4(c, o, err) && set_prefix6(c, o, err) &&
           set_address6(c, "ipv6-host", o->ipv6_host, 2, &c->vhost6, err) &&
           set_address6(c, "ipv6-dns", o->ipv6_dns, 3, &c->vnameserver6, err) &&
           set_names(u, o, err);
}

#endif
