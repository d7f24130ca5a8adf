#!/usr/bin/env python3
"""What the running server answers beside what its OpenAPI document says.
usage: openapi_test.py BIN [--requests N] [--seed N]

Starts BIN/trunkline-server on a directory of its own, makes keys with BIN/trunkline, ingests a few calls,
then asks for everything in the document: right, wrong, and with tokens that don't suffice. No answer may be
a 5xx, have a status that the document doesn't name, or a body that its schema doesn't allow; and each
operation must have been answered 200 at least once. A failure prints the seed and the request.
"""
import argparse, http.client, json, os, random, shutil, subprocess, sys, tempfile, urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
from schema import STRINGS, Document

SCOPES = "calls:read,calls:write,calls:purge,notes:write,events:read"


class Server:
    def __init__(self, binaries, folder, options=(), errors=subprocess.DEVNULL):
        self.folder, self.binaries = folder, binaries
        self.process = subprocess.Popen(
            [f"{binaries}/trunkline-server", "--data-dir", folder, "--listen", "127.0.0.1:0", "--http",
             "127.0.0.1:0", "--test-code", "12345", *options], stdout=subprocess.PIPE, stderr=errors, text=True)
        # Of its line: mtproto, http, relay-control.
        self.at = dict(word.split("=", 1) for word in self.process.stdout.readline().split() if "=" in word)
        self.address = self.at["http"]
        self.connection = http.client.HTTPConnection(*self.address.rsplit(":", 1), timeout=30)

    def keys(self, scopes):
        return json.loads(subprocess.run(
            [f"{self.binaries}/trunkline", "--data-dir", self.folder, "keys", "create", "--org", "default",
             "--scopes", scopes, "--json"], capture_output=True, text=True, check=True).stdout)

    def user(self, phone, name, email, password):
        tool = [f"{self.binaries}/trunkline", "--data-dir", self.folder, "users"]
        subprocess.run([*tool, "add", "--phone", phone, "--name", name, "--email", email, "--role", "admin"],
                       capture_output=True, check=True)
        subprocess.run([*tool, "password", "--email", email], input=password, text=True, capture_output=True, check=True)

    def ask(self, method, target, body=None, headers=None):
        try:
            self.connection.request(method, target, body, headers or {})
            answer = self.connection.getresponse()
            return answer, answer.read()
        except (http.client.HTTPException, OSError):
            self.connection.close()
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}") from None
            return None, b""

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


