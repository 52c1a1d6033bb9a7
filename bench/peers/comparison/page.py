"""Tables of docs/performance.md, each between <!-- table: NAME --> and <!-- end -->; the text around them is somebody's and stays."""
import re

MODELS = {"tutorial": "tutorial's U-Net", "cifar": "DDPM's U-Net for CIFAR-10"}
SPEED = [("tutorial", "train", 64), ("tutorial", "forward", 16), ("tutorial", "forward", 1),
         ("cifar", "train", 16), ("cifar", "forward", 16), ("cifar", "forward", 1)]
LAST = "## What was tried"


def table(head, rows):
    """Markdown; the first column is left-aligned, numbers right."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(a, b):
    return "–" if a is None or not b else f"{a / b:.2f}×"


class Page:
    def __init__(self, results):
        self.results = results

    def tables(self):
        """Name and Markdown of every table, in the page's order; None where nothing was measured."""
        made = [("machine", self.machine()), ("equality", self.equality()), ("speed", self.speed()), ("memory", self.memory()),
                ("first step", self.first_step()), ("convolutions", self.convolutions()), ("scaling", self.scaling()),
                ("variants", self.variants())]
        return [(name, text or None) for name, text in made]

    def machine(self):
        rows = self.results.rows.values()
        if not rows:
            return None

        def seen(name, separator=", "):
            return separator.join(sorted({part for row in rows for part in row[name]}))

        machine = self.results.data["machine"]
        return table(["", ""], [
            ["processor", machine["processor"]], ["cores", str(machine["cores"])], ["instruction set", machine["instructions"]],
            ["threads", seen("threads")], ["contestants", seen("contestants")], ["rounds", seen("rounds")], ["measured", seen("date")],
            ["repeat with", f"`{seen('command', '`, `')}`"]]).replace("---:|", "---|")

    def equality(self):
        found = self.results.data["equality"]
        rows = [[MODELS[model], *(self._difference(found[model], name) for name in ("Brownian", "ONNX Runtime"))] for model in MODELS if model in found]
        return rows and table(["largest difference from PyTorch's output ÷ largest output", "Brownian", "ONNX Runtime"], rows)

    @staticmethod
    def _difference(found, name):
        return f"{found[name]:.1e}" if name in found else "–"

    def speed(self):
        rows = []
        for model, what, batch in SPEED:
            ours, torch, onnx = (self.results.median(f"{model}-{what}-{batch}", name, "imgPerSec") for name in ("Brownian", "PyTorch", "ONNX Runtime"))
            if ours or torch or onnx:
                kind = "training" if what == "train" else "forward pass"
                best = max(torch or 0, onnx or 0)
                rows.append([f"{MODELS[model]}, {kind}, batch {batch}", number(ours), number(torch), number(onnx), ratio(ours, torch), ratio(ours, best)])
        return rows and table(["images per second", "Brownian", "PyTorch", "ONNX Runtime", "Brownian ÷ PyTorch", "÷ fastest peer"], rows)

    def memory(self):
        rows = []
        for model, what, batch in SPEED:
            if what != "train":
                continue
            row, variants = f"{model}-{what}-{batch}", f"{model}-{what}-variants"
            ours = self.results.median(row, "Brownian", "peakMemoryMB")
            # The fastest variant need not be the smallest.
            torch = [self.results.median(row, "PyTorch", "peakMemoryMB")]
            torch += [self.results.median(variants, "PyTorch", "peakMemoryMB", key) for key in self.results.keys(variants) if "bf16" not in key]
            least = min((peak for peak in torch if peak), default=None)
            if ours or least:
                rows.append([f"{MODELS[model]}, batch {batch}", number(ours), number(least), ratio(ours, least)])
        return rows and table(["most memory while training, MB", "Brownian", "PyTorch's smallest variant", "Brownian ÷ PyTorch"], rows)

    def first_step(self):
        ours, torch = (self.results.median("first-step", name, "seconds") for name in ("Brownian", "PyTorch"))
        row = [f"{MODELS['tutorial']}, batch 64", number(ours), number(torch), ratio(ours, torch)]
        return table(["seconds from the start of the program to the end of its first training step", "Brownian", "PyTorch",
                      "Brownian ÷ PyTorch"], [row]) if ours or torch else None

    def convolutions(self):
        rows = []
        for shape in self.results.keys("convolutions"):
            ours, torch = (self.results.median("convolutions", name, "gflops", shape) for name in ("Brownian", "PyTorch"))
            if torch is None and rows and rows[0][2] != "–":
                continue        # a shape that only Brownian measures
            rows.append([shape.replace("x", "×").replace("->", " → "), number(ours), number(torch), ratio(ours, torch)])
        return rows and table(["3×3 convolution, forward and both gradients, effective GFLOP/s", "Brownian", "PyTorch", "Brownian ÷ PyTorch"], rows)

    def scaling(self):
        rows, one = [], None
        for threads in self.results.keys("scaling"):
            speeds = [self.results.median("scaling", name, "imgPerSec", threads) for name in ("Brownian", "PyTorch")]
            one = one or speeds
            rows.append([threads] + [f"{number(speed)} ({ratio(speed, first)})" for speed, first in zip(speeds, one)])
        return rows and table([f"threads ({MODELS['tutorial']}, training, batch 16, images per second)", "Brownian", "PyTorch"], rows)

    def variants(self):
        rows = []
        for model, what in [("tutorial", "train"), ("tutorial", "forward"), ("cifar", "train"), ("cifar", "forward"), ("convolutions", "train")]:
            row, unit = f"{model}-{what}-variants", "gflops" if model == "convolutions" else "imgPerSec"
            kind = "training" if what == "train" else "forward pass"
            title = "3×3 convolutions, mean GFLOP/s" if model == "convolutions" else f"{MODELS[model]}, {kind}"
            for key in self.results.keys(row):
                chosen = ", compared above" if key == self.results.fastest_variant(model, what) else ""
                rows.append([title, key + chosen, number(self.results.median(row, "PyTorch", unit, key))])
            for failure in self.results.rows.get(row, {}).get("failed", []):
                rows.append([title, failure.replace("|", "/"), "–"])
        return rows and table(["PyTorch", "variant", "images per second"], rows).replace("|---|---:|---:|", "|---|---|---:|")


