#!/usr/bin/env python3
"""The record API beside a bare Beast handler, and a purge beside calls.
usage: records.py FOLDER         with trunkline-server, trunkline, trunkline-bench, trunkline-http-floor

Rounds are interleaved. The server is pinned to the first CPU, wrk (Debian's) to the second; CPU time
is the scheduler's clock of the whole process. Look-ups are GET /api/v1/calls/ID of one call after
another; discards are POST /api/calls/ID/discard, each of another call, durable before it is answered.
Exit code 1 when a promise isn't kept. ROUNDS (5), SECONDS (3) of each measure, CALLS (40000) to look
up and discard, PURGED (100000), CONNECTIONS (64), PARTS (lookup,discard,purge).
"""
import concurrent.futures, http.client, json, os, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import rig

LOOKUP_MIN, DISCARD_MIN = 0.6, 0.25  # requests per CPU-second, as a part of the floor's
PURGE_SECONDS, SLOWER_MAX = 10.0, 2.0
LONGEST_PURGE = 300  # seconds
CUSTOMER = "+15125550100"

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS", "3"))
CALLS = int(os.environ.get("CALLS", "40000"))
PURGED = int(os.environ.get("PURGED", "100000"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "64"))
PARTS = os.environ.get("PARTS", "lookup,discard,purge").split(",")

# One request after another from a list; what was answered is counted by status.
WRK = """
local paths, next_path, first = {}, 0, %d
for line in io.lines("%s") do paths[#paths + 1] = line end
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() answered, wrong = 0, 0 end
function request()
  next_path = next_path + 1
  local path = paths[(first + next_path - 1) %% #paths + 1]
  return wrk.format("%s", path, {["Authorization"] = "Bearer %s"}, "")
end
function response(status)
  answered = answered + 1
  if status ~= 200 then wrong = wrong + 1 end
end
function done()
  local sum, bad = 0, 0
  for _, thread in ipairs(threads) do sum = sum + thread:get("answered"); bad = bad + thread:get("wrong") end
  io.write(string.format("\\nanswered %%d wrong %%d\\n", sum, bad))
end
"""


def ready(process, name):
    words = process.stdout.readline().split()
    found = [word.split("=", 1)[1] for word in words if word.startswith(name + "=")]
    if not found:
        raise RuntimeError(f"no {name}= in {' '.join(words) or 'nothing'}")
    return found[0]


