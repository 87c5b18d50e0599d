"""Lists the links of the manual that lead out of the repository. Whether they still do takes a network, and a look.

python docs/links.py        (the others are checked by tests/test_manual.py, and by `make docs`)
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/guide/*.md"), *ROOT.glob("steps/*.md")]


def main() -> None:
    for page in sorted(PAGES):
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            for link in re.findall(r"https?://[^\s)>\"'`]+", line):
                print(f"{page.relative_to(ROOT)}:{number}: {link}")


if __name__ == "__main__":
    main()
