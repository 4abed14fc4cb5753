"""Honest expectations on the screen: what presets reached, what scores count, and which steps are meant."""

import json
import re

import pytest

from tests.runs import OF_ANY_MODEL, TINY

TRM6 = "trm-sudoku6-cpu"


@pytest.fixture(scope="module")
def trained(corpus6, tmp_path_factory):
    """A tiny run and what its training said on stderr and stdout; not to be changed."""
    import contextlib
    import io

    from trmpipe.cli.main import run

    out, err = io.StringIO(), io.StringIO()
    path = tmp_path_factory.mktemp("runs") / "tiny"
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
        patch.setattr("trmpipe.cli.train._PLAIN_SECONDS", 0)
        assert run(["train", str(corpus6), "--out", str(path), f"--preset={TRM6}", *TINY]) == 0
    return path, err.getvalue(), out.getvalue()


def test_train_says_what_the_preset_reached_in_which_time_on_which_machine(trained):
    (line,) = [line for line in trained[1].splitlines() if line.startswith("expect")]
    assert "with its own settings, of which you changed some, it reached 98 % of held-out puzzles exact" in line
    assert "1.5 to 2.5 minutes of training on 2 CPU cores" in line


def test_settings_as_they_are_are_told_without_a_hedge(corpus6, corpus4):
    """A seed changes nothing of what is to be expected; a task of which nothing is recorded is told as that."""
    from trmpipe.shards import Corpus
    from trmpipe.trainer.device import pick_device
    from trmpipe.trainer.settings.request import TrainRequest
    from trmpipe.trainer.training.resolving import resolve_config

    for corpus, more, words in (
        (corpus6, {"preset": TRM6, "seed": 5}, "expect: 98 % of held-out"),
        (corpus6, {"preset": TRM6, "max_steps": 5}, "expect: with its own settings, of which you changed some"),
        (
            corpus6,
            {"preset": TRM6, "settings": ("optimiser.lr=3e-4",)},
            "expect: with its own settings, of which you changed some",
        ),
        (
            corpus4,
            {"preset": TRM6},
            "expect: nothing is recorded of what trm-sudoku6-cpu reaches on sudoku4",
        ),
    ):
        told = []
        resolve_config(TrainRequest(paths=("c",), **more), Corpus.open(corpus), pick_device("cpu"), told.append)
        assert told[-1].startswith(words)


def test_settings_that_the_mixer_does_not_look_at_are_told(corpus6):
    from trmpipe.shards import Corpus
    from trmpipe.trainer.device import pick_device
    from trmpipe.trainer.settings.request import TrainRequest
    from trmpipe.trainer.training.resolving import resolve_config

    def notes(*settings):
        told = []
        request = TrainRequest(paths=("c",), preset=TRM6, settings=settings)
        resolve_config(request, Corpus.open(corpus6), pick_device("cpu"), told.append)
        return [line for line in told if "changes nothing" in line]

    expected = "model.positions changes nothing: with model.mixer=mlp_t it is not looked at"
    assert notes("model.positions=rotary2d", "optimiser.lr=1e-3") == [expected]
    assert notes("model.mixer=attention", "model.positions=rotary2d") == []
    (line,) = notes("model.mixer=attention", "model.token_inner=8")
    assert line.startswith("model.token_inner changes nothing: with model.mixer=attention")
    (line,) = notes("learner.hints_share=0.3")
    assert line == "learner.hints_share changes nothing: by the others it is not looked at"
    assert notes("learner.hints_share=0.3", "learner.hints=0.5") == []
    (line,) = notes("learner.name=elimination", "learner.mistakes=0.3")
    assert line.startswith("learner.mistakes changes nothing")
    (line,) = notes("schedule.name=wsd", "schedule.decay_share=0", "schedule.decay=linear")
    assert line.startswith("schedule.decay changes nothing")


def test_a_run_that_is_too_short_for_its_settings_is_told(trmpipe, corpus4, tmp_path):
    short = ("train", corpus4, "--max-steps", 2, *OF_ANY_MODEL[1:], "--out", tmp_path / "run")
    told = trmpipe(*short, "--set", "schedule.warmup_steps=8").err
    assert "the rate rises for 8 steps, of which the run has 2: it gets to 25% of what is set" in told
    assert "the rate rises" not in trmpipe(*short, "--set", "schedule.warmup_steps=8", "--resume").err
    kept = ("--set", "evaluation.monitor=4", "--set", "evaluation.every=3", "--out", tmp_path / "other")
    refused = trmpipe(*short[:-2], *kept)
    assert (refused.code, "the first is after step 3 of 2" in refused.message) == (2, True), refused.err
    assert not (tmp_path / "other").exists()


