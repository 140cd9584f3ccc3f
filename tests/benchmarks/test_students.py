import json
import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.students import FILE, Student, main, merged, read_candidates, run_of, write
from edge.errors import ConfigError

LESSONS = FILE.with_name("students-lessons.toml")
STUDENTS = (
    Student("first", 1000, 30.4, 865, 0.3, 0.80, 0.60),
    Student("second", 2000, 60.8, 1020, 0.7, 0.81, 0.58),
)


def test_shipped_candidates_are_recipes_of_one_schedule_and_differ():
    recipes = read_candidates(FILE)
    assert len({recipe.optimiser for recipe in recipes.values()}) == 1
    assert len({(str(recipe.model.options), recipe.seed) for recipe in recipes.values()}) == len(recipes)
    assert all(recipe.name == name for name, recipe in recipes.items())
    assert len({run_of(name, FILE.parent) for name in recipes}) == len(recipes)
    wide = recipes["without RGC, 1.25 wide"].model.options
    assert wide == recipes["slim_fine_plain"].model.options | {"rgc": False, "width": 1.25}


def test_what_all_candidates_change(tmp_path):
    file = tmp_path / "students.toml"
    file.write_text(
        'recipe = "slim"\nepochs = 2\n[common]\nseed = 4\noptimiser.learning_rate = 0.5\n'
        "[students.a]\n[students.b]\nseed = 5\n"
    )
    recipes = read_candidates(file)
    assert [recipe.seed for recipe in recipes.values()] == [4, 5]
    assert {(one.optimiser.learning_rate, one.optimiser.epochs) for one in recipes.values()} == {(0.5, 2)}


def test_shipped_lessons_are_recipes_that_go_on_from_one_network():
    recipes = read_candidates(LESSONS)
    assert {str(one.model.start) for one in recipes.values()} == {"runs/slim_fine/model.keras"}
    assert len(
        {recipe.model_copy(update={"name": ""}).model_dump_json() for recipe in recipes.values()}
    ) == len(recipes)


def test_changes_reach_into_tables_and_leave_the_rest():
    table = {"model": {"options": {"width": 1}, "builder": "slim"}, "seed": 7}
    assert merged(table, {"model": {"options": {"rgc": False}}, "seed": 8}) == {
        "model": {"options": {"width": 1, "rgc": False}, "builder": "slim"},
        "seed": 8,
    }
    assert table["seed"] == 7


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "no candidates in .*give a TOML file"),
        ("recipe = [", "is not TOML"),
        ('recipe = "slim"\nepochs = 1', "has no 'students'"),
        ('recipe = "slim"\nepochs = 1\n[students]', "names no students"),
        ('recipe = "slim"\nepochs = 0\n[students.a]', r"a: optimiser\.epochs: .*greater than or equal to 1"),
        ('recipe = "slim"\nepochs = 1\n[students.a]\ndata.mask = 1', r"a: data\.mask: Extra inputs"),
        ('recipe = "slam"\nepochs = 1\n[students.a]', "no recipe slam"),
    ],
)
def test_a_file_that_holds_no_candidates(tmp_path, text, complaint):
    file = tmp_path / "students.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        read_candidates(file)


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["students", str(tmp_path / "none.toml")])
    with pytest.raises(
        SystemExit, match=r"^error: no candidates in .*none\.toml: give a TOML file"
    ) as stopped:
        main()
    assert "\n" not in str(stopped.value)


def test_what_is_written(tmp_path):
    recipe = read_candidates(FILE)["slim_fine_plain"]
    body = write(STUDENTS, recipe, FILE, tmp_path)
    assert "| second | 2,000 | 60.8 | 1020 | 0.70 | 81.0 | 58.0 | +1.0 | -2.0 |" in body
    assert "trained 6 epochs" in body
    assert body in (tmp_path / "results.md").read_text()
    kept = json.loads((tmp_path / "results" / "students.json").read_text())
    assert [one["name"] for one in kept["students"]] == ["first", "second"]
    assert (tmp_path / "figures" / "students.png").read_bytes().startswith(b"\x89PNG")


def test_another_file_writes_under_its_own_name_and_title(tmp_path):
    recipe = read_candidates(LESSONS)["no change"]
    (tmp_path / "alike.toml").write_text("")
    body = write(STUDENTS, recipe, LESSONS, tmp_path)
    assert "trained 4 epochs from slim_fine's weights" in body
    assert "![accuracy over time](figures/students-lessons.png)" in body
    text = (tmp_path / "results.md").read_text()
    same = [replace(one, macs=30.4) for one in STUDENTS]
    assert "![" not in write(same, recipe, tmp_path / "alike.toml", tmp_path), "times that differ by noise"
    assert "<!-- students-lessons -->\n## Ways to teach\n" in text
    assert (tmp_path / "results" / "students-lessons.json").is_file()
    assert (tmp_path / "figures" / "students-lessons.png").is_file()


@pytest.mark.slow
def test_a_quick_run_trains_and_measures_and_leaves_the_documents_alone(shared, tmp_path):
    file = tmp_path / "two.toml"
    file.write_text(
        'recipe = "slim"\nepochs = 3\n[students.slim]\n[students.narrow]\nmodel.options = { width = 0.5 }\n'
    )
    command = [sys.executable, "-m", "benchmarks.students", str(file), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "trained 1 epochs" in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith(("| slim ", "| narrow "))]
    parameters = [int(row.split("|")[2].replace(",", "")) for row in rows]
    assert parameters[0] == 756_407 > parameters[1] > 100_000
