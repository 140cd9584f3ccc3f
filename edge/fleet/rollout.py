"""A model through the fleet in stages, by the signed index: raised while it proves itself, else withdrawn.

The devices decide for themselves whether they belong to a stage, and go back by themselves from a model that
fails its probation. Here is only counted, and the index changed.
"""

from __future__ import annotations

import logging
import time

from edge.errors import RolloutStoppedError, RolloutStuckError
from edge.fleet.index_file import IndexFile
from edge.fleet.judging import Count, Rules, count, judge
from edge.fleet.listening import Listening
from edge.fleet.report import plain

logger = logging.getLogger(__name__)
LOOK = 0.5  # seconds between looks


class Rollout:
    """Brings NAME@VERSION to more and more devices.

    Args:
        patience: seconds without any change among the devices after which a stage is stuck.
    """

    def __init__(
        self, listening: Listening, index: IndexFile, model: str, rules: Rules, patience: float
    ) -> None:
        self._listening, self._index, self._model = listening, index, model
        self._rules, self._patience = rules, patience

    def run(self) -> None:
        """Every stage from the one that the index is at.

        Raises:
            RolloutStoppedError: too many devices went back from it; it is offered to nobody any more.
            RolloutStuckError: too few devices have it after a long time; the stage stays.
            MienError: the index cannot be read, signed or written.
        """
        reached = self._index.share(self._model)
        for stage in self._rules.stages:
            if stage < reached:
                continue
            # Before it goes on: what other devices said of it already counts.
            self._stop_where_bad(self._count(stage))
            if stage > reached:
                self._index.set_share(self._model, stage)
            logger.info("%s is for %g %% of the devices", self._model, stage)
            self._watch(stage)
        logger.info("%s has gone through every stage", self._model)

    def _watch(self, stage: float) -> None:
        told, since = "", time.monotonic()
        while True:
            if self._listening.connected:  # what is known of a fleet that cannot be heard is old
                counted = self._count(stage)
                if str(counted) != told:
                    told, since = str(counted), time.monotonic()
                    logger.info("%g %%, about %.0f devices: %s", stage, counted.expected, told)
                self._stop_where_bad(counted)
                if judge(counted, self._rules) == "raise":
                    return
            if time.monotonic() - since > self._patience:
                why = told or self._listening.trouble or "nothing was heard"
                raise RolloutStuckError(
                    f"{self._model} stays at {stage:g} %: no change for {self._patience:g} s ({why}); see "
                    "what the devices lack, and type the same command again"
                )
            time.sleep(LOOK)

    def _count(self, stage: float) -> Count:
        return count(self._listening.roster.devices(), self._model, stage, time.time())

    def _stop_where_bad(self, counted: Count) -> None:
        if judge(counted, self._rules) != "stop":
            return
        self._index.set_share(self._model, 0)
        raise RolloutStoppedError(
            f"{self._model} is withdrawn: rolled back on {counted.gave_up} of about {counted.expected:.0f} "
            f"devices ({self._why()}); mend it, and offer it under a new version"
        )

    def _why(self) -> str:
        reports = [device.report for device in self._listening.roster.devices()]
        known = (report.bad.get(self._model) for report in reports if report is not None)
        return plain(next((reason for reason in known if reason is not None), "unknown"))
