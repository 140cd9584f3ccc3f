// The picture with its boxes; without a preview, a schematic frame with the faces in place.
//
// Pictures are pulled one at a time, each with the number of its frame, and drawn with the boxes of
// exactly that frame: boxes stay on the face however late a picture is, and a slow page asks less often.

import { prepare } from "./charts.js";
import { colour, percent, spoken } from "./labels.js";

const NARROW = 480;    // CSS pixels; labels are shorter then
const REMEMBERED = 90; // observations kept for pictures still on their way
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.observations = new Map();
    this.size = null;     // [width, height] of the frame in its own pixels
    this.preview = false; // whether pictures may be asked for
    this.live = false;
    this.arrived = null;  // newest picture, perhaps still without its observation
    this.shown = null;    // what is on the canvas: {observation, bitmap}
    this.pull();
  }

  // Show this camera from now on.
  look(camera, preview) {
    this.preview = preview;
    if (camera.name !== this.name) {
      this.name = camera.name;
      this.observations.clear();
      this.arrived?.bitmap.close();
      this.arrived = this.shown = this.newest = null;
      this.dirty = true;
      if (camera.newest) this.see(camera.newest);
    }
    const size = camera.state.frame_size;
    if (!size || (this.size && size.join() === this.size.join())) return;
    this.size = size;
    this.canvas.parentElement.style.aspectRatio = size.join(" / ");
    this.dirty = true;
  }

  see(observation) {
    if (this.newest && observation.frame < this.newest.frame) this.observations.clear();
    this.newest = observation;
    this.observations.set(observation.frame, observation);
    if (this.observations.size > REMEMBERED) this.observations.delete(this.observations.keys().next().value);
    if (this.preview) this.match();
    else this.show({ observation, bitmap: null });
  }

  async pull() {
    for (let after = "", of; ; ) {
      const name = this.name;
      if (!this.preview || !this.live || document.hidden || !name) {
        await pause(200);
        continue;
      }
      if (name !== of) [after, of] = ["", name];
      try {
        const response = await fetch(`/preview.jpg?camera=${encodeURIComponent(name)}&after=${after}`);
        if (response.status === 200) {
          after = response.headers.get("Mien-Frame");
          const bitmap = await createImageBitmap(await response.blob());
          if (name === this.name) this.arrive(Number(after), bitmap);
          else bitmap.close();
        } else if (response.status !== 204) await pause(1000);
      } catch {
        await pause(1000); // the server went away; the event stream says when it is back
      }
    }
  }

  arrive(frame, bitmap) {
    this.arrived?.bitmap.close();
    this.arrived = { frame, bitmap };
    this.match();
  }

  match() {
    const observation = this.arrived && this.observations.get(this.arrived.frame);
    if (!observation) return;
    const old = this.shown?.bitmap;
    this.show({ observation, bitmap: this.arrived.bitmap });
    this.arrived = null;
    old?.close();
  }

  show(scene) {
    this.shown = scene;
    this.dirty = true;
  }

  render() {
    if (!this.dirty || !this.size) return;
    this.dirty = false;
    const { context, width, height } = prepare(this.canvas);
    const scale = Math.min(width / this.size[0], height / this.size[1]);
    const [left, top] = [(width - this.size[0] * scale) / 2, (height - this.size[1] * scale) / 2];
    const frame = [left, top, this.size[0] * scale, this.size[1] * scale];
    if (!this.shown) return;
    if (this.shown.bitmap) context.drawImage(this.shown.bitmap, ...frame);
    else schematic(context, frame);
    const place = ([x, y]) => [left + x * scale, top + y * scale];
    for (const face of this.shown.observation.faces) this.face(context, face, place, frame);
  }

  face(context, face, place, [left, top, width, height]) {
    const paint = colour(this.canvas, face.abstained ? "neutral" : face.label);
    const [x0, y0] = place(face.box.slice(0, 2));
    const [x1, y1] = place(face.box.slice(2));
    context.beginPath();
    context.roundRect(x0, y0, x1 - x0, y1 - y0, 8);
    context.setLineDash(face.abstained ? [7, 6] : []);
    stroke(context, "#000a", 5);
    stroke(context, paint, 2.5);
    context.setLineDash([]);
    if (!this.shown.bitmap) dots(context, (face.landmarks ?? []).map(place), paint);

    const share = face.abstained ? "" : ` ${percent(face.probabilities[face.label])}`;
    const small = width < NARROW;
    const words = `${spoken(face)}${share}${face.mask_state === "mask" && !small ? " · mask" : ""}`;
    context.font = `600 ${small ? 12 : 14}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    const wide = context.measureText(words).width + 16;
    const x = Math.max(left + 4, Math.min(x0 - 1, left + width - wide - 4));
    const y = Math.max(top + 4, Math.min(y0 - 28, top + height - 28));
    context.beginPath();
    context.roundRect(x, y, wide, 24, 6);
    context.fillStyle = paint;
    context.fill();
    context.fillStyle = "#0b0d0b";
    context.fillText(words, x + 8, y + 12.5);
  }
}

function stroke(context, paint, width) {
  context.strokeStyle = paint;
  context.lineWidth = width;
  context.stroke();
}

function dots(context, points, paint) {
  context.fillStyle = paint;
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(x, y, 3.5, 0, 2 * Math.PI);
    context.fill();
  }
}

function schematic(context, [left, top, width, height]) {
  context.fillStyle = "#121612";
  context.fillRect(left, top, width, height);
  context.beginPath();
  for (let n = 1; n < 12; n++) {
    context.moveTo(left + (width * n) / 12, top);
    context.lineTo(left + (width * n) / 12, top + height);
  }
  for (let n = 1; n < 6; n++) {
    context.moveTo(left, top + (height * n) / 6);
    context.lineTo(left + width, top + (height * n) / 6);
  }
  stroke(context, "#20261f", 1);
}
