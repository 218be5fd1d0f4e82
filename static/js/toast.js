// Messages float in the corner and go by themselves after eight seconds; warnings and mistakes stay until dismissed.
const STAY_MS = 8000;
const tray = document.getElementById("toasts");

function arm(toast) {
  const close = toast.querySelector("[data-toast-close]");
  if (close) {
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
  }
  if ("toastStays" in toast.dataset) return;
  let timer = setTimeout(() => toast.remove(), STAY_MS);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => (timer = setTimeout(() => toast.remove(), STAY_MS)));
  toast.addEventListener("focusin", () => clearTimeout(timer));
}

if (tray) {
  tray.classList.add("is-floating");
  tray.querySelectorAll("[data-toast]").forEach(arm);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.matches?.("[data-toast]")) arm(node);
  }).observe(tray, { childList: true });
}
