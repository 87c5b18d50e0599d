"""The rules of the house, read from the source: floors, sizes, names, and what must not exist."""

import ast
from functools import cache
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

FLOORS = [  # an import points down; inside a folder, and between the files of the core, from right to left
    "bfloat16", "decorators checks locks effects", "config", "backend shapes files names protection measures", "sums",
    "engine kernels data constants",
    "guards changes", "function", "sparse stacking methods", "algebra", "gradients conversions", "variable",
    "core dlpack",
    "functions",
    "layers",
    "derivatives",
    "optimizers formats watch testing metrics tensorboard history batches recompute",
    "progress serialize distributed",
    "checkpoints",
    "visualize training models programs summary",
    "compat estimators",
    "__init__ dezero",
]  # fmt: skip
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names.split()}
DEFERRED = {  # the imports inside a function: a notebook's display, a summary, NumPy's functions on a Variable
    ("conversions.py", "autograd.visualize.notebook"), ("conversions.py", "autograd.functions.numpy_functions"),
    ("base.py", "autograd.summary"),
}  # fmt: skip

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module(path):
    """`autograd.functions.conv` for the file of that name; `autograd.functions` for the folder's __init__."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path) for path in FILES}


def part(name):
    """The part of the house that a module belongs to: a name in FLOORS."""
    return "__init__" if name == "autograd" else name.split(".")[1]


@cache
def for_types_alone(path):
    """The imports under `if TYPE_CHECKING:`, which name a type in an annotation and never run."""
    blocks = [n for n in ast.walk(tree(path)) if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    return {node for block in blocks for part in block.body for node in ast.walk(part)}


def imported(path, nodes=None):
    """(line, module) for each module of ours that the file imports when it runs."""
    unused = for_types_alone(path)
    package = module(path) if path.name == "__init__.py" else module(path).rpartition(".")[0]
    for node in ast.walk(tree(path)) if nodes is None else nodes:
        if node in unused:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) + 1 - node.level]) if node.level else ""
            origin = ".".join(filter(None, [base, node.module]))
            names = [f"{origin}.{a.name}" if f"{origin}.{a.name}" in MODULES else origin for a in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "autograd")


def functions(path):
    return [n for n in ast.walk(tree(path)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def docstring_lines(node):
    first = node.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return first.end_lineno - first.lineno + 1 if is_docstring and isinstance(first.value.value, str) else 0


@every_file
def test_imports_point_down(path):
    """Never up and never sideways; siblings inside one folder may import each other."""
    here = part(module(path))
    assert here in FLOOR, f"{here} stands on no floor: give it one in FLOORS, and in the manual"
    for line, name in imported(path):
        there = part(name)
        assert there == here or FLOOR[there] < FLOOR[here] or (path.name, name) in DEFERRED, (
            f"{path}:{line} imports {name}, from floor {FLOOR[here]} of floor {FLOOR[there]}"
        )


def test_no_cycles_between_siblings():
    graph = {module(path): {name for _, name in imported(path) if name != module(path)} for path in FILES}
    done = set()

    def visit(name, way):
        assert name not in way, "a cycle of imports: " + " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in sorted(graph.get(name, ())):
                if part(other) == part(name) and other != name.rpartition(".")[0]:
                    visit(other, [*way, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])


@cache
def public(name):
    """The names in a module's `__all__`; a star stands for the names of the module that it is imported from."""
    path = ROOT.parent.joinpath(*name.split("."))
    nodes = tree(path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py").body
    found = set()
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(getattr(target, "id", "") == "__all__" for target in targets):
            found |= {n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)}
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            found |= public(node.module)
    return found