class Floor:
    def __init__(self, size):
        self.process = rig.start(rig.on(0, f"{BIN}/trunkline-http-floor", size),
                                 stdout=subprocess.PIPE, text=True)
        self.address, self.token = ready(self.process, "http"), "-"


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.process = rig.start(
            rig.on(0, f"{BIN}/trunkline-server", "--data-dir", folder, "--listen", "127.0.0.1:0",
                   "--http", "127.0.0.1:0", "--test-code", "12345", "--threads", "1"),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline().split()
        self.address = next(word[5:] for word in line if word.startswith("http="))
        self.mtproto = next(word[8:] for word in line if word.startswith("mtproto="))
        keys = json.loads(self.tool(
            "keys", "create", "--org", "default", "--scopes",
            "calls:read,calls:write,calls:purge,notes:write", "--json"))
        self.token = keys["api_key"]

    def tool(self, *arguments):
        return subprocess.run([f"{BIN}/trunkline", "--data-dir", self.folder, *arguments],
                              capture_output=True, text=True, check=True).stdout

    def post(self, connection, path, body):
        connection.request("POST", path, json.dumps(body),
                           {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:200]}")
        return json.loads(text)

    def ingest(self, count, number_of):
        """Calls of back offices, some connections at once; their ids."""
        def some(first):
            connection, ids = http.client.HTTPConnection(*self.address.rsplit(":", 1)), []
            for i in range(first, count, CONNECTIONS):
                ids.append(self.post(connection, "/api/calls/ingest", {
                    "externalCallId": f"{time.time_ns()}-{i}", "direction": "outbound",
                    "fromNumber": "+15125550199", "toNumber": number_of(i), "duration": 0,
                    "status": "no-answer"})["callId"])
            return ids

        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            return [one for ids in pool.map(some, range(CONNECTIONS)) for one in ids]


def load(target, method, paths, folder, first):
    """Requests per CPU-second of the target, and per second."""
    listed, script = f"{folder}/paths", f"{folder}/load.lua"
    with open(listed, "w") as file:
        file.write("\n".join(paths) + "\n")
    with open(script, "w") as file:
        file.write(WRK % (first, listed, method, target.token))
    before = rig.cpu_us([target.process.pid])
    begun = time.monotonic()
    run = subprocess.run(rig.on(1, "wrk", "-t", 1, "-c", CONNECTIONS, "-d", f"{max(1, round(SECONDS))}s",
                                "-s", script, f"http://{target.address}"), capture_output=True, text=True)
    took = time.monotonic() - begun
    used = (rig.cpu_us([target.process.pid]) - before) / 1e6
    answered, wrong = (int(word) for word in run.stdout.split("answered ")[1].replace("wrong", "").split()[:2])
    if wrong or not answered:
        raise RuntimeError(f"{wrong} of {answered} answers were wrong")
    return answered / used, answered / took, answered


def row(name, values, digits=0):
    low, middle, high = rig.spread(values)
    print(f"{name:44} {low:12.{digits}f} {middle:12.{digits}f} {high:12.{digits}f}", flush=True)
    return middle


def judge(name, ours, floors, promise):
    row(f"{name}: requests per CPU-second", [one[0] for one in ours])
    row(f"{name}: requests per second", [one[1] for one in ours])
    row("bare handler: requests per CPU-second", [one[0] for one in floors])
    ratio = rig.spread([a[0] / b[0] for a, b in zip(ours, floors)])[1]
    print(f"{name}: {ratio:.2f} of the bare handler (promise: at least {promise:g})")
    return ratio >= promise


def beside(server, floor, name, method, path_of, ids, folder, promise):
    """A POST uses its call up: there are new ones before the next round could run out of them."""
    ours, floors, first = [], [], 0
    paths = [path_of(one) for one in ids]
    for number in range(ROUNDS):
        print(f"{name}, round {number + 1} of {ROUNDS}", file=sys.stderr)
        if ours and method == "POST" and len(paths) - first < 2 * max(one[2] for one in ours):
            paths += [path_of(one) for one in server.ingest(CALLS, another)]
        ours.append(load(server, method, paths, folder, first))
        first += ours[-1][2]
        if method == "POST" and first > len(paths):
            raise RuntimeError(f"CALLS={len(paths)} is too few for this machine")
        floors.append(load(floor, method, paths, folder, 0))
    return judge(name, ours, floors, promise)


def another(number):
    return f"+1512{5_000_000 + number}"


def ring_p99(server, phone, seconds):
    return subprocess.Popen(
        [f"{BIN}/trunkline-bench", "calls", "--port", server.mtproto.rsplit(":", 1)[1], "--key",
         f"{server.folder}/server_public.pem", "--code", "12345", "--first-phone", str(phone), "--pairs",
         "32", "--reuse-dh", "--server-pid", str(server.process.pid), "--json", "--rate", "200",
         "--seconds", str(seconds)], stdout=subprocess.PIPE, text=True)


def judge_purge(server):
    server.ingest(PURGED, lambda _: CUSTOMER)
    quiet = json.loads(ring_p99(server, 9996610000000, 10).communicate()[0])["ring_ms"]["p99"]
    calls = ring_p99(server, 9996610000100, 14)
    time.sleep(2)  # its phones sign in meanwhile
    connection = http.client.HTTPConnection(*server.address.rsplit(":", 1))
    begun = time.monotonic()
    connection.request("POST", "/purge/v1/calls/customer", json.dumps({"phoneNumber": CUSTOMER}),
                       {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"})
    answer = connection.getresponse()
    items, job = json.loads(answer.read())["items"], answer.getheader("X-Purge-Job")
    answered = time.monotonic() - begun
    while True:
        connection.request("GET", f"/purge/v1/jobs/{job}", headers={"Authorization": f"Bearer {server.token}"})
        if json.loads(connection.getresponse().read())["status"] == "Purged":
            break
        if time.monotonic() - begun > LONGEST_PURGE:
            raise RuntimeError(f"the purge isn't over after {LONGEST_PURGE} s")
        time.sleep(0.1)
    took = time.monotonic() - begun
    busy = json.loads(calls.communicate()[0])["ring_ms"]["p99"]
    print(f"purge of {len(items)} calls: answered after {answered:.2f} s, erased after {took:.1f} s "
          f"(promise: about {PURGE_SECONDS:g})")
    print(f"request to ring at 200 calls per second, p99: {quiet:.2f} ms quiet, {busy:.2f} ms beside the purge "
          f"({busy / quiet:.1f} times; promise: at most {SLOWER_MAX:g})")
    return took <= 1.2 * PURGE_SECONDS and busy <= SLOWER_MAX * quiet


def main():
    if not rig.install("wrk"):
        sys.exit("script/bench: wrk can't be installed here (root and Debian's packages are needed)")
    folder = tempfile.mkdtemp(prefix="trunkline-bench-")
    server, floor, kept = None, None, True
    try:
        print(rig.machine(), flush=True)
        server = Server(f"{folder}/data")
        ids = server.ingest(CALLS, another) if {"lookup", "discard"} & set(PARTS) else []
        if ids:
            connection = http.client.HTTPConnection(*server.address.rsplit(":", 1))
            connection.request("GET", f"/api/v1/calls/{ids[0]}", headers={"Authorization": f"Bearer {server.token}"})
            floor = Floor(len(connection.getresponse().read()))
            print(f"{'':44} {'min':>12} {'median':>12} {'max':>12}")
        if "lookup" in PARTS:
            kept = beside(server, floor, "look-up", "GET", lambda one: f"/api/v1/calls/{one}", ids, folder,
                          LOOKUP_MIN) and kept
        if "discard" in PARTS:
            kept = beside(server, floor, "durable discard", "POST", lambda one: f"/api/calls/{one}/discard", ids,
                          folder, DISCARD_MIN) and kept
        if "purge" in PARTS:
            kept = judge_purge(server) and kept
        return 0 if kept else 1
    finally:
        for one in (server, floor):
            if one:
                rig.stop(one.process)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BIN = sys.argv[1]
    sys.exit(main())
