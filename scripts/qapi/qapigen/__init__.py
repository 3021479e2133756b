# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema compiler: parser, checks, and one emitter a module."""
