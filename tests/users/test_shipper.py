"""What a user did who trains, saves, serves and hands on a model: it works, or an error says what to do.

Rows that other tests hold:

| row | test |
|---|---|
| resume after a kill, bit for bit | test_resuming.py, test_a_training_that_was_stopped_goes_on_bit_for_bit |
| damaged files | test_a_flipped_bit_in_any_byte_is_noticed_or_harmless, test_every_truncation_is_noticed |
| a process with NumPy alone | test_wheel.py |
| import from PyTorch | models/test_against_torch.py, test_a_file_of_torch_is_loaded |
| export to PyTorch | models/test_torch_state.py, test_pytorch_reads_what_we_write_and_computes_the_same |
| ONNX | formats/test_onnx_export.py, formats/test_onnx_load.py |
| TensorBoard, one file a run | test_tensorboard.py, test_fit_writes_one_file_for_the_run |
| progress bar, in a notebook too | test_training.py, test_a_notebook_has_a_bar_too |
| numbers of metrics | test_metrics.py, test_the_numbers_of_scikit_learn |
| serving from threads | test_threads.py, test_a_model_that_a_pool_serves_is_in_test_mode |
| types of a user's script | test_types.py, test_a_strict_script_passes, test_every_slip_is_found |
| batches made ahead in processes | data/test_workers.py, test_the_batches_do_not_depend_on_the_number_of_workers |
| np.memmap | data/test_columns.py, test_a_memory_map_stays_one |
| frames, tensors, sparse matrices, dicts, ragged samples | data/test_columns.py |
| pipelines and grid search of scikit-learn | test_estimators.py, test_pipeline_and_grid_search_in_two_processes |
| gradient accumulation | test_training.py, test_accumulated_gradients_are_those_of_one_large_batch |
| a GPU that is not there | data/test_loader.py, test_without_a_gpu_the_error_says_so |
"""

import copy
import json
import pickle
import re

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import metrics, models, serialize, training
from autograd.checkpoints import Checkpoints
from autograd.data import DataLoader, WeightedSampler, transforms

pytestmark = pytest.mark.standin_exempt("what users of NumPy tried")

X = np.random.default_rng(0).standard_normal((24, 3)).astype(np.float32)
T = (X @ [1.0, -2.0, 0.5])[:, None].astype(np.float32)


def says(error, words):
    return pytest.raises(error, match=re.escape(words))


class Training:
    """A linear network, its optimizer, its batches."""

    def __init__(self, seed=0, lr=0.05):
        self.model = L.Sequential(L.Linear(1, 3, rng=seed))
        self.optimizer = O.Adam(self.model, lr)
        self.loader = DataLoader((X, T), 6, rng=seed)

    def fit(self, **options):
        settings = {"epochs": 2, "verbose": False} | options
        return training.fit(self.model, F.mean_squared_error, self.optimizer, self.loader, **settings)


@pytest.fixture
def run():
    return Training()


def test_fit_with_a_test_set_and_evaluate(run):
    """breast cancer, split, `fit(..., test=)`, `evaluate`: yes."""
    history = run.fit(epochs=30, test=run.loader)
    assert history["test_loss"][-1] < 0.5 * history["test_loss"][0]
    assert "loss" in training.evaluate(run.model, F.mean_squared_error, run.loader)


def test_early_stopping(run):
    """`watch` returning True is ignored; an exception stops, and the `History` is lost."""
    assert len(run.fit(epochs=9, watch=lambda epoch, values: epoch == 3)["loss"]) == 3
    history = run.fit(epochs=9, test=run.loader, watch=training.EarlyStopping(1, delta=100.0))
    assert len(history["loss"]) == 2
    with says(ValueError, "fit(..., test=loader) measures test values"):
        run.fit(watch=training.EarlyStopping(1))


def test_the_best_checkpoint(run, tmp_path):
    """best checkpoint: `serialize.save` in `watch`; by hand."""
    run.fit(test=run.loader, checkpoints=Checkpoints(tmp_path, best="test_loss"))
    again = Training(1)
    again.fit(test=run.loader, checkpoints=Checkpoints(tmp_path, best="test_loss"), resume=True)
    np.testing.assert_array_equal(again.model[0].W.data, run.model[0].W.data)


def test_fit_with_several_metrics_watches_and_accumulation(run):
    """several metrics, none, accumulation: `'dict' object is not callable`; two watches: `'list' object ...`."""
    seen = []
    watch = [lambda epoch, values: seen.append(epoch), lambda epoch, values: seen.append(values["loss"])]
    history = run.fit(metric={"mae": metrics.mae, "r2": metrics.r2}, accumulate=2, watch=watch)
    assert {"loss", "mae", "r2"} <= set(history)
    assert seen[::2] == [1, 2]
    assert set(history) - set(run.fit(metric=None)) == {"mae", "r2"}


def test_fit_goes_on(run):
    """start epoch: `unexpected keyword`: a history is continued."""
    history = run.fit(epochs=2)
    assert len(run.fit(epochs=3, history=history)["loss"]) == 3


