"""Memory of training steps, ours and PyTorch's: the peak of a step, and what each loss in a list keeps.

    python benchmarks/kept.py

Each runs in a process of its own. The peak is that of the process over three steps (VmHWM), beyond its memory before
them. What is kept is the growth of the process (VmRSS) by 60 losses in a list, for each.
"""

import multiprocessing

from columns import Missing, prepare
from measure import environment, peak, settled, touch
from rows import ROWS

NAMES = ("mlp_b100_adam", "simpleconvnet", "resnet18")
LOSSES = 60


def sizes(connection, column, row):
    """Sends the bytes of a peak and of a kept loss, or why there are none."""
    try:
        touch(column)
        work = prepare(column, ROWS[row])
        for _ in range(3):
            work.step(*work.args)
        base = settled()
        highest = peak(work) - base
        base = settled()
        losses = [work.step(*work.args) for _ in range(LOSSES)]
        connection.send((highest, (settled() - base) / len(losses)))
    except Missing as error:
        connection.send(error)


def main():
    environment(1)
    context = multiprocessing.get_context("spawn")
    print(f"{'':16} {'':6} {'peak of a step':>16} {'a kept loss':>16}")
    for row in NAMES:
        for column in ("plain", "torch"):
            here, there = context.Pipe()
            process = context.Process(target=sizes, args=(there, column, row))
            process.start()
            found = here.recv()
            process.join()
            if isinstance(found, Missing):
                print(f"{row:16} {column:6} {found}")
            else:
                print(f"{row:16} {column:6} {found[0] / 1e6:13.1f} MB {found[1] / 1e3:13.1f} kB")


if __name__ == "__main__":
    main()
