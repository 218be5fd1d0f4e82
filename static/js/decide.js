// Offers only the rules that fit the chosen outcome. The server checks the same.
const form = document.querySelector("[data-decide]");

function narrow(chosen) {
  const fitting = chosen.dataset.policies.split(" ");
  const select = form.elements.policy;
  for (const option of select.options) {
    option.hidden = option.disabled = !fitting.includes(option.value);
  }
  if (!fitting.includes(select.value)) select.value = fitting[0];
}

if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.name === "outcome") narrow(event.target);
  });
  const chosen = form.querySelector("[name=outcome]:checked");
  if (chosen) narrow(chosen);
}