def place(label, name=None):
    """Where a table is, or any table of the label: its markers and what is between them."""
    return re.compile(rf"<!-- table: {re.escape(name) if name else '[^,]+'}, {re.escape(label)} -->\n(.*?)<!-- end -->", re.DOTALL)


def has_tables(text, label):
    return any(content.strip() for content in place(label).findall(text))


def put(text, label, tables):
    """The page with these tables. One that has no place yet gets one at the end of the label's section, which is made if need be."""
    for name, made in tables:
        marked = f"<!-- table: {name}, {label} -->\n{made + chr(10) if made else ''}<!-- end -->"
        if not place(label, name).search(text):
            text = _append(text, f"## {label}", marked)
        elif made:
            text = place(label, name).sub(lambda _: marked, text, count=1)
    return text


def _append(text, heading, block):
    start = re.search(rf"^{re.escape(heading)}$", text, re.MULTILINE)
    if not start:
        # A machine's section goes after the other machines', and so before what people wrote about them.
        last = re.search(rf"^{re.escape(LAST)}$", text, re.MULTILINE)
        before, after = (text[:last.start()], "\n" + text[last.start():]) if last else (text, "")
        return f"{before.rstrip()}\n\n{heading}\n\n{block}\n{after}"
    following = re.search(r"^## ", text[start.end():], re.MULTILINE)
    end = start.end() + following.start() if following else len(text)
    rest = text[end:]
    return f"{text[:end].rstrip()}\n\n{block}\n" + (f"\n{rest}" if rest else "")
