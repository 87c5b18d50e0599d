"""Step 61: attention.

New: a word looks at other words. An RNN hands one memory from step to step; attention lets every place look at
all places at once. Each place asks with a query q. It is answered in proportion to how well q fits the key k of
a place: softmax of the products q k makes weights of them, and the answer is the weighted mean of the values v.
First as the loop that says so, then as two matrix products and a softmax, for all queries at once. A mask takes
places out before the softmax: those that are padding, or those that come later, which a writer cannot know yet.
The last part is a search that no memory of a fixed size could do better: a text of pairs, then a question.

In the package: autograd/functions/attention.py
"""

import math

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O


def attention_by_loops(q, k, v, seen):
    """The answer for each query, one after the other.   (T, D) (S, D) (S, E), seen (T, S) -> (T, E)"""
    answers = []
    for i in range(len(q)):
        places = [j for j in range(len(k)) if seen[i][j]]
        weights = [math.exp(q[i] @ k[j] / math.sqrt(len(q[i]))) for j in places]
        answers.append(sum(w * v[j] for w, j in zip(weights, places)) / sum(weights))
    return np.array(answers)


def attention(q, k, v, seen):
    """The same with what steps 41 and 47 made: MatMul, softmax, MatMul."""
    scores = q @ k.T / math.sqrt(q.shape[1]) + np.where(seen, 0, -np.inf)  # e^-inf = 0: not seen, no weight
    return F.softmax(scores) @ v


rng = np.random.default_rng(0)
q, k, v = (ag.Variable(rng.normal(size=shape)) for shape in ((4, 3), (6, 3), (6, 2)))
everything, causal = np.ones((4, 6), bool), np.tri(4, 6, dtype=bool)
for name, seen in (("all places", everything), ("no later place", causal)):
    loop = attention_by_loops(q.data, k.data, v.data, seen)
    matrices = attention(q, k, v, seen)
    package = F.scaled_dot_product_attention(q, k, v, mask=seen)
    equal = np.allclose(loop, matrices.data) and np.allclose(loop, package.data)
    print(f"{name}: equal to the loop: {equal}")
    assert equal
print("the first query sees the first place alone:", np.allclose(matrices.data[0], v.data[0]))
assert np.allclose(matrices.data[0], v.data[0])

seed = rng.normal(size=(4, 2))
ours = ag.grad((attention(q, k, v, causal) * seed).sum(), [q, k, v])
theirs = ag.grad((F.scaled_dot_product_attention(q, k, v, causal=True) * seed).sum(), [q, k, v])
print("gradients too:", all(np.allclose(a.data, b.data) for a, b in zip(ours, theirs)))
assert all(np.allclose(a.data, b.data) for a, b in zip(ours, theirs))


class Search(L.Layer):
    """Answers a question about a text: what stood beside this word?   (N, S) (N, S) (N,) -> (N, words)"""

    def __init__(self, words, size):
        self.keys, self.values = L.Embedding(words, size), L.Embedding(words, size)
        self.queries, self.output = L.Embedding(words, size), L.Linear(words, size)

    def forward(self, names, things, asked):
        q = self.queries(asked[:, None])  # (N, 1, size)
        y = F.scaled_dot_product_attention(q, self.keys(names), self.values(things))
        return self.output(y[:, 0])


def texts(count, words, length):
    """Pairs (name, thing) with all names different, a name of them, and the thing beside it."""
    names = np.stack([rng.permutation(words)[:length] for _ in range(count)])
    things, place = rng.integers(0, words, (count, length)), rng.integers(0, length, count)
    rows = np.arange(count)
    return names, things, names[rows, place], things[rows, place]


ag.seed(0)
model = Search(12, 16)
optimizer = O.Adam(model, lr=1e-2)
for step in range(1, 401):
    *question, t = texts(64, 12, 6)
    y = model(*question)
    loss = F.softmax_cross_entropy(y, t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    if step % 100 == 0:
        print(f"{step} updates: loss {loss.item():.4f}, right {F.accuracy(y, t):.2f}")
*question, t = texts(1000, 12, 6)
right = F.accuracy(model(*question), t)
print(f"new texts: {right:.3f} of the answers are right; guessing one of the six things, 0.17")
assert right > 0.95