@every_file
def test_a_folder_uses_only_the_public_names_of_others(path):
    """Those in `__all__` of the module: the others may change without a look around."""
    here, aliases = part(module(path)), {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "autograd":
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in MODULES:
                    aliases[alias.asname or alias.name] = name
                elif part(node.module) != here and alias.name != "*":
                    assert alias.name in public(node.module), f"{path}:{node.lineno} {alias.name} of {node.module}"
    for node in ast.walk(tree(path)):
        name = (
            aliases.get(getattr(getattr(node, "value", None), "id", None)) if isinstance(node, ast.Attribute) else None
        )
        if name and part(name) != here and f"{name}.{node.attr}" not in MODULES:
            assert node.attr in public(name), f"{path}:{node.lineno} {node.attr} of {name}"


@every_file
def test_no_import_of_ours_inside_a_function(path):
    for function in functions(path):
        found = [x for x in imported(path, ast.walk(function)) if (path.name, x[1]) not in DEFERRED]
        assert not found, f"{path}:{found[0][0]}: {function.name} imports {found[0][1]}: imports stand at the top"


@every_file
def test_only_the_backend_imports_cupy(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found = [name for name in names if name.partition(".")[0] in ("cupy", "cupyx")]
            assert not found or path.name == "backend.py", f"{path}:{node.lineno} imports {found[0]}"


def test_things_are_named():
    forbidden = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert not [path for path in FILES if {*path.relative_to(ROOT).with_suffix("").parts} & forbidden]
    for path in FILES:
        for function in functions(path):
            assert not function.name.endswith(("_helper", "_impl")), f"{path}:{function.lineno} {function.name}"


@every_file
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(tree(path)), f"{path} has no docstring"


@every_file
def test_no_assert_statements(path):
    """`python -O` would drop them: what a user may do wrong is a TypeError, a ValueError or a RuntimeError."""
    lines = [node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Assert)]
    assert not lines, f"{path}: assert in line {lines}"


@every_file
def test_functions_fit_a_screen(path):
    for function in functions(path):
        length = function.end_lineno - function.lineno + 1 - docstring_lines(function)
        hot = (path.name, function.name) == ("function.py", "__call__")  # in one piece: a call would cost every op 5 %
        assert length <= (52 if hot else 40), (
            f"{path}:{function.lineno} {function.name} has {length} lines without its docstring"
        )


def test_nothing_is_assigned_to_a_class_from_outside():
    classes = {node.name for path in FILES for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)}
    for path in FILES:
        for node in ast.walk(tree(path)):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                outside = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
                assert not (outside and target.value.id in classes), f"{path}:{node.lineno} sets {ast.unparse(target)}"
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "setattr":
                first = node.args[0]
                assert not (isinstance(first, ast.Name) and first.id in classes), f"{path}:{node.lineno}"


def code_lines(path):
    """The lines of a file that are neither blank, nor comments, nor docstrings."""
    documented = [n for n in ast.walk(tree(path)) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    total = sum(docstring_lines(node) for node in documented)
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    blank = sum(line == "" for node in documented for line in docstring_of(node, lines))
    return len([line for line in lines if line and not line.startswith("#")]) - total + blank


def docstring_of(node, lines):
    first = node.body[0]
    return lines[first.lineno - 1 : first.end_lineno] if docstring_lines(node) else []


def test_the_core_is_small():
    """An evening's reading."""
    sizes = {name: code_lines(ROOT / f"{name}.py") for name in ("engine", "guards", "function", "algebra", "variable")}
    assert sum(sizes.values()) <= 880, sizes


def test_an_activation_costs_eight_lines():
    """Without its docstring, and its public function included in two more."""
    (path,) = [path for path in FILES if any(getattr(n, "name", "") == "Tanh" for n in tree(path).body)]
    (tanh,) = [node for node in tree(path).body if getattr(node, "name", "") == "Tanh"]
    source = path.read_text(encoding="utf-8").splitlines()[tanh.lineno - 1 : tanh.end_lineno]
    assert len([line for line in source if line.strip()]) - docstring_lines(tanh) <= 8


def test_types_are_shipped():
    assert (ROOT / "py.typed").exists()
