#!/usr/bin/env python3
"""X-15 over the real server: a key counts once, for requests side by side, over a kill, until the call is purged.
usage: idempotency_test.py BIN
"""
import concurrent.futures, http.client, json, os, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scratch
from openapi_test import SCOPES, Server

REQUESTS_AT_ONCE = 8


class Client:
    def __init__(self, folder, binaries, token=None, **server):
        self.server = Server(binaries, folder, **server)
        self.token = token or self.server.keys(SCOPES)["api_key"]

    def ask(self, method, target, body=None, key=None):
        """Status, whether it was answered before, and the body's JSON; a connection of its own."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection(*self.server.address.rsplit(":", 1), timeout=30)
        connection.request(method, target, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.getheader("Idempotent-Replayed") == "true", json.loads(text)

    def kill(self):
        self.server.process.kill()
        self.server.process.wait()


def ingest(client, number):
    status, _, made = client.ask("POST", "/api/calls/ingest", {
        "externalCallId": f"x{number}", "direction": "outbound", "fromNumber": "+15125550100",
        "toNumber": "+15125550101", "duration": 0, "status": "no-answer"}, key=f"ingest{number}")
    assert status == 200, made
    return made["callId"]


def notes_of(client, call):
    return [note["content"] for note in client.ask("GET", f"/api/v1/calls/{call}")[2].get("notes", [])]


def run(folder, binaries):
    client = Client(folder, binaries)
    try:
        call, wrong = ingest(client, 1), ingest(client, 2)
        notes, note = f"/api/v1/calls/{call}/notes", {"content": "once"}
        with concurrent.futures.ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            answers = [one.result() for one in
                       [pool.submit(client.ask, "POST", notes, note, "k") for _ in range(REQUESTS_AT_ONCE)]]
        assert all(status == 200 and body == answers[0][2] for status, _, body in answers), answers
        assert sum(not replayed for _, replayed, _ in answers) == 1, answers
        discard = f"/api/calls/{wrong}/discard"
        first = client.ask("POST", discard, key="k")
        client.kill()

        client = Client(folder, binaries, client.token)
        assert client.ask("POST", discard, key="k") == (200, True, first[2])
        assert client.ask("POST", notes, note, "k") == (200, True, answers[0][2])
        assert notes_of(client, call) == ["once"]
        assert client.ask("POST", notes, {"content": "twice"}, "k")[0] == 409

        purge = client.ask("POST", "/purge/v1/calls", {"ids": [call]}, "k")
        assert purge[0] == 200, purge
        assert client.ask("POST", notes, note, "k")[0] == 409
        assert client.ask("POST", "/purge/v1/calls", {"ids": [call]}, "k") == (200, True, purge[2])
        return client.server.stop()
    finally:
        if client.server.process.poll() is None:
            client.kill()


if __name__ == "__main__":
    with scratch.folder("idempotency") as directory:
        sys.exit(run(directory, sys.argv[1]))
