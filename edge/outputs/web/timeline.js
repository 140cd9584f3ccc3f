// One lane a person: which expression was shown when, over the last minutes.

import { PERIOD } from "./camera.js";
import { strip } from "./charts.js";
import { LABELS, colour, percent } from "./labels.js";

const MOST = 8; // lanes; who was seen last is shown

export class Timeline {
  constructor(container, legend) {
    this.container = container;
    this.lanes = new Map(); // by name
    for (const label of [...LABELS, "unsure"]) {
      const item = document.createElement("li");
      item.className = label;
      item.textContent = label;
      legend.append(item);
    }
  }

  render(camera, now) {
    const tracks = [...camera.tracks.values()].sort((a, b) => b.seen - a.seen).slice(0, MOST);
    tracks.sort((a, b) => a.spans[0].from - b.spans[0].from);
    const paints = Object.fromEntries(LABELS.map((label) => [label, colour(this.container, label)]));
    const kept = new Set();
    for (const track of tracks) {
      kept.add(track.name);
      const lane = this.lanes.get(track.name) ?? this.add(track.name);
      const canvas = lane.querySelector("canvas");
      strip(canvas, track.spans.map((span) => ({ ...span, paint: paints[span.label] })), now, PERIOD);
      canvas.setAttribute("aria-label", summary(track.spans));
    }
    for (const [name, lane] of this.lanes) {
      if (kept.has(name)) continue;
      lane.remove();
      this.lanes.delete(name);
    }
  }

  add(name) {
    const lane = document.getElementById("lane").content.firstElementChild.cloneNode(true);
    lane.querySelector("h3").textContent = name;
    this.container.append(lane);
    this.lanes.set(name, lane);
    return lane;
  }
}

// "happy 62 %, neutral 38 %" of the time somebody was in view.
function summary(spans) {
  const shares = {};
  let all = 0;
  for (const { from, to, label, weak } of spans) {
    const name = weak ? "unsure" : label;
    shares[name] = (shares[name] ?? 0) + to - from;
    all += to - from;
  }
  const sorted = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  return sorted.map(([name, time]) => `${name} ${percent(all ? time / all : 1)}`).join(", ");
}
