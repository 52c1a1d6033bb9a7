"""The parts of bench/compare. Standard library only."""
