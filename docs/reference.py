"""Writes the pages of the API reference from the docstrings, one page a topic.

    python docs/reference.py        (writes docs/api/*.md; `make docs` does it too)

A docstring here is plain text: formula, shapes, words, errors, source, examples. It is neither Markdown nor
reStructuredText, so this file reads it: an example becomes a block of Python, a formula or a table stays as it is set,
and words flow. A name in backticks that the reference knows becomes a link.
"""

import ast
import dataclasses
import importlib
import inspect
import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import autograd

FOLDER = Path(__file__).parent / "api"
SOURCE = Path(autograd.__file__).parent
PAGE_A_FILE = ("functions", "layers", "optimizers", "data", "models")  # other parts are one page each
LETTERS = {
    "autograd": "ag",
    "autograd.functions": "F",
    "autograd.layers": "L",
    "autograd.optimizers": "O",
}
PARTS = {
    "autograd": "Core",
    "functions": "Functions",
    "layers": "Layers",
    "optimizers": "Optimizers",
    "data": "Data",
    "training": "Training",
    "metrics": "Metrics",
    "distributed": "Several processes",
    "estimators": "Estimators of scikit-learn",
    "serialize": "Saving and loading",
    "checkpoints": "Checkpoints",
    "formats": "File formats",
    "derivatives": "Derivatives of functions",
    "programs": "Capture",
    "visualize": "Pictures",
    "watch": "Watchers",
    "tensorboard": "TensorBoard",
    "models": "Models",
    "testing": "Gradient checks",
}
WORDS = {
    "conv": "convolution",
    "ctc": "CTC",
    "idx": "IDX files",
    "linalg": "linear algebra",
    "bert": "BERT",
    "gpt": "GPT",
}
WORDS |= {
    "sgd": "gradient descent",
    "vgg": "VGG",
    "base": "the base",
    "sources": "where files are kept",
    "pairs": "of pairs",
}
WORDS |= {
    "resnet": "ResNet",
    "squeezenet": "SqueezeNet",
    "mobilenet": "MobileNet and EfficientNet",
    "silero_vad": "Silero VAD",
}
INNER = {  # by class: names that only the package calls, there and in its subclasses
    "Adam": "corrected",
    "Anomaly": "check_sum name_of place",
    "Averaging": "look_up finish",
    "BatchNorm": "track",
    "Checkpoints": "numbers ranked value",
    "DataLoader": "run begin batches places moved joined signature",
    "Entry": "fill load",
    "Estimator": "begin network train step outputs checked weights usual_loss learn shape_of",
    "Function": "output_nodes unchanged release explained",
    "GPT": "decoder checked",
    "Group": "begin_sum channel",
    "KeyValueCache": "check longer",
    "LBFGS": "product",
    "Layer": "call_in_mode unfilled first_call",
    "LossScale": "true divided is_finite",
    "Minimizer": "iterate first params vector loss_and_gradients evaluate",
    "MultiHeadAttention": "keys_and_values turned",
    "Network": "run step",
    "Optimizer": "unknown formula step_small step_alone in_one_pass step_together flat_slots rate_of rate_source "
    "check_replaced take_over slots_of names_of step_on_gpu problems settings misfits",
    "Parameter": "check assign",
    "Profile": "timed",
    "Recurrent": "compute make run boxes check_rank state_shape state_left state_given",
    "ResNet": "block",
    "TransformerEncoderLayer": "add_cross_attention add",
    "SyncBatchNorm": "take_over normed",
    "Variable": "written extreme",
    "Watcher": "called finished forward backward layer kernel update number walk",
    "freeze": "selects",
}


@dataclass
class Page:
    """A topic: its public names, by the path under which a user finds them."""

    name: str
    module: ModuleType
    entries: dict[str, Any] = field(default_factory=dict)


def parts() -> list[str]:
    """The parts of the package that have public names, the core first."""
    return ["autograd", *[f"autograd.{part}" for part in autograd.PARTS]]


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """(path, object) of each name in the `__all__` of a module, and of the modules that are named there."""
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            yield from public(value)
        else:
            yield f"{module.__name__}.{name}", value


def names() -> dict[str, Any]:
    """Every public name of the package by its path: the reference has an entry or a link for each."""
    return {path: value for part in parts() for path, value in public(importlib.import_module(part))}


def source_module(value: Any, path: str) -> str:
    """The module that defines a thing. A constant is of the module whose `__all__` names it."""
    found = getattr(inspect.unwrap(value), "__globals__", {}).get("__name__") if callable(value) else None
    return found or getattr(value, "__module__", None) or path.rpartition(".")[0]


def topic(path: str, value: Any) -> str:
    """The name of the page on which a thing is described, such as `functions.conv`."""
    part = part_of(path)
    if part not in PAGE_A_FILE:
        return part
    file = source_module(value, path).removeprefix("autograd.")
    return file if file.startswith(f"{part}.") else f"{part}.arithmetic"  # the operators are of the core