class Contract:
    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        answer, text = server.ask("GET", "/openapi.json")
        assert answer.status == 200, answer.status
        self.document = Document(json.loads(text))
        assert self.document.document["openapi"] == "3.0.3"
        full, poor = server.keys(SCOPES), server.keys("calls:read")
        self.client = full
        server.user("+15125550150", "Ann Lee", "ann@example.org", "correct horse")
        self.tokens = [full["jwt"], full["api_key"], poor["jwt"], poor["api_key"]]
        self.known = {"call": [], "note": [], "session": [], "job": []}
        self.operations = [(path, method, operation)
                           for path, item in self.document.document["paths"].items()
                           for method, operation in item.items() if not self.is_stream(operation)]
        self.answered = {operation["operationId"]: 0 for _, _, operation in self.operations}

    @staticmethod
    def is_stream(operation):
        return "text/event-stream" in operation["responses"]["200"].get("content", {})

    def text_for(self, name, schema):
        known = {"callId": "call", "id": "call", "jobId": "job"}.get(name)
        roll = self.random.random()
        if known and self.known[known] and roll < 0.7:
            return self.random.choice(self.known[known][-20:])
        if roll < 0.9:
            return str(self.document.make(schema, self.random))
        return self.random.choice(STRINGS)

    def target(self, path, operation):
        query = []
        if "{noteId}" in path and self.known["note"] and self.random.random() < 0.7:
            call, note = self.random.choice(self.known["note"][-10:])
            path = path.replace("{id}", call).replace("{noteId}", note)
        for parameter in operation.get("parameters", []):
            text = self.text_for(parameter["name"], parameter["schema"])
            if parameter["in"] == "path":
                path = path.replace("{%s}" % parameter["name"], urllib.parse.quote(text, safe=""))
            elif parameter["in"] != "header" and (parameter["required"] or self.random.random() < 0.3):
                query.append(f"{parameter['name']}={urllib.parse.quote(text, safe='')}")
        return path + ("?" + "&".join(query) if query else "")

    def body(self, operation):
        """The body and its content type; None: no body."""
        described = operation.get("requestBody")
        if described is None or (not described.get("required") and self.random.random() < 0.3):
            return None, None
        media, content = next(iter(described["content"].items()))
        wrong = self.random.choice([0.0, 0.0, 0.1, 0.3])
        value = self.document.make(content["schema"], self.random, wrong)
        if media != "application/json":
            if self.random.random() < 0.5:
                value = {"grant_type": "client_credentials", "client_id": self.client["client_id"],
                         "client_secret": self.client["client_secret"]}
            return urllib.parse.urlencode(value if isinstance(value, dict) else {}), media
        if isinstance(value, dict):
            if isinstance(value.get("ids"), list) and self.random.random() < 0.7:
                value["ids"] = [self.text_for("callId", {"type": "string"}) for _ in value["ids"]]
            if operation["operationId"] == "ingestCall" and not wrong:
                value |= {"fromNumber": "+15125550100", "externalCallId": str(self.random.random()),
                          "toNumber": self.random.choice(["+15125550101", "+442071838750"]), "transcript": [],
                          "summary": "talked", "recording": {"url": "http://127.0.0.1/r", "durationSec": 1}}
                value.pop("userId", None)
            if operation["operationId"] == "putWebhook" and not wrong:
                value |= {"url": "http://127.0.0.1:9/nobody", "secret": "0123456789abcdef"}
            if operation["operationId"] == "markViewed" and not wrong:
                value["email"] = "ann@example.org"
            if operation["operationId"] == "login" and not wrong:
                value = {"email": "Ann@Example.org", "password": "correct horse"}
            if "phoneNumber" in value and not wrong:
                value["phoneNumber"] = self.random.choice(["+15125550101", "+1 (512) 555-0199"])
        text = json.dumps(value)
        if self.random.random() < 0.05:
            text = self.random.choice(["", "{", text[:-1], text + "}", "[" * 40, '{"ids":[],"ids":["a"]}', "\xff"])
        return text, media

    def remember(self, operation, value):
        name = operation["operationId"]
        if name == "ingestCall":
            self.known["call"].append(value["callId"])
        if name == "addNote":
            self.known["note"].append((value["id"], value["notes"][-1]["id"]))

    def step(self):
        path, method, operation = self.random.choice(self.operations)
        if len(self.known["call"]) < 8 or self.random.random() < 0.1:
            path, method, operation = next(one for one in self.operations if one[2]["operationId"] == "ingestCall")
        if self.known["call"] and self.random.random() < 0.1:
            path, method, operation = next(one for one in self.operations if one[2]["operationId"] == "addNote")
        target, (body, media) = self.target(path, operation), self.body(operation)
        token = self.random.choices([*self.tokens, "nonsense", None], [8, 8, 1, 1, 1, 1])[0]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", [])):
            if self.random.random() < 0.1:
                headers["Idempotency-Key"] = self.random.choice(["a", "b", str(self.random.random()), "a b"])
        if media and self.random.random() < 0.97:
            headers["Content-Type"] = media
        encoded = body.encode("utf-8", "surrogatepass") if body is not None else None
        answer, text = self.server.ask(method.upper(), target, encoded, headers)
        if answer is None:
            return f"{method} {target}: no answer"
        fault = self.judge(operation, answer, text)
        return fault and f"{method} {target} {headers} {body!r:.500}: {fault}"

    def judge(self, operation, answer, text):
        if answer.status >= 500:
            return f"{answer.status} {text[:300]}"
        if not answer.getheader("X-Request-Id"):
            return "no X-Request-Id"
        described = operation["responses"].get(str(answer.status))
        if described is None:
            return f"the document has no {answer.status} here: {text[:300]}"
        content = self.document.follow(described).get("content")
        if content is None:
            return None
        try:
            value = json.loads(text)
        except ValueError:
            return f"{answer.status} with no JSON: {text[:300]}"
        found = self.document.faults(value, content["application/json"]["schema"])
        if found:
            return f"{answer.status} {'; '.join(found)}: {text[:500]}"
        if answer.status == 200:
            self.answered[operation["operationId"]] += 1
            self.remember(operation, value)
            if answer.getheader("X-Purge-Job"):
                self.known["job"].append(answer.getheader("X-Purge-Job"))
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="trunkline-contract-")
    server = Server(options.binaries, folder)
    try:
        contract = Contract(server, options.seed)
        for number in range(options.requests):
            fault = contract.step()
            if fault:
                print(f"--seed {options.seed}, request {number}: {fault}", file=sys.stderr)
                return 1
        never = [name for name, count in contract.answered.items() if count == 0]
        if never:
            print(f"--seed {options.seed}: never answered 200: {', '.join(never)}", file=sys.stderr)
            return 1
        print(f"{options.requests} requests, seed {options.seed}; answered 200: {contract.answered}")
        status = server.stop()
        return 0 if status == 0 else f"the server ended with {status}"
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
