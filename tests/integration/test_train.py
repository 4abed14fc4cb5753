"""Training whole: resumed and interrupted runs equal undisturbed ones, and what a run gives can be used."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from tests.resuming import scalars
from trmpipe.generators.registry import get_task
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import Corpus

TINY = [
    *(f"--set=model.{name}=16" for name in ("width", "inner", "token_inner")),
    "--set=batch_size=16",
    "--set=log_every=4",
    "--set=evaluation.every=6",
    "--set=checkpoint_every=5",
    "--set=evaluation.steps=3",
    "--set=learner.halt_max_steps=4",
    "--set=learner.halt_early_share=0.5",
    "--device=cpu",
]
STEPS = 17


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Torch on one thread: tiny matrices are faster so, also where other processes use the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_pictures(monkeypatch):
    """Most tests look at no picture, and drawing takes longer than training here."""
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])


@pytest.fixture
def train(trmpipe, corpus4, no_pictures):
    """Run a tiny training."""

    def call(out, *more, steps=STEPS):
        return trmpipe("train", corpus4, "--out", out, "--max-steps", steps, *TINY, *more)

    return call


@pytest.fixture(scope="module")
def finished(corpus4, tmp_path_factory):
    """An undisturbed run with its pictures; not to be changed."""
    from trmpipe.cli.main import run

    out = tmp_path_factory.mktemp("runs") / "undisturbed"
    assert run(["train", str(corpus4), "--out", str(out), "--max-steps", str(STEPS), *TINY]) == 0
    return out


@pytest.fixture
def undisturbed(finished, tmp_path):
    """A copy of the undisturbed run."""
    return shutil.copytree(finished, tmp_path / "undisturbed")


def metrics(run):
    return (run / "metrics.jsonl").read_bytes()


def test_a_run_leaves_everything_it_should(undisturbed):
    names = {path.name for path in undisturbed.iterdir()}
    assert names == {
        "config.json",
        "metrics.jsonl",
        "timings.jsonl",
        "tb",
        "checkpoints",
        "evaluation.json",
        "curves.png",
        "solving.png",
    }
    lines = [json.loads(line) for line in metrics(undisturbed).splitlines()]
    assert [(line["step"], line["split"]) for line in lines] == [
        (4, "train"),
        (6, "test"),
        (8, "train"),
        (12, "train"),
        (12, "test"),
        (16, "train"),
    ]
    assert not {"seconds", "time"} & {word for line in lines for name in line for word in name.split("_")}
    config = json.loads((undisturbed / "config.json").read_text())
    assert config["train"]["model"]["width"] == 16
    assert len(config["hash"]) == 64
    assert set(config["versions"]) == {"trmpipe", "torch", "numpy", "python"}
    assert [path.name for path in sorted((undisturbed / "checkpoints").iterdir())] == [
        "step-000010.pt",
        "step-000015.pt",
        "step-000017.pt",
    ]


def test_steps_are_counted_from_the_first_batch(undisturbed):
    """The rate in a line of metrics is that of the line's last step: the warm-up begins at step 0."""
    from trmpipe.trainer.building.build import build_schedule
    from trmpipe.trainer.runs.run_folder import RunFolder

    config = RunFolder(undisturbed).read_config().train_config()
    lines = [json.loads(line) for line in metrics(undisturbed).splitlines()]
    shown = {line["step"]: line["lr"] for line in lines if line["split"] == "train"}
    assert shown == {step: config.optimiser.lr * build_schedule(config)(step - 1) for step in (4, 8, 12, 16)}
    assert len(set(shown.values())) == 4


def test_the_loss_falls(train, tmp_path):
    assert train(tmp_path / "run", steps=60).code == 0
    losses = [line["loss"] for line in map(json.loads, metrics(tmp_path / "run").splitlines()) if "loss" in line]
    assert losses[-1] < 0.8 * losses[0]


def test_resuming_without_a_checkpoint_starts_over(undisturbed, train):
    expected = metrics(undisturbed), scalars(undisturbed)
    shutil.rmtree(undisturbed / "checkpoints")
    assert train(undisturbed, "--resume").code == 0
    assert (metrics(undisturbed), scalars(undisturbed)) == expected


@pytest.mark.parametrize("checkpoint", [10, 15])
def test_resuming_from_an_older_checkpoint_equals_an_undisturbed_run(undisturbed, train, checkpoint):
    expected, scores = metrics(undisturbed), (undisturbed / "evaluation.json").read_bytes()
    for path in (undisturbed / "checkpoints").iterdir():
        if path.name > f"step-{checkpoint:06d}.pt":
            path.unlink()
    result = train(undisturbed, "--resume")
    assert result.code == 0, result.err
    assert f"resumed after step {checkpoint}" in result.err
    assert metrics(undisturbed) == expected
    assert (undisturbed / "evaluation.json").read_bytes() == scores


