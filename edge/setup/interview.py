"""The questions of `mien setup`, in the terminal. Nothing is written here."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.prompt import Confirm, IntPrompt, Prompt

from edge.cameras import camera_name, is_network
from edge.errors import ConfigError, MienError
from edge.settings import NAME
from edge.setup.answers import Answers, broker_config, split_login
from edge.setup.broker import find_fault
from edge.setup.cameras import find_cameras
from edge.setup.unattended import TOKEN_BYTES, Show

EVERYWHERE = "0.0.0.0:8642"
Chosen = tuple[str, str | None]
Answer = TypeVar("Answer")


class Interview:
    """Asks for what is to be answered.

    Args:
        answers: those of an earlier setup, which are offered first.
        show: looks through a camera, by source and login, and raises where it cannot.
    """

    def __init__(self, console: Console, answers: Answers, show: Show) -> None:
        self._console, self._answers, self._show = console, answers, show

    def hold(self) -> None:
        """Ask everything."""
        self._ask_for_cameras()
        self._ask_for_broker()
        self._ask_for_page()

    def _ask_for_cameras(self) -> None:
        keys = self._answers.keys
        earlier = [str(keys[key]) for key in keys if key.endswith(".source")]
        if earlier and self._yes(f"Keep the camera {', '.join(earlier)}?", True):
            return
        chosen = [self._choose()]
        while self._yes("Is there another camera to look through?", False):
            chosen.append(self._choose())
        self._answers.forget("camera", "cameras")
        if len(chosen) == 1:
            self._answers.add_camera(None, *chosen[0])
            return
        for source, login in chosen:
            self._until_good(partial(self._name, source, login))

    def _name(self, source: str, login: str | None) -> None:
        usual = camera_name(source).lower().replace(".", "-")
        name = self._text(f"A name for {source}", usual if NAME.fullmatch(usual) else "")
        self._answers.add_camera(name, source, login)

    def _choose(self) -> Chosen:
        """A camera that was seen at work, or that is wanted all the same."""
        while True:
            chosen = self._until_good(self._pick)
            while True:
                try:
                    self._show(*chosen)
                except MienError as error:
                    self._say(f"[red]{escape(str(error))}[/]")
                    answer = self._one_of("Try again, choose another, or use it all the same?", "again")
                else:
                    answer = self._one_of("Use it, look again, or choose another?", "use")
                if answer == "use":
                    return chosen
                if answer == "other":
                    break

    def _pick(self) -> Chosen:
        found = find_cameras()
        for number, camera in enumerate(found, start=1):
            self._say(f"  [bold]{number}[/]  {escape(camera.words)}  [dim]{escape(camera.source)}[/]")
        if not found:
            self._say("No camera is plugged in; an address, a video file or demo can be used.")
        typed = self._text("Camera: its number, or an address such as rtsp://…", "1" if found else "demo")
        if typed.isdecimal() and 1 <= int(typed) <= len(found):
            typed = found[int(typed) - 1].source
        source, login = split_login(typed)
        if is_network(source) and login is None and (user := self._text("User at the camera, if any", "")):
            login = f"{user}:{self._hidden('Password')}"
        return source, login

    def _ask_for_broker(self) -> None:
        earlier = self._answers.keys.get("mqtt.host")
        if earlier and self._yes(f"Keep the MQTT broker {earlier}?", True):
            return
        self._answers.forget("mqtt")
        if self._yes("Tell an MQTT broker what is seen?", False):
            while not self._until_good(self._try_broker):
                pass

    def _try_broker(self) -> bool:
        """Whether there is an answer, which may be to have no broker."""
        host = self._text("Broker's name or address", "")
        tls = self._yes("Encrypted (TLS)?", False)
        port = IntPrompt.ask("Port", console=self._console, default=8883 if tls else 1883)
        user = self._text("User, if any", "")
        password = self._hidden("Password") if user else None
        config = broker_config(host, port, tls, user or None)
        fault = find_fault(config, password)
        if fault is None:
            self._say("[green]the broker takes this device[/]")
        else:
            self._say(f"[red]{escape(fault)}[/]")
            answer = self._one_of("Try again, do without, or use it all the same?", "again", "without")
            if answer != "use":
                return answer == "without"
        self._answers.use_broker(config, password)
        return True

    def _ask_for_page(self) -> None:
        earlier = self._answers.keys.get("outputs.address")
        if earlier and self._yes(f"Keep the page at {earlier}?", True):
            return
        self._answers.forget("outputs", "http")
        if not self._yes("Should other machines reach the page, with a token?", False):
            return
        host = socket.gethostname().lower()
        names = self._text("Names this machine is reached by", f"{host} {host}.local")
        self._answers.serve_page(EVERYWHERE, tuple(names.split()), secrets.token_urlsafe(TOKEN_BYTES))

    def _until_good(self, ask: Callable[[], Answer]) -> Answer:
        """Ask again after an answer that cannot be used."""
        while True:
            try:
                return ask()
            except ConfigError as error:
                self._say(f"[red]{escape(str(error))}[/]")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False)

    def _text(self, question: str, usual: str) -> str:
        shown = bool(usual)
        answer = Prompt.ask(escape(question), console=self._console, default=usual, show_default=shown)
        return answer.strip()

    def _hidden(self, question: str) -> str:
        return Prompt.ask(question, console=self._console, password=True)

    def _yes(self, question: str, usual: bool) -> bool:
        return Confirm.ask(escape(question), console=self._console, default=usual)

    def _one_of(self, question: str, usual: str, other: str = "other") -> str:
        return Prompt.ask(question, console=self._console, choices=["use", "again", other], default=usual)
