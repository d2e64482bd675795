"""The page of the service in a headless Chromium, driven as a person would: type, run, look.

page.py ADDRESS [PROCESS [FOLDER-FOR-PICTURES]]: with CHOICE in the environment there is a second ensemble, nano. In the end it stops the service, if its process is given. Prints "ok NAME" or "not ok NAME", or skips without a browser.
"""
import json
import os
import shutil
import signal
import subprocess
import sys

from browser import Browser, program

address = sys.argv[1]
process = int(sys.argv[2]) if len(sys.argv) > 2 else 0
pictures = sys.argv[3] if len(sys.argv) > 3 else None
choice = "CHOICE" in os.environ


def test(name, condition):
    try:
        got = condition()
        print("ok" if got is None or got is True else "not ok", name)
        if got is not None and got is not True:
            print("  ", got)
    except Exception as error:
        print("not ok", name)
        print("  ", type(error).__name__, str(error)[:500])


TEXT = ("Ada Lovelace met Charles Babbage in London.\n\nLater Grace Hopper wrote a compiler at Remington Rand. "
        "The machine stood in Philadelphia.")


def opens():
    browser.size(1200, 900)
    browser.call("Page.navigate", url=address + "/")
    browser.wait("document.readyState === 'complete' && document.querySelectorAll('.type').length > 0")
    return "ready" in browser.run("at('state').textContent")


def tags():
    browser.run("at('text').focus()")
    browser.type(TEXT)
    browser.press("Enter", 13, modifiers=2)
    browser.wait("!running && documents.length === 2")
    marks = browser.run("[...document.querySelectorAll('#result mark')].map(m => m.firstChild.textContent)")
    assert {"Ada", "London", "Philadelphia"} <= set(marks), marks
    assert browser.run("at('problem').hidden"), browser.run("at('problem').textContent")
    whole = browser.run("(() => { const shown = at('result').cloneNode(true); "
                        "shown.querySelectorAll('small').forEach(s => s.remove()); return shown.textContent; })()")
    return whole == TEXT or whole


def keys_on_a_desktop():
    return browser.run("document.querySelector('.keys').offsetWidth") > 0 or "they are hidden"


def evidence_by_keyboard():
    browser.run("document.querySelector('#result mark').focus()")
    text = browser.run("at('evidence').innerText")
    assert not browser.run("at('evidence').hidden")
    assert browser.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    return all(word in text for word in ("Found by", "Votes", "Verified")) or text


def evidence_by_mouse():
    x, y, name = browser.run("(() => { const mark = document.querySelectorAll('#result mark')[1], "
                             "box = mark.getClientRects()[0]; "
                             "return [box.x + 3, box.y + 3, mark.firstChild.textContent]; })()")
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    browser.wait(f"at('evidence').innerText.startsWith({json.dumps(name)})")


def prompts():
    """On demand, with what the model answered."""
    browser.run("at('trace').click(); at('form').requestSubmit()")
    browser.wait("!running && documents.length === 2")
    browser.run("document.querySelector('#result mark').focus(); at('trace').click()")
    text = browser.run("(document.querySelector('#evidence details') || {}).textContent || ''")
    return "Prompts and replies" in text and "prompt" in text or text[:300]


def own_types():
    browser.run("at('types').replaceChildren(); addType({}).focus()")
    browser.type("thing")
    browser.run("at('form').requestSubmit()")
    browser.wait("!running && documents.length === 2")
    types = browser.run("[...new Set(documents.flatMap(d => d.entities.map(e => e.type)))]")
    assert types == ["thing"], types
    curl = browser.run("at('curl').textContent")
    return '"types":[{"name":"thing"}]' in curl or curl


def other_ensemble():
    """Chosen as with the keyboard; its members tag, and the line of curl says so."""
    browser.run("showTypes(configured); at('ensemble').focus()")
    assert not browser.run("at('ensemble-part').hidden"), "no choice"
    browser.press("ArrowDown", 40)
    browser.wait("at('ensemble').value === 'nano' && at('members').textContent.includes('nano-a')")
    browser.run("at('form').requestSubmit()")
    browser.wait("!running && documents.length === 2")
    found = browser.run("[...new Set(documents.flatMap(d => d.entities.flatMap(e => e.extracted_by)))]")
    assert found and all(name.startswith("nano-") for name in found), found
    curl = browser.run("at('curl').textContent")
    browser.run("at('ensemble').selectedIndex = 0; at('ensemble').onchange()")
    browser.wait("!at('members').textContent.includes('nano-a')")
    return '"ensemble":"nano"' in curl or curl


def curl_works():
    command = browser.run("at('curl').textContent")
    got = json.loads(subprocess.run(["sh", "-c", command + " -s"], capture_output=True, check=True).stdout)
    return got["text"] == TEXT


def labels():
    """Everything that can be used has a name for a screen reader."""
    nameless = browser.run("""[...document.querySelectorAll('button, input, textarea, select, mark')].filter(e =>
        !(e.getAttribute('aria-label') || e.textContent.trim() && e.tagName !== 'SELECT' && e.tagName !== 'TEXTAREA'
          || (e.labels && e.labels.length))).map(e => e.outerHTML)""")
    return not nameless or nameless


def narrow():
    browser.size(390, 844, phone=True)
    assert browser.run("document.querySelector('.keys').offsetWidth") == 0, "keys on a phone"
    return browser.run("document.documentElement.scrollWidth <= innerWidth") or "it scrolls sideways"


def mistake():
    browser.run("showTypes([{name: 'x'}, {name: 'x'}]); at('form').requestSubmit()")
    browser.wait("!running && !at('problem').hidden")
    return "x" in browser.run("at('problem').textContent")


def service_gone():
    browser.run("showTypes(configured)")
    os.kill(process, signal.SIGTERM)
    browser.until(lambda: not os.path.exists(f"/proc/{process}/fd/0"))
    browser.run("fail(''); at('form').requestSubmit()")
    browser.wait("!running && !at('problem').hidden")
    text = browser.run("at('problem').textContent")
    return "cannot be reached" in text or text


if program() is None:
    print("skip the page in a browser: there is no chromium")
    sys.exit()
if not shutil.which("curl"):
    print("skip the page in a browser: there is no curl")
    sys.exit()
browser = Browser(pictures)
try:
    test("the page opens", opens)
    test("keys are told", keys_on_a_desktop)
    test("a text is tagged on the page", tags)
    test("evidence by the keyboard", evidence_by_keyboard)
    browser.picture("light")
    browser.size(1200, 900, dark=True)
    browser.picture("dark")
    browser.size(390, 844, phone=True)
    browser.picture("phone")
    test("no sideways scrolling on a phone", narrow)
    browser.size(1200, 900)
    test("evidence by the mouse", evidence_by_mouse)
    test("prompts and replies", prompts)
    test("types of one's own", own_types)
    test("the line of curl works", curl_works)
    if choice:
        test("another ensemble", other_ensemble)
    test("names for screen readers", labels)
    test("a mistake is said on the page", mistake)
    if process:
        test("the page says that the service is gone", service_gone)
    test("no errors in the script", lambda: not browser.errors or browser.errors)
finally:
    browser.close()
