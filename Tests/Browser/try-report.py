"""try-report.py PAGE... -- opens pages in headless Chromium and tries what a reader would; says what is wrong.

Needs Debian's chromium, chromium-driver and python3-selenium.
"""
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By


def problems(browser, page):
    browser.get("file://" + page)
    for entry in browser.get_log("browser"):
        yield f"the console says {entry['message']}"
    for bar in browser.find_elements(By.CSS_SELECTOR, "[data-filters]"):
        name = bar.get_attribute("data-filters")
        rows = browser.find_elements(By.CSS_SELECTOR, f'[data-row="{name}"]')
        if not bar.is_displayed():
            yield f"the filters of {name} are hidden"
            continue
        for box in bar.find_elements(By.CSS_SELECTOR, "input[type=checkbox]"):
            key = "severity" if name == "findings" else "status"
            value = box.get_attribute("value")
            own = [row for row in rows if row.get_attribute("data-" + key) == value]
            for _ in range(2):
                if any(row.is_displayed() != box.is_selected() for row in own):
                    yield f"{name}: the box {value} is {box.is_selected()}, its rows are not"
                box.click()
        search = bar.find_element(By.CSS_SELECTOR, "input[type=search]")
        search.send_keys("no such words")
        if any(row.is_displayed() for row in rows):
            yield f"{name}: a search that nothing fits shows rows"
        search.clear()
        search.send_keys(" ")
    for block in browser.find_elements(By.CSS_SELECTOR, ".copy"):
        buttons = block.find_elements(By.CSS_SELECTOR, "button")
        if len(buttons) != 1:
            yield "a block has no button to copy it"
    requests = browser.execute_script("return performance.getEntriesByType('resource').length")
    if requests:
        yield f"{requests} requests left the page"
    for width in (360, 1280):
        browser.set_window_size(width, 900)
        wide = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            yield f"at {width} pixels the page is {wide} pixels too wide"


options = webdriver.ChromeOptions()
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
    options.add_argument(argument)
options.binary_location = "/usr/bin/chromium"
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
found = [f"{page}: {problem}" for page in sys.argv[1:] for problem in problems(browser, page)]
browser.quit()
print("\n".join(found))
sys.exit(1 if found else 0)
