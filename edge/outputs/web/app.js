// Puts the page together: events in, cameras, stage, people, timeline, gauges and controls up to date.

import { announce, showAlerts } from "./alerts.js";
import { Camera } from "./camera.js";
import { Controls } from "./controls.js";
import { showFacts } from "./facts.js";
import { Gauges } from "./gauges.js";
import { spoken } from "./labels.js";
import { Link } from "./link.js";
import { People } from "./people.js";
import { Stage } from "./stage.js";
import { Tabs } from "./tabs.js";
import { Timeline } from "./timeline.js";

const CARD_INTERVAL = 100; // ms between updates of bars and figures, so that they can be read

const at = (id) => document.getElementById(id);
const cameras = new Map(); // by name
const stage = new Stage(at("stage"));
const people = new People(at("people"));
const timeline = new Timeline(at("lanes"), at("legend"));
const gauges = new Gauges(at("fps"), at("latency"), at("temperature"));
const controls = new Controls(at("model"), at("pause"), at("login"), at("logout"));
const tabs = new Tabs(at("tabs"), at("panel"), () => show());
const link = new Link({ observe, report, tell });
let state, drawn = 0;

const chosen = () => cameras.get(tabs.chosen);

function observe(observation) {
  const camera = cameras.get(observation.camera);
  if (!camera) return; // its state has not been heard yet
  camera.see(observation, performance.now());
  if (camera === chosen()) stage.see(observation);
}

function report(news) {
  state = news;
  const names = state.cameras.map((camera) => camera.name);
  for (const name of cameras.keys()) if (!names.includes(name)) cameras.delete(name);
  for (const camera of state.cameras) {
    if (!cameras.has(camera.name)) cameras.set(camera.name, new Camera(camera.name));
    cameras.get(camera.name).report(camera);
  }
  gauges.feel(state.temperature_celsius);
  tabs.update([...cameras.values()]);
  show();
}

// What concerns a whole: the chosen camera, or everything.
function tell(event) {
  const several = cameras.size > 1 && event.camera ? ` at ${event.camera}` : "";
  const who = `Person ${event.track}${several}`;
  if (event.schema === "mien.person/1") announce(`${who} ${event.event}`);
  if (event.schema === "mien.expression/1") announce(`${who}: ${event.label ?? "unsure"}`);
}

// Everything about the chosen camera, once a second and when another is chosen.
function show() {
  const camera = chosen();
  if (!state || !camera) return;
  stage.look(camera, state.preview);
  timeline.render(camera, performance.now());
  gauges.render(camera);
  controls.update(state, camera);
  showAlerts(at("alerts"), state);
  showFacts(at("facts"), state, camera);
  at("version").textContent = `mien ${state.version}`;
  link.live = true;
  status();
}

// Connection, notice and title: live, connected but without frames, or offline.
function status() {
  const now = performance.now();
  const camera = chosen();
  const frames = camera?.seen !== undefined && now - camera.seen < 2000;
  const phase = camera?.state.state;
  const [kind, words] = !link.live ? (state ? ["offline", "reconnecting"] : ["waiting", "connecting"])
    : frames ? ["live", "live"] : ["waiting", phase === "streaming" ? "no frames" : phase ?? "no camera"];
  stage.live = link.live;
  document.body.dataset.state = at("link").dataset.state = kind;
  if (at("link").textContent !== words) at("link").textContent = words;
  at("nobody").textContent = kind === "live" ? "Nobody in view" : "Nothing to show";
  at("notice").textContent = notice(kind, camera);
  const faces = frames ? camera.newest.faces : [];
  const who = faces.length === 0 ? "nobody" : faces.length > 2 ? `${faces.length} people` : faces.map(spoken).join(", ");
  document.title = `${kind === "live" ? who : words} · mien`;
}

function notice(kind, camera) {
  if (kind === "offline") return "mien is not answering; trying again every second";
  if (kind === "live") return state.preview ? "" : "preview is off: boxes only";
  const { state: phase, reason } = camera?.state ?? {};
  if (phase === "paused") return "paused: mien does not look";
  if (phase === "ended") return "the recording is over";
  if (reason) return reason;
  return camera?.newest ? "no new frames from the camera" : "waiting for the first frame";
}

function tick(now) {
  stage.render();
  if (now - drawn >= CARD_INTERVAL) {
    drawn = now;
    people.render(chosen(), performance.now());
    status();
  }
  requestAnimationFrame(tick);
}

new ResizeObserver(() => {
  stage.dirty = true;
  show();
}).observe(at("panel"));
setInterval(status, 1000); // animation frames rest while the page is hidden; the title should not
link.open();
requestAnimationFrame(tick);
