"""What was measured, kept in a file, so that single rows can be measured again and the page written from all of them."""
import json
import os
import statistics
import tempfile
from pathlib import Path


def write_whole(path, text):
    """All of the text or, if anything fails, the file as it was."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class Results:
    """rows[row]["values"][key][contestant] is a list of measurements; machine and equality apply to all rows."""

    def __init__(self, path, machine, fresh=False):
        self.path, self.data = Path(path), {}
        if not fresh and self.path.exists():
            self.data = json.loads(self.path.read_text(encoding="utf-8"))
        if self.data.get("machine") != machine:
            self.data = {"machine": machine, "equality": {}, "rows": {}}

    @property
    def rows(self):
        return self.data["rows"]

    def save(self):
        write_whole(self.path, json.dumps(self.data, indent=1, ensure_ascii=False) + "\n")

    def keys(self, row):
        return list(self.rows.get(row, {}).get("values", {}))

    def median(self, row, contestant, number, key=""):
        """The median over the rounds, or None where nothing was measured."""
        values = self.rows.get(row, {}).get("values", {}).get(key, {}).get(contestant, [])
        return statistics.median(value[number] for value in values) if values else None

    def fastest_variant(self, model, what):
        """Of PyTorch's float32 variants; default where they were not measured."""
        row, number = f"{model}-{what}-variants", "gflops" if model == "convolutions" else "imgPerSec"
        speeds = {key: self.median(row, "PyTorch", number, key) for key in self.keys(row) if "bf16" not in key}
        return max(speeds, key=speeds.get) if speeds else "default"
