"""Figures in words, the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator

from edge.bench.document import Document, Result

UNKNOWN = "not told by this board"
TITLES = {
    "classify": "one face classified",
    "detect": "a look at the picture",
    "pipeline, every frame": "whole way of a frame",
    "pipeline, adaptive": "with few full looks",
}


def milliseconds(seconds: float) -> str:
    """Three digits or so.

    >>> milliseconds(0.0000662), milliseconds(0.0123), milliseconds(1.5)
    ('0.066', '12.3', '1500')
    """
    value = 1000 * seconds
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f}"


def rate(fps: float) -> str:
    """
    >>> rate(7.0625), rate(1590.4)
    ('7.06', '1,590')
    """
    return f"{fps:.2f}" if fps < 10 else f"{fps:.1f}" if fps < 100 else f"{fps:,.0f}"


def verdict(clean: bool, unknown: list[str]) -> str:
    """One line on whether to believe it."""
    if not clean:
        return "NOT CLEAN"
    return "clean as far as this board tells" if unknown else "clean"


def cpu(result: Result) -> str:
    """Processor milliseconds a call."""
    seconds = result.record.cpu_seconds
    return "?" if seconds is None else milliseconds(seconds / result.timing.calls)


def heat(result: Result) -> str:
    """Degrees before, at most, and after."""
    record = result.record
    before, after = record.before.temperature, record.after.temperature
    if before is None or after is None:
        return UNKNOWN
    hottest = max([before, after, *(r.temperature for r in record.during if r.temperature is not None)])
    return f"{before:.0f} °C before, {hottest:.0f} at most, {after:.0f} after"


def energy(result: Result) -> str:
    """Joules a call and watts, by meter."""
    record, calls = result.record, result.timing.calls
    meters = [
        f"{joules:.2f} J ({joules / record.seconds:.2f} W, {1000 * joules / calls:.3g} mJ a call) {meter}"
        for meter, joules in record.energy_joules.items()
    ]
    return "; ".join(meters) or UNKNOWN


def throttled(result: Result) -> str:
    """The firmware's flags while it was measured."""
    readings = [result.record.before, *result.record.during, result.record.after]
    if all(reading.throttled is None for reading in readings):
        return UNKNOWN
    return ", ".join(sorted({flag for reading in readings for flag in reading.throttled or ()})) or "none"


def clock(result: Result) -> str:
    """The fastest core's clock meanwhile."""
    clocks = [r.clock_mhz for r in result.record.during if r.clock_mhz is not None]
    if not clocks:
        return UNKNOWN
    low, high = f"{min(clocks):.0f}", f"{max(clocks):.0f}"
    return f"{high} MHz" if low == high else f"{low} to {high} MHz"


def busy(result: Result) -> str:
    """Who used the processors."""
    record = result.record
    if record.cpu_seconds is None or record.other_cpu is None or record.stolen_cpu is None:
        return UNKNOWN
    own = record.cpu_seconds / record.seconds
    return f"mien {own:.2f} cores; others {record.other_cpu:.1%}, hypervisor {record.stolen_cpu:.1%} of all"


def memory(result: Result) -> str:
    """Resident at the end and at most."""
    after, peak = result.record.rss_bytes.after, result.record.rss_bytes.peak
    return f"{'?' if after is None else round(after / 1e6)} MB after, {peak / 1e6:.0f} MB at most"


def machine_lines(document: Document) -> Iterator[tuple[str, str]]:
    """What was measured and on what."""
    machine = document.machine
    models = {
        f"{model.name} {model.version or ''} {model.quantisation or ''} {(model.sha256 or '')[:12]}".strip()
        for result in document.results
        for model in (result.model, result.detector)
        if model is not None
    }
    ram = "" if machine.memory_bytes is None else f", {machine.memory_bytes / 1e9:.1f} GB"
    fastest = "" if machine.clock_max_mhz is None else f", up to {machine.clock_max_mhz:.0f} MHz"
    yield "board", machine.board or UNKNOWN
    yield "processor", f"{machine.cpu}, {machine.usable_cores} of {machine.cores} cores{fastest}{ram}"
    yield "governor", machine.governor or UNKNOWN
    yield "kernel", f"{machine.kernel}, {machine.architecture}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in document.versions.items())
    yield "models", "; ".join(sorted(models))
    yield "load", UNKNOWN if document.load_before is None else f"{document.load_before:.2f} before the start"
    if document.start is not None:
        start = document.start
        yield "import", f"{start.import_seconds:.2f} s"
        yield "start", f"{start.first_observation_seconds:.2f} s to the first observation"
        yield "memory", f"{start.daemon_rss_bytes / 1e6:.0f} MB of the daemon at most, with the page served"


def result_lines(result: Result) -> Iterator[tuple[str, str]]:
    """What there is to say of a result beside its figures."""
    pictures = result.pictures
    if pictures is not None:
        size = f"{pictures.width}x{pictures.height}"
        pace = ", at its own pace" if pictures.paced else ""
        yield "frames", f"{pictures.camera}, {size}, {pictures.faces_per_frame:.2f} faces each{pace}"
    if result.detector is not None:
        yield "detector", f"{result.detector.name} at {result.longest_side} pixels"
    threads = "" if result.model_threads is None else f", model {result.model_threads}"
    yield "threads", f"OpenCV {result.vision_threads}{threads}"
    if result.interval is not None:
        looks = ", ".join(f"{share:.1%} {look}" for look, share in sorted(result.looks.items()))
        yield "looks", f"interval {result.interval}: {looks}"
    if result.agreement is not None:
        yield "agreement", f"{result.agreement:.1%} of frames show the faces a look in every frame finds"
    if result.overtaken is not None:
        yield (
            "overtaken",
            f"{result.overtaken} frames by newer ones; {rate(result.timing.achieved_fps)} a second",
        )
    cold = result.cold
    yield (
        "cold",
        f"{milliseconds(cold.load_seconds)} ms to load, {milliseconds(cold.first_call_seconds)} first call",
    )
    yield "processors", busy(result)
    yield "clock", clock(result)
    yield "temperature", heat(result)
    yield "throttled", throttled(result)
    yield "energy", energy(result)
    yield "memory", memory(result)
