"""The pages of the manual: Sphinx makes them without a warning, and a browser shows them, wide and narrow, offline."""

import runpy
import shutil
import zlib
from pathlib import Path

import pytest

sphinx = pytest.importorskip("sphinx.cmd.build", reason="the group docs of pyproject.toml: make docs")
pytest.importorskip("furo", reason="the group docs of pyproject.toml: make docs")
pytest.importorskip("myst_parser", reason="the group docs of pyproject.toml: make docs")
ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = ["headless=new", "no-sandbox", "disable-gpu", "disable-background-networking", "no-first-run"]
pytestmark = [
    pytest.mark.standin_exempt("the pages are the same"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of Sphinx and its extensions about each other
]
WIDTHS = {"wide": 1400, "narrow": 390}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the pages: what `make docs` has just made, or a new one. A warning is an error."""
    made = ROOT / "runs" / "docs"
    sources = [*DOCS.rglob("*.md"), *DOCS.glob("*.py"), *(ROOT / "autograd").rglob("*.py"), ROOT / "CHANGELOG.md"]
    if (made / "objects.inv").exists():
        time = (made / "objects.inv").stat().st_mtime
        if all(path.stat().st_mtime < time for path in sources):
            return made
    folder = tmp_path_factory.mktemp("pages")
    made = sphinx.main(["-b", "html", "-W", "--keep-going", "-q", "-d", str(folder / "trees"), str(DOCS), str(folder)])
    assert made == 0
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    if not (BROWSER and DRIVER):
        pytest.skip("apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in [*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def test_every_public_name_is_in_the_inventory(pages):
    """The list by which Sphinx finds a name: from another manual, too."""
    packed = (pages / "objects.inv").read_bytes().split(b"\n", 4)[4]
    entries = {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}
    found, _ = runpy.run_path(str(DOCS / "reference.py"))["pages"]()
    assert not {path for page in found.values() for path in page.entries} - entries


def test_nothing_is_loaded_from_elsewhere(pages):
    for page in pages.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for what in ('src="http', "src='http", 'rel="stylesheet" href="http', 'type="text/css" href="http'):
            assert what not in text, page


@pytest.mark.parametrize("window", WIDTHS)
def test_pages_fit_the_window(pages, browser, window):
    """No page is wider than the window: what is wide scrolls by itself. No picture is missing, no script fails."""
    size = {"width": WIDTHS[window], "height": 900, "deviceScaleFactor": 1, "mobile": window == "narrow"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    shown = sorted(path for path in pages.rglob("*.html") if "_modules" not in path.parts)
    assert len(shown) > 70
    for page in shown:
        browser.get(page.as_uri())
        width, missing = browser.execute_script(
            "return [document.documentElement.scrollWidth,"
            " [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)]"
        )
        assert width <= WIDTHS[window], (page.name, width)
        assert missing == [], page.name
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == [], page.name


def test_the_search_finds_a_function_without_a_network(pages, browser):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{(pages / 'search.html').as_uri()}?q=softmax_cross_entropy")
    found = WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, "#search-results li a"))
    assert any("functions.loss" in link.get_attribute("href") for link in found)
