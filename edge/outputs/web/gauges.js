// Frame rate, latency and temperature: the figure now, and a graph of the last minutes.

import { SAMPLES } from "./camera.js";
import { graph } from "./charts.js";

const COLD = 20; // degrees Celsius at the bottom of the graph

export class Gauges {
  constructor(rate, latency, temperature) {
    Object.assign(this, { rate, latency, temperature });
    this.degrees = [];
  }

  feel(degrees) {
    this.temperature.hidden = degrees === null && !this.degrees.length;
    if (degrees === null) return;
    this.degrees.push(degrees);
    if (this.degrees.length > SAMPLES) this.degrees.shift();
    show(this.temperature, degrees.toFixed(1), `highest ${Math.max(...this.degrees).toFixed(1)}`);
  }

  render({ state, medians, rates, latencies }) {
    const { fps, frames, overtaken, latency_seconds: { p50, p90 } } = state;
    show(this.rate, fps.toFixed(1), `${number(frames)} frames, ${number(overtaken)} overtaken`);
    const { detect, classify } = medians;
    const parts = [["detect", detect], ["classify", classify], ["90 % below", p90 === null ? undefined : p90 * 1000]];
    const known = parts.filter(([, value]) => value !== undefined);
    show(
      this.latency,
      p50 === null ? "–" : (p50 * 1000).toFixed(1),
      known.map(([name, value]) => `${name} ${value.toFixed(1)}`).join(" · "),
    );
    graph(canvas(this.rate), [rates], SAMPLES);
    graph(canvas(this.latency), [0, 1].map((n) => latencies.map((pair) => pair[n])), SAMPLES);
    if (!this.temperature.hidden) graph(canvas(this.temperature), [this.degrees], SAMPLES, COLD);
  }
}

const canvas = (gauge) => gauge.querySelector("canvas");
const number = (value) => value.toLocaleString("en");

function show(gauge, figure, detail) {
  gauge.querySelector("b").textContent = figure;
  gauge.querySelector(".detail").textContent = detail;
}
