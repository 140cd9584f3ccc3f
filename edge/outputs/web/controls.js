// Pause and the choice of model, where they are allowed; logging in and out.

import { complain } from "./alerts.js";

const WAIT = 5_000; // ms for which a button rests until the state has changed

export class Controls {
  constructor(model, pause, login, logout) {
    Object.assign(this, { model, pause, login, logout });
    this.select = model.querySelector("select");
    pause.addEventListener("click", () => this.ask(pause, "pause", { paused: !this.paused, camera: this.camera }));
    this.select.addEventListener("change", () => this.ask(this.select, "model", { name: this.select.value }));
  }

  update(state, camera) {
    const allowed = state.access === "control";
    const { state: phase, name } = camera.state;
    const paused = phase === "paused";
    if (paused !== this.paused || name !== this.camera) this.pause.disabled = false;
    Object.assign(this, { paused, camera: name });
    this.pause.hidden = !allowed || phase === "ended";
    this.pause.textContent = paused ? "Resume" : "Pause";
    this.pause.setAttribute("aria-label", `${paused ? "Resume" : "Pause"} ${name}`);
    this.model.hidden = !allowed || !state.models.length;
    this.choices(state);
    this.login.hidden = !state.login;
    this.logout.hidden = !state.logout;
  }

  choices({ models, model, refused }) {
    const answer = `${model?.time} ${refused?.time}`;
    if (answer !== this.answer) this.select.disabled = false;
    const names = model && !models.includes(model.name) ? [model.name, ...models] : models;
    if (names.join("\n") !== [...this.select.options].map((option) => option.value).join("\n")) {
      this.select.replaceChildren(...names.map((name) => new Option(name, name)));
      this.answer = undefined;
    }
    // Left alone while somebody is choosing.
    if (answer !== this.answer && model) this.select.value = model.name;
    this.answer = answer;
  }

  async ask(element, what, body) {
    element.disabled = true;
    setTimeout(() => (element.disabled = false), WAIT);
    try {
      const answer = await fetch(`/api/v1/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      if (answer.ok) return;
      complain((await answer.json()).error);
    } catch {
      complain("mien did not answer; try again");
    }
    element.disabled = false;
  }
}
