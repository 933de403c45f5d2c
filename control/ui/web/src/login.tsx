import { useState } from "preact/hooks";
import { Problem, request } from "./api/client";
import { logIn, sessionNotice, type Identity } from "./state/session";
import { visible } from "./text";

export function Login() {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setWrong("");
    const given = text.trim();
    try {
      if (!/^[\x21-\x7e]+$/.test(given))
        throw new Problem(0, "", "That is not a token: it is one word of letters, digits and signs.");
      logIn(given, await request<Identity>("whoami", { bearer: given }));
    } catch (error) {
      setWrong(
        error instanceof Problem && error.status === 401
          ? "This token is not accepted."
          : visible((error as Error).message),
      );
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <img src={new URL("./icon.svg", import.meta.url).href} alt="" width="48" height="48" />
        <h1>Ringwall</h1>
        {sessionNotice.value && (
          <p role="status" class="warnings">
            {sessionNotice.value}
          </p>
        )}
        <label class="field stacked">
          <span>API token</span>
          <input
            type="password"
            value={text}
            required
            autocomplete="off"
            spellcheck={false}
            aria-invalid={wrong ? "true" : undefined}
            aria-describedby={wrong ? "token-wrong" : "token-help"}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {wrong && (
          <p id="token-wrong" class="wrong" role="alert">
            {wrong}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || !text.trim()}>
          {busy ? "Asking…" : "Log in"}
        </button>
        <p id="token-help" class="quiet">
          The first token is in <code>admin.token</code> in the controller's data directory. It stays in this tab only.
        </p>
      </form>
    </main>
  );
}
