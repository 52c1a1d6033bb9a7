"""Brownian, PyTorch and ONNX Runtime behind the same few questions. Each is found or says how to install it."""
import shutil
import subprocess
import tempfile
from pathlib import Path

from .process import Failed, run, until

ROOT = Path(__file__).resolve().parents[3]
PEERS = ROOT / "bench" / "peers"
SCRATCH = ROOT / "artifacts" / "compare"

# What each network takes (channels, side) and how many parameters it has: a contestant with another number runs another network.
MODELS = {"tutorial": (1, 28, 10_188_081), "cifar": (3, 32, 35_746_307)}


def config(model):
    return PEERS / "models" / f"{model}.yaml"


def checked(outcome, model):
    """The one line that a measurement prints, with the memory that the kernel counted.

    A program may reset the kernel's count and say itself what it was before: the larger number holds.
    """
    line = outcome.lines[-1]
    expected = MODELS[model][2]
    if line.get("parameters", expected) != expected:
        raise Failed(f"its {model} network has {line['parameters']:,} parameters instead of {expected:,}")
    return {**line, "peakMemoryMB": round(max(outcome.peak_mb, line.get("peakMemoryMB", 0)), 1), "wall": round(outcome.seconds, 2)}


class Brownian:
    name = "Brownian"

    def __init__(self, path, kernels):
        self.path, self.kernels = path, kernels
        self.version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def bench(self, what, model, batch, steps, threads):
        command = [self.path, "bench", what, "--model-config", config(model), "--batch", batch, "--steps", steps, "--threads", threads, "--json"]
        return checked(run(command), model)

    def first_step(self, model, threads):
        with tempfile.TemporaryDirectory() as runs:
            command = [self.path, "train", "--config", config(model), "--set", "dataset_params.im_path=digits",
                       "--steps", 1, "--threads", threads, "--runs", runs]

            def has_metrics():
                return any(file.stat().st_size for file in Path(runs).glob("*/metrics.jsonl"))

            return {"seconds": round(until(command, has_metrics), 3)}

    def convolutions(self, threads):
        if not self.kernels:
            raise Failed("bench/Brownian.Bench is not built")
        return run([self.kernels, "quick", "--filter", "conv3x3 forward+gradients", "--json", "--threads", threads]).lines

    def predict(self, model, weights, given, output, threads):
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "model"
            run([self.path, "import", "--config", config(model), "--weights", weights, "--out", made])
            run([self.path, "predict", "--model", made, "--input", given, "--output", output, "--force", "--threads", threads])


class Torch:
    name = "PyTorch"
    VARIANTS = ["default", "channels_last", "tuned", "tuned+channels_last", "tuned+compile", "tuned+channels_last+bf16"]
    INSTALL = "apt-get install python3-torch python3-numpy libopenblas0-openmp   (or: pip install torch, and --python PATH)"

    def __init__(self, python):
        self.command = [python, "-B", "-W", "ignore", PEERS / "torch_peer.py"]
        self.version = run([*self.command, "version"]).lines[0]["version"]

    @classmethod
    def find(cls, python):
        for path in [python] if python else ["/usr/bin/python3", "python3"]:
            if shutil.which(path):
                try:
                    return cls(path)
                except Failed:
                    continue
        return None

    def bench(self, what, model, batch, steps, threads, variant="default", warm_up=1, seconds=60):
        return checked(self._run(threads, what, "--model", model, "--batch", batch, "--variant", variant,
                                 "--warm-up", warm_up, "--steps", steps, "--seconds", seconds), model)

    def first_step(self, model, threads, variant="default"):
        outcome = self._run(threads, "train", "--model", model, "--batch", 64, "--variant", variant, "--warm-up", 0, "--steps", 1)
        return {"seconds": round(outcome.first_line, 3)}

    def convolutions(self, threads, variant="default", seconds=2):
        return self._run(threads, "conv", "--variant", variant, "--seconds", seconds).lines

    def weights(self, model, weights, given):
        self._run(None, "weights", "--model", model, "--batch", 2, "--weights", weights, "--input", given)

    def predict(self, model, weights, given, output, threads):
        self._run(threads, "check", "--model", model, "--weights", weights, "--input", given, "--output", output)

    def export(self, model, weights, batch, output):
        self._run(None, "export", "--model", model, "--weights", weights, "--batch", batch, "--output", output)

    def _run(self, threads, *arguments):
        return run([*self.command, *arguments, *(["--threads", threads] if threads else [])], threads)


class Onnx:
    name = "ONNX Runtime"
    INSTALL = "npm install --ignore-scripts --prefix bench/peers/onnx   (and PyTorch, which exports the networks)"

    def __init__(self, torch):
        self.torch, self.exported = torch, set()
        self.command = ["node", PEERS / "onnx" / "onnx_peer.js"]
        self.version = run([*self.command, "version"]).lines[0]["version"]

    @classmethod
    def find(cls, torch):
        if not torch or not shutil.which("node") or not (PEERS / "onnx" / "node_modules").is_dir():
            return None
        try:
            return cls(torch)
        except Failed:
            return None

    def bench(self, what, model, batch, steps, threads):
        channels, side, _ = MODELS[model]
        network = self._network(model, batch)
        return checked(run([*self.command, what, "--network", network, "--batch", batch, "--channels", channels, "--size", side,
                            "--threads", threads, "--steps", steps, "--seconds", 20]), model)

    def predict(self, model, weights, given, output, threads):
        run([*self.command, "check", "--network", self._network(model, 2), "--input", given, "--output", output, "--threads", threads])

    def _network(self, model, batch):
        """Exported once a session, with the weights that the outputs were compared with."""
        path = SCRATCH / f"{model}-{batch}.onnx"
        if path not in self.exported:
            self.torch.export(model, SCRATCH / f"{model}.safetensors", batch, path)
            self.exported.add(path)
        return path