def test_exact_in_training_and_held_out_are_told_apart(trained):
    _, err, out = trained
    lines = err.splitlines()
    (explained,) = [line for line in lines if line.startswith("held out: answers of the averaged weights")]
    assert "after supervision step 2; in training: those of the present weights to their own batch" in explained
    training = [line for line in lines if re.match(r"step \d: in training loss \d\.\d{3}, \d+\.\d% exact; ", line)]
    scored = [line for line in lines if re.match(r"step \d: held out: \d+\.\d% exact, \d+\.\d% of open cells", line)]
    assert (len(training), len(scored)) == (9, 2)
    assert lines.index(explained) == lines.index(scored[0]) - 1
    assert not [line for line in lines if re.search(r"\bexact \d", line)]
    assert re.search(r"^held out: .* of open cells right, by guessing \d+\.\d% \(20 puzzles\)$", out, re.M)


def test_evaluate_counts_cells_without_the_given_ones_beside_guessing(trmpipe, trained, corpus6):
    from trmpipe.shards import Corpus

    run = trained[0]
    table = trmpipe("evaluate", run).out.splitlines()
    assert table[2].split() == "supervision step open cells exact says solved".split()
    told = json.loads(trmpipe("evaluate", run, "--json").out)
    held_out = Corpus.open(corpus6).read("test")
    assert told["open_cells"] == (held_out.inputs == 1).sum()
    assert 1 / 6 < told["guessing"] < 0.3
    (note,) = [line for line in table if line.startswith("open cells:")]
    assert f"open cells: the {told['open_cells']:,} whose answer the puzzles do not show" in note
    assert f"gets {told['guessing']:.2%}" in note
    final = json.loads((run / "evaluation.json").read_text())
    assert [final[name] for name in ("open_cells", "guessing", "steps")] == [
        told[name] for name in ("open_cells", "guessing", "steps")
    ]


def test_lines_of_metrics_are_as_they_were(trained):
    lines = [json.loads(line) for line in (trained[0] / "metrics.jsonl").read_text().splitlines()]
    tests = [line for line in lines if line["split"] == "test"]
    assert [list(line) for line in tests] == [["step", "split", "cell", "exact", "halted"]] * 2


def test_solve_names_the_step_that_it_means(trmpipe, trained, corpus6):
    from trmpipe.generators.registry import get_task
    from trmpipe.shards import Corpus

    puzzle = get_task("sudoku6").format(Corpus.open(corpus6).read("test", limit=1).inputs[0])
    assert "the model's answer stands from supervision step " in trmpipe("solve", trained[0], puzzle).out


def test_presets_say_what_each_reached(trmpipe):
    told = trmpipe("presets").out
    assert "98 % of held-out puzzles exact" in told
    assert "73 % of held-out puzzles exact" in told
    assert "none is solved before the fourth minute" in told
    assert "within an hour" not in told


def test_presets_name_explains_each_setting(trmpipe):
    told = trmpipe("presets", "trm-sudoku6-cpu").out.splitlines()
    settings = json.loads(trmpipe("presets", "trm-sudoku6-cpu", "--json").out)["trm-sudoku6-cpu"]
    names = {f"{key}.{inner}" for key, value in settings.items() if isinstance(value, dict) for inner in value}
    names |= {key for key, value in settings.items() if not isinstance(value, dict)}
    explained = {line.split()[0]: line.split(None, 2)[1:] for line in told[told.index("") + 1 :]}
    assert explained.keys() == names
    assert explained["learner.halt_max_steps"][0] == "4"
    assert explained["learner.halt_max_steps"][1].startswith("supervision steps that a puzzle stays in training")
    assert explained["optimiser.betas"][0] == "0.9,0.95", "as --set takes it"
    assert all(len(words.split()) > 2 for _, words in explained.values())
    assert "98 % of held-out" in told[1]
