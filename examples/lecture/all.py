"""Runs the whole lecture and leaves one page with all its pictures in order: runs/lecture/index.html.

    python examples/lecture/all.py [--fast]      runs them all
    python examples/lecture/all.py --page        writes the page only, of the pictures that are there

The titles, the texts and the captions are those of the examples' docstrings.
"""

import ast
import html
import re
import runpy
import sys
import time
from pathlib import Path

from pictures import FOLDER

CAPTION = re.compile(r"^    runs/lecture/(\S+)  (.+?)(?=^    \S|\Z)", re.MULTILINE | re.DOTALL)

HEAD = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>From perceptron to convolutional network</title>
<style>
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; color: #222; }
nav { columns: 2; }
h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; }
figcaption, .command { color: #666; font-size: 0.9rem; }
</style>
"""


def parts(path):
    """The title, the paragraphs, and the pictures with their captions, from an example's docstring."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False)
    title, _, rest = docstring.partition("\n\n")
    text = rest.partition("\n\n    python ")[0]
    return title, text, [(name, " ".join(caption.split())) for name, caption in CAPTION.findall(docstring)]


def marked(text):
    """The text for the page, with `code` as such."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))


def section(path):
    """The part of the page for one example. A picture that is not there, for want of a renderer, is left out."""
    title, text, pictures = parts(path)
    lines = [f'<h2 id="{path.stem}">{html.escape(title)}</h2>']
    lines += [f"<p>{marked(paragraph)}</p>" for paragraph in text.split("\n\n")]
    for name, caption in pictures:
        if (FOLDER / name).exists():
            image = f'<img src="{name}" alt="{html.escape(caption)}" loading="lazy">'
            lines.append(f"<figure>{image}<figcaption>{marked(caption)}</figcaption></figure>")
    lines.append(f'<p class="command"><code>python examples/lecture/{path.name}</code></p>')
    return "\n".join(lines)


def main():
    paths = sorted(Path(__file__).parent.glob("[0-9]*.py"))
    start = time.perf_counter()
    for path in [] if "--page" in sys.argv else paths:
        print(f"--- {path.name}")
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as missing:  # a package that is not installed: the others go on
            print(missing)
    links = [f'<a href="#{path.stem}">{html.escape(parts(path)[0])}</a><br>' for path in paths]
    body = ["<h1>From perceptron to convolutional network</h1>", "<nav>", *links, "</nav>", *map(section, paths)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "index.html").write_text(HEAD + "\n".join(body) + "\n", encoding="utf-8")
    print(f"{len(paths)} examples in {time.perf_counter() - start:.0f} s; all pictures: {FOLDER}/index.html")


if __name__ == "__main__":
    main()
