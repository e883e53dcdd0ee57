// Requests and their answers. The transport is a small object ({send, close, onopen, onmessage, onclose}), so that a web
// worker can take the place of the WebSocket.

import { decode, encode } from "./messages.js";

/** What the playground answered instead of a result; `parameter` names the control that caused it, or is null. */
export class RequestError extends Error {
  constructor(message, parameter = null) {
    super(message);
    this.name = "RequestError";
    this.parameter = parameter;
  }
}

/** The WebSocket at the relative address `socket`; the token travels in the path or in a cookie. */
export class WebSocketTransport {
  constructor(path = "socket") {
    const address = new URL(path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.hash = "";
    this.onopen = this.onmessage = this.onclose = () => {};
    this.socket = new WebSocket(address.href);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.onopen();
    this.socket.onmessage = (event) => this.onmessage(toBuffer(event.data));
    this.socket.onclose = (event) => this.onclose(event.reason);
  }

  send(buffer) {
    this.socket.send(buffer);
  }

  close() {
    this.socket.close();
  }
}

function toBuffer(data) {
  return typeof data === "string" ? encode(JSON.parse(data)) : data;
}

export class Connection {
  /** `makeTransport` makes a new transport each time that `connect` is called. */
  constructor(makeTransport = () => new WebSocketTransport()) {
    this.makeTransport = makeTransport;
    this.waiting = new Map();
    this.lastId = 0;
    this.isOpen = false;
    this.onlost = () => {};
  }

  connect() {
    return new Promise((resolve, reject) => {
      const transport = this.makeTransport();
      transport.onopen = () => {
        this.isOpen = true;
        resolve();
      };
      transport.onmessage = (buffer) => this.receive(buffer);
      transport.onclose = (reason) => {
        if (this.transport !== transport) return;
        const wasOpen = this.isOpen;
        this.isOpen = false;
        this.rejectAll(new RequestError(reason || "connection lost"));
        if (wasOpen) this.onlost(reason);
        else reject(new RequestError(reason || "no connection"));
      };
      this.transport = transport;
    });
  }

  /** Sends one request; the promise holds `{fields, arrays, bytes}` or is rejected with a RequestError. */
  request(name, fields = {}, bytes = null) {
    if (!this.isOpen) return Promise.reject(new RequestError("connection lost"));
    const id = ++this.lastId;
    const promise = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.transport.send(encode({ ...fields, id, do: name }, bytes));
    return promise;
  }

  receive(buffer) {
    const answer = decode(buffer);
    const request = this.waiting.get(answer.fields.id);
    if (request === undefined) return;
    this.waiting.delete(answer.fields.id);
    const { error } = answer.fields;
    // A proof has a number called "error"; the error of a request is an object.
    if (error?.message !== undefined) request.reject(new RequestError(error.message, error.parameter ?? null));
    else request.resolve(answer);
  }

  rejectAll(error) {
    for (const request of this.waiting.values()) request.reject(error);
    this.waiting.clear();
  }
}
