/*
 * Work that drivers leave to network cards: checksums, and cutting TCP data into segments.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_NET_OFFLOAD_H
#define HW_NET_OFFLOAD_H

#include "util/osdep.h"

/* Data of a segment that is worth a frame: less would make thousands of one. */
enum { OFFLOAD_MIN_SEGMENT = 48 };

/* Put the Internet checksum (RFC 1071) of the bytes from @start on into the two bytes @offset
 * behind it; what they hold counts, as that of what stands before. False: they lie beyond
 * the frame. */
bool offload_checksum(uint8_t *frame, size_t size, size_t start, size_t offset);

/*
 * Cut a frame of TCP over IPv4 or IPv6 (@ipv6), whose TCP header begins at @tcp and whose
 * checksum field holds that of the pseudo header, into frames with @mss bytes of data or fewer.
 * Each is handed to @emit with its headers and checksums right. False: the frame is not what
 * it is said to be; nothing was emitted.
 */
bool offload_segment(const uint8_t *frame, size_t size, bool ipv6, size_t tcp, size_t mss,
                     void (*emit)(void *opaque, const uint8_t *frame, size_t size),
                     void *opaque);

#endif
