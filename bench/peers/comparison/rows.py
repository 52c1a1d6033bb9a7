"""What is measured. A row is a list of jobs; each job is one process of one contestant, and a round runs every job once, in turn."""
from dataclasses import dataclass, field
from typing import Callable

# Images per second on two cores with AVX-512, only to say beforehand how long a comparison takes.
EXPECTED = {
    ("Brownian", "tutorial", "train"): 45, ("PyTorch", "tutorial", "train"): 12,
    ("Brownian", "tutorial", "forward"): 110, ("PyTorch", "tutorial", "forward"): 50, ("ONNX Runtime", "tutorial", "forward"): 95,
    ("Brownian", "cifar", "train"): 10, ("PyTorch", "cifar", "train"): 8,
    ("Brownian", "cifar", "forward"): 35, ("PyTorch", "cifar", "forward"): 20, ("ONNX Runtime", "cifar", "forward"): 30,
}
START = 3               # seconds before a process computes anything


def warm_up(variant, what):
    """Steps before those measured: memory that is kept settles only in the third step of training, and a compiler needs the first ones."""
    return 3 if what == "train" and ("tuned" in variant or "compile" in variant) else 1


@dataclass(frozen=True)
class Job:
    contestant: str
    seconds: float                      # expected
    measure: Callable[[], dict]         # what it measured, by key
    variant: str = ""


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    models: tuple
    jobs: list = field(default_factory=list)
    rounds: bool = True                 # measured in every round, or once


class Rows:
    """All rows for these contestants."""

    def __init__(self, contestants, threads, quick, variant_of):
        self.ours = next((c for c in contestants if c.name == "Brownian"), None)
        self.torch = next((c for c in contestants if c.name == "PyTorch"), None)
        self.onnx = next((c for c in contestants if c.name == "ONNX Runtime"), None)
        self.threads, self.quick, self.variant_of = threads, quick, variant_of

    def all(self):
        rows = [self._variants("tutorial", "train", 64), self._variants("tutorial", "forward", 16),
                self._variants("cifar", "train", 16), self._variants("cifar", "forward", 16), self._variants("convolutions", "train", 16),
                self._speed("tutorial", "train", 64), self._speed("tutorial", "forward", 16), self._speed("tutorial", "forward", 1),
                self._speed("cifar", "train", 16), self._speed("cifar", "forward", 16), self._speed("cifar", "forward", 1),
                self._convolutions(), self._scaling(), self._first_step()]
        return [row for row in rows if row.jobs]

    def _steps(self, what, batch):
        full = 30 if batch == 1 else 8 if what == "forward" else 4
        return max(2, full // 4) if self.quick else full

    def _cost(self, name, model, what, batch, steps, threads=None):
        rate = EXPECTED[name, model, what] * (threads or self.threads) / 2
        before = max(3, 2 * rate / batch) if name == "Brownian" else 3
        return START + (before + steps) * batch / rate

    def _job(self, contestant, what, model, batch, key="", threads=None, **options):
        steps = self._steps(what, batch)
        if contestant is self.torch and what == "train":
            steps = 1 if self.quick else 3
        if contestant is self.torch:
            options["warm_up"] = warm_up(options["variant"], what)
        threads = threads or self.threads
        measure = lambda: {key: contestant.bench(what, model, batch, steps, threads, **options)}
        return Job(contestant.name, self._cost(contestant.name, model, what, batch, steps, threads), measure)

    def _speed(self, model, what, batch):
        jobs = []
        if self.ours:
            jobs.append(self._job(self.ours, what, model, batch))
        if self.torch:
            jobs.append(self._job(self.torch, what, model, batch, variant=self.variant_of(model, what)))
        if self.onnx and what == "forward":
            jobs.append(self._job(self.onnx, what, model, batch))
        kind = "training" if what == "train" else "forward pass"
        return Row(f"{model}-{what}-{batch}", f"{model}, {kind}, batch {batch}", (model,), jobs)

    def _variants(self, model, what, batch):
        """PyTorch's ways to run, once each: the fastest in float32 is the one that Brownian is compared with."""
        if not self.torch:
            return Row(f"{model}-{what}-variants", "", ())

        steps = 1 if self.quick else 2 if what == "train" else 4

        def measure(variant):
            if model == "convolutions":
                lines = self.torch.convolutions(self.threads, variant, 0.5 if self.quick else 1)
                return {variant: {"gflops": sum(line["gflops"] for line in lines) / len(lines)}}
            return {variant: self.torch.bench(what, model, batch, steps, self.threads, variant, warm_up(variant, what))}

        jobs = []
        for variant in self.torch.VARIANTS:
            if model == "convolutions" and ("compile" in variant or "bf16" in variant):
                continue
            cost = 20 if model == "convolutions" else self._cost("PyTorch", model, what, batch, steps)
            jobs.append(Job("PyTorch", cost, lambda variant=variant: measure(variant), variant))
        title = "3×3 convolutions" if model == "convolutions" else f"{model}, {what}"
        return Row(f"{model}-{what}-variants", f"PyTorch's variants: {title}", () if model == "convolutions" else (model,), jobs, rounds=False)

    def _convolutions(self):
        def by_shape(lines):
            return {line["shape"]: {"gflops": line["gflops"]} for line in lines if line.get("kernel") == "conv3x3 forward+gradients"}

        jobs = []
        if self.ours and self.ours.kernels:
            jobs.append(Job("Brownian", 20, lambda: by_shape(self.ours.convolutions(self.threads))))
        if self.torch:
            variant = self.variant_of("convolutions", "train")
            jobs.append(Job("PyTorch", 30, lambda: by_shape(self.torch.convolutions(self.threads, variant))))
        return Row("convolutions", "3×3 convolutions, forward and both gradients, batch 16", (), jobs)

    def _scaling(self):
        counts = [n for n in (1, 2, 4, 8, 16, 32, 64) if n < self.threads] + [self.threads]
        jobs = []
        for count in counts if len(counts) > 1 else []:
            if self.ours:
                jobs.append(self._job(self.ours, "train", "tutorial", 16, str(count), count))
            if self.torch:
                variant = self.variant_of("tutorial", "train")
                jobs.append(self._job(self.torch, "train", "tutorial", 16, str(count), count, variant=variant))
        return Row("scaling", f"tutorial, training, batch 16, {' → '.join(map(str, counts))} threads", ("tutorial",), jobs)

    def _first_step(self):
        def cost(contestant):
            return START + 64 / EXPECTED[contestant.name, "tutorial", "train"] * 2 / self.threads

        jobs = []
        if self.ours:
            jobs.append(Job("Brownian", cost(self.ours), lambda: {"": self.ours.first_step("tutorial", self.threads)}))
        if self.torch:
            # A first step would pay for compiling and win nothing by it.
            variant = "+".join(part for part in self.variant_of("tutorial", "train").split("+") if part != "compile")
            jobs.append(Job("PyTorch", cost(self.torch), lambda: {"": self.torch.first_step("tutorial", self.threads, variant)}))
        return Row("first-step", "tutorial, from the start to the end of the first step, batch 64", ("tutorial",), jobs)
