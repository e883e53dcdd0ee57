// Keys for the whole page. A key that a control uses itself (arrows in a slider, letters in a field) stays with it.

const TYPED = "input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]";
const USES_ARROWS = "input[type=range], input[type=radio], [role=tab], [role=radio], [role=slider], [role=grid] *, [role=listbox] *, [data-keys=arrows], [data-keys=arrows] *";
const USES_SPACE = "button, a, summary, input, [role=button], [role=tab], [data-keys=space]";

export function mount(root, app) {
  const actions = {
    " ": () => app.transport.toggle(),
    ArrowRight: (event) => (event.shiftKey ? app.transport.epoch() : app.transport.update()),
    ArrowLeft: (event) => (event.shiftKey ? app.transport.backEpoch() : app.transport.back()),
    Home: () => app.transport.goTo(0),
    r: () => app.transport.reset("same"),
    R: () => app.transport.reset("new"),
    b: () => app.transport.branch(),
    "?": () => app.help.open(),
    Escape: () => app.store.select(null),
  };
  for (let i = 1; i <= 6; i += 1) actions[i] = () => app.showTab(i - 1);

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key];
    if (action === undefined || document.querySelector("dialog[open], #page[inert]") || belongs(event)) return;
    event.preventDefault();
    action(event);
  });
}

function belongs({ target, key }) {
  if (!(target instanceof Element)) return false;
  if (key === "Escape") return false;
  if (target.closest(TYPED)) return true;
  if (key.startsWith("Arrow") || key === "Home") return Boolean(target.closest(USES_ARROWS)) || isScrolled(target);
  return key === " " && takesSpace(target);
}

/** Whether Space presses what has the focus: not after a click of the mouse, and not a radio button that is chosen. */
function takesSpace(target) {
  if (target.matches("input[type=radio]")) return !target.checked;
  return Boolean(target.closest(USES_SPACE)) && target.matches(":focus-visible");
}

/** Whether the focus is in a box that the arrow keys scroll sideways. */
function isScrolled(target) {
  const box = target.closest("[tabindex]");
  return box !== null && box.scrollWidth > box.clientWidth + 1;
}
