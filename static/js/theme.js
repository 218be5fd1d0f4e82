// Light, dark or the system's: the buttons work as a form without this; with it nothing reloads.
const form = document.querySelector("[data-theme-form]");

form?.addEventListener("submit", (event) => {
  const theme = event.submitter?.value ?? "";
  const root = document.documentElement;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = theme ? 365 * 24 * 3600 : 0;
  event.preventDefault();
  document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Strict${secure}`;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
});
