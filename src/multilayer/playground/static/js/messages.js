// The form of a message (PROTOCOL.md): the length of the JSON text, the text itself padded by blanks, then float32 arrays
// or bytes.

const ALIGNMENT = 8;

/** Writes one message: JSON fields, and bytes (Uint8Array or ArrayBuffer) if there are any. */
export function encode(fields, bytes = null) {
  const payload = bytes === null ? null : new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  const content = payload === null ? fields : { ...fields, bytes: payload.byteLength };
  const text = new TextEncoder().encode(JSON.stringify(content));
  const start = Math.ceil((4 + text.byteLength) / ALIGNMENT) * ALIGNMENT;
  const message = new Uint8Array(start + (payload === null ? 0 : payload.byteLength));
  message.fill(0x20, 4, start);
  message.set(text, 4);
  new DataView(message.buffer).setUint32(0, start - 4, true);
  if (payload !== null) message.set(payload, start);
  return message.buffer;
}

/** Reads one message: `{fields, arrays: Map of name -> {shape, data}, bytes}`. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const start = 4 + length;
  if (start > buffer.byteLength) {
    throw new RangeError(`a message of ${buffer.byteLength} bytes cannot have ${length} bytes of JSON`);
  }
  const fields = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = new Map();
  let position = start;
  for (const { name, shape } of fields.arrays ?? []) {
    const size = shape.reduce((product, side) => product * side, 1);
    arrays.set(name, { shape, data: floats(buffer, position, size) });
    position += 4 * size;
  }
  const bytes = typeof fields.bytes === "number" ? new Uint8Array(buffer, start, fields.bytes) : null;
  return { fields, arrays, bytes };
}

function floats(buffer, position, size) {
  // A view where the bytes lie on a boundary of 4, which the padding ensures; the machine is little-endian like the message.
  return position % 4 === 0 ? new Float32Array(buffer, position, size) : new Float32Array(buffer.slice(position, position + 4 * size));
}
