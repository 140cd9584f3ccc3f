// Two small drawings: graphs of numbers and a strip of coloured spans.

// Match a canvas's pixels to its size on screen; returns its context in CSS pixels and that size.
export function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// Lines from `bottom` up to a little above the highest value, the newest values at the right edge. The area
// below the first is tinted; the others are fainter.
export function graph(canvas, lines, capacity, bottom = 0) {
  const { context, width, height } = prepare(canvas);
  const top = Math.max(bottom + 1e-9, ...lines.flat()) * 1.1;
  const step = width / (capacity - 1);
  const styles = getComputedStyle(canvas);
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = context.strokeStyle = styles.getPropertyValue("--soft");
  context.globalAlpha = 0.25;
  for (const part of [0, 0.5]) context.fillRect(0, Math.round(height * part), width, 1);
  context.globalAlpha = 1;
  context.textBaseline = "top";
  context.fillText(written(top), 0, 3);
  context.lineJoin = "round";
  lines.forEach((values, n) => {
    if (values.length < 2) return;
    const points = values.map((value, m) => [
      width - 1 - (values.length - 1 - m) * step,
      height - 1 - (Math.max(value - bottom, 0) / (top - bottom)) * (height - 2),
    ]);
    context.strokeStyle = context.fillStyle = styles.color;
    context.globalAlpha = n ? 0.45 : 1;
    context.lineWidth = n ? 1 : 1.75;
    context.beginPath();
    for (const point of points) context.lineTo(...point);
    context.stroke();
    if (n) return;
    context.lineTo(points.at(-1)[0], height);
    context.lineTo(points[0][0], height);
    context.globalAlpha = 0.1;
    context.fill();
  });
  context.globalAlpha = 1;
}

const written = (value) => (value >= 10 ? Math.round(value) : Number(value.toPrecision(2))).toString();

// Spans {from, to, paint, weak} in milliseconds over the `period` that ends `now`; weak ones are low.
export function strip(canvas, spans, now, period) {
  const { context, width, height } = prepare(canvas);
  const x = (time) => width * (1 - (now - time) / period);
  for (const { from, to, paint, weak } of spans) {
    context.fillStyle = paint;
    const tall = weak ? height * 0.3 : height;
    context.fillRect(x(from), height - tall, Math.max(x(to) - x(from), 1), tall);
  }
}
