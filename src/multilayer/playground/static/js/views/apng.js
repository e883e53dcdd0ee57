/** An animated PNG from single PNG files of one size. */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const NO_BLEND = 0;
const KEEP = 0;

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc32(bytes) {
  let c = 0xffffffff;
  for (const byte of bytes) c = CRC[(c ^ byte) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** A chunk: the length of its data, its name, the data, and the checksum of name and data. */
function chunk(name, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let k = 0; k < 4; k++) bytes[4 + k] = name.charCodeAt(k);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** The chunks of a PNG file: `[name, data]`. */
export function chunks(file) {
  if (SIGNATURE.some((byte, k) => file[k] !== byte)) throw new TypeError("not a PNG file");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found = [];
  for (let at = 8; at < file.length; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...file.subarray(at + 4, at + 8));
    found.push([name, file.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  return found;
}

const numbers = (size, fill) => {
  const bytes = new Uint8Array(size);
  fill(new DataView(bytes.buffer));
  return bytes;
};

/**
 * One animated PNG of the files `frames` (Uint8Array each); frame k is shown for `delays[k]` milliseconds.
 *
 * The data of the first frame stay IDAT, so that a program without animation shows it; those of the others become fdAT
 * with a sequence number. A plain reader skips acTL, fcTL and fdAT.
 */
export function animatedPng(frames, delays) {
  const parts = [Uint8Array.from(SIGNATURE)];
  let sequence = 0;
  let header = null;
  frames.forEach((file, k) => {
    const own = chunks(file);
    const size = own[0][1];
    if (k === 0) {
      header = size;
      parts.push(chunk("IHDR", header));
      parts.push(chunk("acTL", numbers(8, (view) => view.setUint32(0, frames.length)))); // 0 plays: for ever
    } else if (size.some((byte, i) => byte !== header[i])) throw new TypeError("the frames differ in size or colours");
    const view = new DataView(size.buffer, size.byteOffset);
    parts.push(chunk("fcTL", control(sequence++, view.getUint32(0), view.getUint32(4), delays[k])));
    for (const [name, data] of own) {
      if (name !== "IDAT") continue;
      if (k === 0) parts.push(chunk("IDAT", data));
      else {
        const numbered = new Uint8Array(4 + data.length);
        new DataView(numbered.buffer).setUint32(0, sequence++);
        numbered.set(data, 4);
        parts.push(chunk("fdAT", numbered));
      }
    }
  });
  parts.push(chunk("IEND", new Uint8Array(0)));
  return new Blob(parts, { type: "image/apng" });
}

function control(sequence, width, height, delay) {
  return numbers(26, (view) => {
    view.setUint32(0, sequence);
    view.setUint32(4, width);
    view.setUint32(8, height);
    view.setUint16(20, Math.round(delay));
    view.setUint16(22, 1000);
    view.setUint8(24, KEEP);
    view.setUint8(25, NO_BLEND);
  });
}