def pages() -> tuple[dict[str, Page], dict[str, str]]:
    """The pages by name, and the paths that are other names of a thing, with the path that describes it."""
    found: dict[str, Page] = {}
    first: dict[int, str] = {}
    others: dict[str, str] = {}
    everything = names()
    for path, value in sorted(everything.items(), key=lambda item: rank(*item)):
        if callable(value) and id(value) in first:
            others[path] = first[id(value)]
            continue
        first[id(value)] = path
        name = topic(path, value)
        module = importlib.import_module("autograd" if name == "autograd" else f"autograd.{name}")
        found.setdefault(name, Page(name, module)).entries[path] = value
    return found, others


def rank(path: str, value: Any) -> tuple[bool, int]:
    """A thing is described in the part that defines it, not where it is named again; then in the order of the parts."""
    part = part_of(path)
    defined = part_of(source_module(value, path) + ".")
    return (part if part != "autograd" else "core") != (
        defined if defined in autograd.PARTS else "core"
    ), parts().index("autograd" if part == "autograd" else f"autograd.{part}")


# Words


def escaped(text: str) -> str:
    """Text as Markdown that shows it unchanged, but for `code`."""
    spans = re.split(r"(`[^`\n]+`)", text)
    return "".join(span if span.startswith("`") and len(span) > 1 else special(span) for span in spans)


def special(text: str) -> str:
    text = re.sub(r"([\\*_\[\]<>|#~`{}$^])", r"\\\1", text)
    return re.sub(r"^(\s*)([-+]|\d+\.) ", r"\1\\\2 ", text)


def linked(text: str, known: dict[str, str]) -> str:
    """The names in backticks that the reference knows, as links: each once in an entry."""

    def link(match: re.Match[str]) -> str:
        path = known.pop(match[1].removesuffix("()"), None)
        return f"{{py:obj}}`{match[1]} <{path}>`" if path else match[0]

    return re.sub(r"(?<![}`])`([\w.]+(?:\(\))?)`", link, text)


def paragraphs(text: str) -> Iterator[list[str]]:
    """The blocks of a docstring: lines without an empty line between. Indented ones after each other are one block."""
    blocks: list[list[str]] = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        lines = part.split("\n")
        if blocks and lines[0].startswith(" ") and blocks[-1][0].startswith(" ") and ">>>" not in lines[0]:
            blocks[-1] += ["", *lines]
        else:
            blocks.append(lines)
    yield from blocks


def is_code(lines: list[str]) -> bool:
    """Whether this is Python: an assignment, a call, a definition."""
    try:
        statements = ast.parse("\n".join(lines)).body
    except SyntaxError:
        return False
    return all(not isinstance(s, ast.Expr) or isinstance(s.value, ast.Call) for s in statements)


def is_set(block: list[str]) -> bool:
    """Whether the lines of a block stay as they are set: formulas, shapes, tables, code."""
    if any(re.search(r"\S {3,}\S", line) or line.startswith(" ") for line in block):
        return True
    return all(re.search(r" (=|<-|->) ", line) and not line.rstrip().endswith(".") for line in block)


def rows(block: list[str]) -> list[tuple[str, str]]:
    """(word, words) of each row, where a block is a table of two columns, such as arguments and what they are."""
    first = re.match(r"(\S.*?) {2,}(?=\S)", block[0])
    column = first.end() if first else 0
    found: list[tuple[str, str]] = []
    for line in block:
        left, gap, right = line[:column].rstrip(), line[max(column - 2, 0) : column], line[column:]
        if not column or gap.strip() or right.startswith(" ") or not right:
            return []
        if left:
            found.append((left, right))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]} {right}")
    return found if len(block) > 1 else []


def table(found: list[tuple[str, str]], known: dict[str, str]) -> str:
    cells = [(f"`{left}`".replace("|", r"\|"), linked(escaped(right), known)) for left, right in found]
    return "\n".join(["| | |", "|---|---|", *[f"| {left} | {right} |" for left, right in cells]])


def prose(block: list[str], known: dict[str, str]) -> str:
    """Words that flow. Errors and sources begin a paragraph."""
    text = ""
    for line in block:
        begins = re.match(r"(Raises|Warns|Source:|- )", line)
        text += ("\n\n" if begins and text else "\n" if text else "") + line
    text = re.sub(r"(?<=[.:]) (?=Raises [A-Z])", "\n\n", text)
    parts = [linked(escaped(part), known) for part in text.split("\n\n")]
    parts = [re.sub(r"^\\- ", "- ", part) for part in parts]
    return "\n\n".join(re.sub(r"^(Raises|Warns|Source)\b", r"**\1**", part) for part in parts)


