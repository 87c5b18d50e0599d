"""3a. Perceptrons: gates, XOR of three of them, and an adder of nothing else.

A perceptron says 1 where w1 x1 + w2 x2 + b > 0, and 0 elsewhere: a line divides the plane. With the right numbers it is
an AND, NAND or OR gate. XOR has no such line, but two layers of gates make it. XOR and AND add two bits, two such half
adders and an OR add three, and four of those in a row add numbers of four bits: a computer is perceptrons all the way.

    python examples/lecture/03a_gates.py

    runs/lecture/03a_lines.png  Each gate's line, and XOR, whose region lies between two lines. Dashed: the lines of
        the slides, x2 = 0.5 - x1 and x2 = 1.5 - x1. Many lines make the same gate.
    runs/lecture/03a_adder.png  13 + 11 = 24 with four full adders: the carry moves to the left.
"""

import itertools

import numpy as np
from matplotlib.figure import Figure
from pictures import save

X1, X2 = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def perceptron(w1, w2, b):
    return lambda x1, x2: 1 * (w1 * x1 + w2 * x2 + b > 0)


AND, NAND, OR = perceptron(0.5, 0.5, -0.7), perceptron(-0.5, -0.5, 0.7), perceptron(0.5, 0.5, -0.2)


def XOR(x1, x2):
    return AND(NAND(x1, x2), OR(x1, x2))


def half_adder(a, b):
    """The sum of two bits: its last digit, and the carry."""
    return XOR(a, b), AND(a, b)


def full_adder(a, b, carry):
    first, carry1 = half_adder(a, b)
    digit, carry2 = half_adder(first, carry)
    return digit, OR(carry1, carry2)


def add(a, b):
    """Two numbers of four digits, the lowest last: the five digits of the sum, and the carries into each place."""
    digits, carries = [], [0]
    for place in (3, 2, 1, 0):
        digit, carry = full_adder(a[place], b[place], carries[0])
        digits.insert(0, digit)
        carries.insert(0, carry)
    return [carries[0], *digits], carries


def draw_lines():
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    side = np.linspace(-0.5, 1.5, 401)
    grid = np.meshgrid(side, side)
    slides = {"AND": 1.5, "OR": 0.5}
    for axes, (name, gate) in zip(figure.subplots(1, 4), {"AND": AND, "NAND": NAND, "OR": OR, "XOR": XOR}.items()):
        axes.contourf(*grid, gate(*grid), levels=[-0.5, 0.5, 1.5], colors=["#e8eef5", "#f6cfb0"])
        for x1, x2 in zip(X1, X2):
            y = gate(x1, x2)
            axes.plot(x1, x2, "o", markersize=16, color="tab:red" if y else "tab:blue", clip_on=False)
            axes.text(x1, x2, y, color="w", ha="center", va="center", fontweight="bold")
        if name in slides:
            axes.plot(side, slides[name] - side, "k--", linewidth=1)
        axes.set(title=name, xlabel="x1", ylabel="x2", aspect="equal", xlim=(-0.5, 1.5), ylim=(-0.5, 1.5))
        axes.set_xticks([0, 1])
        axes.set_yticks([0, 1])
    save(figure, "03a_lines.png")


def draw_adder(a, b, total, carries):
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.axis("off")
    arrow = {"arrowstyle": "-|>", "color": "k"}
    for place in range(4):
        x = 2.2 * place
        axes.text(x, 0, "full\nadder", ha="center", va="center", fontsize=11,
                  bbox={"boxstyle": "round,pad=0.7", "facecolor": "#f6cfb0"})  # fmt: skip
        for shift, digit in ((-0.3, a[place]), (0.3, b[place])):
            axes.annotate(str(digit), (x + shift, 0.36), (x + shift, 1.3), ha="center", fontsize=13, arrowprops=arrow)
        axes.annotate("", (x, -1.2), (x, -0.36), arrowprops=arrow)
        axes.text(x, -1.6, total[place + 1], ha="center", fontsize=13, fontweight="bold")
        axes.annotate("", (x - 1.72, 0), (x - 0.46, 0), arrowprops=arrow)
        axes.text(x - 1.1, 0.12, carries[place], ha="center", fontsize=11, color="tab:red")
    axes.text(-1.85, -0.1, total[0], ha="center", fontsize=13, fontweight="bold")
    axes.annotate("0", (6.6 + 0.46, 0), (6.6 + 1.5, 0), va="center", fontsize=11, color="tab:red", arrowprops=arrow)
    words = ["".join(map(str, digits)) for digits in (a, b, total)]
    axes.set(xlim=(-2.3, 8.4), ylim=(-1.8, 1.7), title=f"{words[0]} + {words[1]} = {words[2]}")
    save(figure, "03a_adder.png")


expected = {"AND": [0, 0, 0, 1], "NAND": [1, 1, 1, 0], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
for gate, (name, outputs) in zip((AND, NAND, OR, XOR), expected.items()):
    print(f"{name:4} of 00 01 10 11:", gate(X1, X2))
    assert gate(X1, X2).tolist() == outputs
assert perceptron(0.5, 0.5, -0.8)(X1, X2).tolist() == expected["AND"]  # a threshold of 0.8 does as well as 0.7
assert perceptron(1, 1, -1.5)(X1, X2).tolist() == expected["AND"]  # the dashed lines of the picture
assert perceptron(1, 1, -0.5)(X1, X2).tolist() == expected["OR"]

a, b = (1, 1, 0, 1), (1, 0, 1, 1)
total, carries = add(a, b)
print("1101 + 1011 =", "".join(map(str, total)))
assert total == [1, 1, 0, 0, 0]


def number(digits):
    return int("".join(map(str, digits)), 2)


for a_, b_ in itertools.product(itertools.product((0, 1), repeat=4), repeat=2):  # all 256 sums
    assert number(add(a_, b_)[0]) == number(a_) + number(b_)

draw_lines()
draw_adder(a, b, total, carries)
