// One card a person: answer, mask, seven bars.

import { LABELS, MASK_WORDS, percent, spoken, strongest } from "./labels.js";

const LEFT = 1_000;     // ms after which somebody unseen is shown as gone
const FAREWELL = 2_500; // ms for which the card then stays

class Card {
  constructor(name) {
    const template = document.getElementById("person");
    this.element = template.content.firstElementChild.cloneNode(true);
    this.part = (selector) => this.element.querySelector(selector);
    this.part("h2").textContent = name;
    this.rows = Object.fromEntries(LABELS.map((label) => [label, this.row(label)]));
  }

  row(label) {
    const [name, share, bar, fill] = ["dt", "dd", "div", "i"].map((tag) => document.createElement(tag));
    name.textContent = label;
    bar.className = "bar";
    fill.className = label;
    bar.append(fill);
    this.part(".bars").append(name, bar, share);
    return { name, fill, share };
  }

  render({ face, seen }, now) {
    const [coarse, share] = strongest(face.coarse);
    const label = this.part(".label");
    this.element.classList.toggle("left", now - seen > LEFT);
    label.textContent = spoken(face);
    label.className = `label ${face.abstained ? "unsure" : face.label}`;
    this.part(".share").textContent = face.abstained ? "" : percent(face.probabilities[face.label]);
    this.part(".coarse").textContent = `${face.abstained ? "closest" : "coarse"}: ${coarse}, ${percent(share)}`;
    const mask = this.part(".mask");
    mask.dataset.state = face.mask_state ?? "unknown";
    mask.textContent = MASK_WORDS[face.mask_state] ?? "mask not checked";
    for (const name of LABELS) {
      const row = this.rows[name];
      row.name.className = row.share.className = name === face.label && !face.abstained ? "top" : "";
      row.share.textContent = percent(face.probabilities[name]);
      row.fill.style.transform = `translateX(${(face.probabilities[name] - 1) * 100}%)`;
    }
  }
}

export class People {
  constructor(container) {
    this.container = container;
    this.cards = new Map();
  }

  render(camera, now) {
    if (camera !== this.camera) this.clear();
    this.camera = camera;
    const present = [...(camera?.tracks ?? [])].filter(([, track]) => now - track.seen < FAREWELL);
    for (const [key, track] of present) {
      if (!this.cards.has(key)) this.admit(key, track.name);
      this.cards.get(key).render(track, now);
    }
    const keys = new Set(present.map(([key]) => key));
    for (const [key, card] of this.cards) {
      if (keys.has(key)) continue;
      card.element.remove();
      this.cards.delete(key);
    }
  }

  admit(key, name) {
    const card = new Card(name);
    this.cards.set(key, card);
    this.container.append(card.element);
  }

  clear() {
    for (const card of this.cards.values()) card.element.remove();
    this.cards.clear();
  }
}
