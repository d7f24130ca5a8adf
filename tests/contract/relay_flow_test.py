#!/usr/bin/env python3
"""M-14 with a real relay: what it carried of a call stands in the call's record, and goes with it.
usage: relay_flow_test.py BIN

Two clients speak through the relay. When nobody has spoken there for the shortest time that a relay can be set to, it
tells the server.
"""
import os, pathlib, sqlite3, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scratch
from idempotency_test import Client
from schema import Document

PHONES, PACKETS, PATIENCE_SECONDS = "+9996610000001,+9996610000002", 60, 120


class World:
    def __init__(self, folder, binaries):
        self.folder, self.binaries, self.relay = folder, binaries, None
        (folder / "secret").write_text("a secret that both sides know")
        self.client = Client(str(folder / "data"), binaries, options=(
            "--relay-control", "127.0.0.1:0", "--relay-secret-file", str(folder / "secret")))

    def start_relay(self):
        self.relay = subprocess.Popen(
            [f"{self.binaries}/trunkline-relay", "--id", "7", "--listen", "127.0.0.1:0", "--server",
             self.client.server.at["relay-control"], "--secret-file", self.folder / "secret", "--idle", "30s"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.relay.stdout.readline().startswith("ready relay=")

    def speak(self):
        host, port = self.client.server.at["mtproto"].rsplit(":", 1)
        demo = subprocess.run(
            [f"{self.binaries}/trunkline-bench", "demo", "--host", host, "--port", port, "--key",
             self.folder / "data/server_public.pem", "--code", "12345", "--phones", PHONES, "--voice-packets",
             str(PACKETS)], capture_output=True, text=True)
        assert demo.returncode == 0, demo.stderr

    def ask(self, *request):
        status, _, answer = self.client.ask(*request)
        assert status == 200, (request, answer)
        return answer

    def wait_for_flows(self, call):
        """Looks twice a second, and at once when the relay ends, which it must not."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            shown = self.ask("GET", f"/api/calls/{call}")["call"]
            if "relayFlows" in shown:
                return shown["relayFlows"]
            try:
                raise AssertionError(f"the relay ended with {self.relay.wait(0.5)}")
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError("the relay's word never came to the record")

    def rows(self, table):
        with sqlite3.connect(self.folder / "data/trunkline.db") as database:
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def close(self):
        for process in (self.relay, self.client.server.process):
            if process and process.poll() is None:
                process.kill()
                process.wait()


def check(world, call, flows):
    assert [(flow["relayId"], flow["side"]) for flow in flows] == [(7, "caller"), (7, "callee")], flows
    for flow in flows:
        assert flow["packets"] >= PACKETS and flow["bytes"] > flow["packets"], flow
        assert call["startTime"] < flow["firstAt"] < flow["lastAt"], (call, flow)
    document = Document(world.ask("GET", "/openapi.json"))
    shown = world.ask("GET", f"/api/v1/calls/{call['callId']}")
    assert [flow["packets"] for flow in shown["relay_flows"]] == [flow["packets"] for flow in flows], shown
    schemas = {"DialpadCall": world.ask("GET", f"/api/calls/{call['callId']}")["call"], "NotesCall": shown}
    for name, value in schemas.items():
        assert not document.faults(value, {"$ref": f"#/components/schemas/{name}"}), value


def run(folder, binaries):
    world = World(folder, binaries)
    try:
        world.start_relay()
        world.speak()
        (call,) = world.ask("GET", "/api/calls/history")["calls"]
        assert "relayFlows" not in call
        check(world, call, world.wait_for_flows(call["callId"]))
        assert world.ask("POST", f"/api/calls/{call['callId']}/discard")["message"] == "Call discarded"
        assert world.client.server.stop() == 0
        assert (world.rows("records"), world.rows("record_flows")) == (0, 0)
        return 0
    finally:
        world.close()


if __name__ == "__main__":
    with scratch.folder("flows") as directory:
        sys.exit(run(pathlib.Path(directory), sys.argv[1]))