def fenced(kind: str, lines: list[str]) -> str:
    return "\n".join([f"```{kind}", *lines, "```"])


def formula(block: list[str]) -> list[str]:
    """Formula and shapes, which stand in one line with a gap between, one below the other."""
    lines = []
    for line in block:
        lines += re.split(r"(?<=\S) {3,}(?=\S)", line) if not line.startswith(" ") else [line]
    return lines


def markdown(text: str, known: dict[str, str]) -> str:
    """A docstring as Markdown."""
    found = []
    for i, block in enumerate(paragraphs(text)):
        lines = textwrap.dedent("\n".join(block)).splitlines()
        if lines[0].startswith(">>>"):
            found.append(fenced("pycon", lines))
        elif is_code(lines):
            found.append(fenced("python", lines))
        elif rows(lines):
            found.append(table(rows(lines), known))
        elif is_set(block):
            found.append(fenced("text", formula(lines) if i == 0 and len(lines) < 3 else lines))
        else:
            found.append(prose(block, known))
    return "\n\n".join(found)


# Entries


def shown_default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return ""
    if isinstance(value, type) or inspect.isroutine(value):
        return str(getattr(value, "__name__", value))
    text = repr(value)
    return text if len(text) < 40 and " at 0x" not in text and "<" not in text else "..."


def signature(value: Any) -> str:
    """The arguments of a callable, without their types: the words below say what they may be."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return "(...)"
    kinds = {parameter.kind for parameter in found.parameters.values()}
    if isinstance(value, type) and kinds == {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        init = value.__init__  # `__new__` takes whatever this takes
        return signature(init) if inspect.isfunction(init) else "()"
    texts, star = [], False
    for parameter in found.parameters.values():
        name, kind = parameter.name, parameter.kind
        if name == "self" or name.startswith("_"):
            continue
        if kind is parameter.KEYWORD_ONLY and not star:
            texts.append("*")
            star = True
        star = star or kind is parameter.VAR_POSITIONAL
        name = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(kind, "") + name
        default = shown_default(parameter.default)
        texts.append(f"{name}={default}" if default else name)
    return f"({', '.join(texts)})"


def members(value: type) -> Iterator[tuple[str, str, Any]]:
    """(kind, name, object) of what a class has for its users: documented, its own or of a base that is not public."""
    shown = {"__init__"}
    inner = {name for base in value.__mro__ for name in INNER.get(base.__name__, "").split()}
    elsewhere = {above for base in value.__mro__[1:] if base.__name__ in PUBLIC_CLASSES for above in base.__mro__}
    for base in value.__mro__:
        if not base.__module__.startswith("autograd") or base in elsewhere:
            continue
        for name, member in vars(base).items():
            if name.startswith("_") or name in shown or name in inner or isinstance(member, type):
                continue
            shown.add(name)
            kind, member = kind_of(member)
            if kind and inspect.getdoc(member):
                yield kind, name, member


def kind_of(member: Any) -> tuple[str, Any]:
    if isinstance(member, (classmethod, staticmethod)):
        return "method", member.__func__
    if inspect.isfunction(member):
        return "method", member
    if isinstance(member, property):
        return "property", member
    return "", member


PUBLIC_CLASSES = {value.__name__ for value in names().values() if isinstance(value, type)}


def described(value: Any) -> str:
    """The docstring, but for the one that a dataclass writes for itself."""
    text = inspect.getdoc(value) or ""
    own = getattr(value, "__doc__", None)
    if isinstance(value, type) and (
        own is None or (dataclasses.is_dataclass(value) and own.startswith(f"{value.__name__}("))
    ):
        return ""
    return text


def directive(kind: str, head: str, body: str, ticks: int = 5) -> str:
    fence = "`" * ticks
    return f"{fence}{{py:{kind}}} {head}\n\n{body}\n{fence}\n"


def entry(path: str, value: Any, known: dict[str, str]) -> str:
    name = path.rpartition(".")[2]
    own = {name, *arguments(value)}
    here = {word: target for word, target in known.items() if word not in own}
    here |= local(path, value)
    text = markdown(described(value), here)
    if isinstance(value, type):
        bases = [f"{{py:obj}}`{b.__name__} <{known[b.__name__]}>`" for b in value.__bases__ if b.__name__ in known]
        text = (f"Kind of {', '.join(bases)}.\n\n" if bases else "") + text
        for kind, member_name, member in members(value):
            head = member_name + (signature(member) if kind == "method" else "")
            own = {member_name, *arguments(member)}
            words = {word: target for word, target in here.items() if word not in own}
            text += "\n\n" + directive(kind, head, markdown(inspect.getdoc(member) or "", words), 4)
        return directive("class", name + signature(value), text)
    if callable(value):
        return directive("function", name + signature(value), text)
    return directive("data", name, text if type(value).__module__ != "builtins" else shown_constant(value))


def shown_constant(value: Any) -> str:
    """A constant of Python's own types: its kind and its value, of modules the names."""
    if isinstance(value, tuple) and all(isinstance(x, ModuleType) for x in value):
        return f"A tuple of modules: {', '.join(f'`{x.__name__}`' for x in value)}."
    return f"A constant, `{value!r:.80}`."


