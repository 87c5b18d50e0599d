"""A generative adversarial network: two networks that learn from each other to draw digits.

The generator makes digits of noise; the discriminator says whether a digit is real. Each is trained against the other
(Goodfellow et al., 2014): one step for the discriminator, on real and made digits, whose graph ends at the made ones;
one step for the generator, through the discriminator, to make it say "real". There is no loss that must fall: the two
losses tell who is ahead. A third network, trained to read digits, says at the end which ones were made.

    python examples/gan.py [--fast]        (leaves runs/gan.png)
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

EPOCHS = 50 if "--fast" in sys.argv else 150
NOISE = 16


def leaky(x):
    return F.leaky_relu(x, 0.2)


def reader(x, t):
    """A network that reads digits, to judge the made ones."""
    model = L.MLP((128, 10))
    optimizer = O.Adam(model)
    loader = data.DataLoader((x, t), batch_size=32, rng=0)
    for _ in range(15):
        for xb, tb in loader:
            model.cleargrads()
            F.softmax_cross_entropy(model(xb), tb).backward()
            optimizer.update()
    return model


def main():
    ag.seed(0)
    rng = np.random.default_rng(0)
    x, t = data.digits("all")
    judge = reader(x, t)
    hidden = [[L.Linear(128), L.BatchNorm(), F.relu] for _ in range(2)]
    generator = L.Sequential(*hidden[0], *hidden[1], L.Linear(64), F.sigmoid)
    critic = L.Sequential(L.Linear(256), leaky, L.Dropout(0.3), L.Linear(128), leaky, L.Dropout(0.3), L.Linear(1))
    learn_to_make = O.Adam(generator, lr=1e-3, beta1=0.5)
    learn_to_tell = O.Adam(critic, lr=5e-4, beta1=0.5)
    loader = data.DataLoader((x, t), batch_size=64, rng=0, drop_last=True)
    history = []
    for epoch in range(1, EPOCHS + 1):
        sums = np.zeros(2)
        for real, _ in loader:
            real = real + 0.05 * rng.standard_normal(real.shape, dtype=np.float32)
            made = generator(rng.standard_normal((len(real), NOISE), dtype=np.float32))
            telling = F.softplus(-critic(real)).mean() + F.softplus(critic(made.detach())).mean()
            critic.cleargrads()
            telling.backward()
            learn_to_tell.update()

            making = F.softplus(-critic(made)).mean()
            generator.cleargrads()
            making.backward()
            learn_to_make.update()
            sums += telling.item(), making.item()
        history.append(sums / len(loader))
        if epoch % (EPOCHS // 5) == 0:
            print(f"epoch {epoch:3}  discriminator {history[-1][0]:.3f}  generator {history[-1][1]:.3f}")
    with ag.test_mode(), ag.no_grad():
        made = generator(rng.standard_normal((2000, NOISE), dtype=np.float32)).data
        said = F.softmax(judge(made)).data
    read, sure = said.argmax(axis=1), said.max(axis=1).mean()
    counts = np.bincount(read, minlength=10)
    print("2,000 made digits; the reader takes so many for 0 to 9:", counts, f"and is {sure:.0%} sure on average")
    draw(made, read, counts, np.array(history))
    assert (counts > 20).sum() >= 8 and sure > 0.7


def draw(made, read, counts, history):
    figure = Figure(figsize=(13, 5), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[5, 4, 4])
    sheet = np.zeros((10, 10, 10, 10))  # a row for each digit, the first ten that are taken for it
    for digit in range(10):
        first = made[read == digit][:10].reshape(-1, 8, 8)
        sheet[digit, : len(first), 1:9, 1:9] = first
    left.imshow(sheet.transpose(0, 2, 1, 3).reshape(100, 100), cmap="gray_r")
    left.set_title("made of noise, the first ten of each")
    left.set_xticks([])
    left.set_yticks(np.arange(4.5, 100, 10), range(10))
    middle.bar(range(10), counts)
    middle.set(title="what a reader takes them for", xlabel="digit", ylabel="of 2,000", xticks=range(10))
    right.plot(history, label=["discriminator", "generator"])
    right.set(title="losses", xlabel="epoch")
    right.legend()
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/gan.png", dpi=120)
    print("drawn: runs/gan.png")


if __name__ == "__main__":
    main()
