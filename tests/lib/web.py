# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP server on the host for guests to fetch from, and the way to the guest's own."""

import hashlib
import http.server
import os
import re
import threading
import time
import urllib.error
import urllib.request

import rhea

SIZE = 3 << 20


class Server:
    """Serves /file, of random bytes, and /wait, whose answer comes after release()."""

    def __init__(self, size=SIZE):
        self.data = os.urandom(size)
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        self._go = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == '/wait':
                    outer._go.wait(120)
                data = outer.data if self.path == '/file' else b'go on\n'
                self.send_response(200)
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                print('http: ' + args[0] % args[1:], flush=True)

        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def release(self):
        self._go.set()


def forwarded_port(qmp, protocol='TCP'):
    """The host's port of the first forwarding, as "info usernet" shows it."""
    text = qmp.execute('x-query-usernet')['human-readable-text']
    match = re.search(r'%s\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)' % protocol, text)
    rhea.check(match, 'no forwarded port in:\n' + text)
    return int(match[1])


def fetch(url, seconds=30):
    """What the URL serves; tried again while nobody answers."""
    end = time.monotonic() + seconds * rhea.SLOW
    while True:
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.read()
        except (urllib.error.URLError, OSError) as e:
            if time.monotonic() > end:
                raise rhea.TestFailure('%s: %s' % (url, e))
            time.sleep(0.2)
