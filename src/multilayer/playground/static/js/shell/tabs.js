// The tabs of the details: arrow keys move between them, one of them is in the Tab order (roving tabindex).

const NAMES = ["see", "prove", "microscope", "bugs", "lessons", "take"];

export function mount(element, app) {
  const { t } = app;
  const buttons = NAMES.map((name, i) => {
    const button = document.createElement("button");
    button.id = `tab-${name}-button`;
    button.className = "tab-button";
    button.type = "button";
    button.textContent = t(`shell.tabs.${name}`);
    button.dataset.hint = `shell.tabs.${name}.hint`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", `tab-${name}`);
    button.addEventListener("click", () => show(name));
    button.addEventListener("keydown", (event) => move(event, i));
    return button;
  });
  element.append(...buttons);

  function show(name, takesFocus = false) {
    NAMES.forEach((other, i) => {
      const isChosen = other === name;
      const panel = document.getElementById(`tab-${other}`);
      buttons[i].setAttribute("aria-selected", String(isChosen));
      buttons[i].tabIndex = isChosen ? 0 : -1;
      panel.hidden = !isChosen;
      if (isChosen && takesFocus) buttons[i].focus();
    });
    // Panels that draw or ask only while they are seen listen to this.
    document.getElementById(`tab-${name}`).dispatchEvent(new CustomEvent("tab-shown", { bubbles: true, detail: name }));
  }

  function move(event, i) {
    const last = NAMES.length - 1;
    const target = { ArrowLeft: i === 0 ? last : i - 1, ArrowRight: i === last ? 0 : i + 1, Home: 0, End: last }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    show(NAMES[target], true);
  }

  app.showTab = (name, takesFocus = true) => show(NAMES.includes(name) ? name : NAMES[name], takesFocus);
  document.addEventListener("open-tab", (event) => app.showTab(event.detail));
  document.addEventListener("open-table", () => app.showTab("take"));
  show("see");
}
