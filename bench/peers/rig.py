"""What measuring beside a peer needs: packages, processes by their pid, CPU clocks, spreads."""
import os, signal, socket, statistics, subprocess, time


def install(*packages):
    """Installs what is missing, without starting its services. False when it can't."""
    def missing(name):
        asked = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status}", name],
                               capture_output=True, text=True)
        return asked.stdout != "installed"

    wanted = [name for name in packages if missing(name)]
    if not wanted:
        return True
    if os.geteuid() != 0:
        return False
    quiet = {"env": dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1"),
             "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
    subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *wanted],
                   check=False, **quiet)
    return not any(missing(name) for name in wanted)


def start(command, **options):
    return subprocess.Popen([str(part) for part in command], **options)


def on(cpu, *command):
    """The command on one CPU, where there are several. NICE=-10 shields it from others' work."""
    pinned = ["taskset", "-c", cpu] if os.cpu_count() > cpu else []
    nice = ["nice", "-n", os.environ["NICE"]] if "NICE" in os.environ else []
    return [str(part) for part in (*nice, *pinned, *command)]


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process, sign=signal.SIGTERM):
    if process.poll() is not None:
        return
    process.send_signal(sign)
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tree(pid):
    """The process and all that descend from it."""
    children = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(entry))
        except (OSError, IndexError):
            continue
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def cpu_us(pids):
    """CPU time by the scheduler's clock, user and system, of all threads."""
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns((~pid << 3) | 2)
        except OSError:
            continue
    return total / 1000


def resident_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return 1024 * next(int(line.split()[1]) for line in file if line.startswith("Rss:"))


def spread(values):
    return min(values), statistics.median(values), max(values)


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} CPUs, Linux {os.uname().release}, load {os.getloadavg()[0]:.1f}"
