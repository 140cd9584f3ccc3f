// Two small drawings: a sparkline of numbers and a strip of coloured spans.

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

// A line from zero up to a little above the highest value; the newest value at the right edge.
export function sparkline(canvas, values, capacity) {
  const { context, width, height } = prepare(canvas);
  if (values.length < 2) return;
  const top = Math.max(...values) * 1.15 || 1;
  const step = width / (capacity - 1);
  const points = values.map((value, n) => [
    width - 1.5 - (values.length - 1 - n) * step,
    height - 1 - (value / top) * (height - 3),
  ]);
  const paint = getComputedStyle(canvas).color;
  context.beginPath();
  points.forEach(([x, y]) => context.lineTo(x, y));
  context.strokeStyle = paint;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.stroke();
  context.lineTo(points.at(-1)[0], height);
  context.lineTo(points[0][0], height);
  context.globalAlpha = 0.12;
  context.fillStyle = paint;
  context.fill();
  context.globalAlpha = 1;
}

// Spans {from, to, paint, weak} in milliseconds over the `period` that ends `now`; weak ones are low.
export function strip(canvas, spans, now, period) {
  const { context, width, height } = prepare(canvas);
  const x = (time) => width * (1 - (now - time) / period);
  for (const { from, to, paint, weak } of spans) {
    context.fillStyle = paint;
    const tall = weak ? height * 0.35 : height;
    context.fillRect(x(from), height - tall, Math.max(x(to) - x(from), 1), tall);
  }
}
