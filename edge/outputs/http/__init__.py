"""The dashboard, the API, the metrics. docs/http.md lists what is answered.

bus → feed → streams (server-sent events, WebSocket), preview ┐
bus, cameras → view → api, probes, metrics                    ├ site → guard → connection → server
access → door, login                                          ┘
"""

from edge.outputs.http.server import HttpServer

__all__ = ["HttpServer"]
