"""Before anything is measured: do all contestants compute the same function?"""
import array
import json
import struct
import sys

from .contestants import SCRATCH
from .process import Failed

BOUND = 1e-4        # largest difference over largest value; float32 through 60 layers differs by about 1e-6


def outputs(path):
    """The float32 numbers of tensor "output" in a .safetensors file, as the machine is (little-endian) or swapped."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        begin, end = header["output"]["data_offsets"]
        file.seek(begin, 1)
        numbers = array.array("f", file.read(end - begin))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def difference(a, b):
    if len(a) != len(b):
        raise Failed(f"{len(a)} numbers instead of {len(b)}")
    if any(x != x for x in a):
        return float("inf")
    return max(abs(x - y) for x, y in zip(a, b)) / max(abs(y) for y in b)


def check(model, contestants, threads, say):
    """Differences from PyTorch's output by contestant; those that differ too much or cannot run the network are named and left out."""
    torch = next((c for c in contestants if c.name == "PyTorch"), None)
    if torch is None:
        return None
    SCRATCH.mkdir(parents=True, exist_ok=True)
    weights, given = SCRATCH / f"{model}.safetensors", SCRATCH / f"{model}-input.safetensors"
    torch.weights(model, weights, given)
    found, expected = {}, None
    for contestant in [torch] + [c for c in contestants if c is not torch]:
        output = SCRATCH / f"{model}-{contestant.name.split()[0].lower()}.safetensors"
        try:
            contestant.predict(model, weights, given, output, threads)
            numbers = outputs(output)
            expected = expected or numbers
            found[contestant.name] = difference(numbers, expected)
        except Failed as error:
            say(f"  {model}: {contestant.name} is left out: {error}")
    for name, value in list(found.items()):
        if value > BOUND:
            say(f"  {model}: {name} is left out: its output differs from PyTorch's by {value:.1e}, more than {BOUND:.0e}")
            del found[name]
    return found
