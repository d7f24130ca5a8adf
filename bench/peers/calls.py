#!/usr/bin/env python3
"""Complete calls beside Kamailio, then latency at half of our saturated rate.
usage: calls.py SERVER BENCH

Rounds are interleaved: ours, each peer, ours again. Ours is one link thread with store.durability =
fsync, near saturation in a closed loop; the peers run at the highest rate they keep here (RATES).
Exit code 1 when a promise isn't kept. ROUNDS, CALLS, PAIRS, RATES (udp=2000,tls+pg=750), SECONDS.
"""
import json, os, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "kamailio")]
import peer, rig

PROMISES = {"udp": 2.0, "tls+pg": 8.0}  # our calls per CPU-second over theirs
RING_P99_MS = 5.0
FIRST_PORT = 25000
FAILED_MAX = 0.001

ROUNDS = int(os.environ.get("ROUNDS", "5"))
CALLS = int(os.environ.get("CALLS", "8000"))
PAIRS = int(os.environ.get("PAIRS", "128"))
SECONDS = float(os.environ.get("SECONDS", "10"))
RATES = {name: int(rate) for name, rate in
         (pair.split("=") for pair in os.environ.get("RATES", "udp=2000,tls+pg=750").split(","))}


class Ours:
    def __init__(self, server, bench, folder):
        self.bench, self.folder, self.phone = bench, folder, 9996610000000
        self.process = rig.start(
            [server, "--data-dir", folder, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
             "--test-code", "12345", "--threads", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = self.process.stdout.readline().split()
        self.port = ready[1].rsplit(":", 1)[1]

    def calls(self, *how):
        # New people each time: else every run would add a device to those of the last.
        self.phone += 2 * PAIRS
        run = subprocess.run(
            [self.bench, "calls", "--port", self.port, "--key", f"{self.folder}/server_public.pem",
             "--code", "12345", "--first-phone", str(self.phone), "--pairs", str(PAIRS),
             "--reuse-dh", "--server-pid", str(self.process.pid), "--json", *how],
            capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(run.stderr.strip() or "trunkline-bench failed")
        result = json.loads(run.stdout)
        result["us"] = result["server_cpu_seconds"] / result["calls"] * 1e6
        return result

    def stop(self):
        rig.stop(self.process)


def row(name, values, digits=0):
    low, middle, high = rig.spread(values)
    print(f"{name:44} {low:10.{digits}f} {middle:10.{digits}f} {high:10.{digits}f}", flush=True)
    return middle


def start_peers(folder, peers):
    if not rig.install(*peer.PACKAGES):
        print("script/bench: the peers can't be installed here (root and Debian's packages are needed); "
              "no ratios", flush=True)
        return
    for number, name in enumerate(PROMISES):
        peers[name] = peer.Peer(name, f"{folder}/{name}", FIRST_PORT + 100 * number)


def measure(ours, peers):
    """Rounds of everything, one after the other: what disturbs the machine disturbs all alike."""
    ours.calls("--calls", str(CALLS // 4))
    for name, other in peers.items():
        other.calls(100, 2)
    results = {name: [] for name in ("ours", *peers)}
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
        results["ours"].append(ours.calls("--calls", str(CALLS)))
        for name, other in peers.items():
            results[name].append(other.calls(RATES[name], SECONDS / 2))
    return results


def judge_calls(results):
    print(f"{'':44} {'min':>10} {'median':>10} {'max':>10}")
    cost = row("ours: CPU us per call", [run["us"] for run in results["ours"]])
    row("ours: calls per CPU-second", [1e6 / run["us"] for run in results["ours"]])
    saturated = row("ours: calls per second", [run["per_second"] for run in results["ours"]])
    kept = True
    for name in results:
        if name == "ours":
            continue
        other = row(f"{name}: CPU us per call", [run["us"] for run in results[name]])
        row(f"{name}: calls per second", [run["per_second"] for run in results[name]])
        failed = max(run["failed"] for run in results[name])
        if failed > FAILED_MAX:
            print(f"{name}: {failed:.1%} of the calls failed: RATES is too high for this machine")
        ratio, promise = other / cost, PROMISES[name]
        kept = kept and ratio >= promise
        print(f"ratio to {name}: {ratio:.1f} (promise: at least {promise:g})")
    return kept, saturated


def judge_latency(ours, rate):
    runs = [ours.calls("--rate", f"{rate:.0f}", "--seconds", f"{SECONDS:g}") for _ in range(3)]
    print(f"at {rate:.0f} calls per second, ms from the moment the call was due:")
    for what, name in (("ring_ms", "request to ring"), ("answer_ms", "request to its result")):
        for part in ("p50", "p90", "p99", "p99.9", "max"):
            row(f"{name}, {part}", [run[what][part] for run in runs], 2)
    p99 = rig.spread([run["ring_ms"]["p99"] for run in runs])[1]
    print(f"request to ring, p99: {p99:.2f} ms (promise: at most {RING_P99_MS:g})")
    return p99 <= RING_P99_MS


def main(server, bench):
    folder = tempfile.mkdtemp(prefix="trunkline-bench-")
    os.chmod(folder, 0o755)
    ours, peers = None, {}
    try:
        print(rig.machine(), flush=True)
        ours = Ours(server, bench, f"{folder}/ours")
        start_peers(folder, peers)
        kept, saturated = judge_calls(measure(ours, peers))
        while peers:
            peers.popitem()[1].stop()
        os.sync()  # what they left to be written is no part of our flushes
        return 0 if judge_latency(ours, saturated / 2) and kept else 1
    finally:
        for other in [*peers.values(), *([ours] if ours else [])]:
            other.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
