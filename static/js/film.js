// In the strip of a film's frames the arrow keys go from frame to frame; Enter puts one on the stage, as on any link.
const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

function move(event) {
  const step = STEPS[event.key];
  const strip = event.target.closest?.("[data-film]");
  if (!strip || step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  const frames = [...strip.querySelectorAll("a")];
  const forward = getComputedStyle(strip).direction === "rtl" && Number.isFinite(step) ? -step : step;
  const to = Math.min(frames.length - 1, Math.max(0, frames.indexOf(document.activeElement) + forward));
  event.preventDefault();
  frames[to].focus();
}

// The frame on the stage stays in sight when the strip is drawn anew.
function show() {
  const current = document.querySelector("[data-film] [aria-current]");
  const strip = current?.closest("[data-film]");
  if (strip) strip.scrollLeft = current.offsetLeft - strip.clientWidth / 2;
}

document.addEventListener("keydown", move);
document.addEventListener("htmx:afterSettle", show);
show();
