#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw folded call stacks as a flame graph.

Each line of the input is "frame;frame;frame count", from the outside in, as
-accel tcg,profile-stacks=FILE writes it. In the picture a frame is as wide as the samples
in which it was on the stack, and stands on the frame that called it. Lines of several
files are added up.
"""

import argparse
import sys
import zlib
from xml.sax.saxutils import escape

ROW = 16            # height of a frame
CHAR = 6.2          # width of a letter, at least
FONT = 11
MARGIN = 8
HEAD = 30           # title and the line below it


class Frame:
    def __init__(self):
        self.count = 0
        self.children = {}

    def add(self, names, count):
        self.count += count
        frame = self
        for name in names:
            frame = frame.children.setdefault(name, Frame())
            frame.count += count


def read(files, root, only, skip):
    """Add the lines of open files to a frame; the number of lines that are no stacks."""
    bad = 0
    for file in files:
        for line in file:
            stack, _, count = line.rstrip('\n').rpartition(' ')
            if not stack or not count.isdigit():
                bad += bool(line.strip())
                continue
            names = stack.split(';')
            if only:
                # From the first frame on that has the text.
                at = next((i for i, name in enumerate(names) if only in name), None)
                if at is None:
                    continue
                names = names[at:]
            if skip and any(skip in name for name in names):
                continue
            root.add(names, int(count))
    return bad


def colour(name):
    """The same name has the same colour; what the emulator adds in brackets is blue."""
    h = zlib.crc32(name.encode())
    if name.startswith('[') and not name.startswith('[0x'):
        return '#%02x%02x%02x' % (110 + h % 40, 150 + h // 64 % 40, 215 + h // 4096 % 30)
    return '#%02x%02x%02x' % (220 + h % 35, 110 + h // 64 % 110, 60 + h // 4096 % 40)


class Picture:
    def __init__(self, root, width, least, depth, total_text):
        self.root = root
        self.scale = (width - 2 * MARGIN) / max(root.count, 1)
        self.least = least
        self.limit = depth
        self.width = width
        self.text = total_text
        self.boxes = []         # x, row, width, name, count
        self._place(root, 0, 0)

    def _place(self, frame, start, row):
        if row == self.limit:
            return
        for name in sorted(frame.children):
            child = frame.children[name]
            width = child.count * self.scale
            if width >= self.least:
                self.boxes.append((MARGIN + start * self.scale, row, width, name, child.count))
                self._place(child, start, row + 1)
            start += child.count

    def write(self, out, title):
        rows = 1 + max((b[1] for b in self.boxes), default=0)
        height = HEAD + rows * ROW + MARGIN
        out.write('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
                  'viewBox="0 0 %d %d" font-family="sans-serif" font-size="%d">\n'
                  % (self.width, height, self.width, height, FONT))
        out.write('<rect width="100%" height="100%" fill="#fff"/>\n')
        out.write('<text x="%d" y="14" font-size="13" font-weight="bold">%s</text>\n'
                  % (MARGIN, escape(title)))
        out.write('<text x="%d" y="26" font-size="9" fill="#666">%s</text>\n'
                  % (MARGIN, escape(self.text)))
        out.write('<g stroke="#fff" stroke-width=".5">\n')
        for x, row, width, name, count in self.boxes:
            y = height - MARGIN - (row + 1) * ROW
            out.write('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"><title>%s: %d '
                      '(%.1f %%)</title></rect>\n'
                      % (x, y, width, ROW, colour(name), escape(name), count,
                         100 * count / self.root.count))
        out.write('</g>\n<g pointer-events="none">\n')
        for x, row, width, name, _ in self.boxes:
            room = int((width - 4) / CHAR)
            if room >= 3:
                text = name if len(name) <= room else name[:room - 1] + '\u2026'
                out.write('<text x="%.1f" y="%d">%s</text>\n'
                          % (x + 3, height - MARGIN - row * ROW - 4, escape(text)))
        out.write('</g>\n</svg>\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     epilog='Without FILE, standard input is read.')
    parser.add_argument('files', metavar='FILE', nargs='*', help='folded stacks')
    parser.add_argument('-o', '--output', metavar='SVG', help='the picture (default: standard '
                        'output)')
    parser.add_argument('--title', default='Flame graph', help='what stands above it')
    parser.add_argument('--width', type=int, default=1200, help='in pixels (default: 1200)')
    parser.add_argument('--least', type=float, default=1.0, metavar='PX',
                        help='leave narrower frames out (default: 1 pixel)')
    parser.add_argument('--depth', type=int, default=64, help='rows at most (default: 64)')
    parser.add_argument('--only', metavar='TEXT', help='stacks with a frame that has TEXT, from '
                        'that frame on')
    parser.add_argument('--skip', metavar='TEXT', help='no stacks with a frame that has TEXT')
    args = parser.parse_args()

    root = Frame()
    try:
        files = [open(name, encoding='utf-8', errors='replace') for name in args.files]
    except OSError as e:
        parser.exit(1, 'flamegraph.py: %s\n' % e)
    bad = read(files or [sys.stdin], root, args.only, args.skip)
    if bad:
        print('flamegraph.py: %d lines are not "frame;frame count"' % bad, file=sys.stderr)
    if not root.count:
        parser.exit(1, 'flamegraph.py: there are no stacks to draw\n')
    picture = Picture(root, args.width, args.least, args.depth, '%d samples' % root.count)
    if args.output:
        with open(args.output, 'w', encoding='utf-8') as out:
            picture.write(out, args.title)
    else:
        picture.write(sys.stdout, args.title)


if __name__ == '__main__':
    main()
