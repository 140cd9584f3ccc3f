// The fleet, asked for every two seconds. Every text goes in as text, never as markup: devices wrote it.

const EVERY = 2000; // ms
const at = (id) => document.getElementById(id);
const search = at("search");
let shown = ""; // what the table was made of

async function ask() {
  try {
    const answer = await fetch(`/api/v1/fleet?search=${encodeURIComponent(search.value)}`);
    if (answer.status === 401) return location.replace("/login");
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
  } catch {
    link("offline", "reconnecting");
  }
}

function show(fleet) {
  link(fleet.connected ? "live" : "offline", fleet.connected ? `live from ${fleet.broker}` : "no broker");
  at("logout").hidden = !fleet.logout;
  const wrong = [];
  if (!fleet.connected) wrong.push([fleet.trouble ?? "connecting to the broker", "bad"]);
  if (fleet.connected && fleet.silence) wrong.push([fleet.silence, ""]);
  if (fleet.unreadable) wrong.push([`${fleet.unreadable} unreadable messages; the last: ${fleet.unreadable_reason}`, ""]);
  fill(at("alerts"), wrong.map(([text, kind]) => make("li", text, kind)));
  for (const state of ["online", "silent", "offline"]) at(state).textContent = fleet.states[state] ?? 0;
  at("of").textContent = `of ${fleet.count}`;
  fill(at("models"), fleet.models.map(counted));
  fill(at("bad"), fleet.rolled_back.length ? fleet.rolled_back.map(counted) : [make("li", "none")]);
  const left = fleet.matching - fleet.devices.length;
  at("more").textContent = !fleet.matching ? "no device fits" : left ? `and ${left} more: search for them` : "";
  const now = JSON.stringify(fleet.devices);
  if (now === shown) return; // a reader's selection stays
  shown = now;
  fill(at("rows"), fleet.devices.map(row));
  document.title = `${fleet.states.online ?? 0} of ${fleet.count} online · mien fleet`;
}

function row(device) {
  const line = document.createElement("tr");
  const name = make("th", device.name);
  name.scope = "row";
  const state = make("td", device.state, "state");
  state.dataset.state = device.state;
  const error = make("td", "", "error");
  if (device.error) {
    error.append(make("span", `${device.error.about}: ${device.error.reason}`));
    if (device.error.time) error.append(" ", make("small", new Date(device.error.time).toLocaleString()));
  }
  if (device.conditions.length) error.append(" ", make("small", device.conditions.join(", ")));
  line.append(
    name, state, make("td", number(device.fps), "number"), make("td", number(device.temperature), "number"),
    make("td", (device.model ?? "–") + (device.proved ? "" : " (on probation)")), error,
    make("td", device.seconds === null ? "–" : ago(device.seconds), "number"),
  );
  return line;
}

const number = (value) => value === null ? "–" : value.toFixed(1);
const counted = ([name, count]) => {
  const line = make("li", name);
  line.append(make("span", count));
  return line;
};
const ago = (seconds) => seconds < 120 ? `${seconds} s ago` : seconds < 7200 ? `${Math.round(seconds / 60)} min ago`
  : `${Math.round(seconds / 3600)} h ago`;

function make(tag, text, kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function fill(parent, children) {
  const before = [...parent.children].map((child) => child.textContent).join("\n");
  if (before !== children.map((child) => child.textContent).join("\n")) parent.replaceChildren(...children);
}

function link(state, words) {
  document.body.dataset.state = at("link").dataset.state = state;
  if (at("link").textContent !== words) at("link").textContent = words;
}

search.addEventListener("input", ask);
setInterval(ask, EVERY);
ask();
