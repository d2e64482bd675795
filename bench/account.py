"""What `el4ner tag` takes for a file, for benches that set something beside it."""
import json
import os
import subprocess
import time


def of_tag(build, config, lines, folder):
    """The calls that it makes, and its seconds. Files go into `folder`."""
    account, begun = os.path.join(folder, "account.json"), time.monotonic()
    subprocess.run([f"{build}/el4ner", "tag", "-c", config, "--no-cache", "-q", "--account", account, "-o",
                    os.path.join(folder, "out.jsonl"), lines], check=True)
    took = time.monotonic() - begun
    with open(account, encoding="ascii") as file:
        return sum(s["calls"] for m in json.load(file)["members"].values() for s in m.values()), took
