/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_MMIO_H
#define HW_VIRTIO_VIRTIO_MMIO_H

/* MMIO region 0 (0x200 bytes), interrupt 0. Its bus takes one virtio device. Properties:
 * force-legacy (default true), bus-name (internal). */
#define TYPE_VIRTIO_MMIO "virtio-mmio"

#endif
