#!/usr/bin/env python3
"""The real server over TLS, asked by curl, and a webhook that it posts to over TLS.
usage: tls_test.py BIN
"""
import http.server, json, os, queue, ssl, subprocess, sys, threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scratch

SCOPES = "calls:read,calls:write,events:read"
ISN_T_BELIEVED, GOT_NOTHING_HTTP = 60, (1, 52, 56)  # curl's exit codes


def run(*arguments):
    return subprocess.run([str(one) for one in arguments], capture_output=True, text=True, timeout=60)


def self_signed(folder, name, days=30, address="IP:127.0.0.1,DNS:localhost"):
    made = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-subj", "/CN=trunkline", "-addext", f"subjectAltName={address}", "-days", days,
               "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")
    assert made.returncode == 0, made.stderr
    return f"{folder}/{name}.pem", f"{folder}/{name}.key"


def expired(folder):
    certificate, key = f"{folder}/expired.pem", f"{folder}/expired.key"
    request = f"{folder}/request.pem"
    asked = run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=trunkline", "-keyout", key, "-out", request)
    assert asked.returncode == 0, asked.stderr
    made = run("openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out", certificate)
    assert made.returncode == 0, made.stderr
    return certificate, key


def chained(folder):
    """The root, and what the server shows: its own certificate, then the one between the two."""
    def signed(name, by, extensions):
        with open(f"{folder}/{name}.ext", "w") as file:
            file.write(extensions)
        asked = run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.req")
        assert asked.returncode == 0, asked.stderr
        made = run("openssl", "x509", "-req", "-in", f"{folder}/{name}.req", "-CA", f"{folder}/{by}.pem", "-CAkey",
                   f"{folder}/{by}.key", "-CAcreateserial", "-extfile", f"{folder}/{name}.ext", "-out",
                   f"{folder}/{name}.pem")
        assert made.returncode == 0, made.stderr
        with open(f"{folder}/{name}.pem") as file:
            return file.read()

    root, _ = self_signed(folder, "root")
    between = signed("between", "root", "basicConstraints=critical,CA:TRUE")
    leaf = signed("leaf", "between", "subjectAltName=IP:127.0.0.1")
    with open(f"{folder}/chain.pem", "w") as file:
        file.write(leaf + between)
    return root, f"{folder}/chain.pem", f"{folder}/leaf.key"


