"""What docs/architecture.md says about imports."""

from __future__ import annotations

import configparser
import subprocess
import sys

from tests.docs.checkout import CHECKOUT


def test_torch_stays_unloaded_where_the_import_rules_say_so() -> None:
    rules = configparser.ConfigParser()
    rules.read(CHECKOUT / ".importlinter", encoding="utf-8")
    names = rules["importlinter:contract:torch"]["source_modules"].split()
    script = f"""
import importlib, pkgutil, sys
for name in {names!r}:
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), name + "."):
        importlib.import_module(found.name)
print(sorted({{"torch", "transformers"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_page_names_every_layer() -> None:
    rules = configparser.ConfigParser()
    rules.read(CHECKOUT / ".importlinter", encoding="utf-8")
    layers = rules["importlinter:contract:layers"]["layers"].replace("|", " ").split()
    page = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [layer for layer in layers if layer != "__main__" and f"`{layer}`" not in page] == []
