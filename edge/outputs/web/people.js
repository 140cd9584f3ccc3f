// One card a person: answer, mask, seven bars, and the label over the last 30 seconds.

import { strip } from "./charts.js";
import { LABELS, MASK_WORDS, colour, percent, spoken, strongest } from "./labels.js";

const PERIOD = 30_000;
const GAP = 1_000;      // a longer silence leaves a hole in the timeline
const FAREWELL = 2_500; // how long a card stays after its person has left

class Card {
  constructor(name) {
    const template = document.getElementById("person");
    this.element = template.content.firstElementChild.cloneNode(true);
    this.part = (selector) => this.element.querySelector(selector);
    this.part("h2").textContent = name;
    this.spans = [];
    this.rows = Object.fromEntries(LABELS.map((label) => [label, this.row(label)]));
  }

  row(label) {
    const [name, share, bar, fill] = ["dt", "dd", "div", "i"].map((tag) => document.createElement(tag));
    name.textContent = label;
    bar.className = "bar";
    fill.style.background = `var(--${label})`;
    bar.append(fill);
    this.part(".bars").append(name, bar, share);
    return { name, fill, share };
  }

  see(face, now) {
    this.face = face;
    this.seen = now;
    const last = this.spans.at(-1);
    const same = last && last.label === face.label && last.weak === face.abstained && now - last.to < GAP;
    if (same) last.to = now;
    else {
      if (last && now - last.to < GAP) last.to = now;
      this.spans.push({ from: now, to: now, label: face.label, weak: face.abstained });
    }
    while (this.spans[0].to < now - PERIOD) this.spans.shift();
  }

  render(now) {
    const { face } = this;
    const [coarse, share] = strongest(face.coarse);
    const label = this.part(".label");
    this.element.classList.toggle("left", now - this.seen > GAP);
    label.textContent = spoken(face);
    label.style.color = face.abstained ? "var(--soft)" : `var(--${face.label})`;
    this.part(".share").textContent = face.abstained ? "" : percent(face.probabilities[face.label]);
    this.part(".coarse").textContent = `${face.abstained ? "closest" : "coarse"}: ${coarse}, ${percent(share)}`;
    const mask = this.part(".mask");
    mask.dataset.state = face.mask_state ?? "unknown";
    mask.textContent = MASK_WORDS[face.mask_state] ?? "mask not checked";
    for (const name of LABELS) {
      const row = this.rows[name];
      row.name.className = name === face.label && !face.abstained ? "top" : "";
      row.share.className = row.name.className;
      row.share.textContent = percent(face.probabilities[name]);
      row.fill.style.transform = `translateX(${(face.probabilities[name] - 1) * 100}%)`;
    }
    const canvas = this.part(".timeline");
    const paints = Object.fromEntries(LABELS.map((name) => [name, colour(canvas, name)]));
    strip(canvas, this.spans.map((span) => ({ ...span, paint: paints[span.label] })), now, PERIOD);
  }
}

export class People {
  constructor(container) {
    this.container = container;
    this.cards = new Map();
  }

  see(observation, now) {
    observation.faces.forEach((face, n) => {
      const key = face.track ?? `face ${n + 1}`;
      if (!this.cards.has(key)) this.admit(key);
      this.cards.get(key).see(face, now);
    });
  }

  admit(key) {
    const card = new Card(typeof key === "number" ? `Person ${key}` : key);
    this.cards.set(key, card);
    this.container.append(card.element);
  }

  render(now) {
    for (const [key, card] of this.cards) {
      if (now - card.seen < FAREWELL) card.render(now);
      else {
        card.element.remove();
        this.cards.delete(key);
      }
    }
  }
}
