"""PyTorch as Brownian's peer: the same two networks, the same weights, the same work; prints one JSON object per measurement.

Works with PyTorch 1.13 and 2.x and needs nothing else. Examples:
    torch_peer.py train   --model tutorial --batch 64 --threads 2
    torch_peer.py forward --model cifar --batch 16 --threads 2 --variant channels_last
    torch_peer.py conv    --threads 2
    torch_peer.py weights --model cifar --batch 2 --weights w.safetensors --input in.safetensors
    torch_peer.py check   --model cifar --weights w.safetensors --input in.safetensors --output out.safetensors
"""
import argparse
import ctypes
import glob
import json
import os
import resource
import statistics
import sys
import time


def tune():
    """What guides to PyTorch on processors advise, and what nobody gets who does not read them; before torch is loaded.

    glibc returns large blocks to the kernel at once, so every tensor's pages are made anew: here freed memory is kept. PyTorch 1.13 leaves
    the AVX-512 versions of its own kernels unused unless it is told to use them. And an OpenBLAS with threads of its own fights with
    those of PyTorch for the processors: it gets one.
    """
    if any("pthread" in os.path.realpath(path) for path in glob.glob("/usr/lib/*/libblas.so.3")):
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in ((-4, 0), (-1, -1), (-2, 1 << 26), (-8, 1)):      # mmap_max, trim_threshold, top_pad, arena_max
            mallopt(parameter, value)
        with open("/proc/cpuinfo") as file:
            if "avx512f" in file.read():
                os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx512")
    except (AttributeError, OSError):
        pass        # another C library or system, with other habits


if any("tuned" in argument for argument in sys.argv):
    tune()

import torch                                # noqa: E402
from torch.nn import functional as F     # noqa: E402

import tensor_files                         # noqa: E402
import tutorial_unet                        # noqa: E402
import unet2d                               # noqa: E402

MODELS = {
    "tutorial": (tutorial_unet.TutorialUNet, (1, 28, 28)),
    "cifar": (unet2d.UNet2D, (3, 32, 32)),
}
# Side, channels in and channels out of 3×3 convolutions: those that the two networks spend their time in.
CONVOLUTIONS = [(32, 64, 64), (32, 128, 128), (16, 256, 256), (8, 512, 512), (14, 128, 128), (28, 64, 64), (28, 64, 16), (14, 128, 32),
                (7, 256, 256), (32, 256, 128), (4, 256, 256)]
CONVOLUTION_BATCH = 16


class Variant:
    """How the network is run: float32 as it is, or any of tuned, channels_last, compile and bf16, joined by +."""

    def __init__(self, name):
        self.name = name
        parts = set(name.split("+")) - {"default", "tuned"}
        unknown = parts - {"channels_last", "bf16", "compile"}
        if unknown:
            raise ValueError(f"unknown variant {'+'.join(sorted(unknown))}; there are default, tuned, channels_last, compile and bf16")
        self.layout = torch.channels_last if "channels_last" in parts else torch.contiguous_format
        self.bf16, self.compile = "bf16" in parts, "compile" in parts

    def network(self, network):
        network = network.to(memory_format=self.layout)
        if not self.compile:
            return network
        if not hasattr(torch, "compile"):
            raise RuntimeError(f"PyTorch {torch.__version__} has no torch.compile")
        return torch.compile(network)

    def images(self, x):
        return x.contiguous(memory_format=self.layout)

    def precision(self):
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16)


def make(model, weights=None):
    torch.manual_seed(0)
    network = MODELS[model][0]()
    if weights:
        network.load_state_dict(tensor_files.read(weights))
    return network


