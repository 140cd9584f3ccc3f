// What is wrong, in words, and what a screen reader says of people.

const COMPLAINT = 8_000; // ms for which a refusal is shown
const PAUSE = 1_500;     // ms between two announcements; of what comes faster, the last is said
let complaint, waiting, spokenAt = 0;

// A refusal, until the next state and for a while.
export function complain(text) {
  complaint = { text, until: performance.now() + COMPLAINT };
}

export function showAlerts(list, state) {
  if (complaint && performance.now() > complaint.until) complaint = undefined;
  const alerts = complaint ? [["bad", complaint.text]] : [];
  for (const { name, state: phase, reason, retry_seconds } of state.cameras) {
    if (phase !== "lost" && phase !== "stalled") continue;
    const again = retry_seconds ? `; next try in ${Math.round(retry_seconds)} s` : "";
    alerts.push(["bad", `Camera ${name} is ${phase}${reason ? `: ${reason}` : ""}${again}`]);
  }
  if (state.refused) {
    const what = state.refused.state === "refused" ? "refused" : "rolled back";
    alerts.push(["bad", `Model ${state.refused.name} was ${what}: ${state.refused.reason}`]);
  }
  const { conditions, steps } = state.health ?? { conditions: [], steps: [] };
  if (conditions.length) alerts.push(["warn", `This machine: ${conditions.join(", ")}`]);
  if (steps.length) alerts.push(["warn", `To keep up: ${steps.join(", ")}`]);
  const said = alerts.map(([, text]) => text).join("\n");
  if (said === list.dataset.said) return;
  list.dataset.said = said;
  list.replaceChildren(...alerts.map(([kind, text]) => {
    const item = document.createElement("li");
    item.className = kind;
    item.textContent = text;
    return item;
  }));
}

export function announce(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    spokenAt = performance.now();
    document.getElementById("spoken").textContent = text;
  }, Math.max(0, spokenAt + PAUSE - performance.now()));
}
