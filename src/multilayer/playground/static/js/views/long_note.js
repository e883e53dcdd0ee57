/** A note of two lines, with a button that shows all of it where it is longer. */

import { html, onSize } from "./drawing.js";

export class LongNote {
  constructor(element, app) {
    Object.assign(this, { app, element });
    this.text = html("span", { class: "long-note-text", id: "boundary-note" });
    this.button = html("button", { type: "button", class: "long-note-button", "aria-controls": this.text.id, onclick: () => this.#open(!this.isOpen) });
    element.classList.add("long-note");
    onSize(this.text, () => this.#measure());
  }

  show(text) {
    if (text === this.text.textContent && this.element.childElementCount) return;
    this.text.textContent = text;
    if (text) this.element.replaceChildren(this.text, this.button);
    else this.element.replaceChildren();
    this.#open(false);
  }

  #open(isOpen) {
    this.isOpen = isOpen;
    this.element.classList.toggle("open", isOpen);
    this.button.textContent = this.app.t(isOpen ? "views.note.less" : "views.note.more");
    this.button.setAttribute("aria-expanded", isOpen);
    // A long text that is open scrolls; the keyboard reaches it.
    if (isOpen && this.text.scrollHeight > this.text.clientHeight + 1) this.text.tabIndex = 0;
    else this.text.removeAttribute("tabindex");
    this.#measure();
  }

  /** Only a text that is cut has a button and a hover text. */
  #measure() {
    if (this.isOpen) return;
    const isCut = this.text.scrollHeight > this.text.clientHeight + 1;
    this.button.hidden = !isCut;
    if (isCut) this.text.dataset.hint = this.text.textContent;
    else delete this.text.dataset.hint;
  }
}
