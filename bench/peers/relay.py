#!/usr/bin/env python3
"""The reflector beside a bare forwarder and beside coturn: CPU per packet, memory per call, latency.
usage: relay.py FOLDER          with trunkline-relay, trunkline-relay-load, trunkline-bare-forwarder

Rounds are interleaved. What forwards is pinned to the first CPU, the load to the second; CPU time is
the scheduler's clock of the process. Packets hold 160 bytes of voice; 100 calls, each side with an
address of its own, so that no two packets in a row go to one place. Exit code 1 when a promise isn't
kept. ROUNDS (9), SECONDS (1.5) of each measure, PARTS (cpu,turn,memory,latency).
"""
import json, os, shutil, statistics, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import rig

FORWARDER_MAX, TURN_MAX, BYTES_MAX = 1.10, 0.45, 512  # promises
CALLS, RATE, WINDOW = 100, 10_000, 512
HELD_CALLS, HELD_ALLOCATIONS = 10_000, 1_000
LOST_MAX = 0.001

ROUNDS = int(os.environ.get("ROUNDS", "9"))
SECONDS = os.environ.get("SECONDS", "1.5")
PARTS = os.environ.get("PARTS", "cpu,turn,memory,latency").split(",")


class Forwarding:
    """A process that forwards, and the load through it."""
    way, more = None, ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        rig.stop(self.process)

    def command(self, *how, calls):
        return rig.on(1, f"{BIN}/trunkline-relay-load", "--way", self.way, "--port", self.port,
                      "--calls", calls, *self.more, *how)

    def load(self, *how, calls=CALLS):
        run = subprocess.run(self.command("load", "--seconds", SECONDS, "--pid",
                                          self.process.pid, *how, calls=calls),
                             capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(run.stderr.strip() or "trunkline-relay-load failed")
        result = json.loads(run.stdout)
        result["lost"] = 1 - result["received"] / max(1, result["sent"])
        return result

    def bytes_per(self, calls, units):
        """Growth of the resident memory by so many calls, per unit."""
        before = rig.resident_bytes(self.process.pid)
        holder = rig.start(self.command("hold", calls=calls), stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)
        try:
            if not holder.stdout.readline().startswith("held"):
                raise RuntimeError(f"{self.way}: the calls can't be opened")
            return (rig.resident_bytes(self.process.pid) - before) / units
        finally:
            holder.stdin.close()
            rig.stop(holder)


class Reflector(Forwarding):
    way = "reflector"

    def __init__(self, folder, *options):
        secret = f"{folder}/secret"
        with open(secret, "w") as file:
            file.write("a secret of the bench\n")
        # Limits of a call that a single one of the saturated ones would reach.
        self.process = rig.start(
            rig.on(0, f"{BIN}/trunkline-relay", "--id", 1, "--listen", "127.0.0.1:0",
                   "--secret-file", secret, "--log-level", "error", "--packets-per-second", 10**7,
                   "--bytes-per-second", "8GiB", *options), stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().split()[1].rsplit(":", 1)[1]
        self.more = ("--relay-id", 1, "--secret-file", secret)


class Forwarder(Forwarding):
    way = "forwarder"

    def __init__(self, *options):
        self.process = rig.start(rig.on(0, f"{BIN}/trunkline-bare-forwarder", *options),
                                 stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().split("=")[1].strip()


class Turn(Forwarding):
    """coturn with one relay thread and without credentials: they cost nothing a packet."""
    way = "turn"

    def __init__(self, folder):
        own = tempfile.mkdtemp(dir=folder)
        self.port = rig.free_udp_port()
        self.process = rig.start(
            rig.on(0, "turnserver", "-n", "--no-auth", f"--listening-port={self.port}",
                   "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers",
                   "--relay-threads=1", "--no-tcp", "--no-tls", "--no-dtls", "--no-cli",
                   "--no-rfc5780", "--min-port=61000", "--max-port=65000", f"--userdb={own}/db",
                   f"--pidfile={own}/pid", f"--log-file={own}/log", "--simple-log",
                   "--no-stdout-log"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=own)


def row(name, values, digits=0):
    low, middle, high = rig.spread(values)
    print(f"{name:56} {low:10.{digits}f} {middle:10.{digits}f} {high:10.{digits}f}", flush=True)
    return middle


def promise(what, figure, at_most, digits=2):
    kept = figure <= at_most
    print(f"{'kept' if kept else 'BROKEN':6} {what}: {figure:.{digits}f} (promise: at most {at_most:g})",
          flush=True)
    return kept


def each(runs, key):
    return [run[key] for run in runs]


def cpu_rows(name, runs):
    lost = max(each(runs, "lost"))
    if lost > LOST_MAX:
        print(f"{name}: {lost:.1%} of the packets were lost")
    row(f"{name}: packets per second", each(runs, "packets_per_second"))
    return row(f"{name}: CPU ns per packet", each(runs, "relay_ns_per_packet"))


def ratios(ours, theirs):
    return [a["relay_ns_per_packet"] / b["relay_ns_per_packet"] for a, b in zip(ours, theirs)]


def progress(text):
    print(text, file=sys.stderr)


def saturated(folder):
    """Pairs beside the bare forwarder, taking turns in who is first."""
    runs = {(who, calls): [] for who in ("relay", "forwarder") for calls in (CALLS, 1)}
    for number in range(ROUNDS):
        progress(f"saturated, round {number + 1} of {ROUNDS}")
        for calls in (CALLS, 1):
            with Reflector(folder) as relay, Forwarder() as forwarder:
                pair = [("relay", relay), ("forwarder", forwarder)]
                for who, process in pair if number % 2 == 0 else reversed(pair):
                    runs[who, calls].append(process.load("--window", WINDOW, calls=calls))
    kept = True
    for calls in (CALLS, 1):
        of = f"saturated, {calls} call{'s' if calls > 1 else ''}"
        cpu_rows(f"{of}, reflector", runs["relay", calls])
        cpu_rows(f"{of}, bare forwarder", runs["forwarder", calls])
        ratio = row(f"{of}: ratio", ratios(runs["relay", calls], runs["forwarder", calls]), 3)
        kept = promise(f"{of}: CPU over the bare forwarder's, median of pairs", ratio,
                       FORWARDER_MAX, 3) and kept
    return kept, statistics.median(each(runs["relay", CALLS], "packets_per_second"))


def beside_turn(folder):
    ours, theirs, wide_awake, lighter = [], [], [], []
    for number in range(ROUNDS):
        progress(f"{RATE} packets a second, round {number + 1} of {ROUNDS}")
        for runs, make in ((ours, lambda: Reflector(folder)), (theirs, lambda: Turn(folder)),
                           (wide_awake, lambda: Reflector(folder, "--nap", "0us")),
                           (lighter, lambda: Reflector(folder, "--nap", "200us"))):
            with make() as process:
                runs.append(process.load("--rate", RATE))
    of = f"{RATE} packets/s, {CALLS} calls"
    for who, runs in (("reflector", ours), ("reflector --nap 0us", wide_awake),
                      ("reflector --nap 200us", lighter), ("coturn", theirs)):
        cpu_rows(f"{of}, {who}", runs)
        for part in ("p50", "p99"):
            row(f"{of}, {who}: {part} us", each(runs, f"{part}_us"))
    for nap, runs in (("0us", wide_awake), ("200us", lighter)):
        row(f"{of}: ratio to coturn with --nap {nap}", ratios(runs, theirs), 3)
    ratio = row(f"{of}: ratio to coturn", ratios(ours, theirs), 3)
    return promise(f"{of}: CPU over coturn's, median of pairs", ratio, TURN_MAX, 3)


def memory(folder):
    ours, theirs = [], []
    for _ in range(3):
        with Reflector(folder) as relay:
            ours.append(relay.bytes_per(HELD_CALLS, HELD_CALLS))
        with Turn(folder) as turn:
            theirs.append(turn.bytes_per(HELD_ALLOCATIONS // 2, HELD_ALLOCATIONS))
    each_call = row(f"reflector: resident bytes per call, {HELD_CALLS} calls", ours)
    row(f"coturn: resident bytes per allocation, {HELD_ALLOCATIONS}", theirs)
    return promise("resident bytes per call", each_call, BYTES_MAX, 0)


def latency(folder, rate):
    """No promise: what the relay adds at half of what it can, beside the floor."""
    relays, floors = [], []
    for number in range(min(ROUNDS, 5)):
        progress(f"half of the saturated rate, round {number + 1}")
        with Reflector(folder) as relay, Forwarder() as forwarder:
            relays.append(relay.load("--rate", f"{rate:.0f}"))
            floors.append(forwarder.load("--rate", f"{rate:.0f}"))
    for who, runs in (("reflector", relays), ("bare forwarder", floors)):
        for part in ("p50", "p99"):
            row(f"at {rate:.0f} packets/s, {who}: {part} us", each(runs, f"{part}_us"))


def main():
    folder = tempfile.mkdtemp(prefix="trunkline-bench-")
    os.chmod(folder, 0o755)
    try:
        print(rig.machine(), flush=True)
        print(f"{'':56} {'min':>10} {'median':>10} {'max':>10}")
        kept, rate = True, 0
        if "cpu" in PARTS or "latency" in PARTS:
            kept, rate = saturated(folder)
        if "turn" in PARTS:
            kept = beside_turn(folder) and kept
        if "memory" in PARTS:
            kept = memory(folder) and kept
        if "latency" in PARTS:
            latency(folder, rate / 2)
        return 0 if kept else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    BIN = os.path.abspath(sys.argv[1])
    sys.exit(main())