@pytest.mark.parametrize(
    "word, said",
    [("callbacks", "it is watch= here"), ("class_weight", "weight="), ("initial_epoch", "it is history= here")],
)
def test_words_of_keras(run, word, said):
    """callbacks, class weights, start epoch: `unexpected keyword`."""
    with says(TypeError, f"fit has no argument {word}=: ") as info:
        run.fit(**{word: 1})
    assert said in str(info.value)


def test_class_weights_and_two_inputs():
    """class weights, two inputs: no."""

    class Two(L.Layer):
        def __init__(self):
            self.a, self.b = L.Linear(2), L.Linear(2)

        def forward(self, x, y):
            return self.a(x) + self.b(y)

    model, t = Two(), (T[:, 0] > 0).astype(int)

    def loss(y, t):
        return F.softmax_cross_entropy(y, t, weight=np.array([1.0, 3.0]))

    model(X, X)
    history = training.fit(
        model, loss, O.Adam(model, 0.1), DataLoader({"x": X, "y": X, "t": t}, 8), epochs=5, verbose=False
    )
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("name", ["run.npz", "run.safetensors"])
def test_one_file_for_all(run, tmp_path, name):
    """`save({'model': m, ...})`: `Sequential is neither an array nor fit for JSON`."""
    run.fit()
    path = tmp_path / name
    serialize.save(path, model=run.model, optimizer=run.optimizer, loader=run.loader, epoch=2, config={"size": 3})
    again = Training(1)
    values = serialize.load(path, model=again.model, optimizer=again.optimizer, loader=again.loader)
    assert values == {"epoch": 2, "config": {"size": 3}}
    assert values.items() <= serialize.values(path).items()
    assert again.fit()["loss"] == run.fit()["loss"]


def test_nested_states(run, tmp_path):
    """`save({'model': m.state_dict()})`: `dict is neither an array nor fit for JSON`."""
    serialize.save({"model": run.model.state_dict()}, tmp_path / "a.npz")
    again = Training(1)
    serialize.load({"model": again.model}, tmp_path / "a.npz")
    np.testing.assert_array_equal(again.model[0].W.data, run.model[0].W.data)


def test_a_learning_rate_set_by_hand_is_resumed(run):
    """lr set by hand, then resume: wrong, W13."""
    run.optimizer.lr = 0.01
    again = Training()
    again.optimizer.load_state_dict(run.optimizer.state_dict())
    assert again.optimizer.lr == 0.01


def test_a_part_of_a_file(run, tmp_path):
    """`serialize.load(m, path, strict=False)`: `unexpected keyword argument 'strict'`."""
    serialize.save(run.model, tmp_path / "a.npz")
    longer = L.Sequential(*Training(1).model, L.Linear(2, 1))
    with pytest.warns(UserWarning, match=r"1\.W"):
        serialize.load(longer, tmp_path / "a.npz", strict=False)
    np.testing.assert_array_equal(longer[0].W.data, run.model[0].W.data)


def test_a_model_without_its_code(run, tmp_path):
    """whole model without its code: `no attribute 'load_model'`."""
    with says(
        AttributeError, "no attribute 'load_model': it is load(model, path), for a model that its code has made here"
    ):
        serialize.load_model
    ag.emit(run.model, X, tmp_path / "model.py")
    assert "autograd" not in (tmp_path / "model.py").read_text().split('"""')[2]


def test_pickles_with_schedules_and_transforms(run):
    """`Can't pickle local object 'cosine.<locals>.<lambda>'`, `'clip_by_norm.<locals>.clip'`."""
    optimizer = O.AdamW(run.model, O.warmup(3, O.cosine(0.1, 10)), transforms=[O.clip_by_norm(1.0)])
    for model, again in (
        pickle.loads(pickle.dumps((run.model, optimizer))),
        copy.deepcopy((run.model, optimizer)),
    ):
        assert again.lr == optimizer.lr
        model(X).sum().backward()
        again.update()
        assert not np.array_equal(model[0].W.data, run.model[0].W.data)


def test_names_of_pytorch(run, tmp_path):
    """export to PyTorch: `Missing key(s): "0.weight"`; Linear must be transposed by hand."""
    state = models.torch_state_dict(run.model)
    np.testing.assert_array_equal(state["0.weight"], run.model[0].W.data.T)
    models.save_weights(run.model, tmp_path / "net.pth")
    again = Training(1).model
    models.load_weights(again, tmp_path / "net.pth")
    np.testing.assert_array_equal(again[0].W.data, run.model[0].W.data)


def test_the_lstm_of_pytorch():
    """import of `torch.nn.LSTM`: `Wx: missing ... weight_ih_l0: unexpected`."""
    draw = np.random.default_rng(0).standard_normal
    state = {
        "weight_ih_l0": draw((16, 3)),
        "weight_hh_l0": draw((16, 4)),
        "bias_ih_l0": draw(16),
        "bias_hh_l0": draw(16),
    }
    layer = L.LSTM(4, 3, dtype=np.float64)
    models.load_weights(layer, state)
    np.testing.assert_allclose(np.sort(layer.Wx.data, axis=None), np.sort(state["weight_ih_l0"], axis=None))
    np.testing.assert_allclose(np.sort(layer.b.data), np.sort(state["bias_ih_l0"] + state["bias_hh_l0"]))