def arguments(value: Any) -> set[str]:
    """The words that mean an argument here, not a function of that name."""
    if not callable(value):
        return set()
    try:
        return set(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return set()


def local(path: str, value: Any) -> dict[str, str]:
    """The names of a class's own members, for links inside of it."""
    if not isinstance(value, type):
        return {}
    return {name: f"{path}.{name}" for _, name, _ in members(value)}


def first_line(module: ModuleType) -> tuple[str, str]:
    """Title and rest of a module's docstring."""
    head, _, rest = (inspect.getdoc(module) or "").partition("\n\n")
    return head.replace("\n", " "), rest


def title(page: Page) -> str:
    part, _, file = page.name.partition(".")
    head = PARTS.get(part, part.capitalize())
    return f"{head}: {WORDS.get(file, file.replace('_', ' '))}" if file else head


def written(page: Page, known: dict[str, str]) -> str:
    """A page of the reference."""
    head, rest = first_line(page.module)
    file = Path(page.module.__file__ or "").relative_to(SOURCE.parent)
    lines = [f"# {title(page)}", "", linked(escaped(head), dict(known)), ""]
    lines += [markdown(rest, dict(known)), ""] if rest else []
    lines += [f"File: `{file}`.", ""]
    scope = ""
    for path, value in page.entries.items():
        if path.rpartition(".")[0] != scope:
            scope = path.rpartition(".")[0]
            usual = f"Import: `import {scope} as {LETTERS[scope]}`" if scope in LETTERS else f"Names of `{scope}`"
            lines += [f"```{{py:currentmodule}} {scope}\n```", "", f"{usual}.", ""]
        lines += [entry(path, value, known)]
    return "\n".join(lines).rstrip() + "\n"


def index(found: dict[str, Page], others: dict[str, str]) -> str:
    """The page of all pages, part by part, with the names on each."""
    total = sum(len(page.entries) for page in found.values())
    lines = [
        "# API reference",
        "",
        f"{total} public names, each with its formula, shapes and errors. The words are those of the docstrings:",
        "`help(F.conv2d)` prints them too. The link \\[source\\] beside a name leads to its code.",
        "",
    ]
    for part in [*PARTS, *[part for part in autograd.PARTS if part not in PARTS]]:
        mine = sorted([page for name, page in found.items() if name.split(".")[0] == part], key=lambda page: page.name)
        if not mine:
            continue
        lines += [f"## {PARTS.get(part, part.capitalize())}", "", "```{toctree}", ":hidden:", ""]
        lines += [page.name for page in mine] + ["```", "", "| page | names |", "|---|---|"]
        lines += [f"| [{title(page)}]({page.name}.md) | {links(page.entries)} |" for page in mine] + [""]
        aliases = {path: target for path, target in others.items() if part_of(path) == part}
        if aliases:
            lines += [f"Also here: {links(aliases)}.", ""]
    return "\n".join(lines)


def links(paths: dict[str, Any]) -> str:
    """Names as links; a path that is another name of a thing leads to the one that describes it."""
    targets = {
        path: value if isinstance(value, str) and value.startswith("autograd.") else path
        for path, value in paths.items()
    }
    return ", ".join(f"{{py:obj}}`{path.rpartition('.')[2]} <{target}>`" for path, target in targets.items())


def part_of(path: str) -> str:
    return path.split(".")[1] if path.count(".") > 1 else "autograd"


def texts() -> dict[str, str]:
    """The pages by file name."""
    found, others = pages()
    known = short_names(found)
    pages_by_name = {f"{page.name}.md": written(page, known) for page in found.values()}
    return {"index.md": index(found, others), **pages_by_name}


def short_names(found: dict[str, Page]) -> dict[str, str]:
    """The words that mean a thing of the reference: `conv2d`, `F.conv2d`, `data.DataLoader`, and the whole path."""
    known: dict[str, str] = {}
    for page in found.values():
        for path in page.entries:
            module, _, name = path.rpartition(".")
            known.setdefault(name, path)
            known[f"{LETTERS.get(module, module.rpartition('.')[2])}.{name}"] = path
            known[path] = path
    return known


def write() -> None:
    """Writes all pages into docs/api. A file that has not changed keeps its time, so Sphinx need not read it again."""
    pages_by_name = texts()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        if path.name not in pages_by_name:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, text in pages_by_name.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
