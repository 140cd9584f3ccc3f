// Listens to the event stream and keeps the page up to date; reconnects by itself.

import { sparkline } from "./charts.js";
import { spoken } from "./labels.js";
import { People } from "./people.js";
import { Stage } from "./stage.js";

const HISTORY = 30;          // samples of a sparkline, one a second
const SILENCE = 4_000;       // ms without any event: the connection is dead, however it looks
const CARD_INTERVAL = 100;   // ms between updates of bars and figures, so that they can be read

const at = (id) => document.getElementById(id);
const stage = new Stage(at("stage"));
const people = new People(at("people"));
const stages = { detect: [], classify: [] }; // seconds, since the last state event
const histories = { fps: [], latency: [], detect: [], classify: [] };
let source, heard, seen, newest, status, drawn = 0;

function connect() {
  source?.close();
  heard = performance.now();
  source = new EventSource("/events");
  source.onmessage = (event) => observe(JSON.parse(event.data));
  source.addEventListener("state", (event) => report(JSON.parse(event.data)));
  source.onerror = () => {
    stage.live = false;
    // Refused for good (too many streams): EventSource gives up, so ask again.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
    link();
  };
}

function observe(observation) {
  heard = seen = performance.now();
  newest = observation;
  stages.detect.push(observation.latency_seconds.detect);
  stages.classify.push(observation.latency_seconds.classify);
  stage.see(observation);
  people.see(observation, seen);
}

function report(state) {
  heard = performance.now();
  status = state;
  stage.live = true;
  stage.preview = state.preview;
  if (state.frame_size) {
    stage.size = state.frame_size;
    at("stage").parentElement.style.aspectRatio = state.frame_size.join(" / ");
  }
  at("camera").textContent = state.camera;
  const lost = state.lost_here ? ` · ${state.lost_here} events lost on the way to this page` : "";
  at("counters").textContent = `${state.frames.toLocaleString("en")} frames${lost}`;
  gauge("fps", state.fps, 1);
  gauge("latency", state.latency_seconds.p50 * 1000, 1);
  for (const name of ["detect", "classify"]) {
    const times = stages[name].splice(0).sort((a, b) => a - b);
    if (times.length) gauge(name, times[times.length >> 1] * 1000, name === "detect" ? 1 : 2);
  }
}

function gauge(id, value, digits) {
  const values = histories[id];
  values.push(value);
  if (values.length > HISTORY) values.shift();
  at(id).querySelector("b").textContent = value.toFixed(digits);
  sparkline(at(id).querySelector("canvas"), values, HISTORY);
}

// Connection, notice and title: live, connected but without frames, or offline.
function link() {
  const now = performance.now();
  const frames = seen !== undefined && now - seen < 2000;
  const [state, words] = !stage.live ? (status ? ["offline", "reconnecting"] : ["waiting", "connecting"])
    : frames ? ["live", "live"] : ["waiting", "no frames"];
  document.body.dataset.state = at("link").dataset.state = state;
  at("link").textContent = words;
  at("nobody").textContent = state === "live" ? "Nobody in view" : "Nothing to show";
  at("notice").textContent = state === "offline" ? "mien is not answering; trying again every second"
    : state === "waiting" ? (newest ? "no new frames from the camera" : "waiting for the first frame")
    : stage.preview ? "" : "preview is off: boxes only";
  const faces = newest?.faces ?? [];
  const who = faces.length === 0 ? "nobody" : faces.length > 2 ? `${faces.length} people` : faces.map(spoken).join(", ");
  document.title = `${state === "live" ? who : words} · mien`;
}

function tick(now) {
  stage.render();
  if (now - drawn >= CARD_INTERVAL) {
    drawn = now;
    people.render(performance.now());
    link();
  }
  requestAnimationFrame(tick);
}

new ResizeObserver(() => stage.dirty = true).observe(at("stage"));
setInterval(() => performance.now() - heard > SILENCE && connect(), 1000);
setInterval(link, 1000); // animation frames rest while the page is hidden; the title should not
connect();
requestAnimationFrame(tick);
