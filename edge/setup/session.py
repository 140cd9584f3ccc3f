"""One run of `mien setup`: from the answers to a running service."""

from __future__ import annotations

import contextlib
import difflib
import os
from pathlib import Path

from rich.console import Console
from rich.prompt import Confirm
from rich.text import Text

from edge.config import DEFAULT, Configuration, load
from edge.detectors import Detector
from edge.errors import ConfigError, OutputError
from edge.report import print_checks
from edge.settings import Settings
from edge.setup import service
from edge.setup.answers import TOKEN, Answers, earlier_keys, file_text, is_edited
from edge.setup.files import FOR_OWNER, File, replaced
from edge.setup.hints import hints
from edge.setup.looking import draw, look_through
from edge.setup.places import Places
from edge.sources import add_login
from edge.store.choosing import load_detector
from edge.watching import make_detector


class Session:
    """Answers on their way to their files. While the `with` lasts, a service rests that holds cameras to be
    looked through.

    Args:
        console: where everything is said.
        ask: whether somebody is there to be asked.
    Attributes:
        state: what an interruption would leave, in words.
    Raises:
        OutputError: this user may not write there, which is better known before the first question.
    """

    def __init__(self, places: Places, console: Console, ask: bool) -> None:
        self.console, self.state = console, "nothing was changed"
        self._places, self._ask = places, ask
        self._resting = contextlib.ExitStack()
        for folder in (places.answers.parent, places.secrets):
            _check_writable(folder)
        self._earlier = _text_of(places.answers)
        self._before = self._settings_before()
        self._detector: Detector | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._resting.close()

    def answers(self) -> Answers:
        """Those of an earlier setup, to be changed."""
        return Answers(self._places, earlier_keys(self._earlier or ""))

    def show(self, source: str, login: str | None) -> None:
        """Look through a camera, draw what it sees, and say what would be better.

        Raises:
            MienError: it cannot be opened.
        """
        self._say(f"looking through {source} …", "dim")
        if self._detector is None:
            self._detector = make_detector(self._before.detector, load_detector(self._before))
            self._resting.enter_context(service.at_rest(self._places))
        address = source if login is None else add_login(source, login)
        asked = self._before.camera.model_copy(update={"source": address, "login_file": None})
        look = look_through(asked, self._detector)
        if self._ask:
            draw(look, self.console)
        self._say(look.words(), "bold")
        for hint in hints(look, self._before.detector.longest_side):
            self._say(f"- {hint}", "yellow")

    def finish(self, answers: Answers, replace: bool, with_service: bool) -> bool:
        """Write the answers, turn the service on, and look whether all is well.

        Args:
            replace: also a file of answers that somebody changed by hand.
        Returns:
            whether the main job can be done; True as well where the answers are not to be kept.
        Raises:
            MienError: nothing was changed, or systemd cannot start the service.
        """
        text = file_text(answers.keys)
        if not self._may_replace(text, replace):
            self._say("nothing was changed")
            return True
        with replaced(self._files(answers, text)) as changed:
            configuration = load(self._places.config, etc=self._places.etc)
        self.state = "the answers are kept; mien doctor and systemctl status mien tell the rest"
        self._tell(answers, configuration, changed)
        if with_service:
            obstacle = service.obstacle(self._places)
            done = obstacle or service.turn_on(self._places, bool(changed))
            self._say(done)
        return self._examine(configuration.settings)

    def _files(self, answers: Answers, text: str) -> list[File]:
        places = self._places
        files = [
            File(places.secrets / name, f"{word}\n", FOR_OWNER) for name, word in answers.secrets.items()
        ]
        if places.service:
            files.append(File(places.drop_in, service.drop_in(answers.logins)))
        return [*files, File(places.answers, text)]

    def _may_replace(self, text: str, replace: bool) -> bool:
        """Show what would change in the earlier answers, and ask."""
        earlier = self._earlier
        if earlier is None or earlier == text:
            return True
        edited = is_edited(earlier)
        if edited and not self._ask and not replace:
            raise ConfigError(
                f"{self._places.answers} was changed by hand: move the changes to a file that sorts after "
                "it, or add --replace"
            )
        if edited:
            self._say(f"{self._places.answers} was changed by hand.", "yellow")
        lines = difflib.unified_diff(
            earlier.splitlines(), text.splitlines(), "earlier", "now", lineterm="", n=1
        )
        for line in lines:
            style = {"+": "green", "-": "red"}.get(line[:1], "dim")
            self._say(line, style=style)
        return not self._ask or Confirm.ask(
            "Replace the earlier answers?", console=self.console, default=not edited
        )

    def _tell(self, answers: Answers, configuration: Configuration, changed: list[Path]) -> None:
        for path in changed:
            self._say(f"{'wrote' if path.exists() else 'removed'} {path}")
        if not changed:
            self._say("everything is as it was")
        for key in answers.keys:
            origin = configuration.origins.get(key, DEFAULT)
            if origin != str(self._places.answers):
                self._say(f"but {key} is overruled by {origin}", "yellow")
        if "camera.source" in answers.keys and configuration.settings.cameras:
            self._say("but [cameras.NAME] of another file overrule [camera]", "yellow")
        if self._places.secrets / TOKEN in changed:
            self._tell_token(answers.secrets[TOKEN])

    def _tell_token(self, token: str) -> None:
        file = self._places.secrets / TOKEN
        if self._ask:
            self._say(f"the page's token, shown this once: {token}", "bold")
        else:  # what goes to standard output unattended ends up in somebody's log
            self._say(f"the page's token is in {file}")

    def _examine(self, settings: Settings) -> bool:
        from edge.doctor import examine

        checks = list(examine(settings))
        poor = [check for check in checks if check.status != "ok"]
        if not poor:
            self._say(f"mien doctor: all {len(checks)} checks are well", "green")
            return True
        self._say(f"mien doctor: {len(checks) - len(poor)} checks are well, and these are not")
        return print_checks(poor)

    def _say(self, line: str, style: str = "") -> None:
        self.console.print(Text(line, style=style), soft_wrap=True)

    def _settings_before(self) -> Settings:
        """What is in force already, such as a camera's size; what is wrong with it is told when it is read
        again."""
        with contextlib.suppress(ConfigError):
            return load(etc=self._places.etc).settings
        return Settings()


def _check_writable(folder: Path) -> None:
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(existing, os.W_OK | os.X_OK) or not existing.is_dir():
        raise OutputError(f"cannot write below {existing}: try again as its owner, or with sudo")


def _text_of(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it holds no text"
        raise ConfigError(f"{file} cannot be read ({reason}): move it away") from error
