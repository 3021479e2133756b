/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_RTC_GOLDFISH_RTC_H
#define HW_RTC_GOLDFISH_RTC_H

/* MMIO region 0, interrupt 0. */
#define TYPE_GOLDFISH_RTC "goldfish_rtc"

#endif
