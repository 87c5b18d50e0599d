"""6a. Backpropagation: two apples and three oranges, and what each number does to the bill.

(100 · 2 + 150 · 3) · 1.1 = 715. Backward, each node multiplies what comes from the right by its own derivative: a sum
hands it on, a product hands each factor the other one. So one walk tells for every number at once what a change of 1
costs: an apple more 110, an orange more 165, and the tax rate 650. First with the deck's two classes, MulLayer and
AddLayer, each with its own backward, then by the graph.

    python examples/lecture/06a_apples.py

    runs/lecture/06a_graph.svg  The graph as the program left it behind, with the values and, below them, the sizes of
        the gradients.
    runs/lecture/06a_bill.png  What one more of each costs: measured by doing it, and by the gradient.
"""

from matplotlib.figure import Figure
from pictures import FOLDER, save

import autograd as ag
from autograd import visualize


def bill(apple, apples, orange, oranges, tax):
    """What stands between, and the total."""
    for_apples, for_oranges = apple * apples, orange * oranges
    untaxed = for_apples + for_oranges
    return for_apples, for_oranges, untaxed, untaxed * tax


class MulLayer:
    """x y; backward gives each factor the other one, times what comes from the right."""

    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


class AddLayer:
    """x + y; backward hands on what comes from the right."""

    def forward(self, x, y):
        return x + y

    def backward(self, dout):
        return dout, dout


def bill_by_hand(apple, apples, orange, oranges, tax):
    """The total, and its derivative by each of the five numbers: the walk back, layer by layer."""
    mul_apple, mul_orange, add, mul_tax = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    untaxed = add.forward(mul_apple.forward(apple, apples), mul_orange.forward(orange, oranges))
    total = mul_tax.forward(untaxed, tax)
    d_untaxed, d_tax = mul_tax.backward(1)
    d_for_apples, d_for_oranges = add.backward(d_untaxed)
    return total, [*mul_apple.backward(d_for_apples), *mul_orange.backward(d_for_oranges), d_tax]


price, number, tax = ag.Variable(100.0), ag.Variable(2.0), ag.Variable(1.1)
total = price * number * tax
print("two apples:", round(total.item(), 9))
assert abs(total.item() - 220) < 1e-12
for g, expected in zip(ag.grad(total, [price, number, tax]), (2.2, 110, 200)):
    assert abs(g.item() - expected) < 1e-12

values = {"apple": 100.0, "apples": 2.0, "orange": 150.0, "oranges": 3.0, "tax": 1.1}
basket = {name: ag.Variable(value, name=name) for name, value in values.items()}
parts = bill(**basket)
total = parts[-1]
for part, name in zip(parts, ("for apples", "for oranges", "untaxed", "total")):
    part.name = name
total.backward(retain_grad=True)  # with the gradients of the parts, for the picture
print("two apples and three oranges:", round(total.item(), 9))
by_hand, derivatives = bill_by_hand(100, 2, 150, 3, 1.1)
print("with layers by hand:", round(by_hand, 9), [round(d, 9) for d in derivatives])
assert abs(by_hand - 715) < 1e-12 and max(abs(d - e) for d, e in zip(derivatives, (2.2, 110, 3.3, 165, 650))) < 1e-12
assert abs(total.item() - 715) < 1e-12

gradients = {name: v.grad.item() for name, v in basket.items()}
measured = {name: bill(**values | {name: value + 1})[-1] - 715 for name, value in values.items()}
for name, expected in {"apple": 2.2, "apples": 110, "orange": 3.3, "oranges": 165, "tax": 650}.items():
    print(f"d total / d {name:7} = {gradients[name]:7.2f}    by changing it: {measured[name]:7.2f}")
    assert abs(gradients[name] - expected) < 1e-12
    assert abs(measured[name] - expected) < 1e-9  # the bill is a line in each single number

FOLDER.mkdir(parents=True, exist_ok=True)
print("drawn:", visualize.plot(total, FOLDER / "06a_graph.svg", values=True, gradients=True))

figure = Figure(figsize=(7, 2.8), layout="constrained")
axes = figure.subplots()
for shift, (label, heights) in zip((-0.2, 0.2), (("measured", measured), ("gradient", gradients))):
    bars = axes.bar([i + shift for i in range(5)], heights.values(), width=0.4, label=label)
    axes.bar_label(bars, fmt="{:.1f}", fontsize=8)
names = ["price of\nan apple", "number of\napples", "price of\nan orange", "number of\noranges", "tax"]
axes.set_xticks(range(5), names)
axes.set(ylabel="change of the total", ylim=(0, 730))
axes.legend(loc="upper left")
save(figure, "06a_bill.png")