@pytest.mark.parametrize("stop_at", [1, 4, 9, 13])
def test_stopping_at_any_step_and_resuming_equals_an_undisturbed_run(
    undisturbed, train, tmp_path, monkeypatch, stop_at
):
    from trmpipe.trainer.training.loop import Loop

    run = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_reason_to_end", lambda loop: "interrupted" if loop.step >= stop_at else "")
        assert train(run).code == 130
    assert f"step-{stop_at:06d}.pt" in {path.name for path in (run / "checkpoints").iterdir()}
    assert train(run, "--resume").code == 0
    assert metrics(run) == metrics(undisturbed)


def test_ctrl_c_saves_and_the_same_command_goes_on(corpus4, tmp_path, train):
    command = [sys.executable, "-m", "trmpipe", "train", str(corpus4), "--max-steps", "150", *TINY]
    log = tmp_path / "run" / "metrics.jsonl"
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "run")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (log.exists() and log.read_text().count("\n") >= 8):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted and saved after step" in out
    assert "--resume" in out
    saved = max((tmp_path / "run" / "checkpoints").iterdir()).name
    assert saved < "step-000150.pt"

    assert train(tmp_path / "run", "--resume", steps=150).code == 0
    assert train(tmp_path / "whole", steps=150).code == 0
    assert metrics(tmp_path / "run") == metrics(tmp_path / "whole")


def test_a_finished_run_is_resumed_without_a_step(undisturbed, train):
    before = metrics(undisturbed)
    assert train(undisturbed, "--resume").code == 0
    assert metrics(undisturbed) == before


def test_minutes_stop_and_resume(undisturbed, train, tmp_path):
    run = tmp_path / "short"
    result = train(run, "--max-minutes", "0.00001", "--json")
    assert json.loads(result.out)["ended"] == "minutes"
    assert json.loads(result.out)["step"] == 1
    assert train(run, "--resume").code == 0
    assert metrics(run) == metrics(undisturbed)


@pytest.mark.slow
def test_waiting_for_data_is_below_one_percent(trmpipe, corpus6, no_pictures, tmp_path):
    # Of the preset's own steps, as those on 4x4 are short; the least of three, as another process may take the core.
    options = ("--max-steps", 30, "--device", "cpu", "--json", "--set", "evaluation.limit=1")
    told = [json.loads(trmpipe("train", corpus6, "--out", tmp_path / str(i), *options).out) for i in range(3)]
    assert 0 < min(one["wait_share"] for one in told) < 0.01


def test_subsets_are_nested(trmpipe, corpus4, tmp_path):
    result = trmpipe("train", corpus4, "--out", tmp_path / "r", "--max-steps", 2, *TINY, "--groups", 5, "--variants", 3)
    assert result.code == 0, result.err
    assert "5 groups, 15 puzzles" in result.err


def test_evaluate_scores_every_step(trmpipe, undisturbed):
    table = trmpipe("evaluate", undisturbed)
    assert table.code == 0, table.err
    assert [line.split()[0] for line in table.out.splitlines()[3:6]] == ["1", "2", "3"]
    scores = json.loads(trmpipe("evaluate", undisturbed, "--json").out)
    final = json.loads((undisturbed / "evaluation.json").read_text())
    assert scores["steps"] == final["steps"]
    assert scores["puzzles"] == 8
    assert json.loads(trmpipe("evaluate", undisturbed, "--json", "--limit", 3).out)["puzzles"] == 3


def test_scores_do_not_depend_on_the_batch(undisturbed, corpus4, monkeypatch):
    from trmpipe.trainer.judging import judge_by_label
    from trmpipe.trainer.scores import scoring
    from trmpipe.trainer.scores.held_out import read_held_out
    from trmpipe.trainer.trained.inference import open_trained

    held_out = read_held_out([Corpus.open(corpus4)])
    with open_trained(str(undisturbed), "cpu").examinee() as examinee:
        whole = scoring.score_here(examinee, held_out, judge_by_label)
        monkeypatch.setattr(scoring, "EVALUATION_BATCH", 3)
        batched = scoring.score_here(examinee, held_out, judge_by_label)
    for name, values in whole.columns.items():
        assert batched.columns[name] == pytest.approx(values), name


