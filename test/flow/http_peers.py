# SPDX-License-Identifier: Apache-2.0
"""HTTP servers on loopback for tests: one of Python that keeps what it gets, and a real nginx."""

import collections
import gzip
import http.server
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from peers import free_port

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

Request = collections.namedtuple("Request", "method path headers body connection")


class Answer:
    """A status, a body, and headers; with `cut` the connection ends without an answer."""

    def __init__(self, status=200, body=b"", headers=None, cut=False):
        self.status, self.headers, self.cut = status, headers or {}, cut
        self.body = body.encode() if isinstance(body, str) else body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def handle_any(self):
        peer = self.server.peer
        length = self.headers.get("Content-Length")
        if length is None or not length.isdigit():
            self.close_connection = True
            self.send_error(411)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        answer = peer.take(Request(self.command, self.path, self.headers, body, self.client_address))
        if answer.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.status != 204:
            self.wfile.write(answer.body)

    do_POST = do_PUT = do_PATCH = handle_any

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that goes away is part of the tests


class Peer:
    """Answers requests by `answer(request)`, one at a time, and keeps those that it answered 2xx."""

    def __init__(self, flow, answer=None, tls=None):
        self.answer = answer or (lambda request: Answer())
        self.lock = threading.Lock()
        self.requests = []  # all
        self.taken = []     # those that were answered 2xx
        self.tls = tls
        self.port = free_port()  # its own while it is away, too
        self.server = None
        self.start()
        flow.addCleanup(self.stop)

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.peer = self
        if self.tls is not None:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            answer = self.answer(request)
            if not answer.cut and 200 <= answer.status < 300:
                self.taken.append(request)
            return answer

    def url(self, path="/rows", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def body(self):
        """All bodies that were taken, joined."""
        return b"".join(request.body for request in self.taken)


NGINX_CONF = """
{user}
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format told '$status $connection $request_length $request';
  access_log {dir}/access.log told;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  server {{
    {server}
  }}
}}
"""


class Nginx:
    """nginx with one server of its own, in a folder of the test, ended by its own pid."""

    def __init__(self, flow, server):
        self.flow = flow
        self.dir = flow.path("nginx")
        os.makedirs(self.dir, exist_ok=True)
        self.port = free_port()
        conf = NGINX_CONF.format(dir=self.dir, user="user root;" if os.getuid() == 0 else "",
                                 server=server.replace("PORT", f"127.0.0.1:{self.port}"))
        flow.write("nginx/nginx.conf", conf)
        self.process = None
        self.start()
        flow.addCleanup(self.kill)

    def start(self):
        self.process = subprocess.Popen([NGINX, "-p", self.dir, "-e", f"{self.dir}/error.log", "-c", f"{self.dir}/nginx.conf"],
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 30
        # It writes its number once it listens; that somebody listens does not say who.
        while not self.flow.has("nginx/nginx.pid", f"{self.process.pid}\n") or not self.is_listening():
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError("nginx did not start:\n" + self.flow.read("nginx/error.log"))
            time.sleep(0.01)

    def is_listening(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        """Without a word to anybody: master and workers at once, so that neither starts the other again."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.flow.until(lambda: not self.is_listening(), "nginx has gone")

    def url(self, path, scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}{path}"

    def log(self):
        """(status, connection) of each request that was answered; the last ones come a moment after their answers."""
        text = self.flow.read("nginx/access.log")
        return [(int(words[0]), int(words[1])) for words in map(str.split, text[:text.rfind("\n") + 1].splitlines())]


def openssl(flow, *words):
    subprocess.run(["openssl", *words], cwd=flow.dir, check=True, capture_output=True)


def make_certificates(flow):
    """ca.pem, other.pem (another CA), server.pem/.key for 127.0.0.1 and localhost, client.pem/.key."""
    for name in ("ca", "other"):
        openssl(flow, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    flow.write("names", "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name in ("server", "client"):
        openssl(flow, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(flow, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", f"{name}.pem")
        os.chmod(flow.path(f"{name}.key"), 0o600)


def server_context(flow):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(flow.path("server.pem"), flow.path("server.key"))
    return context
