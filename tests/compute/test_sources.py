"""Tests of remote functions as texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from braid_db.compute import FunctionCatalog, FunctionSource, LocalWorkers, sources
from braid_db.compute.errors import FunctionSourceInvalid, FunctionUnknown
from tests.compute.conftest import FUNCTIONS

TEXT = FUNCTIONS.read_text()

WHOLE = '''"""A remote function, as a file of the suite holds it."""


def area(width: float, height: float = 2.0, *, unit: str | None = None) -> dict:
    """Return the area."""
    import math

    # Rounded, so that it reads well.
    return {"area": math.floor(width * height), "unit": unit}
'''


def test_a_file_and_its_definition_alone_do_the_same(tmp_path: Path) -> None:
    file = tmp_path / "area.py"
    file.write_text(WHOLE)
    whole, alone = sources.read_file(file), sources.definition_alone("area", WHOLE)
    assert whole.text == WHOLE
    assert alone.text.startswith("def area(")
    assert "# Rounded" in alone.text
    for source in (whole, alone):
        assert sources.load(source)(3, unit="m") == {"area": 6, "unit": "m"}


def test_every_function_of_a_module_can_be_taken_alone() -> None:
    names = sources.public_functions(TEXT, "functions.py")
    assert "_helper" not in names
    for name in names:
        assert sources.load(sources.definition_alone(name, TEXT)).__name__ == name


def test_a_function_is_compiled_without_the_futures_of_the_one_who_compiles_it() -> None:
    # This project's modules postpone annotations; an endpoint's worker is not one of them.
    source = FunctionSource("f", "def f(a: int) -> None: pass\n")
    assert sources.load(source).__annotations__ == {"a": int, "return": None}


def test_a_function_is_compiled_in_a_namespace_of_its_own() -> None:
    source = FunctionSource("f", "def f():\n    return sorted(globals())\n")
    assert sources.load(source)() == ["__builtins__", "f"]


def test_what_a_whole_file_defines_beside_its_function_is_known_to_it() -> None:
    text = (
        "import math as m\nLIMIT = 2\n\ndef _half(x):\n    return x / LIMIT\n\n"
        "def f(x):\n    return m.floor(_half(x))\n"
    )
    assert sources.load(FunctionSource("f", text))(5) == 2


def test_a_global_that_the_function_itself_makes_is_known_to_it() -> None:
    text = "def f():\n    global g\n    g = 1\n    return [g + x for x in range(2)]\n"
    assert sources.load(FunctionSource("f", text))() == [1, 2]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "defines no public function"),
        ("x = 1\n", "defines no public function"),
        ("def g():\n    pass\n", "defines g; expected exactly one public function, 'def f\\("),
        ("def f():\n    pass\ndef g():\n    pass\n", "defines f, g; expected exactly one"),
        ("def f():\n    pass\ndef f():\n    pass\n", "defines f, f; expected exactly one"),
        ("class f:\n    pass\n", "defines no public function"),
        ("f = lambda: 1\n", "defines no public function"),
        ("async def f():\n    pass\n", "is an 'async def'"),
        ("import functools\n@functools.cache\ndef f():\n    pass\n", "'f' is decorated"),
        ("def f(:\n", "is no Python"),
        ("def f():\n    return 1\0\n", "is no Python"),
        ("def f():\n    return np.pi\n", "uses np, which its text does not define"),
        ("def f(a: Optional[int]):\n    return a\n", "uses Optional, which"),
        ("def f(a=DEFAULT):\n    return [x for x in a if x in KNOWN]\n", "uses DEFAULT, KNOWN"),
        ("def f():\n    class A(B):\n        pass\n    return A()\n", "uses B"),
        ("def f():\n    return __file__\n", "uses __file__"),
    ],
)
def test_a_text_that_could_not_run_on_an_endpoint_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(FunctionSourceInvalid, match=complaint) as caught:
        FunctionSource("f", text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("signature", ["**data", "*args, **data", "a, **data", "a, /, *, b=1", ""])
def test_a_function_may_have_any_signature(signature: str) -> None:
    assert sources.load(FunctionSource("f", f"def f({signature}):\n    return 1\n"))


def test_a_function_that_needs_the_rest_of_its_module_cannot_be_taken_alone() -> None:
    text = "import math\n\ndef f():\n    return math.pi\n"
    FunctionSource("f", text)
    with pytest.raises(FunctionSourceInvalid, match="'f' uses math"):
        sources.definition_alone("f", text)


def test_a_decorated_function_cannot_be_taken_alone() -> None:
    # The definition's own text begins after its decorators, so that they would be lost silently.
    with pytest.raises(FunctionSourceInvalid, match="'f' is decorated"):
        sources.definition_alone("f", "@staticmethod\ndef f():\n    pass\n")


def test_a_function_that_is_not_there_cannot_be_taken() -> None:
    for name in ("nothing", "_helper"):
        with pytest.raises(FunctionSourceInvalid, match=f"no function '{name}'"):
            sources.definition_alone(name, TEXT)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_is_no_text_is_refused_by_its_name(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "f.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FunctionSourceInvalid, match=r"f\.py cannot be read"):
        sources.read_file(file)


# The catalogue


def write(folder: Path, **texts: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / f"{name}.py" for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text)
    return files


def test_the_suites_functions_and_those_of_modules_are_known_by_name(tmp_path: Path) -> None:
    write(tmp_path / "functions", area=WHOLE, _draft="def draft(): ...")
    modules = write(tmp_path / "flow", compute="import math\ndef a(): ...\ndef b(): ...\n")
    catalog = FunctionCatalog(tmp_path / "functions", modules)
    assert catalog.names == ["a", "area", "b"]
    assert catalog.get("area").text == WHOLE
    assert catalog.get("b").text == "def b(): ...\n"


def test_a_name_that_is_found_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    write(tmp_path / "functions", area=WHOLE)
    first, second = write(tmp_path / "flow", compute=WHOLE, more="def area(): ...\n")
    for modules in ([first], [second]):  # among the suite's
        with pytest.raises(FunctionSourceInvalid, match=r"'area' is defined twice") as caught:
            FunctionCatalog(tmp_path / "functions", modules)
        assert str(modules[0]) in str(caught.value)
    with pytest.raises(FunctionSourceInvalid, match="defined twice"):
        FunctionCatalog(tmp_path, [first, second])


def test_a_module_that_is_given_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    (module,) = write(tmp_path / "flow", compute="def a(): ...\n")
    again = tmp_path / "functions" / ".." / "flow" / "compute.py"
    assert FunctionCatalog(tmp_path / "functions", [module, again]).names == ["a"]


@pytest.mark.parametrize("function_id", ["unknown", "", None, 3, ["add"]])
def test_an_unknown_function_is_refused_with_those_that_are_known(
    tmp_path: Path, function_id: object
) -> None:
    modules = write(tmp_path, compute="def a(): ...\ndef b(): ...\n")
    (tmp_path / "functions").mkdir()
    with pytest.raises(FunctionUnknown, match="Known are: a, b"):
        FunctionCatalog(tmp_path / "functions", modules).get(function_id)


def test_a_function_that_is_broken_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, area="async def area(): ...\n", good="def good(): ...\n")
    catalog = FunctionCatalog(tmp_path)
    assert catalog.get("good").name == "good"
    with pytest.raises(FunctionSourceInvalid, match="async def"):
        catalog.get("area")


def test_a_text_runs_on_a_worker_as_a_whole_file_and_as_its_definition_alone(
    workers: LocalWorkers,
) -> None:
    for source in (FunctionSource("area", WHOLE), sources.definition_alone("area", WHOLE)):
        outcome = workers.run("shared", source, [3], {"unit": "m"}, limit_s=30)
        assert outcome.result == {"area": 6, "unit": "m"}, outcome
