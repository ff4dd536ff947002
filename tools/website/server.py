"""Serve the site to this machine alone."""

import contextlib
import gzip
import http.server
import io
import os
import sys

COMPRESSED = (".html", ".css", ".js", ".svg", ".json", ".xml", ".txt")


def handler_of(folder):
    """A class that serves a folder, with the site's own page for what is not there."""
    return type("Handler", (_Handler,), {"folder": folder})


class _Handler(http.server.SimpleHTTPRequestHandler):
    folder = None

    def __init__(self, *args):
        super().__init__(*args, directory=str(self.folder))

    def handle(self):
        """Answer, unless the reader has gone on to another page."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def send_head(self):
        """What there is to send of a file: text is compressed, as the hosts of sites do."""
        path = self.translate_path(self.path)
        if path.endswith("/"):
            path = os.path.join(path, "index.html")
        accepted = "gzip" in self.headers.get("Accept-Encoding", "")
        if not (accepted and path.endswith(COMPRESSED) and os.path.isfile(path)):
            return super().send_head()
        with open(path, "rb") as file:
            content = gzip.compress(file.read(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)

    def send_error(self, code, message=None, explain=None):
        """The site's 404 page in place of the bare one."""
        if code != 404:
            super().send_error(code, message, explain)
            return
        page = (self.folder / "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def log_message(self, format, *args):
        """Say nothing of each request."""


def serve(folder, port=8000):
    """Serve a folder until Ctrl-C."""
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler_of(folder))
    except OSError as error:
        sys.exit(f"Port {port} cannot be used ({error.strerror}): choose another one with PORT=8001.")
    print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
