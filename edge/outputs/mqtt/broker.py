"""The way to the broker: address, TLS, password, last will, and what a failure means."""

from __future__ import annotations

import logging
import socket
import ssl
from pathlib import Path

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from edge.errors import ConfigError
from edge.secrets import read_secret
from edge.settings import MqttConfig, is_loopback

logger = logging.getLogger(__name__)
# The libraries report each failed call; what is wrong is said once, by `Broker.explain`.
_silent = logging.getLogger(f"{__name__}.library")
_silent.setLevel(logging.CRITICAL + 1)

KEEPALIVE = 20  # seconds; half as much again after a power cut the broker tells our last will
TIMEOUT = 5.0  # seconds for each answer of the broker
INCOMING = 256  # messages that may wait: commands, and what the broker keeps of an earlier run
HUNG_UP = "it closed the connection"
REFUSALS = (1, 2, 4, 5)  # MQTT 3.1.1: protocol, identifier, password, authorisation
BAD_CREDENTIALS = (4, 5, 134, 135)  # 3.1.1 and 5


class Broker:
    """Makes connections.

    Args:
        identifier: of this client; the same at each connection, so that the broker ends a dead one of ours
            (and tells its last will) before the new one speaks.
        will: topic and payload that the broker publishes when we vanish; None for nothing.
        password: instead of the one in the configuration's file.
        incoming: messages that may wait to be heard; those beyond are lost.
    Raises:
        ConfigError: password or authorities cannot be read.
    """

    def __init__(
        self,
        config: MqttConfig,
        identifier: str,
        will: tuple[str, bytes] | None = None,
        password: str | None = None,
        incoming: int = INCOMING,
    ) -> None:
        if config.host is None:
            raise ConfigError("mqtt.host is not set: name the broker")
        self._host, self._port = config.host, config.effective_port
        self._username, self._ca_file = config.username, config.ca_file
        self._identifier, self._incoming = identifier, incoming
        self._will = None if will is None else aiomqtt.Will(will[0], will[1], qos=1, retain=True)
        if password is None and config.password_file is not None:
            password = read_secret(config.password_file)
        self._password = password
        self._tls = _trust(config.ca_file) if config.tls else None
        if self._password is not None and self._tls is None and not is_loopback(config.host):
            logger.warning("the MQTT password goes to %s in the clear: set mqtt.tls", config.host)

    @property
    def address(self) -> str:
        return f"{self._host}:{self._port}"

    def connection(self) -> aiomqtt.Client:
        """A new connection, to be entered; within the running loop."""
        return aiomqtt.Client(
            self._host,
            self._port,
            username=self._username,
            password=self._password,
            identifier=self._identifier,
            will=self._will,
            keepalive=KEEPALIVE,
            timeout=TIMEOUT,
            max_queued_incoming_messages=self._incoming,
            tls_context=self._tls,
            logger=_silent,
        )

    def explain(self, error: aiomqtt.MqttError) -> tuple[str, bool]:
        """What is wrong and what to do, and whether the broker refused us rather than was not there."""
        # aiomqtt keeps the text of a network error only; the error itself is its context.
        cause = error.__cause__ or error.__context__
        if isinstance(error, MqttConnectError):
            code = getattr(error.rc, "value", error.rc)
            if code in BAD_CREDENTIALS:
                who = f"the user '{self._username}'" if self._username else "a client without user name"
                return f"it refuses {who}: check mqtt.username and mqtt.password_file", True
            return f"it refuses the connection ({error})", code in REFUSALS
        if isinstance(cause, ssl.SSLCertVerificationError):
            return self._distrust(cause), True
        if self._tls is not None and isinstance(cause, ConnectionResetError | BrokenPipeError):
            return "it hangs up on TLS: check mqtt.port, 8883 as a rule", True
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or str(cause)).lower().replace("_", " ")
            return f"TLS fails ({reason}): check mqtt.port, 8883 as a rule", True
        if isinstance(cause, ConnectionRefusedError):
            return "nobody listens there: start the broker, or check mqtt.host and mqtt.port", False
        if isinstance(cause, socket.gaierror):
            return f"the name is unknown ({cause.strerror}): check mqtt.host and the network", False
        if isinstance(cause, TimeoutError) or "timed out" in str(error):
            return "it does not answer: check mqtt.host and the network", False
        if isinstance(cause, OSError):
            return f"{cause.strerror or cause}: check mqtt.host and the network", False
        return HUNG_UP, False

    def _distrust(self, error: ssl.SSLCertVerificationError) -> str:
        why = error.verify_message.rstrip(".")
        if "mismatch" in why:
            return f"its certificate is for another name ({why}): set mqtt.host to the name in it"
        known = f"{self._ca_file} did not sign it" if self._ca_file else "set mqtt.ca_file to who signed it"
        return f"its certificate is not to be trusted ({why}): {known}"


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:  # an OSError as well, so it comes first
        raise ConfigError(f"mqtt.ca_file {ca_file} holds no certificate: give a PEM file") from error
    except OSError as error:
        raise ConfigError(
            f"mqtt.ca_file {ca_file} cannot be read ({error.strerror}): check the path"
        ) from error