def test_safetensors(run, tmp_path):
    """safetensors: reading yes; writing by hand."""
    serialize.save(run.model, tmp_path / "net.safetensors")
    again = Training(1).model
    serialize.load(again, tmp_path / "net.safetensors")
    np.testing.assert_array_equal(again[0].W.data, run.model[0].W.data)


def test_a_summary_before_the_first_call():
    """model summary: no counts, no output shapes, no total; `'Plan' object has no attribute 'size'`."""
    text = str(L.Sequential(L.Linear(5), F.relu, L.Linear(2)).summary(X[:1]))
    assert re.search(r"0: Linear +\(1, 5\) +20", text)
    assert re.search(r"total +32", text)


def test_metrics_and_those_of_scikit_learn():
    """`no attribute 'confusion_matrix'`; sklearn's take Variables."""
    y, t = np.eye(3), np.array([0, 1, 1])
    assert metrics.confusion_matrix(y, t).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert float(F.accuracy(y, np.array([1, 1, 2]), top=2)) > 0.6
    theirs = pytest.importorskip("sklearn.metrics")
    assert theirs.r2_score([0.0, 1.0, 2.0], ag.Variable(np.array([0.0, 1.0, 2.0]))) == 1
    with says(TypeError, "use x.data for the array"):  # of a graph
        theirs.r2_score([0.0, 1.0, 2.0], ag.Variable(np.array([0.0, 1.0, 2.0])) * 1)


def test_predict_and_one_sample():
    """no `predict`; a 1-D sample fails in BatchNorm: `batch_norm_inference takes x (N, C, ...), not (32,)`."""
    model = L.Sequential(L.BatchNorm(), L.Linear(2))
    model(X)
    assert training.predict(model, X).shape == (24, 2)
    assert training.predict(model, X[:1]).shape == (1, 2)
    with says(ValueError, "takes x (N, C, ...), not (3,)"):
        training.predict(model, X[0])


def test_words_of_other_loaders():
    """`DataLoader.__init__() got an unexpected keyword argument 'num_workers'` ..."""
    for word, said in {
        "num_workers": "it is workers= here", "collate_fn": "it is collate= here", "weights": "it is sampler= here",
        "prefetch_factor": "workers=",
    }.items():  # fmt: skip
        with says(TypeError, f"DataLoader has no argument {word}=") as info:
            DataLoader((X, T), 6, **{word: 2})
        assert said in str(info.value)
    with says(TypeError, "give list(data)"):
        DataLoader(iter([1, 2]), 2)


def test_imbalanced_sampling_and_transforms():
    """`transform=`, `sampler=`, `weights=`: no; imbalanced sampling by an own Dataset."""
    weights = np.where(np.arange(24) < 2, 1.0, 0.0)
    loader = DataLoader((np.arange(24), T), 6, sampler=WeightedSampler(weights), transform=lambda x: x + 100)
    assert {int(x) for batch, _ in loader for x in batch} == {100, 101}


def test_augmentation():
    """no rotation, colour, affine, mixup; no hook in the loader."""
    images = np.random.default_rng(0).random((8, 3, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(transforms.rotate(images, 0), images, atol=1e-6)
    rng = np.random.default_rng(0)
    assert transforms.mixup(images, np.arange(8), 8, rng=rng)[1].shape == (8, 8)
    chain = transforms.compose(transforms.random_flip, transforms.random_colour)
    assert next(iter(DataLoader(images, 4, transform=chain))).shape == (4, 3, 6, 6)


def test_a_model_anew():
    """no `reset_parameters()`: make the model anew."""
    with says(AttributeError, "no attribute 'reset_parameters': here it is to make the layer anew"):
        L.Linear(2, 3).reset_parameters()


def test_devices_without_a_gpu(run):
    """`'cuda'`: `device must be 'cpu' or 'gpu'`."""
    with says(ValueError, "device must be 'cpu' or 'gpu', not 'cuda'"):
        run.model.to("cuda")
    with says(AttributeError, "here it is to('gpu')"):
        run.model.cuda()


def test_a_loss_is_printed_and_logged(run):
    """`f"{loss:.4f}"` fails; `"%.4f" % loss`, `float(loss)`, `loss.item()` work; `json.dumps` fails."""
    loss = F.mean_squared_error(run.model(X), T)
    assert f"{loss:.4f}" == f"{float(loss):.4f}" == f"{loss.item():.4f}"
    assert json.loads(json.dumps(loss.item())) == loss.item()
    with says(TypeError, "Variable is not JSON serializable"):
        json.dumps(loss)


def test_the_same_seed_after_other_draws():
    """lazy layers draw when first called; `ag.seed`, sizes given: the same weights."""
    weights = []
    for draw in (False, True):
        ag.seed(0)
        model = L.Linear(2, 3)
        first = model.W.data.copy()
        if draw:
            L.Linear(5, 5)
        model(X)
        weights += [first, model.W.data]
    for W in weights:
        np.testing.assert_array_equal(W, weights[0])
