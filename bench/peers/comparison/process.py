"""One measurement is one process, so that no contestant inherits another's memory or threads."""
import json
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass


class Failed(Exception):
    """A program could not do what was asked; the message is its own last line."""


@dataclass(frozen=True)
class Outcome:
    lines: list             # the JSON objects it printed
    first_line: float       # seconds from its start to the first of them
    seconds: float          # seconds from its start to its end
    peak_mb: float          # the most that was resident, as the kernel counted it, in units of 10⁶ bytes


def run(command, threads=None, limit=900):
    """Runs a command to its end. Every number of threads that a maths library might read is set alike."""
    # OPENBLAS_CORETYPE and the like would make PyTorch's matrix products those of an older processor.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    if threads:
        environment.update({name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        try:
            process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=errors, env=environment)
        except OSError as error:
            raise Failed(f"{command[0]}: {error.strerror}") from error
        watch = threading.Timer(limit, process.kill)
        watch.start()
        try:
            output, first = bytearray(), 0.0
            for line in process.stdout:
                if not first and line.startswith(b"{"):
                    first = time.perf_counter() - start
                output += line
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            watch.cancel()
            process.stdout.close()
        seconds = time.perf_counter() - start
        lines = [json.loads(line) for line in output.decode(errors="replace").splitlines() if line.startswith("{")]
        error = next((line["error"] for line in lines if "error" in line), None)
        if process.returncode or error:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
            if seconds >= limit:
                said = [f"took longer than {limit} s"]
            raise Failed(error or said[-1])
    return Outcome(lines, first, seconds, usage.ru_maxrss * 1024 / 1e6)


def until(command, happened, limit=300):
    """Seconds from a command's start until something has happened; the command is then stopped."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not happened():
            if process.poll() is not None and not happened():
                raise Failed(f"{command[0]} ended with exit code {process.returncode} before its first step")
            if time.perf_counter() - start > limit:
                raise Failed(f"took longer than {limit} s")
            time.sleep(0.002)
        return time.perf_counter() - start
    finally:
        process.kill()
        process.wait()
