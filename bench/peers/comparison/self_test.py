"""bench/compare --self-test"""
import json
import struct
import sys
import tempfile
import unittest
from pathlib import Path

from . import equality
from .page import Page, has_tables, number, put
from .process import Failed, run
from .results import Results, write_whole
from .rows import Rows

PAGE = "# Title\n\n## 2 cores\n\nWords.\n\n<!-- table: speed, 2 cores -->\nold\n<!-- end -->\n\nMore words.\n\n## What was tried\n\nMuch.\n"


def values(**speeds):
    return {"": {name: [{"imgPerSec": speed, "peakMemoryMB": 1000.0} for speed in rounds] for name, rounds in speeds.items()}}


def row(measured):
    return {"values": measured, "failed": [], "threads": ["2"], "command": ["bench/compare"], "rounds": ["3"], "date": ["2026-01-01"],
            "contestants": ["Brownian 1"]}


class Pages(unittest.TestCase):
    def test_a_table_replaces_what_is_between_its_markers_and_nothing_else(self):
        self.assertEqual(put(PAGE, "2 cores", [("speed", "new\\1")]), PAGE.replace("old", "new\\1"))

    def test_a_table_without_content_leaves_the_page_as_it_is(self):
        self.assertEqual(put(PAGE, "2 cores", [("speed", None)]), PAGE)

    def test_a_new_table_goes_to_the_end_of_its_section(self):
        made = put(PAGE, "2 cores", [("memory", "m")])
        self.assertLess(made.index("More words."), made.index("table: memory"))
        self.assertLess(made.index("table: memory"), made.index("## What was tried"))

    def test_a_new_machine_gets_a_section_before_what_people_wrote(self):
        made = put(PAGE, "16 cores", [("speed", "s"), ("memory", "m")])
        self.assertEqual(made.replace(made[made.index("## 16"):made.index("## What")], ""), PAGE)
        self.assertLess(made.index("table: speed, 16 cores"), made.index("table: memory, 16 cores"))

    def test_writing_twice_changes_nothing(self):
        once = put(PAGE, "16 cores", [("speed", "s"), ("memory", None)])
        self.assertEqual(put(once, "16 cores", [("speed", "s"), ("memory", None)]), once)

    def test_full_tables_are_told_from_empty_ones(self):
        self.assertTrue(has_tables(PAGE, "2 cores"))
        self.assertFalse(has_tables(PAGE.replace("old\n", ""), "2 cores"))

    def test_medians_and_ratios_are_in_the_table(self):
        with tempfile.TemporaryDirectory() as folder:
            results = Results(Path(folder) / "r.json", {"processor": "P", "cores": 2, "instructions": "I"})
            results.rows["tutorial-train-64"] = row(values(Brownian=[40.0, 50.0, 60.0], PyTorch=[5.0, 4.0, 50.0]))
            self.assertIn("| 50.0 | 5.00 | – | 10.00× | 10.00× |", Page(results).speed())

    def test_numbers_keep_three_digits(self):
        self.assertEqual([number(x) for x in (1234.5, 123.4, 12.34, 1.234, None)], ["1,234", "123", "12.3", "1.23", "–"])


class Kept(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "r.json"

    def tearDown(self):
        self.folder.cleanup()

    def test_results_come_back_on_the_same_machine_only(self):
        results = Results(self.path, {"processor": "P"})
        results.rows["a"] = row({})
        results.save()
        self.assertEqual(list(Results(self.path, {"processor": "P"}).rows), ["a"])
        self.assertEqual(list(Results(self.path, {"processor": "Q"}).rows), [])

    def test_bfloat16_is_never_the_variant_compared(self):
        results = Results(self.path, {})
        speeds = {"default": 5, "channels_last": 6, "bf16": 9}
        results.rows["cifar-train-variants"] = row({key: {"PyTorch": [{"imgPerSec": speed}]} for key, speed in speeds.items()})
        self.assertEqual(results.fastest_variant("cifar", "train"), "channels_last")
        self.assertEqual(results.fastest_variant("tutorial", "train"), "default")

    def test_a_failed_write_leaves_the_old_file_alone(self):
        write_whole(self.path, "old")
        with self.assertRaises(TypeError):
            write_whole(self.path, None)
        self.assertEqual([file.read_text() for file in Path(self.folder.name).iterdir()], ["old"])

    def test_outputs_are_compared_by_their_largest_difference(self):
        data = struct.pack("<3f", 1, -4, 2)
        header = json.dumps({"output": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}).encode()
        self.path.write_bytes(struct.pack("<Q", len(header)) + header + data)
        numbers = equality.outputs(self.path)
        self.assertEqual(list(numbers), [1, -4, 2])
        self.assertEqual(equality.difference([1, -4, 3], numbers), 0.25)
        self.assertEqual(equality.difference([1, float("nan"), 2], numbers), float("inf"))


class Processes(unittest.TestCase):
    def test_json_lines_memory_and_time_are_read(self):
        outcome = run([sys.executable, "-c", "x = bytearray(60_000_000); print('hello'); print('{\"a\": 1}')"])
        self.assertEqual(outcome.lines, [{"a": 1}])
        self.assertGreater(outcome.peak_mb, 60)
        self.assertLessEqual(outcome.first_line, outcome.seconds)

    def test_a_failure_is_its_last_line(self):
        with self.assertRaisesRegex(Failed, "^mend it$"):
            run([sys.executable, "-c", "import sys; sys.exit('bad\\nmend it')"])

    def test_an_error_in_the_answer_is_a_failure(self):
        with self.assertRaisesRegex(Failed, "^no bfloat16$"):
            run([sys.executable, "-c", "print('{\"error\": \"no bfloat16\"}')"])

    def test_a_process_that_takes_too_long_is_stopped(self):
        with self.assertRaisesRegex(Failed, "took longer"):
            run([sys.executable, "-c", "import time; time.sleep(60)"], limit=0.3)

    def test_a_missing_program_is_a_failure(self):
        with self.assertRaises(Failed):
            run(["/no/such/program"])


class Plans(unittest.TestCase):
    def test_nobody_installed_is_nothing_to_do(self):
        self.assertEqual(Rows([], 2, False, lambda model, what: "default").all(), [])


if __name__ == "__main__":
    unittest.main()
