// Which camera is looked at: tabs, where there are several. Arrow keys go from one to the next.

const KEYS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

export class Tabs {
  constructor(list, panel, changed) {
    Object.assign(this, { list, panel, changed });
    this.chosen = decodeURIComponent(location.hash.slice(1));
    list.addEventListener("keydown", (event) => this.key(event));
  }

  update(cameras) {
    const names = cameras.map((camera) => camera.name);
    if (!names.includes(this.chosen)) this.chosen = names[0];
    this.list.hidden = names.length < 2;
    if (this.list.hidden) return;
    const old = [...this.list.children].map((tab) => tab.dataset.name);
    if (old.join("\n") !== names.join("\n")) this.list.replaceChildren(...names.map((name) => this.tab(name)));
    this.panel.setAttribute("role", "tabpanel");
    cameras.forEach((camera, n) => this.mark(this.list.children[n], camera));
  }

  tab(name) {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", id: `tab-${name}` });
    tab.dataset.name = name;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", this.panel.id);
    tab.append(name, document.createElement("small"));
    tab.addEventListener("click", () => this.choose(name));
    return tab;
  }

  mark(tab, camera) {
    const here = camera.name === this.chosen;
    tab.setAttribute("aria-selected", here);
    tab.tabIndex = here ? 0 : -1;
    tab.dataset.state = camera.state.state;
    tab.querySelector("small").textContent = camera.state.state === "streaming" ? "" : camera.state.state;
    if (here) this.panel.setAttribute("aria-labelledby", tab.id);
  }

  key(event) {
    if (!(event.key in KEYS)) return;
    const tabs = [...this.list.children];
    const now = tabs.findIndex((tab) => tab.dataset.name === this.chosen);
    const next = Math.abs(KEYS[event.key]) === 1 ? (now + KEYS[event.key] + tabs.length) % tabs.length
      : KEYS[event.key] < 0 ? 0 : tabs.length - 1;
    event.preventDefault();
    this.choose(tabs[next].dataset.name);
    tabs[next].focus();
  }

  choose(name) {
    this.chosen = name;
    history.replaceState(null, "", `#${encodeURIComponent(name)}`); // a reload keeps the choice
    for (const tab of this.list.children) {
      const here = tab.dataset.name === name;
      tab.setAttribute("aria-selected", here);
      tab.tabIndex = here ? 0 : -1;
    }
    this.changed();
  }
}