def test_shares_of_ranks_together_are_all_puzzles(undisturbed, corpus4, monkeypatch):
    """Two ranks in turn; rank 0 comes last, and gets what the other has left."""
    from trmpipe.trainer.judging import judge_by_label
    from trmpipe.trainer.ranks import Ranks
    from trmpipe.trainer.scores import scoring
    from trmpipe.trainer.scores.held_out import read_held_out
    from trmpipe.trainer.trained.inference import open_trained

    left, told = [], {}

    class Recorder:
        def start(self, stage, total):
            told[stage] = [total, 0]

        def advance(self, done):
            told["scoring"][1] += done

        def finish(self):
            told["scoring"].append("finished")

    class InTurn(Ranks):
        def gather(self, value):
            left.insert(0, value)
            return left if self.rank == 0 else []

    monkeypatch.setattr(scoring, "EVALUATION_BATCH", 3)
    held_out = read_held_out([Corpus.open(corpus4)])
    with open_trained(str(undisturbed), "cpu").examinee() as examinee:
        whole = scoring.score_here(examinee, held_out, judge_by_label)
        assert scoring.score(examinee, held_out, judge_by_label, InTurn(rank=1, world_size=2), Recorder()) is None
        # Of 8 puzzles in batches of 3 it has the second batch.
        assert told == {"scoring": [3, 3, "finished"]}
        assert scoring.score(examinee, held_out, judge_by_label, InTurn(rank=0, world_size=2)) == whole


def test_solve_prints_the_answer_beside_the_solution(trmpipe, undisturbed):
    result = trmpipe("solve", undisturbed, "1...3..2....4...", "--json")
    answer = json.loads(result.out)
    assert len(answer["answer"]) == 16
    assert trmpipe("solve", undisturbed, "1234" + "." * 12).code == 0


@pytest.mark.parametrize(
    ("puzzle", "words"),
    [
        ("." * 16, "several solutions"),
        ("11" + "." * 14, "no solution"),
    ],
)
def test_solve_says_when_there_is_no_single_solution(trmpipe, undisturbed, puzzle, words):
    result = trmpipe("solve", undisturbed, puzzle)
    assert result.code == 0, result.err
    assert words in result.out


def test_solve_counts_the_wrong_cells(trmpipe, undisturbed):
    groups = get_task("sudoku4").generate(seed=9, purpose=0, start=0, count=1)
    puzzle = "".join(".1234"[token - 1] for token in groups.inputs[0])
    solution = "".join(".1234"[token - 1] for token in groups.labels[0])
    answer = json.loads(trmpipe("solve", undisturbed, puzzle, "--json").out)
    assert answer["solution"] == solution
    assert answer["num_wrong"] == sum(a != b for a, b in zip(answer["answer"], solution, strict=True))


def test_solve_says_whether_the_answer_is_one_of_several(undisturbed, trmpipe, monkeypatch):
    from trmpipe.trainer.learners import Answer
    from trmpipe.trainer.learners.deep_supervision import DeepSupervision

    for solution, words in (("1234341221434321", "is one of them"), ("1" * 16, "is none of them")):
        tokens = torch.tensor([[int(value) + 1 for value in solution]])
        monkeypatch.setattr(DeepSupervision, "answers", lambda *_, t=tokens: iter([Answer(t, torch.zeros(1), None)]))
        assert words in trmpipe("solve", undisturbed, "1" + "." * 15).out


@pytest.mark.slow
def test_solve_writes_one_character_a_cell_at_16x16(tmp_path, trmpipe, no_pictures):
    """Values above 9 are letters; "10" would be two cells."""
    corpus, run = tmp_path / "corpus", tmp_path / "run"
    generate(Recipe(task="sudoku16", n=2, aug=1, test=1), str(corpus))
    assert trmpipe("train", corpus, "--out", run, "--max-steps", 1, *TINY, "--set=batch_size=2").code == 0
    puzzle = Corpus.open(corpus).read("test")
    text = get_task("sudoku16").format(puzzle.inputs[0])
    answer = json.loads(trmpipe("solve", run, text, "--json").out)
    assert [len(answer[name]) for name in ("puzzle", "answer", "solution")] == [256] * 3
    assert set("ABCDEFG") < set(answer["solution"])
    assert answer["puzzle"] == text


def test_pictures_are_pictures(undisturbed):
    for name in ("curves.png", "solving.png"):
        assert (undisturbed / name).read_bytes().startswith(b"\x89PNG")


def test_attention_and_puzzle_embedding_train_too(train, tmp_path):
    more = ["--set=model.mixer=attention", "--set=model.num_heads=2", "--set=model.num_prefix=2"]
    published = ["--set=optimiser.name=adam_atan2", "--set=learner.loss=stablemax"]
    result = train(tmp_path / "run", *more, *published)
    assert result.code == 0, result.err
    state = torch.load(tmp_path / "run" / "checkpoints" / "step-000017.pt", weights_only=True)
    assert state["trainer"]["net"]["puzzle_emb.weights"].abs().sum() > 0


def test_presets_are_listed(trmpipe):
    assert "trm-sudoku6-cpu" in trmpipe("presets").out
    assert "model.width" in trmpipe("presets", "trm-sudoku6-cpu").out
