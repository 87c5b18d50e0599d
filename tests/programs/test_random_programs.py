"""A first part of the random programs; `python -m tests.programs.programs --count 1000` runs more."""

import pytest

from tests.programs import programs

pytestmark = pytest.mark.standin_exempt("a captured program is NumPy's")

COUNT, TOGETHER = 160, 10


@pytest.mark.parametrize("first", range(0, COUNT, TOGETHER))
def test_random_programs(first):
    """Most calls are replays: at most 5 of 8 are not, where a new input takes another way through a function."""
    runs = [programs.check(seed) for seed in range(first, first + TOGETHER)]
    assert sum(runs) <= 4 * TOGETHER
    assert max(runs) <= 8


def test_programs_are_random():
    """They differ, reach most of the table, and their parts are shared."""
    drawn = [programs.Drawn(seed) for seed in range(30)]
    names = {name for program in drawn for name in program.names}
    assert len(names) > 60
    assert {program.order for program in drawn} == {1, 2}
    used = [i for program in drawn for instruction in program.instructions for i in instruction.places]
    assert len(used) > 150
