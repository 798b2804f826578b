"""A training that is taken turn by turn, measured as it goes, and made again from its turns."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from sadal_core.errors import ConfigError, LabError
from sadal_core.files import jsonable
from sadal_core.generator import Midpoint
from sadal_core.lab.faces import LabFaces
from sadal_core.lab.turns import MOST_TURNS, write_turns
from sadal_core.settings import check_ranges
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.observe import Probe, Sight, validate
from sadal_core.training.metric.run import Turn
from sadal_core.training.metric.start import start_run
from sadal_core.training.metric.steps import of_real_negatives
from sadal_core.training.metric.terms import StepTerms, Tally

EVERY: Final = 10  # turns of both between two records
_PROBE: Final = 150  # quadruplets
_LARGEST: Final = {"hidden": (1, 512), "dim": (2, 256), "batch_size": (8, 512)}
_DIVERGED: Final = 1e6  # of a player's loss, which starts below 10 with sensible settings


def check_lab(config: MetricConfig) -> None:
    """Refuse what a lab cannot follow, and what would take the machine from everybody else.

    Raises:
        ConfigError: names the setting, its value and what is allowed.
    """
    if config.backbone != "frozen":
        raise ConfigError("A lab learns from stored features: backbone must be frozen.")
    check_ranges(config, _LARGEST)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread of the processor.

    The networks are small: several threads gain nothing and, where the processor is shared, wait
    for each other many times longer than they work. And sums come in one order.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Lab:
    """A run of the metric stage on `faces`, with a record at the start and as it goes on.

    Attributes:
        faces: what is learned from and measured on.
        config: settings.
        run: the run at this moment.
        turns: who has had a turn so far.
        probe: the training quadruplets that are looked at.
        records: one line of numbers at the start, after every tenth turn if it was one of both,
            and after every turn of one player; on one machine a function of data, settings and
            turns alone.
    """

    @one_thread()
    def __init__(self, faces: LabFaces, config: MetricConfig) -> None:
        """Draw the first weights and measure them.

        Raises:
            ConfigError: settings that the metric stage refuses, or that a lab cannot follow.
            DataError: too few samples for a batch.
        """
        check_lab(config)
        self.faces, self.config = faces, config
        self.run = start_run(faces.source(faces.learned), config)
        self.turns: list[Turn] = []
        self.probe = Probe.draw(self.run.sampler, _PROBE)
        self._held_out = faces.source(faces.held_out)
        self._terms: dict[str, float] = {}
        self._diverged = ""
        self.records: list[dict[str, Any]] = []
        self._record()

    @property
    def finished(self) -> bool:
        """Whether there are no turns left."""
        return len(self.turns) >= MOST_TURNS or self.run.epoch >= self.config.epochs

    @property
    def possible(self) -> tuple[Turn, ...]:
        """The turns that these settings have: of both, and of each player where they differ."""
        generator = self.run.players.model.generator
        if generator is None or isinstance(generator.net, Midpoint):
            return (Turn.BOTH, Turn.METRIC)
        return (Turn.BOTH,) if self.config.grad == "joint" else tuple(Turn)

    @one_thread()
    def take(self, turn: Turn = Turn.BOTH) -> None:
        """Give one turn.

        Raises:
            ConfigError: these settings do not have this turn, or all turns have been taken.
            LabError: the training has diverged, now or before; no number of that turn is kept.
        """
        if self._diverged:
            raise LabError(self._diverged)
        if turn not in self.possible:
            raise ConfigError(f"With these settings there is no turn of the {turn} alone.")
        if self.finished:
            raise ConfigError(f"All {len(self.turns)} turns have been taken. Start over.")
        before, synthetic = self.run.weights(), self.run.synthetic
        terms = self._known(self.run.advance(turn), synthetic=synthetic)
        self.run.tally = Tally()
        self._check(terms, before)
        self._terms |= terms
        self.turns.append(turn)
        if turn is not Turn.BOTH or len(self.turns) % EVERY == 0:
            self._record()

    def replay(self, turns: Iterable[Turn]) -> None:
        """Give turns one after the other."""
        for turn in turns:
            self.take(turn)

    @one_thread()
    def look(self) -> Sight:
        """The probe's faces and what G makes of its quadruplets, at this moment."""
        return self.probe.look(self.run)

    def _known(self, terms: StepTerms, *, synthetic: bool) -> dict[str, float]:
        """Means and active shares of the terms of a turn, and the losses of who had it."""
        tally = Tally()
        tally.add(terms)
        objective = self.config.objective
        if not synthetic:
            objective = of_real_negatives(objective)
        losses = {
            f"{name}_loss": float(of.total(objective).mean())
            for name, of in zip(("generator", "metric"), terms, strict=True)
            if of is not None
        }
        known = tally.means() | losses
        if not synthetic:  # real ones have taken their place
            known = {n: value for n, value in known.items() if not n.startswith("synthetic")}
        return known

    def _check(self, terms: dict[str, float], before: dict[str, Tensor]) -> None:
        """Stop for good where a player has diverged, with the weights of before this turn."""
        model = self.run.players.model
        for player, net, rate in (
            ("generator", model.generator, "generator_rate"),
            ("metric", model.head, "learning_rate"),
        ):
            loss = terms.get(f"{player}_loss", 0.0)
            weights = () if net is None else net.parameters()
            if abs(loss) < _DIVERGED and all(bool(w.isfinite().all()) for w in weights):
                continue
            self.run.load_weights(before)  # so that what is looked at stays what was measured
            what = (
                f"the weights of the {player} are no longer finite"
                if abs(loss) < _DIVERGED
                else f"the loss of the {player} is {loss:.3g}"
            )
            self._diverged = (
                f"The training has diverged at turn {len(self.turns) + 1}: {what}. Take a smaller "
                f"{rate} than {getattr(self.config, rate):g} or smaller weights, and start over."
            )
            raise LabError(self._diverged)

    def _record(self) -> None:
        report = self.probe.report(self.look())
        validation = validate(self.run, self._held_out)
        numbers = {
            **{f"probe_{name}": value for name, value in asdict(report).items()},
            **{f"validation_{name}": value for name, value in validation._asdict().items()},
        }
        self.records.append(
            {
                "turn": len(self.turns),
                "step": self.run.step,
                **jsonable(dict.fromkeys(TERMS, np.nan) | self._terms | numbers),
                "alarms": [str(alarm) for alarm in report.alarms()],
            }
        )

    def state(self) -> str:
        """The turns so far, as `turns.read_turns` reads them."""
        return write_turns(self.turns)


# of a record, beside the detectors ("probe_...") and what held-out samples say ("validation_...")
TERMS: Final = (
    "generator_loss", "metric_loss", "hard", "reg", "adv", "synthetic", "real", "positive",
    "hard_active", "reg_active", "adv_active", "synthetic_active", "real_active",
    "positive_active",
)  # fmt: skip
