"""The interactive page in a real browser without a window: Chromium, driven by selenium."""

import shutil

import numpy as np
import pytest

from autograd import Variable, grad
from autograd.layers.base import Layer, Parameter
from autograd.visualize import plot, tracing
from tests.visualize.graphs import loop

webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="apt-get install chromium chromium-driver")
FLAGS = ["headless=new", "no-sandbox", "disable-gpu", "disable-background-networking", "no-first-run"]
SIZE = "window-size=1200,900"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in [*FLAGS, SIZE, f"user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


class Dense(Layer):
    def __init__(self, n):
        self.W = Parameter(np.eye(n, dtype=np.float32), name=None)

    def forward(self, x):
        return x @ self.W


class Net(Layer):
    def __init__(self):
        self.first, self.second = Dense(2), Dense(2)

    def forward(self, x):
        return x + self.second(self.first(x))


@pytest.fixture
def page(browser, tmp_path):
    """The page of a small network, with the Variables that it shows kept alive."""
    x = Variable(np.array([[1.0, 2.0]], np.float32), name='入力 "x" <b>')
    with tracing():
        y = Net()(x)
        loss = (y * y).sum()
    loss.name = "loss"
    loss.backward()
    browser.get(plot(loss, tmp_path / "graph.html").as_uri())
    yield browser
    assert browser.get_log("browser") == []  # no error, no warning
    del x, y, loss


def find(page, css):
    return page.find_elements("css selector", css)


def named(page, label):
    """The part in the picture with this label."""
    (part,) = [part for part in find(page, ".part") if part.get_attribute("aria-label") == label]
    return part


def at(page, x, y):
    """The mouse, moved to a place in the window."""
    actions = webdriver.ActionChains(page)
    actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
    return actions


def click(page, part):
    """Clicks at the left edge of a part, where an open layer shows nothing else."""
    rect = part.find_element("css selector", "rect").rect
    at(page, rect["x"] + 4, rect["y"] + rect["height"] - 8).click().perform()


def panel(page):
    return find(page, "#panel")[0].text


def test_the_page_shows_the_graph_folded(page):
    labels = {part.get_attribute("aria-label") for part in find(page, ".part")}
    assert {"Net", "first Dense", "second Dense", "Mul", "loss 20.", '入力 "x" <b> (1, 2)'} <= labels
    assert len(find(page, ".edge")) == 11
    assert "functions" in panel(page)
    assert all(part.is_displayed() for part in find(page, ".part"))


def test_a_click_shows_what_a_value_is(page):
    click(page, named(page, '入力 "x" <b> (1, 2)'))
    text = panel(page)
    assert text.startswith('入力 "x" <b>\n')
    for line in ("shape\n(1, 2)", "dtype\nfloat32", "value\n[[1., 2.]]", "gradient\n[[ 8., 16.]], norm 17.89"):
        assert line in text
    assert len(find(page, ".selected")) == 1
    assert len(find(page, ".edge.near")) == 2


def test_a_click_shows_the_line_that_made_a_function(page):
    click(page, named(page, "Mul"))
    text = panel(page)
    assert "Made by test_browser.py, line " in text
    assert "loss = (y * y).sum()" in text
    assert "y = x0 x1" in text


def test_a_layer_opens_and_closes(page):
    first = named(page, "first Dense")
    click(page, first)
    assert "parameters\n4 in 1 array" in panel(page)
    before = first.find_element("css selector", "rect").rect
    first.find_element("css selector", ".toggle").click()
    after = named(page, "first Dense").find_element("css selector", "rect").rect
    assert after["height"] > before["height"]
    assert (round(after["x"]), round(after["y"])) == (round(before["x"]), round(before["y"]))
    click(page, named(page, "first.W (2, 2)"))
    assert "layer\nfirst Dense" in panel(page)
    named(page, "first Dense").find_element("css selector", ".toggle").click()
    assert "first.W (2, 2)" not in {part.get_attribute("aria-label") for part in find(page, ".part")}


def test_a_layer_opens_and_closes_by_key(page):
    for sign in "+−":
        toggle = named(page, "first Dense").find_element("css selector", ".toggle")
        assert toggle.text == sign
        page.execute_script("arguments[0].focus()", toggle)
        toggle.send_keys("\n")
        assert len(find(page, ".toggle:focus")) == 1  # where the next key goes
    assert named(page, "first Dense").find_element("css selector", ".toggle").text == "+"
    assert panel(page).startswith("Graph")


def test_all_layers_open_and_close_at_once(page):
    closed = len(find(page, ".part"))
    find(page, "#open-all")[0].click()
    assert len(find(page, ".part")) == closed + 4
    find(page, "#close-all")[0].click()
    assert len(find(page, ".part")) == closed


def test_nothing_overlaps(page):
    find(page, "#open-all")[0].click()
    rects = [r.rect for r in find(page, ".part > rect")]
    for i, a in enumerate(rects):
        for b in rects[:i]:
            apart = (
                a["x"] + a["width"] <= b["x"]
                or b["x"] + b["width"] <= a["x"]
                or a["y"] + a["height"] <= b["y"]
                or b["y"] + b["height"] <= a["y"]
            )
            inside = (
                b["x"] <= a["x"]
                and b["y"] <= a["y"]
                and a["x"] + a["width"] <= b["x"] + b["width"]
                and a["y"] + a["height"] <= b["y"] + b["height"]
            )
            assert apart or inside


def transform(page):
    return find(page, "#scene")[0].get_attribute("transform")


def test_dragging_moves_and_the_wheel_zooms(page):
    start = transform(page)
    at(page, 60, 400).click_and_hold().move_by_offset(50, 30).release().perform()
    moved = transform(page)
    assert moved != start
    assert moved.split("scale")[1] == start.split("scale")[1]
    webdriver.ActionChains(page).scroll_by_amount(0, -300).perform()
    assert float(transform(page).split("scale(")[1][:-1]) > float(moved.split("scale(")[1][:-1])
    find(page, "#fit")[0].click()
    assert transform(page) == start


def test_lines_go_from_what_is_computed_first(page):
    find(page, "#open-all")[0].click()
    ends = page.execute_script(
        "return lines.map(({link, path}) => [link.from.thing.label[0], link.to.thing.label[0],"
        "path.getPointAtLength(0).y, path.getPointAtLength(path.getTotalLength()).y])"
    )
    assert {("Mul", "(1, 2)"), ("(1, 2)", "Sum"), ("Sum", "loss")} <= {(a, b) for a, b, _, _ in ends}
    assert all(start < end for _, _, start, end in ends)
    assert all(path.get_attribute("marker-end") for path in find(page, ".edge"))


def test_no_line_runs_through_the_name_of_a_layer(page):
    find(page, "#open-all")[0].click()
    boxes = page.execute_script(
        "return [...document.querySelectorAll('.name')].map(t => t.getBBox()).map(b => [b.x, b.y, b.width, b.height])"
    )
    points = page.execute_script(
        "return lines.flatMap(({path}) => { const found = []; for (let s = 0; s < path.getTotalLength(); s++)"
        " { const p = path.getPointAtLength(s); found.push([p.x, p.y]); } return found; })"
    )
    assert len(boxes) == 3
    assert len(points) > 100
    for x, y, width, height in boxes:
        assert not [p for p in points if x < p[0] < x + width and y < p[1] < y + height]


def test_keys_come_closer_and_go_away(page):
    def scale():
        return float(transform(page).split("scale(")[1][:-1])

    start = scale()
    body = find(page, "body")[0]
    body.send_keys("+")
    assert scale() > start
    body.send_keys("-")
    body.send_keys("-")
    assert scale() < start
    body.send_keys("f")
    assert scale() <= start


def test_keys_select_and_let_go(page):
    part = named(page, "loss 20.")
    page.execute_script("arguments[0].focus()", part)
    part.send_keys("\n")
    assert panel(page).startswith("loss")
    part.send_keys("\ue00c")  # Escape
    assert panel(page).startswith("Graph\n5 functions, 8 values, 3 calls of layers.")


def test_a_neighbour_in_a_closed_layer_is_revealed(page):
    find(page, "#open-all")[0].click()
    click(page, named(page, "first.W (2, 2)"))
    find(page, "#close-all")[0].click()
    find(page, "#panel button")[0].click()
    assert panel(page).startswith("MatMul")
    assert "first Dense" in panel(page)
    (part,) = find(page, ".selected")
    assert part.get_attribute("aria-label") == "MatMul"
    rect, whole = part.find_element("css selector", "rect").rect, find(page, "svg")[0].rect
    for start, length in (("x", "width"), ("y", "height")):  # in the middle
        assert abs(rect[start] + rect[length] / 2 - whole[start] - whole[length] / 2) < 2


def test_nothing_is_asked_of_the_network(page):
    asked = [entry["message"] for entry in page.get_log("performance") if "requestWillBeSent" in entry["message"]]
    assert not [message for message in asked if '"url":"http' in message]


def test_a_large_graph_is_drawn(browser, tmp_path):
    browser.get(plot(loop(700), tmp_path / "graph.html").as_uri())
    assert len(find(browser, ".part")) == 2801
    assert len(find(browser, ".edge")) == 3499  # both arrows from x to the first function are one line
    bends = browser.execute_script("return root.ways.map(way => way.bends.length)")
    assert sum(bends) < 10000  # and not a million: the time that the layout takes
    lane, nearest = browser.execute_script(
        "return [Math.max(...root.ways.flatMap(way => way.bends).filter(b => b.rank).map(b => b.x)),"
        "Math.min(...root.inner.map(v => v.x))]"
    )
    assert lane < nearest  # the longest lines go beside all parts
    assert browser.get_log("browser") == []


def test_a_second_gradient_is_drawn(browser, tmp_path):
    x = Variable(2.0, name="x")
    first = grad(x**3, x, create_graph=True)
    second = grad(first, x, create_graph=True)
    browser.get(plot(second, tmp_path / "graph.html").as_uri())
    assert len(find(browser, ".part")) > 10
    assert browser.get_log("browser") == []
