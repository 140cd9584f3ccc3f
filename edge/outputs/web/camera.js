// What is remembered of one camera: who is there and was, their expressions, how fast it goes.

export const PERIOD = 300_000; // ms of expressions that are remembered
export const SAMPLES = 180;    // of frame rate and latency, one a second
const GAP = 1_000;             // ms; a longer silence leaves a hole in the timeline

export class Camera {
  constructor(name) {
    this.name = name;
    this.state = {};           // as the server tells it, once a second
    this.newest = undefined;   // observation
    this.seen = undefined;     // when, in ms of performance.now()
    this.tracks = new Map();   // by track: {name, face, seen, spans}
    this.rates = [];
    this.latencies = [];       // [median, 90th percentile] in ms
    this.stages = { detect: [], classify: [] }; // seconds, since the last report
    this.medians = {};
  }

  see(observation, now) {
    this.newest = observation;
    this.seen = now;
    for (const stage of ["detect", "classify"]) this.stages[stage].push(observation.latency_seconds[stage]);
    observation.faces.forEach((face, n) => {
      const key = face.track ?? `face ${n + 1}`;
      let track = this.tracks.get(key);
      if (!track) {
        track = { name: typeof key === "number" ? `Person ${key}` : key, spans: [] };
        this.tracks.set(key, track);
      }
      track.face = face;
      track.seen = now;
      extend(track.spans, face, now);
    });
  }

  report(state) {
    this.state = state;
    keep(this.rates, state.fps);
    const { p50, p90 } = state.latency_seconds;
    if (p50 !== null) keep(this.latencies, [p50 * 1000, p90 * 1000]);
    for (const [stage, times] of Object.entries(this.stages)) {
      times.sort((a, b) => a - b);
      if (times.length) this.medians[stage] = times[times.length >> 1] * 1000;
      times.length = 0;
    }
    this.forget(performance.now());
  }

  forget(now) {
    for (const [key, track] of this.tracks) {
      while (track.spans.length && track.spans[0].to < now - PERIOD) track.spans.shift();
      if (!track.spans.length) this.tracks.delete(key);
    }
  }
}

function keep(values, value) {
  values.push(value);
  if (values.length > SAMPLES) values.shift();
}

// Spans {from, to, label, weak}: weak where the model abstained.
function extend(spans, face, now) {
  const last = spans.at(-1);
  const joined = last && now - last.to < GAP;
  if (joined) last.to = now;
  if (joined && last.label === face.label && last.weak === face.abstained) return;
  spans.push({ from: now, to: now, label: face.label, weak: face.abstained });
}
