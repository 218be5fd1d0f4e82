// Ties our button to allauth's own WebAuthn script, which the page loads before this one, and says in words what failed.
const button = document.querySelector("[data-security-key]");
const trouble = document.querySelector("[data-security-key-trouble]");
const forms = globalThis.allauth?.webauthn?.forms;

if (button && forms) {
  const { securityKey: kind, credential, passwordless, options } = button.dataset;
  forms[`${kind}Form`]({ ids: { [kind]: button.id, credential, passwordless: passwordless || null, data: options } });
  button.addEventListener("click", () => (trouble.hidden = true));
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    trouble.hidden = false;
  });
}
