"""try-index.py PAGE [PICTURES] -- opens the list of a batch in headless Chromium and tries what a reader would; says
what is wrong, and how long a search took. With PICTURES, a folder, it leaves pictures there: desktop, phone, dark.

Needs Debian's chromium, chromium-driver and python3-selenium.
"""
import os
import sys
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

COLUMNS = 7


def shown(browser):
    script = "return [...document.querySelectorAll('tbody tr')].filter((r) => r.offsetParent !== null).map((r) => r.rowIndex)"
    return browser.execute_script(script)


def cells(browser, column):
    """Text and sorting key of one column, in the order of the rows."""
    script = (
        "return [...document.querySelectorAll('tbody tr')].map((r) => [r.cells[arguments[0]].textContent,"
        " r.cells[arguments[0]].dataset.key ?? null])"
    )
    return browser.execute_script(script, column)


def ordered(values, column):
    keys = [float(key) for _, key in values if key is not None]
    if keys:
        return keys == sorted(keys)
    # Numbers within text count as numbers; what comes before what else is the browser's affair.
    return len(values) < 2 or values[0][0] != values[-1][0] or len({text for text, _ in values}) == 1


def problems(browser, page):
    browser.get("file://" + page)
    for entry in browser.get_log("browser"):
        yield f"the console says {entry['message']}"
    if browser.execute_script("return window.hostile !== undefined"):
        yield "a name of an image became a script"
    count = len(browser.find_elements(By.CSS_SELECTOR, "tbody tr"))
    output = browser.find_element(By.CSS_SELECTOR, ".filters output")
    if not count or output.text != f"{count} of {count} shown":
        yield f"{count} rows, and it says {output.text}"

    def counted():
        number = len(shown(browser))
        if output.text != f"{number} of {count} shown":
            yield f"{number} rows are shown, and it says {output.text}"

    # What each box says it counts, and what it does.
    total = 0
    for box in browser.find_elements(By.CSS_SELECTOR, ".filters input[type=checkbox]"):
        own = int(box.find_element(By.XPATH, "..").find_element(By.CSS_SELECTOR, ".count").text)
        total += own
        box.send_keys(Keys.SPACE)
        if len(shown(browser)) != count - own:
            yield f"the box {box.get_attribute('value')} counts {own} and hides {count - len(shown(browser))}"
        yield from counted()
        box.send_keys(Keys.SPACE)
    if total != count:
        yield f"the boxes count {total} of {count} rows"
    # Reasons: each shows as many as it says, and lets go of them.
    for button in browser.find_elements(By.CSS_SELECTOR, ".reasons button"):
        own = int(button.find_element(By.CSS_SELECTOR, ".badge").text.split()[0])
        button.send_keys(Keys.ENTER)
        if button.get_attribute("aria-pressed") != "true" or len(shown(browser)) != own:
            yield f"the reason {button.text} shows {len(shown(browser))}"
        yield from counted()
        button.send_keys(Keys.ENTER)
    if len(shown(browser)) != count:
        yield "what was filtered does not come back"
    search = browser.find_element(By.CSS_SELECTOR, ".filters input[type=search]")
    search.send_keys("no such words")
    if shown(browser):
        yield "a search that nothing fits shows rows"
    yield from counted()
    search.clear()
    first = cells(browser, 0)[0][0].strip()
    word = max(first.split(), key=len)[:12]
    search.send_keys(word)
    if not 0 < len(shown(browser)) <= count:
        yield f"a search for {word} shows {len(shown(browser))}"
    yield from counted()
    search.clear()
    search.send_keys(" ")
    # Every column, both ways, by its head and by the list of orders.
    heads = browser.find_elements(By.CSS_SELECTOR, "thead th")
    if len(heads) != COLUMNS:
        yield f"{len(heads)} columns"
    for column, head in enumerate(heads):
        before = sorted(cells(browser, column))
        seen = []
        for direction in ("ascending", "descending"):
            button = head.find_element(By.CSS_SELECTOR, "button")
            if column == 0 and direction == "ascending" and head.get_attribute("aria-sort") == "ascending":
                button.send_keys(Keys.ENTER)
            button.send_keys(Keys.ENTER)
            if head.get_attribute("aria-sort") != direction:
                yield f"column {column} is {head.get_attribute('aria-sort')}, not {direction}"
            values = cells(browser, column)
            if not ordered(values if direction == "ascending" else values[::-1], column):
                yield f"column {column} is not sorted {direction}"
            if sorted(values) != before:
                yield f"sorting column {column} lost rows"
            seen.append(values)
        if seen[0] != seen[1][::-1] and sorted(seen[0]) != sorted(seen[1]):
            yield f"column {column} does not turn round"
    others = [h for h in heads if h.get_attribute("aria-sort")]
    if len(others) != 1:
        yield f"{len(others)} columns say that they are sorted"
    order = browser.find_element(By.CSS_SELECTOR, ".order select")
    browser.execute_script(
        "arguments[0].value = '0 1'; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))", order)
    if heads[0].get_attribute("aria-sort") != "ascending":
        yield "the list of orders does not sort"
    # Links lead to pages of this batch that are there.
    folder = os.path.dirname(page)
    for link in browser.find_elements(By.CSS_SELECTOR, "a"):
        target = urllib.parse.unquote(urllib.parse.urlparse(link.get_attribute("href")).path)
        if not target.startswith(folder + "/images/") or not os.path.isfile(target):
            yield f"a link leads to {target}"
    # Everything that can be worked has a name, and comes in the order of the page.
    for element in browser.find_elements(By.CSS_SELECTOR, "button, input, select, a, [role=region]"):
        if element.is_displayed() and not element.accessible_name:
            yield f"{element.tag_name} has no name"
    if not browser.find_elements(By.CSS_SELECTOR, "html[lang]"):
        yield "the page names no language"
    requests = browser.execute_script("return performance.getEntriesByType('resource').length")
    if requests:
        yield f"{requests} requests left the page"
    for width in (375, 1280):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        wide = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            yield f"at {width} pixels the page is {wide} pixels too wide"
        if width < 600 and not order.is_displayed():
            yield "on a phone nothing sorts"


def filtering(browser):
    """Milliseconds that a key of a search takes until the page is laid out anew."""
    script = (
        "const s = document.querySelector('input[type=search]'); const t = performance.now();"
        "s.value = arguments[0]; s.dispatchEvent(new Event('input', {bubbles: true}));"
        "document.body.offsetHeight; return performance.now() - t"
    )
    return max(browser.execute_script(script, text) for text in ("e", "ex", "", "7", ""))


def pictures(browser, page, folder, name):
    browser.get("file://" + page)
    for kind, width, scheme in (("desktop", 1280, "light"), ("phone", 375, "light"), ("dark", 1280, "dark")):
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 1600, "deviceScaleFactor": 1, "mobile": width < 600})
        browser.save_screenshot(f"{folder}/{name}-{kind}.png")


options = webdriver.ChromeOptions()
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
    options.add_argument(argument)
options.binary_location = "/usr/bin/chromium"
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
browser.set_script_timeout(120)
page = os.path.realpath(sys.argv[1])
if len(sys.argv) > 2:
    pictures(browser, page, sys.argv[2], os.path.basename(page).split(".")[0])
found = []
if os.path.basename(page) == "index.html":
    found = [f"{page}: {problem}" for problem in problems(browser, page)]
    print(f"a search takes {filtering(browser):.0f} ms", file=sys.stderr)
browser.quit()
print("\n".join(found))
sys.exit(1 if found else 0)