class Receiver:
    """Takes webhooks over TLS."""

    def __init__(self, certificate, key):
        self.bodies = queue.Queue()
        bodies = self.bodies

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):  # who doesn't believe the certificate goes
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Server:
    def __init__(self, binaries, folder, *flags):
        self.data, self.binaries = f"{folder}/data", binaries
        self.process = subprocess.Popen(
            [f"{binaries}/trunkline-server", "--data-dir", self.data, "--listen", "127.0.0.1:0", "--http",
             "127.0.0.1:0", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        assert line, self.process.stderr.read()
        self.address = next(word[5:] for word in line if word.startswith("http="))
        self.log = queue.Queue()
        threading.Thread(target=lambda: [self.log.put(one) for one in self.process.stderr], daemon=True).start()

    def key(self):
        made = run(f"{self.binaries}/trunkline", "--data-dir", self.data, "keys", "create", "--org", "default",
                   "--scopes", SCOPES, "--json")
        assert made.returncode == 0, made.stderr
        return json.loads(made.stdout)["api_key"]

    def await_log(self, text):
        while text not in (line := self.log.get(timeout=60)):
            pass
        return line

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


def check_listener(server, ca, other_ca):
    url = f"https://{server.address}"
    alive = run("curl", "-s", "--cacert", ca, f"{url}/livez")
    assert alive.returncode == 0 and "ok" in alive.stdout, alive
    assert run("curl", "-s", "--cacert", other_ca, f"{url}/livez").returncode == ISN_T_BELIEVED
    assert run("curl", "-s", f"{url}/livez").returncode == ISN_T_BELIEVED
    plain = run("curl", "-s", f"http://{server.address}/livez")
    assert plain.returncode in GOT_NOTHING_HTTP and not plain.stdout, plain
    # One connection, and one handshake, for both.
    twice = run("curl", "-s", "--cacert", ca, "-w", "%{num_connects} ", f"{url}/openapi.json", "-o", os.devnull,
                f"{url}/metrics", "-o", os.devnull)
    assert twice.stdout == "1 0 ", twice
    for version, works in (("1.1", False), ("1.2", True), ("1.3", True)):
        asked = run("curl", "-s", "--cacert", ca, f"--tlsv{version}", "--tls-max", version, "--ciphers",
                    "DEFAULT@SECLEVEL=0", f"{url}/livez")
        assert (asked.returncode == 0) == works, (version, asked)


def curl(server, ca, key, path, body=None, method="POST"):
    asked = run("curl", "-s", "--cacert", ca, "-H", f"Authorization: Bearer {key}", "-H",
                "Content-Type: application/json", "-X", method, *(["-d", json.dumps(body)] if body else []),
                f"https://{server.address}{path}")
    assert asked.returncode == 0, asked
    return json.loads(asked.stdout)


def ingest(server, ca, key, number):
    return curl(server, ca, key, "/api/calls/ingest", {
        "externalCallId": f"x{number}", "direction": "outbound", "fromNumber": "+15125550100",
        "toNumber": "+15125550101", "duration": 0, "status": "no-answer"})["callId"]


def check_events(server, ca, key, good, bad):
    """A feed, a webhook that is believed, and one that isn't."""
    for name, receiver in (("good", good), ("bad", bad)):
        assert curl(server, ca, key, f"/api/webhooks/{name}", {"url": receiver.url, "secret": "0123456789abcdef"},
                    "PUT")["success"]
    call = ingest(server, ca, key, 1)
    assert good.bodies.get(timeout=60)["data"]["callId"] == call
    why = server.await_log("was not taken: ")
    assert "tls: self-signed certificate" in why and bad.url not in why, why
    assert bad.bodies.empty()
    feed = subprocess.Popen(["curl", "-sN", "--cacert", ca, "-H", f"Authorization: Bearer {key}",
                             f"https://{server.address}/api/events?after=0"], stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(feed.stdout.readline, "")
        assert "id: 1\n" in lines  # reads as far as that
        assert call in next(line for line in lines if line.startswith("data: "))
    finally:
        feed.kill()
        feed.wait()


def check_configuration(binaries, certificate, key, other_key):
    def refused(*flags):
        checked = run(f"{binaries}/trunkline-server", "--check-config", *flags)
        assert checked.returncode == 2 and checked.stderr.count("\n") == 1, checked
        return checked.stderr

    assert f"http_tls_key: {other_key} isn't the key" in refused(
        "--http-tls-certificate", certificate, "--http-tls-key", other_key)
    assert "http_tls_key: is missing" in refused("--http-tls-certificate", certificate)
    fine = run(f"{binaries}/trunkline-server", "--check-config", "--http-tls-certificate", certificate,
               "--http-tls-key", key)
    assert fine.returncode == 0, fine


def check_expired(server, certificate):
    assert f"{certificate} has expired on 20" in server.await_log("http_tls_certificate: ")
    assert run("curl", "-s", "--cacert", certificate, f"https://{server.address}/livez").returncode == ISN_T_BELIEVED
    assert run("curl", "-sk", f"https://{server.address}/livez").returncode == 0


def main(binaries, folder):
    certificate, key = self_signed(folder, "server")
    other, other_key = self_signed(folder, "other")
    hook, hook_key = self_signed(folder, "hook")
    check_configuration(binaries, certificate, key, other_key)
    servers = []

    def start(certificate, key):
        servers.append(Server(binaries, folder, "--http-tls-certificate", certificate, "--http-tls-key", key,
                              "--webhook-ca-file", hook))
        return servers[-1]

    try:
        server = start(certificate, key)
        check_listener(server, certificate, other)
        check_events(server, certificate, server.key(), Receiver(hook, hook_key), Receiver(other, other_key))
        assert server.stop() == 0
        root, chain, leaf_key = chained(folder)
        server = start(chain, leaf_key)  # another certificate after a restart
        alive = run("curl", "-s", "--cacert", root, f"https://{server.address}/livez")
        assert alive.returncode == 0, alive
        assert server.stop() == 0
        server = start(*expired(folder))
        check_expired(server, f"{folder}/expired.pem")
        assert server.stop() == 0
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()


if __name__ == "__main__":
    with scratch.folder("tls") as directory:
        main(sys.argv[1], directory)
