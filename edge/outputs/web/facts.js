// What is known of the camera and the model, as a list of names and values.

const number = (value) => value.toLocaleString("en");

export function showFacts(list, state, camera) {
  const { state: told } = camera;
  const lost = Object.values(state.events_lost).reduce((a, b) => a + b, 0);
  const facts = {
    Camera: told.name,
    State: told.since ? `${told.state} since ${clock(told.since)}` : told.state,
    Picture: told.frame_size ? told.frame_size.join(" × ") : "–",
    Unreadable: told.unreadable ? number(told.unreadable) : undefined,
    Model: state.model ? `${state.model.name} ${state.model.version ?? ""}` : "–",
    Detector: state.detector ? `${state.detector.name} ${state.detector.version ?? ""}` : undefined,
    Arithmetic: state.model?.quantisation ?? undefined,
    "Running for": duration(state.uptime_seconds),
    Listeners: number(state.clients),
    "Events lost": lost || state.lost_here ? `${number(lost)}, here ${number(state.lost_here)}` : undefined,
  };
  const shown = Object.entries(facts).filter(([, value]) => value !== undefined);
  while (list.children.length > shown.length * 2) list.lastElementChild.remove();
  shown.forEach(([name, value], n) => {
    if (!list.children[2 * n]) list.append(document.createElement("dt"), document.createElement("dd"));
    write(list.children[2 * n], name);
    write(list.children[2 * n + 1], value);
  });
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const clock = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
