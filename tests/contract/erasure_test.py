#!/usr/bin/env python3
"""Section 11 item 8, P-41, P-42, X-14 over the real server: what a purge leaves behind, byte by byte.
usage: erasure_test.py BIN

A customer who is no user is written about in calls of other systems, two users call each other; both are read, searched
for and purged, and the server is killed right after the purge's answer. Then the numbers, the texts and the e-mail
address must stand nowhere: not in the data directory, not in what the server logged, not in a trace.
"""
import json, mmap, os, pathlib, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scratch
from idempotency_test import Client

CALLER, CALLEE, CUSTOMER, VIEWER = "+9996610000001", "+9996610000002", "+15125550147", "viewer@erasure.example"
MARK = "keeper's é parrot"  # in whatever is written about a call, and nowhere else
CALLS = 150  # so many that pages of the tables split, and a purge takes more than a slice
PURGE_SECONDS = 60


def texts_of(number):
    return {name: f"{name} {number} of the {MARK}" for name in
            ("note", "changed note", "comment", "transcript", "summary", "recording")}


def forms(text):
    """The bytes that a text may stand as."""
    found = {text.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")}
    found.add(json.dumps(text)[1:-1].encode())
    if text.startswith("+"):
        found |= forms(text[1:])
        found |= {int(text[1:]).to_bytes(6, order) for order in ("big", "little")}
    return found


class Scan:
    """Of all files below some folders."""
    def __init__(self, *folders):
        self.files = [path for folder in folders for path in pathlib.Path(folder).rglob("*") if path.is_file()]

    def find(self, texts):
        """(file, text) of all that any form of a text is found in."""
        wanted = [(form, text) for text in texts for form in forms(text)]
        found = set()
        for path in self.files:
            if path.stat().st_size == 0:
                continue
            with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                found |= {(path.name, text) for form, text in wanted if content.find(form) >= 0}
        return sorted(found)


def prove_scan(folder):
    """A text is found in each of its forms, across the page that the file ends in."""
    for text in (CUSTOMER, texts_of(0)["note"]):
        for number, form in enumerate(forms(text)):
            control = pathlib.Path(folder) / f"control{number}"
            control.write_bytes(bytes(mmap.PAGESIZE - 3) + form)
            assert Scan(folder).find([text]) == [(control.name, text)], form
            control.unlink()


class World:
    def __init__(self, folder, binaries):
        self.binaries = binaries
        self.data, self.told = folder / "data", folder / "told"
        self.told.mkdir()
        self.client, self.live = None, None
        self.start()

    def start(self):
        token = self.client.token if self.client else None
        with open(self.told / "log", "a") as log:
            self.client = Client(str(self.data), self.binaries, token, options=("--log-level", "trace"), errors=log)

    def stop(self):
        assert self.client.server.stop() == 0

    def ask(self, *request):
        status, _, answer = self.client.ask(*request)
        assert status == 200, (request, answer)
        return answer

    def tool(self, *arguments):
        return subprocess.run([f"{self.binaries}/trunkline", "--data-dir", self.data, *arguments],
                              capture_output=True, text=True)

    def call_each_other(self):
        host, port = self.client.server.at["mtproto"].rsplit(":", 1)
        ladder = subprocess.run(
            [f"{self.binaries}/trunkline-bench", "demo", "--host", host, "--port", port, "--key",
             self.data / "server_public.pem", "--code", "12345", "--phones", f"{CALLER},{CALLEE}"],
            capture_output=True, text=True)
        assert ladder.returncode == 0, ladder.stderr
        (call,) = [one for one in self.ask("GET", "/api/calls/history")["calls"] if one["provider"] == "mtproto"]
        assert (call["from"], call["to"]) == (CALLER, CALLEE)
        self.live = call
        self.write_about(call["callId"], CALLS - 1)

    def write_about(self, call, number):
        text, path = texts_of(number), f"/api/v1/calls/{call}"
        note = self.ask("POST", f"{path}/notes", {"content": text["note"]}, f"note{number}")["notes"][-1]["id"]
        if number % 2:
            self.ask("PATCH", f"{path}/notes/{note}", {"content": text["changed note"]})
        if number % 5 == 0:
            self.ask("DELETE", f"{path}/notes/{note}", None, f"delete{number}")
        self.ask("PATCH", f"{path}/rating", {"stars": 1, "comment": text["comment"]})
        self.ask("PATCH", f"{path}/viewed", {"email": VIEWER})

    def ingest(self, number):
        text, outbound = texts_of(number), number % 3 != 0
        numbers = (CALLER, CUSTOMER) if outbound else (CUSTOMER, CALLER)
        made = self.ask("POST", "/api/calls/ingest", {
            "externalCallId": f"x{number}", "direction": "outbound" if outbound else "inbound",
            "fromNumber": numbers[0], "toNumber": numbers[1], "duration": 60, "status": "completed",
            "transcript": [{"speaker": "agent", "text": text["transcript"], "at": 0}], "summary": text["summary"],
            "recording": {"url": "http://127.0.0.1/" + text["recording"], "durationSec": 1}}, f"ingest{number}")
        self.write_about(made["callId"], number)

    def look(self):
        search = CUSTOMER.replace("+", "%2B")
        assert self.ask("GET", f"/api/v1/calls?search={search}&limit=1")["total"] == CALLS - 1
        call = self.ask("GET", "/api/calls/history?limit=500")["calls"][-1]["callId"]
        shown = self.ask("GET", f"/api/v1/calls/{call}")
        assert MARK in shown["ratings"][0]["comment"] and shown["viewed_by"] == [VIEWER]
        trace = self.tool("trace", self.live["providerCallId"])
        assert trace.returncode == 0 and "phone.requestCall" in trace.stdout, trace
        (self.told / "trace").write_text(trace.stdout)

    def purge(self, number):
        dry = self.ask("POST", "/purge/v1/calls/customer?whatIf=true", {"phoneNumber": number})["items"]
        items = self.ask("POST", "/purge/v1/calls/customer", {"phoneNumber": number}, f"purge{number[-4:]}")["items"]
        assert items and [one["callId"] for one in items] == [one["callId"] for one in dry]
        return [one["callId"] for one in items]

    def wait_until_purged(self, calls):
        began = time.monotonic()
        for call in calls:
            while self.ask("GET", f"/purge/v1/status?callId={call}")["status"] != "Purged":
                assert time.monotonic() - began < PURGE_SECONDS, "a purge doesn't end"

    def close(self):
        if self.client and self.client.server.process.poll() is None:
            self.client.kill()


def expect(found, expected, when):
    assert found == expected, f"{when}: {found[:20]}"


def run(folder, binaries):
    prove_scan(folder)
    world = World(folder, binaries)
    try:
        world.call_each_other()
        for number in range(CALLS - 1):
            world.ingest(number)
        world.look()
        copied = world.tool("backup", folder / "data" / "copy")
        assert copied.returncode == 0, copied
        expect(Scan(world.data, world.told).find([MARK]), [], "what is sealed, before the purge")
        expect(Scan(world.told).find([CALLER, CALLEE, CUSTOMER, VIEWER]), [], "what the server tells")
        assert Scan(world.data).find([CALLER]), "a user's number isn't found, so the scan finds nothing"
        (world.data / "copy").unlink()

        calls = world.purge(CUSTOMER) + world.purge(CALLEE)
        assert len(calls) == CALLS
        world.client.kill()
        world.start()
        assert world.ask("GET", "/api/v1/calls")["total"] == 0
        world.wait_until_purged(calls)
        assert world.tool("trace", world.live["providerCallId"]).returncode == 3
        assert "credential" in (world.told / "log").read_text()
        for when, act in (("after the server's end", world.stop), ("after its next start", world.start)):
            act()
            expect(Scan(world.data, world.told).find([CUSTOMER, VIEWER, MARK]), [], when)
            expect(Scan(world.told).find([CALLER, CALLEE]), [], when)
            # A user's account is no record of a call.
            expect(sorted({text for _, text in Scan(world.data).find([CALLER, CALLEE])}), [CALLER, CALLEE], when)
        world.stop()
        return 0
    finally:
        world.close()


if __name__ == "__main__":
    with scratch.folder("erasure") as directory:
        sys.exit(run(pathlib.Path(directory), sys.argv[1]))
