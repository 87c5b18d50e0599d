"""Takes the pictures that the examples have left in runs/ into docs/images/gallery, small enough for a page.

python examples/spiral.py && python docs/gallery.py
"""

import sys
from pathlib import Path

from PIL import Image

FROM = Path("runs")
FOLDER = Path(__file__).parent / "images" / "gallery"
WIDTH = 900
DEMO = "demo/curve", "demo/filters", "demo/digits"
SOLVED = "descent", "uncertainty", "gaussian_process", "kalman", "neural_ode", "pinn", "flow", "maml"
LEARNED = "spiral", "tree", "gradcam", "gan", "vae", "addition", "style"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in (*DEMO, *SOLVED, *LEARNED):
        path = FROM / f"{name}.png"
        if not path.exists():
            print(f"left as it is: {name} (no {path})", file=sys.stderr)
            continue
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((WIDTH, 4 * WIDTH), Image.Resampling.LANCZOS)
        picture.save(FOLDER / f"{name.replace('/', '_')}.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
