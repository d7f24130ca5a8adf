"""Kamailio as a stateful proxy and registrar, SIPp calling through it: INVITE 100 180 200 ACK BYE 200.

    udp       UDP, dialogs in memory
    tls+pg    TLS on both legs, every dialog in PostgreSQL with durable commits

SIPp of the distribution has no TLS: both legs go through stunnel, whose cost isn't counted. One
connection each way carries all calls, which is the proxy's best case.
"""
import csv, glob, os, shutil, socket, subprocess, time

import rig

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ("kamailio", "kamailio-tls-modules", "kamailio-postgres-modules", "sip-tester", "stunnel4",
            "openssl", "postgresql")
USERS = 1000
WORKERS = {"udp": 2, "tls+pg": 8}  # the latter's wait in the database's driver
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Postgres:
    """A cluster of its own, with the distribution's defaults: fsync and synchronous_commit are on."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        os.makedirs(folder)
        shutil.chown(folder, "postgres", "postgres")
        binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        as_owner = ["runuser", "-u", "postgres", "--"]
        subprocess.run([*as_owner, f"{binaries}/initdb", "-D", f"{folder}/data", "-A", "trust"],
                       check=True, capture_output=True, cwd=folder)
        self.process = rig.start(
            [*as_owner, f"{binaries}/postgres", "-D", f"{folder}/data", "-p", port,
             "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"],
            cwd=folder, **QUIET)
        self.env = dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="postgres")
        for _ in range(100):
            if self._run("psql", "-qc", "select 1", "postgres", check=False).returncode == 0:
                break
            time.sleep(0.1)
        self._run("createdb", "kam")
        for part in ("standard", "dialog"):
            self._run("psql", "-q", "-f", f"/usr/share/kamailio/postgres/{part}-create.sql", "kam")

    def _run(self, *command, check=True):
        return subprocess.run(command, env=self.env, check=check, capture_output=True)

    def stop(self):
        try:
            with open(f"{self.folder}/data/postmaster.pid") as file:
                os.kill(int(file.readline()), 2)
        except (OSError, ValueError):
            pass
        rig.stop(self.process)


class Peer:
    """One variant, running, with its users registered. Takes ports from `port` on."""

    def __init__(self, variant, folder, port):
        self.tls = variant.startswith("tls")
        self.folder, self.sip, self.tls_port = folder, port, port + 1
        self.called, self.caller, self.to_proxy, self.to_called = (port + n for n in (2, 3, 4, 5))
        self.processes, self.database = [], None
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        with open(f"{folder}/users.csv", "w") as file:
            file.write("SEQUENTIAL\n" + "".join(f"u{i};\n" for i in range(USERS)))
        if variant.endswith("+pg"):
            self.database = Postgres(f"{folder}/pg", port + 6)
        try:
            self._start(variant)
        except BaseException:
            self.stop()
            raise

    def _start(self, variant):
        flags = (["WITH_TLS"] if self.tls else []) + (["WITH_DB"] if self.database else [])
        if self.tls:
            subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout",
                            f"{self.folder}/k.key", "-out", f"{self.folder}/k.crt", "-subj",
                            "/CN=localhost", "-days", "30"], check=True, capture_output=True)
        self._write_config(WORKERS[variant])
        self.proxy = rig.start(
            ["kamailio", "-f", f"{self.folder}/kamailio.cfg", "-DD", "-E", "-m", 1024, "-M", 16,
             "-Y", self.folder, "-P", f"{self.folder}/k.pid", "-w", self.folder,
             *(part for flag in flags for part in ("-A", flag))], **QUIET)
        self.processes.append(self.proxy)
        time.sleep(2)
        if self.proxy.poll() is not None:
            raise RuntimeError(f"kamailio ({variant}) did not start")
        contact = f"sip:called@127.0.0.1:{self.to_called};transport=tls" if self.tls else \
                  f"sip:called@127.0.0.1:{self.called}"
        self.processes.append(rig.start(
            ["sipp", "-sf", f"{HERE}/uas.xml", "-i", "127.0.0.1", "-p", self.called,
             "-t", self._transport(), "-nostdin", "-key", "contact_uri", contact,
             "-buff_size", 4194304], cwd=self.folder, **QUIET))
        if self.tls:
            self._start_tunnel()
        time.sleep(0.5)
        self._register(contact)

    def _transport(self):
        return "t1" if self.tls else "u1"

    def _write_config(self, workers):
        with open(f"{HERE}/kamailio.cfg") as file:
            config = file.read()
        url = f"postgres://postgres@127.0.0.1:{self.database.port}/kam" if self.database else ""
        values = {"CHILDREN": workers, "SIP_PORT": self.sip, "TLS_PORT": self.tls_port,
                  "CERT": f"{self.folder}/k.crt", "KEY": f"{self.folder}/k.key", "DB_URL": url}
        for name, value in values.items():
            config = config.replace(f"@{name}@", str(value))
        with open(f"{self.folder}/kamailio.cfg", "w") as file:
            file.write(config)

    def _start_tunnel(self):
        with open(f"{self.folder}/stunnel.conf", "w") as file:
            file.write(
                "foreground = yes\npid =\nsyslog = no\ndebug = 3\n"
                "socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n"
                f"[to-proxy]\nclient = yes\naccept = 127.0.0.1:{self.to_proxy}\n"
                f"connect = 127.0.0.1:{self.tls_port}\n"
                f"[to-called]\naccept = 127.0.0.1:{self.to_called}\nconnect = 127.0.0.1:{self.called}\n"
                f"cert = {self.folder}/k.crt\nkey = {self.folder}/k.key\n")
        self.processes.append(rig.start(["stunnel4", f"{self.folder}/stunnel.conf"], **QUIET))

    def _target(self):
        return self.to_proxy if self.tls else self.sip

    def _register(self, contact):
        kind = socket.SOCK_STREAM if self.tls else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as link:
            link.settimeout(5)
            link.connect(("127.0.0.1", self._target()))
            own, via = link.getsockname()[1], "TCP" if self.tls else "UDP"
            for i in range(USERS):
                link.sendall(
                    (f"REGISTER sip:127.0.0.1:{self.sip} SIP/2.0\r\n"
                     f"Via: SIP/2.0/{via} 127.0.0.1:{own};branch=z9hG4bKr{i};rport\r\n"
                     f"From: <sip:u{i}@127.0.0.1>;tag=r{i}\r\nTo: <sip:u{i}@127.0.0.1>\r\n"
                     f"Call-ID: reg{i}@127.0.0.1\r\nCSeq: 1 REGISTER\r\nContact: <{contact}>\r\n"
                     "Max-Forwards: 70\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n").encode())
                answer = link.recv(8192)
                if not answer.startswith(b"SIP/2.0 200"):
                    raise RuntimeError(f"kamailio refused to register: {answer[:200]!r}")

    def calls(self, rate, seconds):
        """CPU of proxy and database per complete call, calls a second, share of calls that failed."""
        count = int(rate * seconds)
        table = f"{self.folder}/calls.csv"
        if os.path.exists(table):
            os.remove(table)
        pids = rig.tree(self.proxy.pid)
        if self.database:
            pids += rig.tree(self.database.process.pid)
        before, limit = rig.cpu_us(pids), int(seconds * 2 + 12)
        subprocess.run(
            ["sipp", f"127.0.0.1:{self._target()}", "-sf", f"{HERE}/uac.xml", "-inf",
             f"{self.folder}/users.csv", "-i", "127.0.0.1", "-p", str(self.caller),
             "-t", self._transport(), "-r", str(rate), "-m", str(count), "-l", str(max(500, 3 * rate)),
             "-nostdin", "-buff_size", "4194304", "-trace_stat", "-stf", table, "-fd", "1",
             "-timeout", f"{limit}s", "-recv_timeout", "9000"],
            cwd=self.folder, timeout=limit + 20, **QUIET)
        used = rig.cpu_us(pids) - before
        with open(table) as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        held = float(last.get("SuccessfulCall(C)") or 0)
        hours, minutes, rest = (float(part) for part in last["ElapsedTime(C)"].split(":")[:3])
        elapsed = max(0.001, hours * 3600 + minutes * 60 + rest)
        return {"us": used / max(1, held), "per_second": held / elapsed, "failed": 1 - held / count}

    def stop(self):
        for process in reversed(self.processes):
            rig.stop(process)
        if self.database:
            self.database.stop()
