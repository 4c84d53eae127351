"""What is installed elsewhere comes as wheels, with all that they need inside."""

import ast
import subprocess
from zipfile import ZipFile

import pytest

from stack.paths import ROOT
from stack.templates import project_modules


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The names inside each wheel that `make wheels` builds, by the project's name."""
    folder = tmp_path_factory.mktemp("wheels")
    argv = ["make", "--no-print-directory", "wheels", f"WHEELS={folder}"]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    return {file.name.split("-")[0]: set(ZipFile(file).namelist()) for file in folder.glob("*.whl")}


def test_the_sidecar_and_each_add_on_have_one(wheels):
    assert set(wheels) == {"lockgate", *(f"odoo_addon_{name}" for name in project_modules())}


def test_the_sidecars_holds_what_is_not_python(wheels):
    assert {"lockgate/budget.lua", "lockgate/py.typed"} <= wheels["lockgate"]


@pytest.mark.parametrize("name", project_modules())
def test_an_add_ons_holds_every_file_that_its_manifest_names(wheels, name):
    manifest = ast.literal_eval((ROOT / "odoo_addons" / name / "__manifest__.py").read_text())
    files = [*manifest.get("data", []), *manifest.get("demo", []), "__init__.py", "__manifest__.py"]
    assert {f"odoo/addons/{name}/{file}" for file in files} <= wheels[f"odoo_addon_{name}"]