def training_step(network, variant, x0):
    """One step of Ho et al. 2020, algorithm 1, as a function without arguments."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-5)
    compiled = variant.network(network)
    alphas = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), dim=0)

    def step():
        noise = torch.randn_like(x0)
        t = torch.randint(0, 1000, (x0.shape[0],))
        a = alphas[t][:, None, None, None]
        xt = a.sqrt() * x0 + (1 - a).sqrt() * noise
        optimizer.zero_grad(set_to_none=True)
        with variant.precision():
            loss = F.mse_loss(compiled(xt, t).float(), noise)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def forward_pass(network, variant, x):
    compiled = variant.network(network.eval())
    t = torch.full((x.shape[0],), 500)

    def step():
        with torch.no_grad(), variant.precision():
            compiled(x, t)

    return step


def seconds_of(step, warm_up, steps, budget):
    """Seconds of each step: as many as asked for, but none begins after the budget is spent (one always does)."""
    for _ in range(warm_up):
        step()
    seconds, begin = [], time.perf_counter()
    while len(seconds) < steps and (not seconds or time.perf_counter() - begin < budget):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds


def bench(args):
    variant = Variant(args.variant)
    network = make(args.model)
    images = variant.images(torch.rand(args.batch, *MODELS[args.model][1]) * 2 - 1)
    step = (training_step if args.mode == "train" else forward_pass)(network, variant, images)
    seconds = seconds_of(step, args.warm_up, args.steps, args.seconds)
    median = statistics.median(seconds)
    report(args, model=args.model, variant=variant.name, batch=args.batch, parameters=sum(p.numel() for p in network.parameters()),
           imgPerSec=round(args.batch / median, 3), imgPerSecBest=round(args.batch / min(seconds), 3),
           seconds=round(median, 5), steps=len(seconds))


def convolutions(args):
    variant, n = Variant(args.variant), CONVOLUTION_BATCH
    for side, inputs, outputs in CONVOLUTIONS:
        x = variant.images(torch.randn(n, inputs, side, side)).requires_grad_()
        w = variant.images(torch.randn(outputs, inputs, 3, 3) / (9 * inputs) ** 0.5).requires_grad_()
        bias = torch.randn(outputs).requires_grad_()
        dy = variant.images(torch.randn(n, outputs, side, side))

        def step():
            torch.autograd.grad(F.conv2d(x, w, bias, padding=1), (x, w, bias), dy)

        seconds = seconds_of(step, 3, 10 * args.steps, args.seconds)
        median = statistics.median(seconds)
        flops = 3 * 2 * n * side * side * inputs * outputs * 9
        report(args, kernel="conv3x3 forward+gradients", shape=f"{n}x{side}x{side} {inputs}->{outputs}", variant=variant.name,
               gflops=round(flops / median / 1e9, 1), seconds=round(median, 6), steps=len(seconds))


def weights(args):
    tensor_files.write(args.weights, dict(make(args.model).state_dict()))
    x = torch.randn(args.batch, *MODELS[args.model][1])
    t = torch.arange(args.batch) * 997 // max(args.batch - 1, 1)
    tensor_files.write(args.input, {"sample": x, "timestep": t})


def check(args):
    data = tensor_files.read(args.input)
    with torch.no_grad():
        output = make(args.model, args.weights).eval()(data["sample"], data["timestep"])
    tensor_files.write(args.output, {"output": output})


def export(args):
    """ONNX for one batch size, so that every shape is a constant. Needs no onnx package with PyTorch 1.13."""
    network = make(args.model, args.weights)
    if hasattr(torch.backends, "mha"):
        torch.backends.mha.set_fastpath_enabled(False)      # its operator has no ONNX counterpart
    example = (torch.randn(args.batch, *MODELS[args.model][1]), torch.zeros(args.batch, dtype=torch.int64))
    options = dict(input_names=["sample", "timestep"], output_names=["output"], opset_version=16)
    if int(torch.__version__.split(".")[0]) >= 2:
        options["dynamo"] = False
    torch.onnx.export(network.eval(), example, args.output, **options)


def report(args, **fields):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"peer": "PyTorch", "version": torch.__version__, "bench": args.mode, **fields,
                      "threads": torch.get_num_threads(), "peakMemoryMB": round(peak, 1)}), flush=True)


MODES = {"train": bench, "forward": bench, "conv": convolutions, "weights": weights, "check": check, "export": export,
         "version": report}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--model", choices=MODELS, default="tutorial")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variant", default="default", help="default, tuned, channels_last, compile, bf16, or several joined by +")
    parser.add_argument("--warm-up", type=int, default=1, help="steps before those measured")
    parser.add_argument("--steps", type=int, default=3, help="steps to measure")
    parser.add_argument("--seconds", type=float, default=60, help="no step begins after this long")
    parser.add_argument("--weights", help=".safetensors")
    parser.add_argument("--input", help=".safetensors with sample and timestep")
    parser.add_argument("--output", help=".safetensors, or .onnx for export")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    try:
        MODES[args.mode](args)
    except Exception as error:      # a variant that this PyTorch or machine cannot run is an answer, not a crash
        lines = str(error).strip().splitlines()
        print(json.dumps({"peer": "PyTorch", "version": torch.__version__, "error": f"{type(error).__name__}: {lines[0] if lines else ''}"}))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
